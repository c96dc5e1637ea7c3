/** PATCH of users: RFC 7644 §3.5.2, with the leniency that providers need. */
import { describe, expect, test } from 'vitest'
import { crowd } from '../support/crowd.ts'
import { createGroup, createUser } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { ENTERPRISE_USER, GROUP, PATCH_OP, USER } from '../support/payload.ts'
import { dump } from '../support/tables.ts'

const add = (path: string | undefined, value: unknown) => operation('add', path, value)
const replace = (path: string | undefined, value: unknown) => operation('replace', path, value)
const remove = (path?: string, value?: unknown) => operation('remove', path, value)

function operation(op: string, path: string | undefined, value: unknown) {
  return { op, ...(path === undefined ? {} : { path }), ...(value === undefined ? {} : { value }) }
}

const work = { value: 'ada@example.com', type: 'work', primary: true }
const home = { value: 'ada@home.org', type: 'home', display: 'Home' }

/** What every user has, and no PATCH here is about. */
const common = ['schemas', 'id', 'meta', 'userName', 'externalId', 'active']

/**
 * Creates a user, changes it, and gives what it has beside the common attributes; answer and stored
 * state must agree.
 */
async function changed(before: object, ...operations: object[]) {
  const client = await tenant()
  const { id } = await createUser(client, 'ada', before)
  const answer = await client.patch(`/Users/${id}`, operations)
  expect(answer).toMatchObject({ status: 200, body: { id } })
  expect((await client.get(`/Users/${id}`)).body).toEqual(answer.body)
  expect(answer.headers.get('ETag')).toBe(answer.body.meta.version)
  const entries = Object.entries<unknown>(answer.body)
  return Object.fromEntries(entries.filter(([name]) => !common.includes(name)))
}

/** Expects a PATCH to be refused and to leave no trace. */
async function refused(before: object, scimType: string | string[], ...operations: unknown[]) {
  const client = await tenant()
  const user = await createUser(client, 'ada', before)
  const stored = await dump(client.namespace)
  client.endpoint.clock.offset = 1000
  const answer = await client.patch(`/Users/${user.id}`, operations)
  const allowed = [scimType].flat()
  expect(allowed).toContain(answer.body?.scimType)
  expectError(answer, 400, { scimType: answer.body.scimType })
  expect(await dump(client.namespace)).toBe(stored)
  expect((await client.get(`/Users/${user.id}`)).body).toEqual(user)
}

describe('a PATCH', () => {
  test('answers 200 with the resource, or with the attributes that were asked for', async () => {
    const client = await tenant()
    const { id, meta } = await createUser(client, 'ada')
    client.endpoint.clock.offset = 1000
    const whole = await client.patch(`/Users/${id}`, [replace('title', 'T')])
    expect(whole).toMatchObject({ status: 200, body: { id, title: 'T', userName: 'ada' } })
    expect(whole.body.meta.version).not.toBe(meta.version)
    expect(whole.body.meta.lastModified > meta.lastModified).toBe(true)
    expect(whole.body.meta.created).toBe(meta.created)
    const part = await client.patch(`/Users/${id}?attributes=userName`, [replace('title', 'U')])
    expect(part.body).toEqual({ schemas: [USER], id, userName: 'ada' })
    const without = await client.patch(`/Users/${id}?excludedAttributes=meta`, [remove('title')])
    expect(without.body).not.toHaveProperty('meta')
  })

  test('applies its operations one after the other', async () => {
    const operations = [add('nickName', 'a'), replace('nickName', 'b'), remove('title')]
    expect(await changed({ title: 'T' }, ...operations)).toEqual({ nickName: 'b' })
  })

  test('is undone as a whole by one bad operation', async () => {
    await refused({ title: 'old' }, 'mutability', replace('title', 'new'), remove('userName'))
    await refused({ title: 'old' }, 'invalidPath', replace('title', 'new'), add('x[', 'y'))
    await refused({ title: 'old' }, 'invalidValue', replace('title', 'new'), replace('active', 'x'))
  })

  test.each([
    ['no operations', []],
    ['the value that is there', [replace('title', 'T')]],
    ['an element that is there', [add('emails', [work])]],
    ['the elements that are there', [replace('emails', [work])]],
    ['the removal of what is not there', [remove('nickName'), remove('emails[type eq "home"]')]],
    ['nothing but unknown attributes', [replace('favouriteColour', 'red'), add('a.b', 1)]],
    ['there and back', [replace('title', 'U'), replace('title', 'T')]],
    ['a password', [replace('password', 'x')]],
    ['the id that it has', [replace(undefined, { id: 'whatever' })]],
  ])('with %s keeps version and lastModified', async (_, operations) => {
    const client = await tenant()
    const user = await createUser(client, 'ada', { title: 'T', emails: [work] })
    const stored = await dump(client.namespace)
    client.endpoint.clock.offset = 1000
    const answer = await client.patch(`/Users/${user.id}`, operations)
    expect(answer).toMatchObject({ status: 200, body: user })
    expect(answer.headers.get('ETag')).toBe(user.meta.version)
    expect(await dump(client.namespace)).toBe(stored)
  })

  test('of an unknown id is 404', async () => {
    const client = await tenant()
    expectError(await client.patch('/Users/unknown', [replace('title', 'x')]), 404)
  })

  test.each([
    ['schemas names another message', { schemas: [USER], Operations: [] }],
    ['Operations is an object', { schemas: [PATCH_OP], Operations: replace('title', 'x') }],
    ['an operation is a string', { schemas: [PATCH_OP], Operations: ['x'] }],
    ['an operation is null', { schemas: [PATCH_OP], Operations: [null] }],
    ['the body is a list', [{ op: 'replace' }]],
    ...['move', 'copy', 'test', '', 'addx', 5, null].map((op): [string, object] => [
      `op is ${JSON.stringify(op)}`,
      { schemas: [PATCH_OP], Operations: [{ op, path: 'title', value: 'x' }] },
    ]),
    ['op is missing', { schemas: [PATCH_OP], Operations: [{ path: 'title', value: 'x' }] }],
  ])('is 400 invalidSyntax where %s', async (_, body) => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const stored = await dump(client.namespace)
    const answer = await client.request('PATCH', `/Users/${id}`, body)
    expectError(answer, 400, { scimType: 'invalidSyntax' })
    expect(await dump(client.namespace)).toBe(stored)
  })

  test.each([
    ['absent', {}],
    ['null', { schemas: null }],
    ['empty', { schemas: [] }],
  ])('does not need schemas: %s', async (_, schemas) => {
    const client = await tenant()
    const ada = await createUser(client, 'ada')
    const { id } = await createGroup(client, 'SRE')
    const leave = { ...schemas, Operations: [replace('active', false)] }
    const answer = await client.request('PATCH', `/Users/${ada.id}`, leave)
    expect(answer).toMatchObject({ status: 200, body: { active: false } })
    const members = { op: 'add', path: 'members', value: [{ value: ada.id }] }
    const join = { ...schemas, Operations: [members] }
    expect((await client.request('PATCH', `/Groups/${id}`, join)).status).toBe(204)
    expect((await client.get(`/Groups/${id}`)).body).toMatchObject({ members: [{ value: ada.id }] })
  })

  test.each([
    ['absent', {}],
    ['null', { Operations: null }],
    ['empty', { Operations: [] }],
  ])('without operations changes nothing: %s', async (_, operations) => {
    const client = await tenant()
    const ada = await createUser(client, 'ada')
    const { id } = await createGroup(client, 'SRE')
    const stored = await dump(client.namespace)
    const body = { schemas: [PATCH_OP], ...operations }
    const answer = await client.request('PATCH', `/Users/${ada.id}`, body)
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual((await client.get(`/Users/${ada.id}`)).body)
    expect((await client.request('PATCH', `/Groups/${id}`, body)).status).toBe(204)
    expect(await dump(client.namespace)).toBe(stored)
  })

  test('takes 20,000 operations, and no more', async () => {
    const operations = Array.from({ length: 20_000 }, (_, n) => replace('title', `T${n}`))
    expect(await changed({}, ...operations)).toEqual({ title: 'T19999' })
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const stored = await dump(client.namespace)
    const answer = await client.patch(`/Users/${id}`, [...operations, replace('title', 'x')])
    expectError(answer, 413, { messageId: 'scim.too-many-operations' })
    expect(answer.body.detail).toMatch(/20001 operations.* 20000 at most/)
    expect(await dump(client.namespace)).toBe(stored)
  })

  test('fills and empties a group by one operation for each member', async () => {
    const { client } = await crowd(1099)
    const ids = Array.from({ length: 1099 }, (_, n) => `useed${String(n + 1).padStart(6, '0')}`)
    const { id } = await createGroup(client, 'everybody')
    const join = ids.map((value) => ({ op: 'add', path: 'members', value: [{ value }] }))
    expect((await client.patch(`/Groups/${id}`, join)).status).toBe(204)
    const { body } = await client.get(`/Groups/${id}`)
    expect(new Set(body.members.map(({ value }: { value: string }) => value))).toEqual(new Set(ids))
    const leave = ids.map((value) => ({ op: 'remove', path: `members[value eq "${value}"]` }))
    expect((await client.patch(`/Groups/${id}`, leave.slice(1))).status).toBe(204)
    expect((await client.get(`/Groups/${id}`)).body.members).toMatchObject([{ value: ids[0] }])
  })

  test('takes names in any case', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', { name: { givenName: 'A' }, emails: [work] })
    const { status, body } = await client.request('PATCH', `/Users/${id}`, {
      Schemas: [PATCH_OP.toUpperCase()],
      operations: [
        { OP: 'Replace', Path: 'TITLE', VALUE: 'x' },
        { op: 'REPLACE', path: 'Name.GIVENNAME', value: 'B' },
        { op: 'aDD', path: 'URN:IETF:params:scim:schemas:core:2.0:user:NickName', value: 'N' },
        { op: 'Add', path: `${ENTERPRISE_USER.toUpperCase()}:DEPARTMENT`, value: 'D' },
        { op: 'replace', path: 'EMAILS[TYPE EQ "WORK"].Value', value: 'x@example.com' },
      ],
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      title: 'x',
      name: { givenName: 'B' },
      nickName: 'N',
      emails: [{ ...work, value: 'x@example.com' }],
      [ENTERPRISE_USER]: { department: 'D' },
    })
  })
})

describe('a path', () => {
  test.each([
    'emails[type eq "work"',
    'name..x',
    '.x',
    'x.',
    'emails[0].value',
    'emails[]',
    'emails[type eq "work"].',
    'emails[type eq "work"].value.x',
    'emails[type eq "work"] value',
    'emails[type eq "work"].value]',
    'a b',
    '',
    ' ',
    '[type eq "work"]',
    'emails[type foo "work"]',
    "emails[type eq 'work']",
    'emails[bogus eq "work"]',
    'emails[emails[value pr]]',
    'userName[value eq "x"]',
    'name[familyName eq "Jensen"].givenName',
    '__proto__',
    '__proto__.x',
    'constructor.prototype.x',
    'a.b.c',
    '../userName',
  ])('that is malformed is 400 invalidPath: %s', async (path) => {
    await refused({ emails: [work] }, ['invalidPath'], replace(path, 'x'))
  })

  test.each([5, {}, ['title'], true])('that is no string is 400: %j', async (path) => {
    await refused({}, ['invalidPath', 'invalidSyntax'], { op: 'replace', path, value: 'x' })
  })

  test.each([
    'favouriteColour',
    'name.bogus',
    'emails.bogus',
    'emails[type eq "work"].bogus',
    'constructor',
    'toString',
    'urn:example:User:title',
    `${ENTERPRISE_USER}:bogus`,
  ])('to an attribute that the schema lacks is ignored: %s', async (path) => {
    const before = { emails: [work], name: { givenName: 'A' } }
    const after = await changed(before, replace(path, 'x'), replace('title', 'T'))
    expect(after).toEqual({ ...before, title: 'T' })
  })

  test('of length 100 kB or with 5,000 brackets is refused', async () => {
    await refused({}, 'invalidPath', replace(`emails[type eq "${'x'.repeat(100_000)}"]`, 'x'))
    await refused({}, 'invalidPath', replace(`emails[${'('.repeat(5000)}`, 'x'))
  })
})

describe('what only the server writes', () => {
  test.each([
    ['id', 'x'],
    ['meta', { version: 'W/"x"' }],
    ['meta.created', '2001-01-01T00:00:00Z'],
    ['meta.version', 'W/"x"'],
    ['groups', [{ value: 'x' }]],
    ['groups[value eq "x"]', { value: 'y' }],
    ['groups[value eq "x"].display', 'y'],
    [`${ENTERPRISE_USER}:manager.displayName`, 'Fake'],
  ])('is refused by name: %s', async (path, value) => {
    await refused({}, 'mutability', replace(path, value))
    await refused({}, 'mutability', add(path, value))
  })

  test.each(['id', 'meta', 'groups', 'schemas', 'userName'])('is not removed: %s', async (path) => {
    await refused({}, 'mutability', remove(path))
  })

  test('is let pass where it is what is there', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada')
    const path = `/Users/${user.id}`
    const answer = await client.patch(path, [replace('id', user.id), replace('title', 'T')])
    expect(answer).toMatchObject({ status: 200, body: { id: user.id, title: 'T' } })
  })

  test('is ignored inside a value without a path', async () => {
    const after = await changed(
      {},
      replace(undefined, {
        id: 'x',
        meta: { created: '2001-01-01T00:00:00Z' },
        groups: [],
        schemas: [USER],
        title: 'T',
      }),
    )
    expect(after).toEqual({ title: 'T' })
  })

  test('includes membership: groups of a user are changed at the group only', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const group = await createGroup(client, 'G', [id])
    await client.patch(`/Users/${id}`, [replace(undefined, { groups: [], title: 'T' })])
    expect((await client.get(`/Users/${id}`)).body.groups).toMatchObject([{ value: group.id }])
  })

  test('allows schemas to be named, but not those of another type', async () => {
    const after = await changed(
      {},
      add('schemas', [ENTERPRISE_USER]),
      add(`${ENTERPRISE_USER}:department`, 'D'),
      replace('schemas', [USER, ENTERPRISE_USER]),
    )
    expect(after).toEqual({ [ENTERPRISE_USER]: { department: 'D' } })
    await refused({}, 'invalidValue', replace('schemas', [GROUP]))
  })
})

describe('a value', () => {
  test.each([
    ['active', 'notabool'],
    ['active', 1],
    ['active', {}],
    ['addresses', 'str'],
    ['emails', [5]],
    ['emails', [{ value: 5 }]],
    ['emails[type eq "work"].primary', 'maybe'],
    ['emails[type eq "work"]', 5],
    ['name', 'x'],
    ['name.givenName', { a: 1 }],
    ['title', { a: 1 }],
    ['title', ['a', 'b']],
    ['title', 5],
    ['userName', ''],
    ['userName', '  '],
    ['userName', null],
    ['userName', 5],
    ['emails', [work, { ...home, primary: true }]],
    ['title', 'a\u0000b'],
    ['title', 'a\ud800b'],
    [ENTERPRISE_USER, 'x'],
  ])('of the wrong form is 400 invalidValue: %s %j', async (path, value) => {
    await refused({ emails: [work] }, 'invalidValue', replace(path, value))
  })

  test('is needed by add and replace, and has to be an object without a path', async () => {
    await refused({}, ['invalidValue', 'invalidSyntax'], { op: 'add', path: 'title' })
    await refused({}, ['invalidValue', 'invalidSyntax'], { op: 'replace', path: 'title' })
    await refused({}, ['invalidValue', 'invalidSyntax'], { op: 'replace' })
    await refused({}, ['invalidValue', 'invalidSyntax'], replace(undefined, 'x'))
    await refused({}, ['invalidValue', 'invalidSyntax'], add(undefined, [{ title: 'x' }]))
  })

  test('with __proto__ or constructor pollutes nothing', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const value =
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"title":"T"}'
    const body = `{"schemas":["${PATCH_OP}"],"Operations":[
      {"op":"replace","value":${value}}, {"op":"add","path":"name","value":${value}},
      {"op":"add","path":"${ENTERPRISE_USER}","value":${value}},
      {"op":"add","path":"emails","value":[{"__proto__":{"value":"x"},"value":"a@x"}]}]}`
    const answer = await client.request('PATCH', `/Users/${id}`, body)
    expect(answer).toMatchObject({ status: 200, body: { title: 'T' } })
    expect(answer.body.emails).toEqual([{ value: 'a@x' }])
    expect(answer.body).not.toHaveProperty('name')
    expect(JSON.stringify(answer.body)).not.toMatch(/proto|polluted|constructor/)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test.each([true, false, 'True', 'true', 'FALSE', 'false', ['False'], [true]])(
    'of active may be %j',
    async (value) => {
      const client = await tenant()
      const expected = String([value].flat()[0]).toLowerCase() === 'true'
      for (const change of [
        replace('active', value),
        add('active', value),
        replace(undefined, { active: value }),
      ]) {
        const { id } = await createUser(client, `u${Math.random()}`, { active: !expected })
        const answer = await client.patch(`/Users/${id}`, [change])
        expect(answer).toMatchObject({ status: 200, body: { active: expected } })
      }
    },
  )

  test.each([null, ''])('%j clears', async (value) => {
    const before = {
      title: 'T',
      nickName: 'N',
      name: { givenName: 'A', familyName: 'B' },
      phoneNumbers: [{ type: 'mobile', value: '1' }],
      [ENTERPRISE_USER]: { department: 'D', costCenter: 'C' },
    }
    const after = await changed(
      before,
      replace('title', value),
      add('nickName', value),
      replace('name.givenName', value),
      replace('phoneNumbers[type eq "mobile"].value', value),
      replace(`${ENTERPRISE_USER}:department`, value),
    )
    expect(after.title ?? '').toBe('')
    expect(after.nickName ?? '').toBe('')
    expect(after).toMatchObject({ name: { familyName: 'B' } })
    expect(after).toMatchObject({ [ENTERPRISE_USER]: { costCenter: 'C' } })
    expect(JSON.stringify(after)).not.toMatch(/null|"T"|"N"|"A"|"D"|"1"/)
  })

  test.each([null, ''])('%j clears externalId', async (value) => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const { status, body } = await client.patch(`/Users/${id}`, [replace('externalId', value)])
    expect(status).toBe(200)
    expect(body).not.toHaveProperty('externalId')
  })
})

describe('add', () => {
  test('without a path merges attributes into the resource', async () => {
    const other = { value: 'n@x', type: 'other' }
    const before = { emails: [work], title: 'T' }
    const after = await changed(before, add(undefined, { nickName: 'B', emails: [other] }))
    expect(after).toEqual({ title: 'T', nickName: 'B', emails: [work, other] })
  })

  test('sets or replaces a singular attribute', async () => {
    expect(await changed({}, add('title', 'x'))).toEqual({ title: 'x' })
    expect(await changed({ title: 'T' }, add('title', 'x'))).toEqual({ title: 'x' })
  })

  test('completes a complex attribute', async () => {
    const name = { givenName: 'A', familyName: 'B' }
    expect(await changed({ name }, add('name', { middleName: 'M' }))).toEqual({
      name: { ...name, middleName: 'M' },
    })
    expect(await changed({}, add('name.honorificPrefix', 'Dr.'))).toEqual({
      name: { honorificPrefix: 'Dr.' },
    })
  })

  test('appends one element or several', async () => {
    const other = { value: 'o@x', type: 'other' }
    expect(await changed({ emails: [work] }, add('emails', [home, other]))).toEqual({
      emails: [work, home, other],
    })
    expect(await changed({ emails: [work] }, add('emails', home))).toEqual({ emails: [work, home] })
    expect(await changed({}, add('emails', home))).toEqual({ emails: [home] })
  })

  test('with a value path completes every element that matches', async () => {
    const second = { value: 'second@x', type: 'work' }
    const before = { emails: [work, home, second] }
    expect(await changed(before, add('emails[type eq "work"]', { display: 'W' }))).toEqual({
      emails: [{ ...work, display: 'W' }, home, { ...second, display: 'W' }],
    })
  })

  test.each(['add', 'replace'])(
    'or rather %s creates the element that the eq terms of the path describe',
    async (op) => {
      const after = await changed(
        {},
        operation(op, 'addresses[type eq "work"].country', 'US'),
        operation(op, 'addresses[type eq "work"].locality', 'Delft'),
        operation(op, 'emails[type eq "work" and primary eq true].value', 'w@x'),
        operation(op, 'roles[primary eq "True"].value', 'Admin'),
      )
      expect(after).toEqual({
        addresses: [{ type: 'work', country: 'US', locality: 'Delft' }],
        emails: [{ type: 'work', primary: true, value: 'w@x' }],
        roles: [{ primary: true, value: 'Admin' }],
      })
    },
  )

  test('creates the whole element, too', async () => {
    const after = await changed({ emails: [work] }, add('emails[type eq "home"]', { value: 'h@x' }))
    expect(after).toEqual({ emails: [work, { type: 'home', value: 'h@x' }] })
  })

  test('of a new primary value takes the mark from the old one', async () => {
    const next = { type: 'home', value: 'h@example.com', primary: true }
    const { emails } = await changed({ emails: [work] }, add('emails', [next]))
    expect(emails).toEqual([{ ...work, primary: false }, next])
    const marked = await changed(
      { emails: [work, home] },
      replace('emails[type eq "home"].primary', true),
    )
    expect(marked.emails).toEqual([
      { ...work, primary: false },
      { ...home, primary: true },
    ])
  })

  test('reaches the extension by any spelling of its path', async () => {
    expect(await changed({}, add(`${ENTERPRISE_USER}:employeeNumber`, '9'))).toEqual({
      [ENTERPRISE_USER]: { employeeNumber: '9' },
    })
    const before = { [ENTERPRISE_USER]: { division: 'V' } }
    const after = await changed(
      before,
      add(ENTERPRISE_USER, { department: 'D' }),
      add(undefined, { [ENTERPRISE_USER]: { costCenter: 'C' } }),
      add(undefined, { [`${ENTERPRISE_USER}:organization`]: 'O' }),
      add('employeeNumber', '1'),
    )
    expect(after).toEqual({
      [ENTERPRISE_USER]: {
        employeeNumber: '1',
        costCenter: 'C',
        organization: 'O',
        division: 'V',
        department: 'D',
      },
    })
  })

  test('lists the schema of an extension as soon as it has a value', async () => {
    const client = await tenant()
    const { id, schemas } = await createUser(client, 'ada')
    expect(schemas).toEqual([USER])
    const path = `${ENTERPRISE_USER}:department`
    const added = await client.patch(`/Users/${id}`, [add(path, 'D')])
    expect(added.body.schemas).toEqual([USER, ENTERPRISE_USER])
    const removed = await client.patch(`/Users/${id}`, [remove(path)])
    expect(removed.body.schemas).toEqual([USER])
    expect(removed.body).not.toHaveProperty([ENTERPRISE_USER])
    expectList(await client.find('/Users', `schemas eq "${ENTERPRISE_USER}"`), 0)
  })
})

describe('remove', () => {
  test('needs a path', async () => {
    await refused({}, 'noTarget', remove())
    await refused({}, 'noTarget', remove(undefined, { title: 'T' }))
    await refused({}, ['noTarget', 'invalidPath'], remove(''))
  })

  test('takes away what the path names', async () => {
    const before = {
      title: 'T',
      name: { givenName: 'A', middleName: 'M' },
      emails: [work, home],
      [ENTERPRISE_USER]: { department: 'D', costCenter: 'C' },
    }
    const { title: _, ...others } = before
    expect(await changed(before, remove('title'), remove('title'))).toEqual(others)
    expect(await changed(before, remove('name.middleName'))).toMatchObject({
      name: { givenName: 'A' },
    })
    expect(await changed({ name: { middleName: 'M' } }, remove('name.middleName'))).toEqual({})
    expect(await changed(before, remove('emails'))).not.toHaveProperty('emails')
    expect(await changed(before, remove(`${ENTERPRISE_USER}:department`))).toMatchObject({
      [ENTERPRISE_USER]: { costCenter: 'C' },
    })
    expect(await changed(before, remove(ENTERPRISE_USER))).not.toHaveProperty([ENTERPRISE_USER])
  })

  test('by a value path takes away elements, or a part of them', async () => {
    const before = { emails: [work, home] }
    const compound = 'emails[type eq "work" and value ew "example.com"]'
    expect(await changed(before, remove(compound))).toEqual({ emails: [home] })
    const negated = 'emails[value co "ada" and not (primary eq true)]'
    expect(await changed(before, remove(negated))).toEqual({ emails: [work] })
    expect(await changed(before, remove('emails[type eq "home"].display'))).toEqual({
      emails: [work, { value: home.value, type: 'home' }],
    })
    expect(await changed(before, remove('emails[type eq "other"]'))).toEqual(before)
    expect(await changed(before, remove('emails.display'))).toEqual({
      emails: [work, { value: home.value, type: 'home' }],
    })
  })

  test('of a value takes away the elements that the value lists', async () => {
    const before = { emails: [work, home] }
    expect(await changed(before, remove('emails', [{ value: home.value }]))).toEqual({
      emails: [work],
    })
    expect(await changed(before, remove('emails', []))).toEqual(before)
  })

  test('of active leaves it as it is, since who may sign in must be said', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', { active: false })
    const answer = await client.patch(`/Users/${id}`, [remove('active')])
    expect(answer).toMatchObject({ status: 200, body: { active: false } })
  })

  test('of active leaves it as an operation before has made it', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    for (const nothing of [remove('active'), replace('active', null), replace('active', [null])]) {
      const off = await client.patch(`/Users/${id}`, [replace('active', false), nothing])
      expect(off).toMatchObject({ status: 200, body: { active: false } })
      const on = await client.patch(`/Users/${id}`, [replace('active', true), nothing])
      expect(on).toMatchObject({ status: 200, body: { active: true } })
    }
  })
})

describe('replace', () => {
  test('without a path replaces the attributes that are listed', async () => {
    const before = { title: 'T', emails: [work] }
    const after = await changed(before, replace(undefined, { emails: [home], nickName: 'N' }))
    expect(after).toEqual({ title: 'T', nickName: 'N', emails: [home] })
  })

  test('takes paths as names, as Entra ID writes them, and stores no such name', async () => {
    const before = {
      name: { givenName: 'A', middleName: 'M' },
      emails: [work],
      [ENTERPRISE_USER]: { department: 'D' },
    }
    const value = {
      displayName: 'Bjfe',
      'name.givenName': 'Kkom',
      'name.familyName': 'Unua',
      'emails[type eq "work"].value': 'x@example.com',
      [`${ENTERPRISE_USER}:employeeNumber`]: 'Aklq',
    }
    expect(await changed(before, replace(undefined, value))).toEqual({
      displayName: 'Bjfe',
      name: { givenName: 'Kkom', middleName: 'M', familyName: 'Unua' },
      emails: [{ ...work, value: 'x@example.com' }],
      [ENTERPRISE_USER]: { department: 'D', employeeNumber: 'Aklq' },
    })
  })

  test('sets what is not there', async () => {
    expect(await changed({}, replace('title', 'T'))).toEqual({ title: 'T' })
    expect(await changed({}, replace('name.givenName', 'A'))).toEqual({ name: { givenName: 'A' } })
    expect(await changed({}, replace('emails', [work]))).toEqual({ emails: [work] })
  })

  test('replaces all elements where the path has no filter', async () => {
    expect(await changed({ emails: [work, home] }, replace('emails', [home]))).toEqual({
      emails: [home],
    })
    expect(await changed({ emails: [work] }, replace('emails', []))).toEqual({})
  })

  test('replaces every element that the filter selects', async () => {
    const second = { value: 'second@x', type: 'work', display: 'Second' }
    const value = { value: 'v@x', type: 'work' }
    const { emails } = await changed(
      { emails: [work, home, second] },
      replace('emails[type eq "work"]', value),
    )
    expect(emails).toEqual([value, home])
  })

  test('changes one part of the elements that the filter selects', async () => {
    const before = { emails: [work, home] }
    expect(await changed(before, replace('emails[type eq "work"].value', 'n@x'))).toEqual({
      emails: [{ ...work, value: 'n@x' }, home],
    })
    const or = 'emails[type eq "home" or type eq "other"].display'
    expect(await changed(before, replace(or, 'x'))).toEqual({
      emails: [work, { ...home, display: 'x' }],
    })
    expect(await changed(before, replace('emails.type', 'other'))).toEqual({
      emails: [
        { ...work, type: 'other' },
        { ...home, type: 'other' },
      ],
    })
  })

  test('of a whole element that is not there is 400 noTarget', async () => {
    await refused({ emails: [work] }, 'noTarget', replace('emails[type eq "home"]', home))
    await refused({}, 'noTarget', replace('emails[type eq "work"]', work))
    await refused(
      { emails: [work] },
      'noTarget',
      replace('emails[type eq "home" or value pr].bogus', 'x'),
      replace('emails[type ne "work"].value', 'x'),
    )
  })

  test('of one extension attribute keeps the others', async () => {
    const before = { [ENTERPRISE_USER]: { department: 'D', costCenter: 'C' } }
    expect(await changed(before, replace(`${ENTERPRISE_USER}:department`, 'D2'))).toEqual({
      [ENTERPRISE_USER]: { department: 'D2', costCenter: 'C' },
    })
  })
})

describe('the manager', () => {
  const manager = (spelling: string, value: unknown) => operation(spelling, PATHS[0], value)
  const PATHS = [`${ENTERPRISE_USER}:manager`, `${ENTERPRISE_USER}.manager`, 'manager']
  const shown = (id: string, base: string) => ({
    [ENTERPRISE_USER]: { manager: { value: id, $ref: `${base}/Users/${id}` } },
  })

  test.each(PATHS)('is set at %s by an object, a string or a list', async (path) => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const boss = await createUser(client, 'boss')
    for (const value of [
      { value: boss.id },
      boss.id,
      [{ $ref: 'http://.../scim/Users/x', value: boss.id }],
      [boss.id],
    ]) {
      for (const op of ['Add', 'replace']) {
        await client.patch(`/Users/${id}`, [remove(ENTERPRISE_USER)])
        const answer = await client.patch(`/Users/${id}`, [{ op, path, value }])
        expect(answer).toMatchObject({ status: 200, body: shown(boss.id, client.base) })
      }
    }
    await client.patch(`/Users/${id}`, [remove(ENTERPRISE_USER)])
    const sub = [add(`${path}.value`, boss.id)]
    const answer = await client.patch(`/Users/${id}`, sub)
    expect(answer).toMatchObject({ status: 200, body: shown(boss.id, client.base) })
  })

  test.each([
    ['replace with an empty id', manager('replace', { value: '' })],
    ['replace with ""', manager('Replace', '')],
    ['replace with null', manager('Replace', null)],
    ['remove', remove(PATHS[0])],
    ['remove of its value', remove(`${PATHS[0]}.value`)],
    ['replace of its value with ""', replace(`${PATHS[0]}.value`, '')],
  ])('goes by %s', async (_, change) => {
    const before = { [ENTERPRISE_USER]: { department: 'D', manager: { value: 'x' } } }
    expect(await changed(before, change)).toEqual({ [ENTERPRISE_USER]: { department: 'D' } })
  })
})
