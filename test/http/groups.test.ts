/** Groups, which are teams: RFC 7643 §4.2; RFC 7644 §3.3, §3.5.1, §3.5.2, §3.6. */
import { describe, expect, test } from 'vitest'
import { crowd } from '../support/crowd.ts'
import { createGroup, createUser, createUsers, memberIds } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { GROUP, groupBody, USER, userBody } from '../support/payload.ts'
import { dump, eventsOf, query } from '../support/tables.ts'

const members = (op: string, value?: unknown) => ({
  op,
  path: 'members',
  ...(value === undefined ? {} : { value }),
})
const listed = (...ids: string[]) => ids.map((value) => ({ value }))

describe('POST', () => {
  test('answers 201 with the resource, its members, Location and version', async () => {
    const client = await tenant()
    const ada = await createUser(client, 'ada', { displayName: 'Ada L.' })
    const bob = await createUser(client, 'bob')
    const answer = await client.post('/Groups', {
      ...groupBody('Engineers', [ada.id, bob.id]),
      externalId: 'ext-1',
    })
    const { id, meta } = answer.body
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      schemas: [GROUP],
      id,
      externalId: 'ext-1',
      displayName: 'Engineers',
      members: [
        { value: ada.id, $ref: ada.meta.location, type: 'User', display: 'Ada L.' },
        { value: bob.id, $ref: bob.meta.location, type: 'User', display: 'bob' },
      ],
      meta: {
        resourceType: 'Group',
        created: meta.created,
        lastModified: meta.created,
        location: `${client.base}/Groups/${id}`,
        version: meta.version,
      },
    })
    expect(id).toMatch(/^[a-z][A-Za-z0-9_-]{15,}$/)
    expect(answer.headers.get('Location')).toBe(meta.location)
    expect(answer.headers.get('ETag')).toBe(meta.version)
    const read = await client.get(`/Groups/${id}`)
    expect(read).toMatchObject({ status: 200, body: answer.body })
    expect(read.headers.get('ETag')).toBe(meta.version)
    expect(expectList(await client.get('/Groups'), 1)).toEqual([answer.body])
  })

  test.each([
    ['no members', {}],
    ['an empty list', { members: [] }],
    ['null', { members: null }],
  ])('takes %s for a group without members', async (_, more) => {
    const client = await tenant()
    const answer = await client.post('/Groups', { schemas: [GROUP], displayName: 'G', ...more })
    expect(answer.status).toBe(201)
    expect(answer.body.members ?? []).toEqual([])
    expectList(await client.find('/Groups', 'members pr'), 0)
  })

  test("derives a member's $ref, type and display itself", async () => {
    const client = await tenant()
    const ada = await createUser(client, 'ada')
    const bob = await createUser(client, 'bob')
    const { status, body } = await client.post('/Groups', {
      schemas: [GROUP],
      displayName: 'G',
      members: [
        { value: ada.id, $ref: 'https://evil.example/x', type: 'Group', display: 'zzz' },
        { value: bob.id, $ref: null, unknown: 1 },
        { VALUE: ada.id },
      ],
    })
    expect(status).toBe(201)
    expect(body.members).toEqual([
      { value: ada.id, $ref: ada.meta.location, type: 'User', display: 'ada' },
      { value: bob.id, $ref: bob.meta.location, type: 'User', display: 'bob' },
    ])
  })

  test('skips whoever is not a user here, and the event says who', async () => {
    const client = await tenant()
    const stranger = await tenant({ endpoint: client.endpoint })
    const foreign = await createUser(stranger, 'foreign')
    const ada = await createUser(client, 'ada')
    const gone = await createUser(client, 'gone')
    await client.delete(`/Users/${gone.id}`)
    const group = await createGroup(client, 'Other')
    const skipped = ['nobody', foreign.id, gone.id, group.id, "'; drop table user; --"]
    const { status, body } = await client.post('/Groups', groupBody('G', [ada.id, ...skipped]))
    expect(status).toBe(201)
    expect(body.members).toHaveLength(1)
    expect(await memberIds(client, body.id)).toEqual([ada.id])
    const last = (await eventsOf(client.namespace)).at(-1)
    expect(last).toMatchObject({ action: 'team.create', subject: body.id })
    expect(last?.changes).toMatchObject({ added: [ada.id], removed: [], skipped })
  })

  test.each([
    ['displayName is missing', { displayName: undefined }],
    ['displayName is empty', { displayName: '' }],
    ['displayName is blank', { displayName: '  ' }],
    ['displayName is null', { displayName: null }],
    ['displayName is a number', { displayName: 5 }],
    ['a member is a number', { members: [5] }],
    ['a member has no value', { members: [{ display: 'x' }] }],
    ["a member's value is empty", { members: [{ value: '' }] }],
    ['schemas names users only', { schemas: [USER] }],
  ])('is 400 invalidValue where %s', async (_, more) => {
    const client = await tenant()
    const before = await dump(client.namespace)
    const answer = await client.post('/Groups', { ...groupBody('G'), ...more })
    expectError(answer, 400, { scimType: 'invalidValue' })
    expect(await dump(client.namespace)).toBe(before)
  })

  test.each([
    ['the same name', 'Team', 'Team'],
    ['another case', 'Team', 'tEAM'],
    ['another case beyond ASCII', 'Équipe', 'ÉQUIPE'],
    ['another width', 'team', 'ｔｅａｍ'],
  ])('is 409 for %s as another group has', async (_, first, second) => {
    const client = await tenant()
    await createGroup(client, first)
    const before = await dump(client.namespace)
    const answer = await client.post('/Groups', groupBody(second))
    expectError(answer, 409, { scimType: 'uniqueness' })
    expect(answer.body.detail).toContain('displayName')
    expect(await dump(client.namespace)).toBe(before)
  })

  test('answers with the attributes that were asked for', async () => {
    const client = await tenant()
    const { status, body } = await client.post('/Groups?attributes=displayName', groupBody('G'))
    expect(status).toBe(201)
    expect(body).toEqual({ schemas: [GROUP], id: body.id, displayName: 'G' })
    const without = await client.post('/Groups?excludedAttributes=members', groupBody('H'))
    expect(without.body).not.toHaveProperty('members')
    expect(without.body).toHaveProperty('meta')
  })
})

describe('PUT', () => {
  test('replaces name and members and answers 200 with the resource', async () => {
    const client = await tenant()
    const [a = '', b = '', c = ''] = await createUsers(client, ['a', 'b', 'c'])
    const group = await createGroup(client, 'G', [a, b])
    client.endpoint.clock.offset = 1000
    const answer = await client.put(`/Groups/${group.id}`, {
      ...groupBody('H', [b, c, 'nobody']),
      id: 'another',
      meta: { resourceType: 'User' },
    })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ id: group.id, displayName: 'H' })
    expect(answer.body.members.map(({ value }: { value: string }) => value)).toEqual([b, c])
    expect(answer.body.meta.created).toBe(group.meta.created)
    expect(answer.body.meta.lastModified > group.meta.lastModified).toBe(true)
    expect(answer.body.meta.version).not.toBe(group.meta.version)
    expect(answer.headers.get('ETag')).toBe(answer.body.meta.version)
    expect(answer.headers.get('Location')).toBe(group.meta.location)
    expect((await client.get(`/Groups/${group.id}`)).body).toEqual(answer.body)
    expect((await client.get(`/Users/${a}`)).body).not.toHaveProperty('groups')
    expect((await client.get(`/Users/${c}`)).body.groups).toMatchObject([{ value: group.id }])
    expect((await eventsOf(client.namespace)).at(-2)?.changes).toEqual({
      before: { displayName: 'G' },
      after: { displayName: 'H' },
      added: [c],
      removed: [],
      skipped: ['nobody'],
    })
  })

  test('never empties a group because nobody in the list is known', async () => {
    const client = await tenant()
    const [a = ''] = await createUsers(client, ['a'])
    const group = await createGroup(client, 'G', [a])
    const answer = await client.put(`/Groups/${group.id}`, groupBody('G', [a, 'nobody']))
    expect(answer.status).toBe(200)
    expect(await memberIds(client, group.id)).toEqual([a])
  })

  test('empties the group where members is empty', async () => {
    const client = await tenant()
    const group = await createGroup(client, 'G', await createUsers(client, ['a', 'b']))
    const answer = await client.put(`/Groups/${group.id}`, groupBody('G'))
    expect(answer.status).toBe(200)
    expect(await memberIds(client, group.id)).toEqual([])
  })

  test('keeps externalId where it omits it, and null and "" clear it', async () => {
    const client = await tenant()
    const group = await createGroup(client, 'G')
    const path = `/Groups/${group.id}`
    const put = async (more: object) =>
      (await client.put(path, { ...groupBody('G'), ...more })).body
    for (const nothing of [null, '']) {
      expect(await put({ externalId: 'x' })).toMatchObject({ externalId: 'x' })
      expect(await put({})).toMatchObject({ externalId: 'x' })
      expect(await put({ externalId: nothing })).not.toHaveProperty('externalId')
    }
  })

  test('that changes nothing keeps version and lastModified and leaves no event', async () => {
    const client = await tenant()
    const group = await createGroup(client, 'G', await createUsers(client, ['a', 'b']))
    const before = await dump(client.namespace)
    client.endpoint.clock.offset = 1000
    const answer = await client.put(`/Groups/${group.id}`, group)
    expect(answer).toMatchObject({ status: 200, body: group })
    expect(await dump(client.namespace)).toBe(before)
  })

  test("is 409 for another group's name, and fine for one's own in another case", async () => {
    const client = await tenant()
    await createGroup(client, 'Taken')
    const group = await createGroup(client, 'G', await createUsers(client, ['a']))
    const before = await dump(client.namespace)
    const refused = await client.put(`/Groups/${group.id}`, groupBody('TAKEN'))
    expectError(refused, 409, { scimType: 'uniqueness' })
    const renamed = [{ op: 'replace', path: 'displayName', value: 'TAKEN' }, members('remove')]
    const patched = await client.patch(`/Groups/${group.id}`, renamed)
    expectError(patched, 409, { scimType: 'uniqueness' })
    expect(await dump(client.namespace)).toBe(before)
    const own = await client.put(`/Groups/${group.id}`, groupBody('g'))
    expect(own).toMatchObject({ status: 200, body: { displayName: 'g' } })
  })

  test('of an unknown id is 404 and creates nothing', async () => {
    const client = await tenant()
    const before = await dump(client.namespace)
    expectError(await client.put('/Groups/nothing', groupBody('G')), 404)
    expect(await dump(client.namespace)).toBe(before)
  })

  test('without displayName is 400', async () => {
    const client = await tenant()
    const group = await createGroup(client, 'G')
    const answer = await client.put(`/Groups/${group.id}`, { schemas: [GROUP], members: [] })
    expectError(answer, 400, { scimType: 'invalidValue' })
  })
})

describe('PATCH', () => {
  test('answers 204 with the new version and no body', async () => {
    const client = await tenant()
    const [a = ''] = await createUsers(client, ['a'])
    const group = await createGroup(client, 'G')
    const answer = await client.patch(`/Groups/${group.id}`, [members('add', listed(a))])
    expect(answer).toMatchObject({ status: 204, body: undefined })
    const read = await client.get(`/Groups/${group.id}`)
    expect(answer.headers.get('ETag')).toBe(read.body.meta.version)
    expect(read.body.meta.version).not.toBe(group.meta.version)
  })

  test('answers 200 with a body where attributes or excludedAttributes is given', async () => {
    const client = await tenant()
    const group = await createGroup(client, 'G', await createUsers(client, ['a']))
    const path = `/Groups/${group.id}`
    const rename = (value: string) => [{ op: 'replace', path: 'displayName', value }]
    const named = await client.patch(`${path}?attributes=displayName`, rename('H'))
    expect(named).toMatchObject({ status: 200 })
    expect(named.body).toEqual({ schemas: [GROUP], id: group.id, displayName: 'H' })
    const without = await client.patch(`${path}?excludedAttributes=members`, rename('I'))
    expect(without).toMatchObject({ status: 200, body: { id: group.id, displayName: 'I' } })
    expect(without.body).not.toHaveProperty('members')
    expect(without.headers.get('ETag')).toBe(without.body.meta.version)
    const whole = await client.patch(`${path}?excludedAttributes=externalId`, rename('J'))
    expect(whole.body.members).toHaveLength(1)
  })

  test.each<[string, (ids: string[]) => object[], number[]]>([
    ['add appends', ([, , c = '']) => [members('add', listed(c))], [0, 1, 2]],
    ['add takes one object', ([, , c = '']) => [members('add', { value: c })], [0, 1, 2]],
    ['add takes a bare id', ([, , c = '']) => [members('add', c)], [0, 1, 2]],
    ['add takes bare ids', ([, , c = '']) => [members('add', [c])], [0, 1, 2]],
    ['add of a member changes nothing', ([a = '']) => [members('add', listed(a))], [0, 1]],
    [
      'add without a path',
      ([, , c = '']) => [{ op: 'add', value: { members: listed(c) } }],
      [0, 1, 2],
    ],
    [
      'add by a value path',
      ([, , c = '']) => [{ op: 'add', path: `members[value eq "${c}"]`, value: { value: c } }],
      [0, 1, 2],
    ],
    ['replace replaces all', ([, b = '', c = '']) => [members('replace', listed(b, c))], [1, 2]],
    ['replace with [] removes all', () => [members('replace', [])], []],
    [
      'replace without a path',
      ([, , c = '']) => [{ op: 'replace', value: { members: listed(c) } }],
      [2],
    ],
    [
      'replace with unknown ids among others',
      ([a = '']) => [members('replace', listed(a, 'nobody'))],
      [0],
    ],
    ['remove with a list removes those', ([a = '']) => [members('remove', listed(a))], [1]],
    ['remove with one object', ([a = '']) => [members('remove', { value: a })], [1]],
    ['remove with bare ids', ([a = '']) => [members('remove', [a])], [1]],
    ['remove with a bare id', ([a = '']) => [members('remove', a)], [1]],
    ['remove with [] removes nobody', () => [members('remove', [])], [0, 1]],
    ['remove without a value removes all', () => [members('remove')], []],
    [
      'remove of no member changes nothing',
      ([, , c = '']) => [members('remove', listed(c))],
      [0, 1],
    ],
    [
      'remove by a value path',
      ([a = '']) => [{ op: 'remove', path: `members[value eq "${a}"]` }],
      [1],
    ],
    [
      'remove by an or',
      ([a = '', b = '']) => [{ op: 'remove', path: `members[value eq "${a}" or value eq "${b}"]` }],
      [],
    ],
    ['remove by the type', () => [{ op: 'remove', path: 'members[type eq "User"]' }], []],
    ['remove by the display', () => [{ op: 'remove', path: 'members[display sw "A"]' }], [1]],
    [
      'remove by a path that nobody matches',
      () => [{ op: 'remove', path: 'members[value eq "nobody"]' }],
      [0, 1],
    ],
    [
      'remove and add in one request',
      ([a = '', , c = '']) => [
        { op: 'remove', path: `members[value eq "${a}"]` },
        members('add', listed(c)),
      ],
      [1, 2],
    ],
    [
      'add and remove of one id',
      ([, , c = '']) => [members('add', listed(c)), members('remove', listed(c))],
      [0, 1],
    ],
    ['remove all, then add', ([, , c = '']) => [members('remove'), members('add', listed(c))], [2]],
    [
      'one operation for each member',
      ([, b = '', c = '']) => [
        members('replace', []),
        members('add', listed(b)),
        members('add', listed(c)),
      ],
      [1, 2],
    ],
  ])('%s', async (_, operations, expected) => {
    const client = await tenant()
    const ids = await createUsers(client, ['a', 'b', 'c'])
    const group = await createGroup(client, 'G', ids.slice(0, 2))
    const answer = await client.patch(`/Groups/${group.id}`, operations(ids))
    expect(answer).toMatchObject({ status: 204, body: undefined })
    expect(await memberIds(client, group.id)).toEqual(expected.map((index) => ids[index]).sort())
    // Once more: nothing is left to be done, or the same comes out.
    const again = await client.patch(`/Groups/${group.id}`, operations(ids))
    expect(again.status).toBe(204)
    expect(await memberIds(client, group.id)).toEqual(expected.map((index) => ids[index]).sort())
    const [row] = await query('select members from team where id = ?', group.id)
    expect(row?.members).toBe(expected.length)
  })

  test('by a filter also looks at whom an operation before it has added', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['ada', 'bob', 'al'])
    const [ada = '', bob = '', al = ''] = ids
    const group = await createGroup(client, 'G', [ada])
    const operations = [
      members('add', listed(bob, al)),
      { op: 'remove', path: 'members[display sw "A"]' },
    ]
    expect((await client.patch(`/Groups/${group.id}`, operations)).status).toBe(204)
    expect(await memberIds(client, group.id)).toEqual([bob])
    const again = [members('replace', listed(...ids)), { ...operations[1] }]
    expect((await client.patch(`/Groups/${group.id}`, again)).status).toBe(204)
    expect(await memberIds(client, group.id)).toEqual([bob])
  })

  test('renames and keeps the members', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['a', 'b'])
    const group = await createGroup(client, 'G', ids)
    for (const operation of [
      { op: 'replace', path: 'displayName', value: 'H' },
      { op: 'replace', value: { id: group.id, displayName: 'I' } },
      { op: 'add', path: 'externalId', value: 'x' },
    ]) {
      expect((await client.patch(`/Groups/${group.id}`, [operation])).status).toBe(204)
    }
    const { body } = await client.get(`/Groups/${group.id}`)
    expect(body).toMatchObject({ displayName: 'I', externalId: 'x' })
    expect(await memberIds(client, group.id)).toEqual(ids)
    expectList(await client.find('/Groups', 'displayName eq "i"'), 1)
    expectList(await client.find('/Groups', 'displayName eq "g"'), 0)
  })

  test.each([
    ['a member that is one already', ([a = '']: string[]) => [members('add', listed(a))]],
    ['the removal of nobody', ([, b = '']: string[]) => [members('remove', listed(b))]],
    ['the name that it has', () => [{ op: 'replace', path: 'displayName', value: 'G' }]],
    ['the members that it has', ([a = '']: string[]) => [members('replace', listed(a))]],
    ['nothing at all', () => []],
  ])('of %s keeps version and lastModified and leaves no event', async (_, operations) => {
    const client = await tenant()
    const ids = await createUsers(client, ['a', 'b'])
    const group = await createGroup(client, 'G', ids.slice(0, 1))
    const before = await dump(client.namespace)
    client.endpoint.clock.offset = 1000
    const answer = await client.patch(`/Groups/${group.id}`, operations(ids))
    expect(answer.status).toBe(204)
    expect(answer.headers.get('ETag')).toBe(group.meta.version)
    expect(await dump(client.namespace)).toBe(before)
  })

  test('whose only effect is skipped ids leaves an event and keeps the version', async () => {
    const client = await tenant()
    const [a = ''] = await createUsers(client, ['a'])
    const group = await createGroup(client, 'G', [a])
    client.endpoint.clock.offset = 1000
    const answer = await client.patch(`/Groups/${group.id}`, [members('add', listed('nobody'))])
    expect(answer.status).toBe(204)
    expect(answer.headers.get('ETag')).toBe(group.meta.version)
    expect((await client.get(`/Groups/${group.id}`)).body).toEqual(group)
    expect((await eventsOf(client.namespace)).at(-1)).toMatchObject({
      action: 'team.update',
      subject: group.id,
      changes: { added: [], removed: [], skipped: ['nobody'] },
    })
  })

  test('refuses to change a part of a member', async () => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    const group = await createGroup(client, 'G', [a])
    const before = await dump(client.namespace)
    const path = `members[value eq "${a}"].value`
    const answer = await client.patch(`/Groups/${group.id}`, [{ op: 'replace', path, value: b }])
    expectError(answer, 400, { scimType: 'mutability' })
    expect(await dump(client.namespace)).toBe(before)
  })

  test('of a group is undone as a whole by one bad operation', async () => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    const group = await createGroup(client, 'G', [a])
    const before = await dump(client.namespace)
    const answer = await client.patch(`/Groups/${group.id}`, [
      members('add', listed(b)),
      { op: 'replace', path: 'displayName', value: 'H' },
      { op: 'remove', path: 'displayName' },
    ])
    expectError(answer, 400, { scimType: 'mutability' })
    expect(await dump(client.namespace)).toBe(before)
  })

  test('of an unknown id is 404', async () => {
    const client = await tenant()
    expectError(await client.patch('/Groups/nothing', [members('remove')]), 404)
  })
})

describe('DELETE', () => {
  test('is 204 without a body, and 404 for everything afterwards', async () => {
    const client = await tenant()
    const [a = ''] = await createUsers(client, ['a'])
    const group = await createGroup(client, 'G', [a])
    const path = `/Groups/${group.id}`
    expect(await client.delete(path)).toMatchObject({ status: 204, body: undefined })
    for (const answer of [
      await client.get(path),
      await client.put(path, groupBody('G')),
      await client.patch(path, [members('remove')]),
      await client.delete(path),
    ]) {
      expectError(answer, 404)
    }
    expectList(await client.get('/Groups'), 0)
    expect((await client.get(`/Users/${a}`)).body).not.toHaveProperty('groups')
    expect((await eventsOf(client.namespace)).at(-1)).toMatchObject({
      action: 'team.delete',
      subject: group.id,
      changes: { before: { displayName: 'G' }, removed: [a] },
    })
    const next = await createGroup(client, 'G')
    expect(next.id).not.toBe(group.id)
    expect(next.members).toEqual([])
  })
})

describe('versions', () => {
  test('of a group change with its name and its members, and not with theirs', async () => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    const group = await createGroup(client, 'G', [a])
    const path = `/Groups/${group.id}`
    const version = async () => (await client.get(path)).body.meta.version
    const seen = [group.meta.version]
    await client.patch(path, [members('add', listed(b))])
    seen.push(await version())
    await client.patch(path, [{ op: 'replace', path: 'displayName', value: 'H' }])
    seen.push(await version())
    await client.put(`/Users/${a}`, userBody('a', { displayName: 'Renamed' }))
    expect(await version()).toBe(seen.at(-1))
    expect((await client.get(path)).body.members[0].display).toBe('Renamed')
    await client.patch(`/Users/${a}`, [{ op: 'replace', path: 'active', value: false }])
    expect(await version()).toBe(seen.at(-1))
    await client.delete(`/Users/${a}`)
    seen.push(await version())
    expect(new Set(seen).size).toBe(4)
  })
})

describe('with group sync off', () => {
  test('reads work and writes are 403 with a detail', async () => {
    const client = await tenant({ settings: { enableUserSync: true, enableGroupSync: true } })
    const [a = ''] = await createUsers(client, ['a'])
    const group = await createGroup(client, 'G', [a])
    const off = JSON.stringify({ enableUserSync: true })
    await query('update namespace set settings = ? where name = ?', off, client.namespace)
    const path = `/Groups/${group.id}`
    const before = await dump(client.namespace)
    for (const answer of [
      await client.post('/Groups', groupBody('H')),
      await client.put(path, groupBody('H')),
      await client.patch(path, [members('remove')]),
      await client.delete(path),
    ]) {
      expectError(answer, 403)
      expect(answer.body.detail).toContain('enableGroupSync')
    }
    expect(await dump(client.namespace)).toBe(before)
    expect((await client.get(path)).body).toEqual(group)
    expectList(await client.get('/Groups'), 1)
    expect((await client.post('/Users', userBody('b'))).status).toBe(201)
  })
})

test('a name or externalId that no row of the database could hold is refused', async () => {
  const client = await tenant()
  const { id } = await createGroup(client, 'crew')
  const huge = 'x'.repeat(300 * 1024)
  expectError(await client.post('/Groups', groupBody(huge)), 413)
  expectError(await client.post('/Groups', { ...groupBody('b'), externalId: huge }), 413)
  expectError(await client.put(`/Groups/${id}`, groupBody(huge)), 413)
  const rename = [{ op: 'replace', path: 'displayName', value: huge }]
  expectError(await client.patch(`/Groups/${id}`, rename), 413)
  expect((await client.get('/Groups')).body.Resources).toMatchObject([{ displayName: 'crew' }])
})

test('a large group is whole, by itself and in lists, with its version', async () => {
  const { client, group } = await crowd(2500)
  const path = `/Groups/${group.id}`
  const { status, headers, body } = await client.get(path)
  expect(status).toBe(200)
  expect(headers.get('ETag')).toBe(body.meta.version)
  expect(headers.get('Content-Type')).toBe('application/scim+json')
  expect(body.members).toHaveLength(2501)
  expect(body.members[2500]).toMatchObject({ value: 'useed002500', display: 'seed2500' })
  const [only] = expectList(await client.get('/Groups'), 1)
  expect(only).toEqual(body)
  const head = await client.request('HEAD', path)
  expect(head).toMatchObject({ status: 200, body: undefined })
  const unchanged = await client.get(path, { 'If-None-Match': body.meta.version })
  expect(unchanged).toMatchObject({ status: 304, body: undefined })
})
