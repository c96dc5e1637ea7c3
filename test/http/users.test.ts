/** Users: RFC 7643 §3.1, §4.1, §4.3; RFC 7644 §3.3, §3.4.1, §3.5.1, §3.5.2, §3.6. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser, memberIds } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { operatorOf } from '../support/operator.ts'
import { ENTERPRISE_USER, fullUser, GROUP, USER, userBody } from '../support/payload.ts'
import { dump, eventsOf, query, userRow } from '../support/tables.ts'

const replaceActive = (value: unknown) => ({ op: 'replace', path: 'active', value })

describe('POST', () => {
  test('answers 201 with the resource, its Location and its version', async () => {
    const client = await tenant()
    const before = Date.now()
    const answer = await client.post('/Users', userBody('ada', { title: 'Countess' }))
    const { id, meta } = answer.body
    expect(answer.status).toBe(201)
    expect(answer.headers.get('Content-Type')).toBe('application/scim+json')
    expect(answer.body).toEqual({
      schemas: [USER],
      id,
      externalId: 'ext-ada',
      userName: 'ada',
      title: 'Countess',
      active: true,
      meta: {
        resourceType: 'User',
        created: meta.created,
        lastModified: meta.created,
        location: `${client.base}/Users/${id}`,
        version: meta.version,
      },
    })
    expect(answer.headers.get('Location')).toBe(meta.location)
    expect(answer.headers.get('ETag')).toBe(meta.version)
    expect(meta.version).toMatch(/^W\/"[^"]+"$/)
    expect(meta.created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(Date.parse(meta.created)).toBeGreaterThanOrEqual(before)
    expect(Date.parse(meta.created)).toBeLessThanOrEqual(Date.now())
    const read = await client.get(`/Users/${id}`)
    expect(read).toMatchObject({ status: 200, body: answer.body })
    expect(read.headers.get('Location')).toBe(meta.location)
    expect(read.headers.get('ETag')).toBe(meta.version)
  })

  test('stores every attribute of User and EnterpriseUser as received', async () => {
    const client = await tenant()
    const created = await client.post('/Users', fullUser)
    expect(created.status).toBe(201)
    const { id, meta, ...attributes } = (await client.get(`/Users/${created.body.id}`)).body
    expect(attributes).toEqual(fullUser)
    expect(meta.resourceType).toBe('User')
  })

  test('keeps strings to the code point', async () => {
    const client = await tenant()
    const displayName =
      ' 名前 𝒳 👩‍👩‍👧 <script>alert(1)</script> back\\slash "q" \u200b\u202e\r\n\u0001é e\u0301 '
    const { id } = await createUser(client, 'ünï', { displayName, title: 'null' })
    expect((await client.get(`/Users/${id}`)).body).toMatchObject({ displayName, title: 'null' })
  })

  test('takes attribute names in any case and answers with those of the schema', async () => {
    const client = await tenant()
    const { status, body } = await client.post('/Users', {
      SCHEMAS: [USER],
      USERNAME: 'ada',
      externalid: 'e',
      displayname: 'D',
      Name: { GIVENNAME: 'Ada' },
      EMAILS: [{ VALUE: 'a@b.example', Type: 'work' }],
      [ENTERPRISE_USER.toUpperCase()]: { DEPARTMENT: 'X' },
    })
    expect(status).toBe(201)
    const { id: _, meta: __, ...attributes } = body
    expect(attributes).toEqual({
      schemas: [USER, ENTERPRISE_USER],
      externalId: 'e',
      userName: 'ada',
      name: { givenName: 'Ada' },
      displayName: 'D',
      active: true,
      emails: [{ value: 'a@b.example', type: 'work' }],
      [ENTERPRISE_USER]: { department: 'X' },
    })
  })

  test('takes null, an empty list and an absent attribute for the same', async () => {
    const client = await tenant()
    const nothing = { title: null, emails: [], phoneNumbers: null, name: {}, roles: [], ims: null }
    const body = await createUser(client, 'ada', { ...nothing, [ENTERPRISE_USER]: null })
    expect(Object.keys(body).sort()).toEqual(
      ['active', 'externalId', 'id', 'meta', 'schemas', 'userName'].sort(),
    )
    for (const name of ['title', 'emails', 'name', 'roles']) {
      expectList(await client.find('/Users', `${name} pr`), 0)
    }
  })

  test('ignores what only the server sets, and what no schema knows', async () => {
    const client = await tenant()
    const other = await createUser(client, 'other')
    const group = await createGroup(client, 'G')
    const body = await createUser(client, 'ada', {
      id: other.id,
      groups: [{ value: group.id }],
      meta: {
        resourceType: 'Group',
        created: '2001-01-01T00:00:00Z',
        location: 'https://evil.example/',
        version: 'W/"x"',
      },
      employeeNumber: '1',
      favouriteColour: 'red',
      tenantId: 'x',
      revision: 99,
      managed: 0,
      constructor: { prototype: 1 },
    })
    expect(body.id).not.toBe(other.id)
    expect(Object.keys(body).sort()).toEqual(
      ['active', 'externalId', 'id', 'meta', 'schemas', 'userName'].sort(),
    )
    expect(body.schemas).toEqual([USER])
    expect(body.meta.resourceType).toBe('User')
    expect(body.meta.location).toBe(`${client.base}/Users/${body.id}`)
    expect(Date.parse(body.meta.created)).toBeGreaterThan(Date.parse('2026-01-01'))
    expect((await client.get(`/Users/${other.id}`)).body).toEqual(other)
    expect(await memberIds(client, group.id)).toEqual([])
    expect(await userRow(client.namespace, body.id)).toMatchObject({ managed: 1, revision: 1 })
  })

  test('makes an id of its own that is URL-safe and no number, whatever externalId is', async () => {
    const client = await tenant()
    const numeric = await createUser(client, 'evil', { externalId: '1' })
    const ids = [
      numeric.id,
      (await createUser(client, 'ada')).id,
      (await createUser(client, 'b')).id,
    ]
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z0-9_-]{15,}$/)
    expectError(await client.get('/Users/1'), 404)
    expectError(await client.get('/Users/ext-ada'), 404)
    const other = await tenant()
    expect((await createUser(other, 'evil', { externalId: '1' })).id).not.toBe(numeric.id)
  })

  test('takes schemas in any order, repeated, and with URNs that nobody knows', async () => {
    const client = await tenant()
    const enterprise = { [ENTERPRISE_USER]: { department: 'D' } }
    const lists = [
      [ENTERPRISE_USER, USER],
      [USER, USER, ENTERPRISE_USER],
      [USER, 'urn:example:custom:2.0:User'],
      ['urn:scim:schemas:core:2.0'],
    ]
    for (const [index, schemas] of lists.entries()) {
      const body = await createUser(client, `u${index}`, { schemas, ...enterprise })
      expect(body.schemas).toEqual([USER, ENTERPRISE_USER])
    }
    const bare = await createUser(client, 'bare', { schemas: [USER, ENTERPRISE_USER] })
    expect(bare.schemas).toEqual([USER])
  })

  test.each([
    [undefined, true],
    [null, true],
    [true, true],
    [false, false],
    ['True', true],
    ['FALSE', false],
    ['false', false],
  ])('stores active %j as %j', async (active, expected) => {
    const client = await tenant()
    const created = await createUser(client, 'ada', active === undefined ? {} : { active })
    expect(created.active).toBe(expected)
    expect((await client.get(`/Users/${created.id}`)).body.active).toBe(expected)
    const row = await userRow(client.namespace, created.id)
    expect(row?.active).toBe(expected ? 1 : 0)
    // No login is older than the account.
    expect(row?.sessions_valid_from).toBe(row?.created_at)
  })

  test('counts the strings "True" and "false" as booleans in every element', async () => {
    const client = await tenant()
    const role = { value: 'admin', primary: 'True', type: 'WindowsAzureActiveDirectoryRole' }
    const body = await createUser(client, 'ada', {
      roles: [role, { value: 'b', primary: 'false' }],
    })
    expect(body.roles).toEqual([
      { ...role, primary: true },
      { value: 'b', primary: false },
    ])
  })

  test('never returns, stores or logs a password', async () => {
    const client = await tenant()
    const secret = 'Pa55-word-x-marker'
    const created = await client.post('/Users', userBody('ada', { password: secret }))
    expect(created.status).toBe(201)
    const path = `/Users/${created.body.id}`
    const answers = [
      created,
      await client.get(path),
      await client.get(`${path}?attributes=password,userName`),
      await client.get('/Users'),
      await client.put(path, userBody('ada', { password: `${secret}2`, title: 'T' })),
      await client.patch(path, [{ op: 'replace', value: { password: `${secret}3` } }]),
      await client.patch(path, [{ op: 'replace', path: 'password', value: `${secret}4` }]),
    ]
    for (const { status, body } of answers) {
      expect(status).toBeLessThan(300)
      expect(JSON.stringify(body)).not.toMatch(/password|Pa55/i)
    }
    expect(await dump(client.namespace)).not.toContain('Pa55')
    expect(JSON.stringify(client.endpoint.log)).not.toContain('Pa55')
  })

  test('answers with the attributes that were asked for', async () => {
    const client = await tenant()
    const answer = await client.post('/Users?attributes=userName', userBody('ada'))
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({ schemas: [USER], id: answer.body.id, userName: 'ada' })
    expect(answer.headers.get('Location')).toBe(`${client.base}/Users/${answer.body.id}`)
  })

  test('takes core attributes below the URN of the core schema, too', async () => {
    const client = await tenant()
    const nested = { userName: 'nested', externalId: 'n', name: { formatted: 'N' } }
    const { status, body } = await client.post('/Users', { schemas: [USER], [USER]: nested })
    expect(status).toBe(201)
    expect(body).toMatchObject(nested)
  })

  test('logs the route and no personal data', async () => {
    const client = await tenant()
    client.endpoint.log.length = 0
    const { id } = await createUser(client, 'ada.marker')
    await client.get(`/Users/${id}`)
    await client.find('/Users', 'userName eq "ada.marker"')
    const lines = client.endpoint.log
    expect(lines).toMatchObject([
      { method: 'POST', namespace: client.namespace, status: 201 },
      { method: 'GET', namespace: client.namespace, status: 200 },
      { method: 'GET', namespace: client.namespace, status: 200 },
    ])
    expect(lines).toMatchObject([
      { route: expect.stringMatching(/:namespace\/Users$/) },
      { route: expect.stringMatching(/:namespace\/Users\/:id$/) },
      { route: expect.stringMatching(/:namespace\/Users$/) },
    ])
    const text = JSON.stringify(lines)
    for (const secret of ['marker', id, 'glsa_', 'filter']) expect(text).not.toContain(secret)
  })
})

describe('externalId', () => {
  test.each([
    ['is absent', {}],
    ['is null', { externalId: null }],
    ['is empty', { externalId: '' }],
    ['is blank', { externalId: ' \t ' }],
  ])('is required on create: 400 where it %s', async (_, more) => {
    const client = await tenant()
    const before = await dump(client.namespace)
    const answer = await client.post('/Users', { schemas: [USER], userName: 'ada', ...more })
    expectError(answer, 400, { scimType: 'invalidValue' })
    expect(answer.body.detail).toContain('externalId')
    expect(answer.body.detail).toMatch(/map/i)
    expect(await dump(client.namespace)).toBe(before)
  })

  test('is not required where requireExternalId is off, and is never made up', async () => {
    const settings = { enableUserSync: true, requireExternalId: false }
    const client = await tenant({ settings })
    for (const [userName, more] of [
      ['a', {}],
      ['b', { externalId: null }],
      ['c', { externalId: '' }],
      ['d', { externalId: '  ' }],
    ] as const) {
      const { status, body } = await client.post('/Users', { schemas: [USER], userName, ...more })
      expect(status).toBe(201)
      expect(body).not.toHaveProperty('externalId')
      expect((await userRow(client.namespace, body.id))?.external_id).toBeNull()
    }
  })

  test('counts case', async () => {
    const client = await tenant()
    const lower = await createUser(client, 'a', { externalId: 'abc' })
    await createUser(client, 'b', { externalId: 'ABC' })
    const [only] = expectList(await client.find('/Users', 'externalId eq "abc"'), 1)
    expect(only).toEqual(lower)
  })
})

describe('uniqueness', () => {
  test.each([
    ['case', 'Joe', 'jOE'],
    ['case beyond ASCII', 'Élodie', 'éLODIE'],
    ['width', 'joe', 'ｊｏｅ'],
    ['normalization', 'Ame\u0301lie', 'amélie'],
    ['the Kelvin sign', 'kelvin', '\u212Aelvin'],
  ])('of userName disregards %s', async (_, first, second) => {
    const client = await tenant()
    await createUser(client, first)
    const before = await dump(client.namespace)
    const answer = await client.post('/Users', userBody(second, { externalId: 'another' }))
    expectError(answer, 409, { scimType: 'uniqueness' })
    expect(answer.body.detail).toContain('userName')
    expect(await dump(client.namespace)).toBe(before)
  })

  test.each([
    ['ß', 'strauß', 'strauss'],
    ['a Cyrillic а', 'admin', 'аdmin'],
    ['İ', 'İpek', 'ipek'],
    ['surrounding spaces', 'ada', ' ada'],
  ])('of userName keeps %s apart', async (_, first, second) => {
    const client = await tenant()
    const a = await createUser(client, first)
    const b = await createUser(client, second)
    expect(expectList(await client.find('/Users', `userName eq "${first}"`), 1)).toEqual([a])
    expect(expectList(await client.find('/Users', `userName eq "${second}"`), 1)).toEqual([b])
  })

  const work = (value: string) => ({ emails: [{ value, type: 'work', primary: true }] })

  test.each([
    ['userName', { userName: 'ADA' }],
    ['externalId', { externalId: 'ext-ada' }],
    ['e-mail', work('Ada@EXAMPLE.com')],
    ['userName', { userName: 'Ada', externalId: 'ext-ada', ...work('ada@example.com') }],
    ['externalId', { externalId: 'ext-ada', ...work('ada@example.com') }],
  ])('is refused with 409 that names %s', async (attribute, more) => {
    const client = await tenant()
    const ada = await createUser(client, 'ada', { ...work('ada@example.com'), title: 'Hidden' })
    const before = await dump(client.namespace)
    const answer = await client.post('/Users', userBody('new', more))
    expectError(answer, 409, { scimType: 'uniqueness' })
    for (const name of ['userName', 'externalId', 'e-mail']) {
      expect(answer.body.detail.includes(name), name).toBe(name === attribute)
    }
    expect(JSON.stringify(answer.body)).not.toContain(ada.id)
    expect(JSON.stringify(answer.body)).not.toContain('Hidden')
    expect(await dump(client.namespace)).toBe(before)
  })

  test.each([
    ['PUT', 'userName', { userName: 'ADA' }],
    ['PUT', 'externalId', { externalId: 'ext-ada' }],
    ['PUT', 'e-mail', work('ADA@example.com')],
    ['PATCH', 'userName', { userName: 'ADA' }],
    ['PATCH', 'externalId', { externalId: 'ext-ada' }],
    ['PATCH', 'e-mail', work('ADA@example.com')],
    ['PATCH', 'userName', { ...work('ada@example.com'), externalId: 'ext-ada', userName: 'ada' }],
  ])('holds for %s: 409 that names %s', async (method, attribute, more) => {
    const client = await tenant()
    await createUser(client, 'ada', work('ada@example.com'))
    const bob = await createUser(client, 'bob', work('bob@example.com'))
    const before = await dump(client.namespace)
    const path = `/Users/${bob.id}`
    const answer =
      method === 'PUT'
        ? await client.put(path, userBody('bob', more))
        : await client.patch(path, [{ op: 'replace', value: more }])
    expectError(answer, 409, { scimType: 'uniqueness' })
    for (const name of ['userName', 'externalId', 'e-mail']) {
      expect(answer.body.detail.includes(name), name).toBe(name === attribute)
    }
    expect(await dump(client.namespace)).toBe(before)
  })

  test("allows one's own values in another case", async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', work('ada@example.com'))
    const body = userBody('ADA', { externalId: 'ext-ada', ...work('ADA@example.com') })
    const put = await client.put(`/Users/${id}`, body)
    expect(put).toMatchObject({ status: 200, body: { id, userName: 'ADA' } })
    const patched = await client.patch(`/Users/${id}`, [
      { op: 'replace', path: 'userName', value: 'aDa' },
    ])
    expect(patched).toMatchObject({ status: 200, body: { id, userName: 'aDa' } })
  })

  test('does not hold for e-mails that are not the account e-mail', async () => {
    const client = await tenant()
    const emails = (own: string) => [
      { value: own, type: 'work' },
      { value: 'shared@example.com', type: 'home' },
    ]
    await createUser(client, 'ada', { emails: emails('ada@example.com') })
    await createUser(client, 'bob', { emails: emails('bob@example.com') })
    expectList(await client.find('/Users', 'emails.value eq "shared@example.com"'), 2)
  })
})

describe('the account e-mail', () => {
  const cases: [string, object[], string][] = [
    [
      'is the primary work address',
      [
        { value: 'first@x', type: 'work' },
        { value: 'home@x', type: 'home' },
        { value: 'THIS@x', type: 'WORK', primary: true },
      ],
      'this@x',
    ],
    [
      'is else the first work address, even where another is primary',
      [
        { value: 'home@x', type: 'home', primary: true },
        { value: 'this@x', type: 'work' },
        { value: 'second@x', type: 'work' },
      ],
      'this@x',
    ],
    [
      'is else the primary address',
      [{ value: 'first@x' }, { value: 'this@x', type: 'home', primary: true }],
      'this@x',
    ],
    ['is else the first address', [{ value: 'this@x', type: 'home' }, { value: 'b@x' }], 'this@x'],
  ]
  test.each(cases)('%s', async (_, emails, expected) => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', { emails })
    expect((await userRow(client.namespace, id))?.email_key).toBe(expected)
    const taken = userBody('bob', { emails: [{ value: expected, type: 'other' }] })
    expectError(await client.post('/Users', taken), 409, { scimType: 'uniqueness' })
    const others = emails.flatMap((email) =>
      'value' in email && String(email.value).toLowerCase() !== expected ? [email.value] : [],
    )
    for (const [index, value] of others.entries()) {
      await createUser(client, `other${index}`, { emails: [{ value }] })
    }
  })

  test('follows a PATCH', async () => {
    const client = await tenant()
    const emails = [{ value: 'old@x', type: 'work' }]
    const { id } = await createUser(client, 'ada', { emails })
    const path = 'emails[type eq "work"].value'
    const patched = await client.patch(`/Users/${id}`, [{ op: 'replace', path, value: 'New@x' }])
    expect(patched.status).toBe(200)
    expect((await userRow(client.namespace, id))?.email_key).toBe('new@x')
    await createUser(client, 'bob', { emails })
    expectList(await client.find('/Users', 'emails eq "new@X"'), 1)
  })
})

describe('PUT', () => {
  test('replaces: what it omits is cleared; id and created stay', async () => {
    const client = await tenant()
    const { body: full } = await client.post('/Users', fullUser)
    client.endpoint.clock.offset = 5000
    const body = { schemas: [USER], userName: 'grace.hopper', title: 'Rear Admiral' }
    const answer = await client.put(`/Users/${full.id}`, body)
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      ...body,
      id: full.id,
      externalId: 'ext-full',
      active: true,
      meta: {
        ...full.meta,
        lastModified: answer.body.meta.lastModified,
        version: answer.body.meta.version,
      },
    })
    expect(Date.parse(answer.body.meta.lastModified)).toBeGreaterThan(
      Date.parse(full.meta.lastModified),
    )
    expect(answer.body.meta.version).not.toBe(full.meta.version)
    expect(answer.headers.get('ETag')).toBe(answer.body.meta.version)
    expect(answer.headers.get('Location')).toBe(full.meta.location)
    expect((await client.get(`/Users/${full.id}`)).body).toEqual(answer.body)
    expect((await eventsOf(client.namespace)).map(({ action }) => action)).toEqual([
      'user.create',
      'user.update',
    ])
  })

  test('keeps active and externalId where it omits them', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', { active: false })
    const { body } = await client.put(`/Users/${id}`, { schemas: [USER], userName: 'ada2' })
    expect(body).toMatchObject({ userName: 'ada2', active: false, externalId: 'ext-ada' })
    const shown = await client.put(`/Users/${id}`, { schemas: [USER], userName: 'a', active: true })
    expect(shown.body).toMatchObject({ active: true, externalId: 'ext-ada' })
  })

  test.each([null, ''])('clears externalId by %j', async (externalId) => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const answer = await client.put(`/Users/${id}`, {
      schemas: [USER],
      userName: 'ada',
      externalId,
    })
    expect(answer.status).toBe(200)
    expect(answer.body).not.toHaveProperty('externalId')
    expect((await userRow(client.namespace, id))?.external_id).toBeNull()
    await createUser(client, 'bob', { externalId: 'ext-ada' })
  })

  test('ignores id, meta and groups, and leaves memberships alone', async () => {
    const client = await tenant()
    const ada = await createUser(client, 'ada')
    const group = await createGroup(client, 'G', [ada.id])
    const answer = await client.put(`/Users/${ada.id}`, {
      ...userBody('ada', { title: 'T' }),
      id: 'somebody-else',
      meta: { resourceType: 'Group', created: '2001-01-01T00:00:00Z' },
      groups: [],
    })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ id: ada.id, title: 'T', groups: [{ value: group.id }] })
    expect(answer.body.meta.created).toBe(ada.meta.created)
    expect(await memberIds(client, group.id)).toEqual([ada.id])
  })

  test('that changes nothing keeps version and lastModified and leaves no event', async () => {
    const client = await tenant()
    const { body: full } = await client.post('/Users', fullUser)
    const before = await dump(client.namespace)
    client.endpoint.clock.offset = 5000
    const answer = await client.put(`/Users/${full.id}`, full)
    expect(answer).toMatchObject({ status: 200, body: full })
    expect(await dump(client.namespace)).toBe(before)
  })

  test('of an unknown id is 404 and creates nothing', async () => {
    const client = await tenant()
    const before = await dump(client.namespace)
    expectError(await client.put('/Users/unoboby', userBody('ada')), 404)
    expectError(await client.get('/Users/unoboby'), 404)
    expect(await dump(client.namespace)).toBe(before)
  })

  test.each([
    ['userName is missing', { schemas: [USER], userName: undefined }],
    ['userName is empty', { userName: '' }],
    ['schemas names groups only', { schemas: [GROUP] }],
  ])('is 400 invalidValue where %s', async (_, more) => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const before = await dump(client.namespace)
    const answer = await client.put(`/Users/${id}`, userBody('ada', more))
    expectError(answer, 400, { scimType: 'invalidValue' })
    expect(await dump(client.namespace)).toBe(before)
  })

  test('answers with the attributes that were asked for', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const path = `/Users/${id}?attributes=userName`
    const { status, body } = await client.put(path, userBody('bob'))
    expect({ status, body }).toEqual({
      status: 200,
      body: { schemas: [USER], id, userName: 'bob' },
    })
  })
})

describe('active: false', () => {
  test('keeps the user visible and in its teams, and ends earlier logins', async () => {
    const client = await tenant()
    const ada = await createUser(client, 'ada')
    const group = await createGroup(client, 'G', [ada.id])
    const created = Date.parse(ada.meta.created)
    expect(await userRow(client.namespace, ada.id)).toMatchObject({ sessions_valid_from: created })
    client.endpoint.clock.offset = 1000
    const from = Date.now() + 1000
    const patched = await client.patch(`/Users/${ada.id}`, [replaceActive(false)])
    expect(patched).toMatchObject({ status: 200, body: { active: false, userName: 'ada' } })
    const row = await userRow(client.namespace, ada.id)
    const ended = Number(row?.sessions_valid_from)
    expect(ended).toBeGreaterThanOrEqual(from)
    expect((await client.get(`/Users/${ada.id}`)).body).toEqual(patched.body)
    expect(expectList(await client.get('/Users'), 1)).toEqual([patched.body])
    expectList(await client.find('/Users', 'userName eq "ada"'), 1)
    expect(await memberIds(client, group.id)).toEqual([ada.id])
    // Coming back does not revive old logins, and staying away does not move the time.
    client.endpoint.clock.offset = 2000
    await client.patch(`/Users/${ada.id}`, [{ op: 'replace', path: 'title', value: 'T' }])
    await client.patch(`/Users/${ada.id}`, [replaceActive(true)])
    expect(await userRow(client.namespace, ada.id)).toMatchObject({
      active: 1,
      sessions_valid_from: ended,
    })
    client.endpoint.clock.offset = 3000
    await client.put(`/Users/${ada.id}`, userBody('ada', { active: false }))
    const again = await userRow(client.namespace, ada.id)
    expect(Number(again?.sessions_valid_from)).toBeGreaterThan(ended)
  })
})

describe('DELETE', () => {
  test('is 204 without a body, and 404 for everything afterwards', async () => {
    const client = await tenant()
    const ada = await createUser(client, 'ada')
    await createUser(client, 'bob')
    const path = `/Users/${ada.id}`
    const deleted = await client.delete(path)
    expect(deleted).toMatchObject({ status: 204, body: undefined })
    for (const answer of [
      await client.get(path),
      await client.put(path, userBody('ada')),
      await client.patch(path, [replaceActive(true)]),
      await client.delete(path),
    ]) {
      expectError(answer, 404)
    }
    expectList(await client.get('/Users'), 1)
    expectList(await client.find('/Users', `id eq "${ada.id}"`), 0)
    expectList(await client.find('/Users', 'userName eq "ada"'), 0)
  })

  test("ends memberships, and changes the versions of the user's teams only", async () => {
    const client = await tenant()
    const ada = await createUser(client, 'ada')
    const bob = await createUser(client, 'bob')
    const both = await createGroup(client, 'Both', [ada.id, bob.id])
    const other = await createGroup(client, 'Other', [bob.id])
    client.endpoint.clock.offset = 1000
    await client.delete(`/Users/${ada.id}`)
    const after = (await client.get(`/Groups/${both.id}`)).body
    expect(after.members.map(({ value }: { value: string }) => value)).toEqual([bob.id])
    expect(after.meta.version).not.toBe(both.meta.version)
    expect(after.meta.lastModified > both.meta.lastModified).toBe(true)
    expect((await client.get(`/Groups/${other.id}`)).body).toEqual(other)
    expectList(await client.find('/Groups', `members.value eq "${ada.id}"`), 0)
  })

  test('keeps the record for audit, and frees userName and e-mail', async () => {
    const client = await tenant()
    const emails = [{ value: 'ada@example.com', type: 'work' }]
    const ada = await createUser(client, 'ada', { emails, title: 'T' })
    await client.delete(`/Users/${ada.id}`)
    const retained = await query('select * from retained where namespace = ?', client.namespace)
    expect(retained).toMatchObject([{ id: ada.id, external_id: 'ext-ada', user_name_key: 'ada' }])
    expect(JSON.parse(String(retained[0]?.resource))).toMatchObject({ title: 'T', emails })
    const next = await createUser(client, 'ada', { externalId: 'another', emails })
    expect(next.id).not.toBe(ada.id)
    expect(next).not.toHaveProperty('title')
    expect(await query('select id from retained where namespace = ?', client.namespace)).toEqual([
      { id: ada.id },
    ])
  })

  test('is undone by a POST with the same externalId: same id, new data', async () => {
    const client = await tenant()
    const ada = await createUser(client, 'ada', { title: 'T' })
    const group = await createGroup(client, 'G', [ada.id])
    await client.delete(`/Users/${ada.id}`)
    client.endpoint.clock.offset = 1000
    const { status, body } = await client.post(
      '/Users',
      userBody('lovelace', { externalId: 'ext-ada', nickName: 'N' }),
    )
    expect(status).toBe(201)
    expect(body).toMatchObject({ id: ada.id, userName: 'lovelace', nickName: 'N', active: true })
    expect(body).not.toHaveProperty('title')
    expect(body).not.toHaveProperty('groups')
    expect(body.meta.version).not.toBe(ada.meta.version)
    expect((await client.get(`/Users/${ada.id}`)).body).toEqual(body)
    expect(await memberIds(client, group.id)).toEqual([])
    expect(await query('select id from retained where namespace = ?', client.namespace)).toEqual([])
    // Logins from before the deletion stay refused.
    expect(Number((await userRow(client.namespace, ada.id))?.sessions_valid_from)).toBeGreaterThan(
      0,
    )
    expectList(await client.get('/Users'), 1)
  })

  test('of people without externalId leaves nobody to take up again', async () => {
    const settings = { enableUserSync: true, requireExternalId: false }
    const client = await tenant({ settings })
    const first = await client.post('/Users', { schemas: [USER], userName: 'ada' })
    await client.delete(`/Users/${first.body.id}`)
    const second = await client.post('/Users', { schemas: [USER], userName: 'ada' })
    expect(second.status).toBe(201)
    expect(second.body.id).not.toBe(first.body.id)
  })
})

describe('groups of a user', () => {
  test('mirror the memberships, with $ref, display and type', async () => {
    const client = await tenant()
    const ada = await createUser(client, 'ada')
    const a = await createGroup(client, 'A', [ada.id])
    const b = await createGroup(client, 'B', [ada.id])
    const { groups } = (await client.get(`/Users/${ada.id}`)).body
    const shown = (group: { id: string }, display: string) => ({
      value: group.id,
      $ref: `${client.base}/Groups/${group.id}`,
      display,
      type: 'direct',
    })
    expect(groups).toHaveLength(2)
    expect(groups).toEqual(expect.arrayContaining([shown(a, 'A'), shown(b, 'B')]))
    expect(expectList(await client.get('/Users'), 1)[0].groups).toEqual(groups)
    await client.delete(`/Groups/${a.id}`)
    expect((await client.get(`/Users/${ada.id}`)).body.groups).toEqual([shown(b, 'B')])
  })

  test('change the version of the user without writing to it', async () => {
    const client = await tenant()
    const ada = await createUser(client, 'ada')
    const path = `/Users/${ada.id}`
    const versions = [ada.meta.version]
    const row = await userRow(client.namespace, ada.id)
    const noteVersion = async () => {
      const { body, headers } = await client.get(path)
      expect(headers.get('ETag')).toBe(body.meta.version)
      expect(body.meta.lastModified).toBe(ada.meta.lastModified)
      versions.push(body.meta.version)
    }
    const group = await createGroup(client, 'G', [ada.id])
    await noteVersion()
    await client.patch(`/Groups/${group.id}`, [
      { op: 'replace', path: 'displayName', value: 'Renamed' },
    ])
    await noteVersion()
    expect(new Set(versions).size).toBe(3)
    await client.patch(`/Groups/${group.id}`, [{ op: 'remove', path: 'members' }])
    await noteVersion()
    expect(versions.at(-1)).toBe(ada.meta.version)
    expect(await userRow(client.namespace, ada.id)).toEqual(row)
  })
})

describe('the manager', () => {
  const managerOf = (body: Record<string, { manager?: object }>) => body[ENTERPRISE_USER]?.manager

  test('has $ref and displayName from the server, whatever the client says', async () => {
    const client = await tenant()
    const boss = await createUser(client, 'boss', { displayName: 'The Boss' })
    const manager = { value: boss.id, $ref: 'https://evil.example/x', displayName: 'Fake' }
    const { id } = await createUser(client, 'ada', { [ENTERPRISE_USER]: { manager } })
    const read = await client.get(`/Users/${id}`)
    expect(managerOf(read.body)).toEqual({
      value: boss.id,
      $ref: boss.meta.location,
      displayName: 'The Boss',
    })
    // The name is not the user's own: it changes without a new version.
    await client.patch(`/Users/${boss.id}`, [{ op: 'replace', path: 'displayName', value: 'B' }])
    const renamed = await client.get(`/Users/${id}`)
    expect(managerOf(renamed.body)).toMatchObject({ displayName: 'B' })
    expect(renamed.headers.get('ETag')).toBe(read.headers.get('ETag'))
  })

  test('may be nobody: unknown, deleted, or of another namespace', async () => {
    const client = await tenant()
    const stranger = await tenant({ endpoint: client.endpoint })
    const foreign = await createUser(stranger, 'foreign', { displayName: 'Secret' })
    const boss = await createUser(client, 'boss', { displayName: 'The Boss' })
    const ids = ['nobody here', foreign.id, boss.id]
    await client.delete(`/Users/${boss.id}`)
    for (const [index, value] of ids.entries()) {
      const more = { [ENTERPRISE_USER]: { manager: { value } } }
      const { id } = await createUser(client, `u${index}`, more)
      expect(managerOf((await client.get(`/Users/${id}`)).body)).toEqual({
        value,
        $ref: `${client.base}/Users/${encodeURIComponent(value)}`,
      })
    }
  })

  test.each([
    ['an object', (id: string) => ({ [ENTERPRISE_USER]: { manager: { value: id } } })],
    ['a string', (id: string) => ({ [ENTERPRISE_USER]: { manager: id } })],
    ['a list of one', (id: string) => ({ [ENTERPRISE_USER]: { manager: [{ value: id }] } })],
  ])('may come as %s', async (_, body) => {
    const client = await tenant()
    const boss = await createUser(client, 'boss')
    const ada = await createUser(client, 'ada', body(boss.id))
    expect(managerOf(ada)).toEqual({ value: boss.id, $ref: boss.meta.location })
  })

  test.each(['', null])('is removed by writing %j', async (value) => {
    const client = await tenant()
    const more = { [ENTERPRISE_USER]: { department: 'D', manager: { value: 'x' } } }
    const { id } = await createUser(client, 'ada', more)
    const answer = await client.patch(`/Users/${id}`, [
      { op: 'replace', path: `${ENTERPRISE_USER}:manager`, value },
    ])
    expect(answer).toMatchObject({ status: 200 })
    expect(answer.body[ENTERPRISE_USER]).toEqual({ department: 'D' })
  })
})

describe('with user sync off', () => {
  test('reads work and writes are 403 with a detail, before the body is judged', async () => {
    const settings = { enableUserSync: true, enableGroupSync: true }
    const client = await tenant({ settings })
    const ada = await createUser(client, 'ada')
    await query(
      'update namespace set settings = ? where name = ?',
      JSON.stringify({ enableGroupSync: true }),
      client.namespace,
    )
    const before = await dump(client.namespace)
    const path = `/Users/${ada.id}`
    for (const answer of [
      await client.post('/Users', userBody('bob')),
      await client.post('/Users', '{'),
      await client.put(path, userBody('bob')),
      await client.patch(path, [replaceActive(false)]),
      await client.patch(path, [{ op: 'nonsense' }]),
      await client.delete(path),
    ]) {
      expectError(answer, 403)
      expect(answer.body.detail).toMatch(/sync/)
      expect(answer.body.detail).toContain('enableUserSync')
    }
    expect((await client.get(path)).status).toBe(200)
    expectList(await client.get('/Users'), 1)
    expect((await client.post('/Groups', { schemas: [GROUP], displayName: 'G' })).status).toBe(201)
    expect((await dump(client.namespace)).length).toBeGreaterThan(before.length)
    expectList(await client.get('/Users'), 1)
  })

  test('is how a namespace without settings begins', async () => {
    const client = await tenant({ settings: {} })
    expectError(await client.post('/Users', userBody('ada')), 403)
    expectError(await client.post('/Groups', { displayName: 'G' }), 403)
    expectList(await client.get('/Users'), 0)
    expectList(await client.get('/Groups'), 0)
  })
})

test('a user may be large, but not larger than a row of the database', async () => {
  const client = await tenant()
  const large = await client.post('/Users', userBody('a', { title: 'é'.repeat(32 * 1024) }))
  expect(large.status).toBe(201)
  const emails = Array.from({ length: 1000 }, (_, n) => ({ value: `${n}${'x'.repeat(1000)}` }))
  expectError(await client.post('/Users', userBody('b', { emails })), 413)
  expect((await client.get('/Users')).body.totalResults).toBe(1)
  // An event of a change from one such value to another stays below the limit of a value, too.
  const title = (letter: string) => userBody('a', { title: letter.repeat(1000 * 1024) })
  expect((await client.put(`/Users/${large.body.id}`, title('x'))).status).toBe(200)
  expect((await client.put(`/Users/${large.body.id}`, title('y'))).status).toBe(200)
  const [, , last] = await eventsOf(client.namespace)
  const { before, after } = last?.changes ?? {}
  expect(before?.title).toEqual({ omitted: '1024002 characters' })
  expect(after.title).toHaveLength(1000 * 1024)
})

describe('a value of nothing but white space', () => {
  const blanks = [' ', '\t', '\u00a0', '\u3000', ' \n ']

  test.each(blanks)('is no e-mail, and is returned as it was sent: %j', async (value) => {
    const client = await tenant()
    const emails = [
      { value, type: 'work', primary: true },
      { value: 'ada@example.com', type: 'home' },
    ]
    const ada = await createUser(client, 'ada', { emails })
    expect(ada.emails).toEqual(emails)
    const bob = await createUser(client, 'bob', { emails: [{ value, type: 'work' }] })
    expect(bob.emails).toEqual([{ value, type: 'work' }])
    expect((await userRow(client.namespace, ada.id))?.email_key).toBe('ada@example.com')
    expect((await userRow(client.namespace, bob.id))?.email_key).toBeNull()
    const eve = await createUser(client, 'eve')
    const put = await client.put(`/Users/${eve.id}`, userBody('eve', { emails: bob.emails }))
    expect(put.status).toBe(200)
    const operation = { op: 'add', path: 'emails', value: [{ value, type: 'work' }] }
    expect((await client.patch(`/Users/${ada.id}`, [operation])).status).toBe(200)
  })

  test.each(blanks)('is no externalId, no userName and no name of a group: %j', async (value) => {
    const client = await tenant({
      settings: { enableUserSync: true, enableGroupSync: true, requireExternalId: false },
    })
    for (const name of ['ada', 'bob']) {
      const user = await createUser(client, name, { externalId: value })
      expect(user).not.toHaveProperty('externalId')
    }
    const scimType = 'invalidValue'
    expectError(await client.post('/Users', userBody(value)), 400, { scimType })
    expectError(await client.post('/Groups', { displayName: value }), 400, { scimType })
  })

  test('is no e-mail of an account by hand', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    for (const login of ['ada', 'bob']) {
      const { status, body } = await operator.post('/accounts', { login, email: ' ' })
      expect({ status, email: body.email }).toEqual({ status: 201, email: null })
    }
  })
})
