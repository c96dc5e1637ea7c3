/** What other clients do differently, by their documentation, their code and captured requests. */
import { describe, expect, test } from 'vitest'
import { Client, readAnswer } from '../support/client.ts'
import { createGroup, createUser, createUsers, memberIds } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { ENTERPRISE_USER, GROUP, PATCH_OP, USER, userBody } from '../support/payload.ts'
import { dump } from '../support/tables.ts'

describe('OneLogin', () => {
  const headers = { 'User-Agent': '', 'Content-Type': 'application/scim+json' }

  test('ends its URLs with an ampersand or a question mark', async () => {
    const client = await tenant()
    const lookUp = '/Users?filter=userName+eq+%22onelogin-test-user01%22&'
    expectList(await client.get(lookUp, headers), 0)
    const body = {
      schemas: ['urn:scim:schemas:core:2.0', 'urn:scim:schemas:extension:enterprise:2.0'],
      userName: 'onelogin-test-user01',
      externalId: 'e-1',
      name: { givenName: 'A', familyName: 'B' },
      emails: [{ value: 'a@example.com', type: 'work' }],
      active: true,
    }
    const created = await client.post('/Users', body, headers)
    expect(created.status).toBe(201)
    expectList(await client.get(lookUp, headers), 1)
    const put = await client.put(`/Users/${created.body.id}?`, { ...body, active: false }, headers)
    expect(put).toMatchObject({ status: 200, body: { active: false } })
    const group = await createGroup(client, 'G')
    const value = [{ value: created.body.id }]
    const message = { schemas: [PATCH_OP], Operations: [{ op: 'add', path: 'members', value }] }
    const patched = await client.request('PATCH', `/Groups/${group.id}?`, message, headers)
    expect(patched.status).toBe(204)
    expect(await memberIds(client, group.id)).toEqual([created.body.id])
  })

  test('lists somebody without an e-mail', async () => {
    const client = await tenant()
    const user = await createUser(client, 'onelogin-test-user01', { name: { givenName: 'A' } })
    expect(expectList(await client.get('/Users'), 1)).toEqual([user])
  })
})

describe('JumpCloud', () => {
  test('tests the connection by creating and deleting a user and a group', async () => {
    const client = await tenant()
    const headers = { 'content-type': 'application/json' }
    for (let round = 0; round < 2; round++) {
      const user = await client.post('/Users', userBody('test@jumpcloud.example'), headers)
      expect(user.status).toBe(201)
      const body = { schemas: [GROUP], displayName: 'Test', members: [{ value: user.body.id }] }
      const group = await client.post('/Groups', body, headers)
      expect(group.status).toBe(201)
      const add = [{ op: 'add', path: 'members', value: [{ value: user.body.id }] }]
      for (let again = 0; again < 2; again++) {
        expect((await client.patch(`/Groups/${group.body.id}`, add)).status).toBe(204)
      }
      expect(await memberIds(client, group.body.id)).toEqual([user.body.id])
      expect((await client.delete(`/Users/${user.body.id}`)).status).toBe(204)
      expect((await client.delete(`/Groups/${group.body.id}`)).status).toBe(204)
    }
    expectList(await client.get('/Users'), 0)
    expectList(await client.get('/Groups'), 0)
  })

  test('sends lower-case header names and no Accept', async () => {
    const client = await tenant()
    const request = new Request(`${client.base}/Users`, {
      method: 'POST',
      headers: { authorization: `bearer ${client.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(userBody('ada')),
    })
    expect((await readAnswer(await client.send(request))).status).toBe(201)
  })
})

describe('authentik', () => {
  test('reads the configuration, and looks users up without quotes', async () => {
    const client = await tenant()
    const { body } = await client.get('/ServiceProviderConfig')
    expect(body.patch.supported).toBe(true)
    const user = await createUser(client, 'akadmin')
    await createUser(client, 'another')
    expectError(await client.post('/Users', userBody('akadmin')), 409, { scimType: 'uniqueness' })
    expect(expectList(await client.get('/Users?filter=userName+eq+akadmin'), 1)).toEqual([user])
    expectList(await client.get('/Users?filter=userName+eq+nobody'), 0)
  })

  test('updates a group by replacing it without a path, and its members stay', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['a', 'b'])
    const { id } = await createGroup(client, 'Old', ids)
    const value = { schemas: [GROUP], id, displayName: 'New', externalId: 'pk' }
    expect((await client.patch(`/Groups/${id}`, [{ op: 'replace', value }])).status).toBe(204)
    const { body } = await client.get(`/Groups/${id}`)
    expect(body).toMatchObject({ id, displayName: 'New', externalId: 'pk' })
    expect(await memberIds(client, id)).toEqual(ids)
  })

  test('adds with one operation for each member and removes by a list', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['a', 'b', 'c'])
    const { id } = await createGroup(client, 'G')
    const added = ids.map((value) => ({ op: 'add', path: 'members', value: [{ value }] }))
    expect((await client.patch(`/Groups/${id}`, added)).status).toBe(204)
    expect(await memberIds(client, id)).toEqual(ids)
    const value = ids.slice(1).map((one) => ({ value: one }))
    await client.patch(`/Groups/${id}`, [{ op: 'remove', path: 'members', value }])
    expect(await memberIds(client, id)).toEqual(ids.slice(0, 1))
  })

  test('creates again what a PUT does not find', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    await client.delete(`/Users/${id}`)
    expectError(await client.put(`/Users/${id}`, userBody('ada')), 404)
    expect((await client.post('/Users', userBody('ada'))).body.id).toBe(id)
  })

  test('discovers groups without a count', async () => {
    const client = await tenant()
    for (const name of ['A', 'B']) await createGroup(client, name)
    expect(expectList(await client.get('/Groups'), 2)).toHaveLength(2)
    expect(expectList(await client.get('/Groups?startIndex=2'), 2, 2)).toHaveLength(1)
    expect(expectList(await client.get('/Groups?startIndex=3'), 2, 3)).toHaveLength(0)
  })
})

describe('Keycloak', () => {
  test('doubles the slash and sends an id of its own, which is ignored', async () => {
    const client = await tenant()
    const slash = new Client(client.send, `${client.base}/`, client.token)
    const ada = await createUser(client, 'ada.lovelace@example.com')
    const path = '/Users?filter=userName+eq+%22ada.lovelace%40example.com%22'
    expect(expectList(await slash.get(path), 1)).toEqual([ada])
    const other = await slash.post('/Users', userBody('other@example.com', { id: ada.id }))
    expect(other.status).toBe(201)
    expect(other.body.id).not.toBe(ada.id)
    expect((await client.get(`/Users/${ada.id}`)).body).toEqual(ada)
  })

  test('writes externalId by PATCH', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const operation = { op: 'replace', path: 'externalId', value: 'f:123:ada' }
    const answer = await client.patch(`/Users/${id}`, [operation])
    expect(answer).toMatchObject({ status: 200, body: { externalId: 'f:123:ada' } })
  })
})

describe('Rippling', () => {
  test('looks up by externalId, and is told of a retry', async () => {
    const client = await tenant()
    expect((await client.get('/ServiceProviderConfig')).status).toBe(200)
    const path = '/Users?filter=externalId+eq+%22emp-1%22'
    expectList(await client.get(path), 0)
    const body = userBody('ada', {
      externalId: 'emp-1',
      [ENTERPRISE_USER]: { employeeNumber: '7' },
    })
    const created = await client.post('/Users', body)
    expect(expectList(await client.get(path), 1)).toEqual([created.body])
    expectError(await client.post('/Users', body), 409, { scimType: 'uniqueness' })
  })
})

describe('Google', () => {
  test('replaces groups whose members have an id only', async () => {
    const client = await tenant()
    const [a = ''] = await createUsers(client, ['a'])
    const { id } = await createGroup(client, 'G')
    const body = { schemas: [GROUP], displayName: 'G', members: [{ value: a }] }
    const put = await client.put(`/Groups/${id}`, body)
    expect(put.status).toBe(200)
    expect(put.body.members).toEqual([
      { value: a, $ref: `${client.base}/Users/${a}`, type: 'User', display: 'a' },
    ])
  })

  test('suspends, and deletes weeks later or without suspending', async () => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    const suspended = await client.patch(`/Users/${a}`, [
      { op: 'replace', value: { active: false } },
    ])
    expect(suspended.body.active).toBe(false)
    for (const id of [a, b]) expect((await client.delete(`/Users/${id}`)).status).toBe(204)
    expectList(await client.get('/Users'), 0)
  })
})

describe('SailPoint and AWS style clients', () => {
  test('push single members at once, some of them never provisioned', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['a', 'b', 'c', 'd', 'e'])
    const { id } = await createGroup(client, 'G')
    const answers = await Promise.all(
      [...ids, 'nobody-1', 'nobody-2'].map((value) =>
        client.patch(`/Groups/${id}`, [{ op: 'add', path: 'members', value: [{ value }] }]),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]))
    expect(await memberIds(client, id)).toEqual(ids.sort())
  })
})

describe("the requests of Microsoft's Postman collection", () => {
  test.each([
    'USERNAME+EQ+%22bjensen%22',
    'urn:ietf:params:scim:schemas:core:2.0:User:userName+eq+%22bjensen%22',
    '(ActiVe%20eq%20true)%20and%20meta.lastmodified%20ge%20%222021-09-23T19:35:41.8420572Z%22',
    'meta.Created%20gt%20%222019-01-01T00:00:00.0000000Z%22',
    'DisplayName+eq+%22BobIsAmazing%22',
    'userName%20sw%20B',
    'externalId%20eq%20jyoung',
    'active eq true and (meta.lastModified ge "2021-01-01T00:00:00Z" and meta.lastModified le "2999-01-01T00:00:00Z")',
  ])('find one user by %s', async (filter) => {
    const client = await tenant()
    const more = { displayName: 'BobIsAmazing', externalId: 'jyoung' }
    const user = await createUser(client, 'bjensen', more)
    await createUser(client, 'other', { active: false })
    const everybody = filter.startsWith('meta.')
    const found = expectList(await client.get(`/Users/?filter=${filter}`), everybody ? 2 : 1)
    expect(found[0]).toEqual(user)
  })

  test('ask for pages in odd case', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['a', 'b', 'c'])
    expect(expectList(await client.get('/Users?startindex=0&Count=2'), 3)[0].id).toBe(ids[0])
    const beyond = '/Users?filter=active+eq+true&count=5&startIndex=6'
    expectList(await client.get(beyond), 3, 6)
  })

  test('ask for projections, of elements as well', async () => {
    const client = await tenant()
    const emails = [{ value: 'a@x', type: 'work' }]
    const { id } = await createUser(client, 'ada', { emails })
    const minimum = { schemas: [USER], id }
    expect(expectList(await client.get('/Users?attributes=userName,emails'), 1)).toEqual([
      { ...minimum, userName: 'ada', emails },
    ])
    const bracket = '/Users?attributes=emails%5Btype+eq+%22work%22%5D'
    expect(expectList(await client.get(bracket), 1)).toEqual([{ ...minimum, emails }])
  })

  test('create and replace with garbage in them', async () => {
    const client = await tenant()
    const text = await client.post('/Users', userBody('strbool@example.com', { active: 'True' }))
    expect(text).toMatchObject({ status: 201, body: { active: true } })
    const before = await dump(client.namespace)
    expectError(await client.post('/Users', { schemas: [USER], externalId: 'x' }), 400, {
      scimType: 'invalidValue',
    })
    expectError(await client.post('/Users', 'junk'), 400, { scimType: 'invalidSyntax' })
    expect(await dump(client.namespace)).toBe(before)
    const misspelled = { ...userBody('strbool@example.com'), dispalyName: 'X', emials: 5 }
    const put = await client.put(`/Users/${text.body.id}`, misspelled)
    expect(put.status).toBe(200)
    expect(put.body).not.toHaveProperty('dispalyName')
  })

  test('add members as bare strings', async () => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    const { id } = await createGroup(client, 'G')
    const operations = [
      { op: 'add', path: 'members', value: a },
      { op: 'Add', path: 'members', value: [b] },
    ]
    expect((await client.patch(`/Groups/${id}`, operations)).status).toBe(204)
    expect(await memberIds(client, id)).toEqual([a, b].sort())
    expect((await client.patch(`/Groups/${id}`, [{ op: 'remove', path: 'members' }])).status).toBe(
      204,
    )
    expect(await memberIds(client, id)).toEqual([])
  })
})

describe('any client', () => {
  test('can use the id of a lookup with every method', async () => {
    const client = await tenant()
    await createUser(client, 'ada')
    const [{ id }] = expectList(await client.find('/Users', 'userName eq "ada"'), 1)
    expect((await client.get(`/Users/${id}`)).status).toBe(200)
    expect((await client.put(`/Users/${id}`, userBody('ada', { title: 'T' }))).status).toBe(200)
    const operation = { op: 'replace', path: 'title', value: 'U' }
    expect((await client.patch(`/Users/${id}`, [operation])).status).toBe(200)
    expect((await client.delete(`/Users/${id}`)).status).toBe(204)
  })

  test('that ignores paging of lookups still never gets the whole list', async () => {
    const client = await tenant()
    const emails = [{ value: 'ada.lovelace@example.com' }]
    const ada = await createUser(client, 'ada', { emails })
    await createUsers(client, ['b', 'c'])
    const path = '/Users?filter=emails.value+eq+%22ada.lovelace%40example.com%22'
    expect(expectList(await client.get(path), 1)).toEqual([ada])
    const unknown = '/Users?filter=favouriteColour+eq+%22x%22'
    expectError(await client.get(unknown), 400, { scimType: 'invalidFilter' })
  })

  test('may nest core attributes below the URN of the core schema', async () => {
    const client = await tenant()
    const core = {
      userName: 'nested@example.com',
      externalId: 'nested',
      name: { formatted: 'N' },
      emails: [{ value: 'n@example.com' }],
    }
    const { status, body } = await client.post('/Users', { schemas: [USER], [USER]: core })
    expect(status).toBe(201)
    expect(body).toMatchObject(core)
  })

  test('may send bare values where elements have a value', async () => {
    const client = await tenant()
    const more = { roles: ['viewer'], emails: 'a@b.c' }
    const created = await client.post('/Users', userBody('bare', more))
    const shown = { roles: [{ value: 'viewer' }], emails: [{ value: 'a@b.c' }] }
    expect(created).toMatchObject({ status: 201, body: shown })
    const user = `/Users/${created.body.id}`
    expect(await client.put(user, userBody('bare', more))).toMatchObject({
      status: 200,
      body: shown,
    })
    const operation = { op: 'replace', path: 'roles', value: ['admin', 'viewer'] }
    expect((await client.patch(user, [operation])).body.roles).toEqual([
      { value: 'admin' },
      { value: 'viewer' },
    ])
    const ids = [created.body.id]
    const group = await client.post('/Groups', { schemas: [GROUP], displayName: 'G', members: ids })
    expect(group.status).toBe(201)
    expect(await memberIds(client, group.body.id)).toEqual(ids)
    const body = { schemas: [GROUP], displayName: 'G', members: ids[0] }
    expect((await client.put(`/Groups/${group.body.id}`, body)).status).toBe(200)
    expect(await memberIds(client, group.body.id)).toEqual(ids)
  })

  test('may name a manager or a member by the reference alone', async () => {
    const client = await tenant()
    const boss = await createUser(client, 'boss')
    const managed = (manager: object) => userBody('ada', { [ENTERPRISE_USER]: { manager } })
    const ada = await client.post('/Users', managed({ $ref: boss.meta.location }))
    expect(ada.status).toBe(201)
    const shown = { value: boss.id, $ref: boss.meta.location }
    expect(ada.body[ENTERPRISE_USER].manager).toMatchObject(shown)
    const user = `/Users/${ada.body.id}`
    const put = await client.put(user, managed({ $ref: `../Users/${boss.id}` }))
    expect(put.body[ENTERPRISE_USER].manager).toMatchObject(shown)
    const path = `${ENTERPRISE_USER}:manager`
    await client.patch(user, [{ op: 'remove', path }])
    const operation = { op: 'add', path, value: { $ref: `Users/${boss.id}` } }
    const patched = await client.patch(user, [operation])
    expect(patched.body[ENTERPRISE_USER].manager).toMatchObject(shown)
    const members = [{ $ref: boss.meta.location }]
    const group = await client.post('/Groups', { schemas: [GROUP], displayName: 'G', members })
    expect(group.status).toBe(201)
    const value = [{ $ref: `../Users/${ada.body.id}` }]
    await client.patch(`/Groups/${group.body.id}`, [{ op: 'add', path: 'members', value }])
    expect(await memberIds(client, group.body.id)).toEqual([boss.id, ada.body.id].sort())
    const before = await dump(client.namespace)
    for (const $ref of ['https://example.com/people/1', `../Groups/${group.body.id}`, boss.id]) {
      const refusal = { scimType: 'invalidValue' } as const
      expectError(await client.put(user, managed({ $ref })), 400, refusal)
      const wrong = { op: 'replace', path, value: { $ref } }
      expectError(await client.patch(user, [wrong]), 400, refusal)
    }
    expect(await dump(client.namespace)).toBe(before)
  })

  test('may aim at a schema as a whole, or qualify names by it', async () => {
    const client = await tenant()
    const body = { ...userBody('qualified'), [`${USER}:nickName`]: 'N' }
    const created = await client.post('/Users', { ...body, [`${ENTERPRISE_USER}:department`]: 'D' })
    expect(created).toMatchObject({
      status: 201,
      body: { nickName: 'N', [ENTERPRISE_USER]: { department: 'D' } },
    })
    const user = `/Users/${created.body.id}`
    const changed = await client.patch(user, [
      { op: 'replace', path: USER, value: { title: 'new', [`${USER}:nickName`]: 'M' } },
      { op: 'add', path: ENTERPRISE_USER, value: { [`${ENTERPRISE_USER}:costCenter`]: 'C' } },
    ])
    expect(changed).toMatchObject({
      status: 200,
      body: {
        title: 'new',
        nickName: 'M',
        [ENTERPRISE_USER]: { department: 'D', costCenter: 'C' },
      },
    })
    const { id } = await createGroup(client, 'G')
    const value = { members: [{ value: created.body.id }] }
    const added = await client.patch(`/Groups/${id}`, [{ op: 'add', path: GROUP, value }])
    expect(added.status).toBe(204)
    expect(await memberIds(client, id)).toEqual([created.body.id])
    const before = await dump(client.namespace)
    for (const [path, operation, scimType] of [
      [user, { op: 'remove', path: USER }, 'noTarget'],
      [`/Groups/${id}`, { op: 'remove', path: GROUP }, 'noTarget'],
      [user, { op: 'replace', path: USER, value: 'new' }, 'invalidValue'],
      [user, { op: 'replace', path: `${USER}:`, value: { title: 'x' } }, 'invalidPath'],
      [user, { op: 'replace', path: `${USER}::title`, value: 'x' }, 'invalidPath'],
    ] as const) {
      expectError(await client.patch(path, [operation]), 400, { scimType })
    }
    expect(await dump(client.namespace)).toBe(before)
  })
})
