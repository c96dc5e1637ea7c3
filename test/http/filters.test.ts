/** Filters over HTTP: RFC 7644 §3.4.2.2, with errata 4690 and 7322. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Client } from '../support/client.ts'
import { type Body, createGroup, createUser } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { createFixtures, type FixtureName } from '../support/fixtures.ts'
import { ENTERPRISE_USER, USER } from '../support/payload.ts'

// Nothing here writes, so that all share one namespace.
let client: Client
let fixtures: Record<FixtureName, Body>
let group: Body
let start: string

beforeAll(async () => {
  start = new Date().toISOString()
  client = await tenant()
  fixtures = await createFixtures(client)
  group = await createGroup(client, 'Guides', [fixtures.F1.id])
  await createGroup(client, 'Empty')
})

/** A filter with the ids of the fixtures in place of `{F1}` and so on. */
function withIds(filter: string): string {
  return filter
    .replace(/\{(F[1-4])\}/g, (_, name: FixtureName) => fixtures[name].id)
    .replaceAll('{G}', group.id)
    .replaceAll('{start}', start)
    .replaceAll('{BASE}', client.base)
}

/** The fixtures that a filter selects. */
async function selected(filter: string): Promise<string[]> {
  const { status, body } = await client.find('/Users', withIds(filter))
  expect({ status, body }).toMatchObject({ status: 200 })
  const byId = new Map(Object.entries(fixtures).map(([name, { id }]) => [id, name]))
  const names = body.Resources.map(({ id }: { id: string }) => byId.get(id))
  expect(body.totalResults).toBe(names.length)
  return names.sort()
}

const ALL = 'F1 F2 F3 F4'
const cases: readonly (readonly [filter: string, expected: string])[] = [
  // Operators
  ['title eq "Tour Guide"', 'F1'],
  ['title EQ "Tour Guide"', 'F1'],
  ['title Pr', 'F1'],
  ['title pr AND userType Eq "Employee"', 'F1'],
  ['NOT (title pr)', 'F2 F3 F4'],
  ['userType ne "Intern"', 'F1 F3 F4'],
  ['emails.type ne "work"', ALL],
  ['emails.type ne "home"', 'F1 F3 F4'],
  ['title ne "Tour Guide"', 'F2 F3 F4'],
  ['name.familyName co "O\'Malley"', 'F2'],
  ['title sw "Tour"', 'F1'],
  ['title ew "Guide"', 'F1'],
  ['title sw "Tour Guide"', 'F1'],
  ['title ew "Tour Guide"', 'F1'],
  ['title co "Tour Guide"', 'F1'],
  ['title sw "Tour Guides"', ''],
  ['nickName co "%_"', 'F3'],
  ['nickName co "0_s"', ''],
  ['nickName eq "100%_sure"', 'F3'],
  ['userName gt "bjensen"', 'F2 F3 F4'],
  ['userName ge "bjensen"', ALL],
  ['userName lt "jsmith"', 'F1'],
  ['userName le "jsmith"', 'F1 F2'],
  ['userName gt "zz"', 'F3'],
  // Presence
  ['title pr', 'F1'],
  ['emails pr', 'F1 F2'],
  ['name pr', 'F1 F2'],
  ['meta pr', ALL],
  ['id pr', ALL],
  ['active pr', ALL],
  ['emails.display pr', ''],
  ['emails.primary pr', 'F1'],
  ['title eq null', 'F2 F3 F4'],
  ['title ne null', 'F1'],
  [`${ENTERPRISE_USER}:manager pr`, 'F1'],
  // Logic
  ['userType eq "Intern" or title pr', 'F1 F2'],
  ['(title pr or userType eq "Intern") and active eq false', 'F2'],
  ['title pr or userType eq "Intern" and active eq true', 'F1'],
  ['not(title pr)', 'F2 F3 F4'],
  ['not (not (title pr))', 'F1'],
  ['not (title pr) and not (userType pr)', 'F4'],
  ['not (title pr or userType eq "employee")', 'F2 F4'],
  ['((((title pr))))', 'F1'],
  ['  title   pr  ', 'F1'],
  // Booleans
  ['active eq false', 'F2'],
  ['active eq true', 'F1 F3 F4'],
  ['active ne true', 'F2'],
  ['active eq "False"', 'F2'],
  ['active eq TRUE', 'F1 F3 F4'],
  ['emails[primary eq true]', 'F1'],
  // Case
  ['TITLE pr', 'F1'],
  ['Name.FAMILYNAME eq "Jensen"', 'F1'],
  ['URN:ietf:params:SCIM:schemas:core:2.0:user:TITLE pr', 'F1'],
  ['userType eq "EMPLOYEE"', 'F1 F3'],
  ['title co "GUIDE"', 'F1'],
  ['userName sw "BJENSEN"', 'F1'],
  ['userName eq "ÉLODIE"', 'F3'],
  ['userName eq "e\u0301lodie"', 'F3'],
  ['externalId eq "run-f1"', 'F1'],
  ['externalId eq "RUN-F1"', ''],
  ['externalId sw "run-"', ALL],
  ['meta.resourceType eq "User"', ALL],
  ['meta.resourceType eq "user"', ''],
  ['id eq "{F1}"', 'F1'],
  // Strings
  [String.raw`displayName eq "back\\slash \"quoted\" (a and b) or [c]"`, 'F3'],
  [String.raw`displayName co "\u0071uoted"`, 'F3'],
  ['displayName eq ""', ''],
  ['userName eq min', 'F4'],
  ['externalId eq run-f2', 'F2'],
  ['userName sw B', 'F1'],
  ['userName eq tru', ''],
  // Multi-valued attributes
  ['emails.type eq "home"', 'F1 F2'],
  ['emails co "example.com"', 'F1'],
  ['emails eq "babs@jensen.org"', 'F1'],
  ['emails.value eq "BABS@jensen.ORG"', 'F1'],
  ['emails[type eq "work" and value co "@example.com"]', 'F1'],
  ['emails[type eq "home" and value co "@example.com"]', ''],
  ['emails[type eq "home" and value eq "bjensen@example.com"]', ''],
  ['emails.type eq "home" and emails.value eq "bjensen@example.com"', 'F1'],
  ['emails[type eq "work" or (type eq "home" and value ew "example.org")]', 'F1 F2'],
  ['emails[not (type eq "work")]', 'F1 F2'],
  ['emails[value pr]', 'F1 F2'],
  ['not (emails[type eq "home"])', 'F3 F4'],
  ['emails[type eq "work"].value eq "bjensen@example.com"', 'F1'],
  ['emails[type eq "home"].value eq "bjensen@example.com"', ''],
  ['EMAILS[Type eq "work"].Value Eq "bjensen@example.com" and active eq true', 'F1'],
  ['groups.value eq "{G}"', 'F1'],
  ['groups eq "{G}"', 'F1'],
  ['groups[value eq "{G}" and type eq "direct"]', 'F1'],
  ['groups.display eq "guides"', 'F1'],
  ['groups pr', 'F1'],
  // Qualified names
  [`schemas eq "${ENTERPRISE_USER}"`, 'F1'],
  [`schemas eq "${USER}"`, ALL],
  [`${ENTERPRISE_USER}:employeeNumber eq "701984"`, 'F1'],
  [`${ENTERPRISE_USER}:manager.value eq "{F2}"`, 'F1'],
  [`${ENTERPRISE_USER}:manager eq "{F2}"`, 'F1'],
  [`${USER}:name.givenName eq "Barbara"`, 'F1'],
  ['id eq "{F1}" and manager eq "{F2}"', 'F1'],
  ['manager eq "{F2}" and id eq "{F1}"', 'F1'],
  // Times
  ['meta.created ge "{start}"', ALL],
  ['meta.created lt "{start}"', ''],
  ['meta.lastModified ge "2021-09-23T19:35:41.8420572Z"', ALL],
  ['meta.lastModified gt "2021-09-23T21:35:41+02:00"', ALL],
  ['(ActiVe eq true) and meta.lastmodified ge "2021-09-23T19:35:41.8420572Z"', 'F1 F3 F4'],
  // Injection
  [`userName eq "x' OR '1'='1"`, ''],
  [String.raw`userName eq "x\"; DROP TABLE user;--"`, ''],
]

describe('a filter over users', () => {
  test.each(cases)('%s selects: %s', async (filter, expected) => {
    expect(await selected(filter)).toEqual(expected === '' ? [] : expected.split(' '))
  })

  test.each(['bjensen', 'jsmith'])('never selects by an id in another case: %s', async (name) => {
    const [user] = expectList(await client.find('/Users', `userName eq "${name}"`), 1)
    expectList(await client.find('/Users', `id eq "${user.id.toUpperCase()}"`), 0)
  })
})

describe('a filter over groups', () => {
  test.each([
    'members.value eq "{F1}"',
    'members eq "{F1}"',
    'members[value eq "{F1}"]',
    'members.display eq "bjensen"',
    'members.type eq "User" and displayName eq "guides"',
    'displayName eq "guides"',
    'displayName co "uid"',
    'id eq "{G}" and members eq "{F1}"',
    'members eq "{F1}" and id eq "{G}"',
    'members pr',
    'displayName sw G',
  ])('%s selects one', async (filter) => {
    const [only] = expectList(await client.find('/Groups', withIds(filter)), 1)
    expect(only).toEqual(group)
  })

  test.each([
    'members eq "{F2}"',
    'id eq "{G}" and members eq "{F2}"',
    'id eq "{G}" and members[value eq "{F2}"]',
    'externalId pr',
    'displayName eq "nothing"',
  ])('%s selects none', async (filter) => {
    expectList(await client.find('/Groups', withIds(filter)), 0)
  })
})

describe('a filter that is refused', () => {
  test.each([
    '',
    '   ',
    'userName',
    'userName eq',
    'eq "x"',
    'userName regex "x"',
    "userName eq 'x'",
    'userName eq "x',
    '(userName pr',
    'userName pr)',
    'userName pr and',
    'and userName pr',
    'userName pr userName pr',
    'userName pr or or title pr',
    'emails[type eq "work"',
    'emails[]',
    'emails[type eq "work"].',
    'userName eq "x" garbage',
    'userName == "x"',
    '"x" eq userName',
    'userName eq ==',
    'userName eq null"',
    'not title pr',
    'not',
    '()',
    'name eq "Jensen"',
    `${USER} eq "x"`,
    `${USER} pr`,
    'emails[type eq "work" and emails[value pr]]',
    'userName[value eq "x"]',
    'bogus pr',
    'favouriteColour eq "x"',
    'emails.bogus eq "x"',
    'emails[bogus eq "x"]',
    'members eq "x"',
    'urn:example:User:userName eq "x"',
    'password eq "x"',
    'password pr',
    'active gt true',
    'active eq "maybe"',
    'active eq 1',
    'meta.created gt "yesterday"',
    'meta.location eq "x"',
    '__proto__ eq "x"',
    'constructor eq "x"',
    'toString pr',
    'userName eq "a\u0000b"',
    String.raw`userName eq "\ud800"`,
    String.raw`userName eq "\x"`,
    'userName eq "a\nb"',
    'groups.$ref eq "{BASE}/Groups/{G}"',
  ])('with 400 invalidFilter and never the whole list: %s', async (filter) => {
    const answer = await client.find('/Users', withIds(filter))
    expectError(answer, 400, { scimType: 'invalidFilter' })
  })

  test.each(['userName eq "x"', 'emails pr', 'active eq true', 'members.$ref eq "x"'])(
    'with 400 invalidFilter over groups: %s',
    async (filter) => {
      const answer = await client.find('/Groups', filter)
      expectError(answer, 400, { scimType: 'invalidFilter' })
    },
  )

  test('says where it went wrong', async () => {
    const { body } = await client.find('/Users', 'userName regex "x"')
    expect(body.detail).toContain('regex')
    expect(body.detail).toContain('character 10')
    const unknown = await client.find('/Users', 'favouriteColour eq "x"')
    expect(unknown.body.detail).toContain('favouriteColour')
  })
})

describe('the limits of a filter', () => {
  const repeated = (count: number, term: (index: number) => string, word: string) =>
    Array.from({ length: count }, (_, index) => term(index)).join(` ${word} `)
  const differing = (index: number) => `${index % 2 ? 'title' : 'nickName'} co "${index}"`

  test.each([
    ['64 terms', repeated(64, differing, 'and')],
    ['64 terms joined by or', repeated(64, differing, 'or')],
    ['150 alternatives', repeated(150, (index) => `title eq "${index}"`, 'or')],
    ['49 brackets', `${'('.repeat(49)}title eq "x"${')'.repeat(49)}`],
    ['49 negations', `${'not ('.repeat(49)}title pr${')'.repeat(49)}`],
    ['15 kB', `title eq "${'x'.repeat(15_000)}"`],
  ])('%s are answered', async (_, filter) => {
    const { status } = await client.find('/Users', filter)
    expect(status).toBe(200)
  })

  test.each([
    ['65 terms', repeated(65, differing, 'and')],
    ['151 alternatives', repeated(151, (index) => `title eq "${index}"`, 'or')],
    ['51 brackets', `${'('.repeat(51)}title eq "x"${')'.repeat(51)}`],
    ['5,000 brackets', `${'('.repeat(5000)}title eq "x"${')'.repeat(5000)}`],
    ['5,000 open brackets', '['.repeat(5000)],
    ['17 kB', `title eq "${'x'.repeat(17_000)}"`],
    ['17 kB of text beyond ASCII', `title eq "${'é'.repeat(8_500)}"`],
    ['100 kB', `title eq "${'x'.repeat(100_000)}"`],
  ])('%s are refused with 400 invalidFilter', async (_, filter) => {
    expectError(await client.find('/Users', filter), 400, { scimType: 'invalidFilter' })
  })
})

describe('the query of a filter', () => {
  test.each([
    '/Users?filter=title+eq+%22Tour+Guide%22',
    '/Users?filter=title%20eq%20%22Tour%20Guide%22',
    '/Users?filter=title+eq+"Tour%20Guide"',
    '/Users?FILTER=title%20pr',
    '/Users?Filter=title%20pr&',
    '/Users?aadOptscim062020&filter=userName+eq+%22bjensen%22',
    '/Users?filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22bjensen%40example.com%22',
    '/Users?filter=emails[type+eq+"work"].value+eq+"bjensen%40example.com"',
    '/Users?foo=bar&foo=baz&filter=title+pr',
    '/Users/?filter=title+pr',
    '//Users?filter=title+pr',
    '/Users?attributes=&filter=title+pr',
  ])('%s selects one', async (path) => {
    const [only] = expectList(await client.get(path), 1)
    expect(only).toEqual((await client.get(`/Users/${fixtures.F1.id}`)).body)
  })

  test('takes a plus sign that is encoded for one', async () => {
    const own = await tenant()
    const plus = await createUser(own, 'a+b')
    const query = '/Users?filter=userName+eq+%22a%2Bb%22'
    expect(expectList(await own.get(query), 1)).toEqual([plus])
    expectList(await own.get('/Users?filter=userName+eq+%22a+b%22'), 0)
  })

  test('is ignored where one resource is asked for', async () => {
    const path = `/Users/${fixtures.F1.id}?filter=userName+eq+%22nobody%22`
    expect(await client.get(path)).toMatchObject({ status: 200, body: { id: fixtures.F1.id } })
  })
})
