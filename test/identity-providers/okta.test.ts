/**
 * Okta, by the requests of its documentation. It is two clients: apps of the integration network
 * PATCH users, apps of the App Integration Wizard PUT everything.
 */
import { describe, expect, test } from 'vitest'
import type { Client } from '../support/client.ts'
import { createGroup, createUser, createUsers, memberIds } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { GROUP, PATCH_OP, USER } from '../support/payload.ts'
import { dump, query } from '../support/tables.ts'

const headers = {
  'User-Agent': 'Okta SCIM Client 1.0.0',
  Accept: 'application/scim+json',
  'Accept-Charset': 'utf-8',
  'Content-Type': 'application/scim+json; charset=utf-8',
  Connection: 'Keep-Alive',
  'Accept-Encoding': 'gzip,deflate',
}

const okta = (client: Client) => ({
  get: (path: string) => client.get(path, headers),
  post: (path: string, body: object) => client.post(path, body, headers),
  put: (path: string, body: object) => client.put(path, body, headers),
  patch: (path: string, ...Operations: object[]) =>
    client.request('PATCH', path, { schemas: [PATCH_OP], Operations }, headers),
  delete: (path: string) => client.delete(path, headers),
  lookUp: (userName: string) =>
    client.get(
      `/Users?filter=userName%20eq%20%22${encodeURIComponent(userName)}%22&startIndex=1&count=100`,
      headers,
    ),
})

const newUser = {
  schemas: [USER],
  userName: 'test.user@okta.local',
  name: { givenName: 'Test', familyName: 'User' },
  emails: [{ primary: true, value: 'test.user@okta.local', type: 'work' }],
  displayName: 'Test User',
  locale: 'en-US',
  externalId: '00ujl29u0le5T6Aj10h7',
  groups: [],
  password: '1mz050nq',
  active: true,
}

describe('the connector test', () => {
  test('lists users and groups, also where there are none', async () => {
    const client = await tenant()
    expect(expectList(await okta(client).get('/Users?startIndex=1&count=2'), 0)).toEqual([])
    expect(expectList(await okta(client).get('/Groups?startIndex=1&count=100'), 0)).toEqual([])
    await createUsers(client, ['a', 'b', 'c'])
    expect(expectList(await okta(client).get('/Users?startIndex=1&count=2'), 3)).toHaveLength(2)
  })

  test('takes the token bare, as an administrator types it, and refuses another', async () => {
    const client = await tenant()
    const anonymous = client.withToken(undefined)
    const path = '/Users?filter=userName%20eq%20%22X%40ATKO.COM%22'
    const bare = { ...headers, Authorization: String(client.token) }
    expectList(await anonymous.get(path, bare), 0)
    const wrong = await anonymous.get(path, { ...headers, Authorization: 'non-token' })
    expectError(wrong, 401, { messageId: 'api-key.invalid' })
    expect(wrong.headers.get('WWW-Authenticate')).toMatch(/^Bearer /)
  })
})

describe('an app of the integration network', () => {
  test('finds nobody, creates the user and finds it', async () => {
    const client = okta(await tenant())
    expect(expectList(await client.lookUp('test.user@okta.local'), 0)).toEqual([])
    const created = await client.post('/Users', newUser)
    const { password: _, groups: __, ...shown } = newUser
    expect(created.status).toBe(201)
    expect(created.body).toEqual({ ...shown, id: created.body.id, meta: created.body.meta })
    expect(created.body.meta.resourceType).toBe('User')
    expect(created.headers.get('Location')).toBe(created.body.meta.location)
    expect(expectList(await client.lookUp('test.user@okta.local'), 1)).toEqual([created.body])
    expect(expectList(await client.lookUp('TEST.USER@OKTA.LOCAL'), 1)).toEqual([created.body])
  })

  test('finds a user in the case in which it was created, and gets that case back', async () => {
    const client = okta(await tenant())
    const userName = 'Test.User@Okta.Local'
    await client.post('/Users', { ...newUser, userName })
    expect(expectList(await client.lookUp('test.user@okta.local'), 1)[0].userName).toBe(userName)
  })

  test('is told 409 where it creates the user again, in any case', async () => {
    const client = await tenant()
    await okta(client).post('/Users', newUser)
    const before = await dump(client.namespace)
    const again = await okta(client).post('/Users', newUser)
    expectError(again, 409, { scimType: 'uniqueness' })
    const upper = { ...newUser, userName: 'TEST.USER@OKTA.LOCAL', externalId: 'other' }
    expectError(await okta(client).post('/Users', upper), 409, { scimType: 'uniqueness' })
    expect(await dump(client.namespace)).toBe(before)
  })

  test('creates one user by two parallel requests', async () => {
    const client = await tenant()
    const answers = await Promise.all([1, 2].map(() => okta(client).post('/Users', newUser)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
    expectList(await client.get('/Users'), 1)
  })

  test('updates a profile by putting back what it read', async () => {
    const client = await tenant()
    const { id } = (await okta(client).post('/Users', newUser)).body
    const group = await createGroup(client, 'G', [id])
    const read = (await okta(client).get(`/Users/${id}`)).body
    expect(read.groups).toHaveLength(1)
    const changed = {
      ...read,
      name: { givenName: 'Another', middleName: 'Excited', familyName: 'User' },
    }
    const put = await okta(client).put(`/Users/${id}`, changed)
    expect(put).toMatchObject({ status: 200, body: { id, name: changed.name } })
    expect(put.body.groups).toEqual(read.groups)
    expect(await memberIds(client, group.id)).toEqual([id])
  })

  test('deactivates and reactivates by a PATCH without a path', async () => {
    const client = await tenant()
    const { id } = (await okta(client).post('/Users', newUser)).body
    const group = await createGroup(client, 'G', [id])
    for (const active of [false, true]) {
      const answer = await okta(client).patch(`/Users/${id}`, { op: 'replace', value: { active } })
      expect(answer).toMatchObject({ status: 200, body: { id, active } })
      expect((await okta(client).get(`/Users/${id}`)).body.active).toBe(active)
      // An inactive user is still found, or Okta would create it again.
      expectList(await okta(client).lookUp('test.user@okta.local'), 1)
    }
    expect(await memberIds(client, group.id)).toEqual([id])
  })

  test('sends a password, which goes nowhere', async () => {
    const client = await tenant()
    const { id, meta } = (await okta(client).post('/Users', newUser)).body
    const value = { password: '1mz050nq' }
    const answer = await okta(client).patch(`/Users/${id}`, { op: 'replace', value })
    expect(answer.status).toBe(200)
    expect(answer.body).not.toHaveProperty('password')
    expect(answer.body.meta).toEqual(meta)
    expect(await dump(client.namespace)).not.toContain('1mz050nq')
  })

  test('is told 409 where it creates an inactive person again', async () => {
    const client = await tenant()
    const { id } = (await okta(client).post('/Users', newUser)).body
    await okta(client).patch(`/Users/${id}`, { op: 'replace', value: { active: false } })
    expectError(await okta(client).post('/Users', newUser), 409, { scimType: 'uniqueness' })
    expect((await client.get(`/Users/${id}`)).body.active).toBe(false)
    expectList(await client.get('/Users'), 1)
  })

  test('links an account that was there before, and manages it from then on', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'test.user@okta.local', { externalId: 'other' })
    await query('update user set managed = 0 where id = ?', id)
    const [found] = expectList(await okta(client).lookUp('test.user@okta.local'), 1)
    expect(found.id).toBe(id)
    const put = await okta(client).put(`/Users/${id}`, { ...found, ...newUser })
    expect(put).toMatchObject({ status: 200, body: { id, externalId: newUser.externalId } })
  })
})

describe('import', () => {
  test('pages through 250 users by hundreds', async () => {
    const client = await tenant()
    await query(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < 250)
      insert into user (namespace, id, revision, managed, active, user_name_key,
        sessions_valid_from, created_at, last_modified, resource, folded)
      select ?1, 'u' || i, 1, 1, 1, 'u' || i, 0, 0, 0, json_object('userName', 'u' || i),
        json_object('userName', 'u' || i) from n`,
      client.namespace,
    )
    await query('update namespace set users = 250 where name = ?', client.namespace)
    const seen: string[] = []
    for (const [startIndex, size] of [
      [1, 100],
      [101, 100],
      [201, 50],
    ] as const) {
      const answer = await okta(client).get(`/Users?startIndex=${startIndex}&count=100`)
      const page = expectList(answer, 250, startIndex)
      expect(page).toHaveLength(size)
      seen.push(...page.map(({ id }: { id: string }) => id))
    }
    expect(new Set(seen).size).toBe(250)
  })
})

describe('group push of an app of the integration network', () => {
  test('links by name, creates empty, and reads', async () => {
    const client = okta(await tenant())
    const lookUp = '/Groups?filter=displayName%20eq%20%22Test%20SCIMv2%22&startIndex=1&count=100'
    expectList(await client.get(lookUp), 0)
    const body = { schemas: [GROUP], displayName: 'Test SCIMv2', members: [] }
    const created = await client.post('/Groups', body)
    expect(created).toMatchObject({ status: 201, body: { displayName: 'Test SCIMv2' } })
    expect(expectList(await client.get(lookUp), 1)).toEqual([created.body])
    expectList(await client.get('/Groups?startIndex=1&count=100'), 1)
    const path = `/Groups/${created.body.id}`
    expect((await client.get(path)).body).toEqual(created.body)
    expectError(await client.post('/Groups', body), 409, { scimType: 'uniqueness' })
    expect((await client.delete(path)).status).toBe(204)
    expectError(await client.get(path), 404)
  })

  test('renames with the id inside of the value', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['a'])
    const { id } = await createGroup(client, 'Test SCIMv2', ids)
    const value = { id, displayName: 'Test SCIMv2 renamed' }
    const answer = await okta(client).patch(`/Groups/${id}`, { op: 'replace', value })
    expect(answer).toMatchObject({ status: 204, body: undefined })
    const other = { id: 'c2b7e9a4-61d3-4f58-8c0e-1a9d5b3f7e62', displayName: 'Test SCIMv2' }
    await okta(client).patch(`/Groups/${id}`, { op: 'replace', value: other })
    expect((await client.get(`/Groups/${id}`)).body).toMatchObject({
      id,
      displayName: 'Test SCIMv2',
    })
    expect(await memberIds(client, id)).toEqual(ids)
  })

  test('removes and adds members in one request', async () => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    const { id } = await createGroup(client, 'G', [b])
    const answer = await okta(client).patch(
      `/Groups/${id}`,
      { op: 'remove', path: `members[value eq "${b}"]` },
      { op: 'add', path: 'members', value: [{ value: a, display: 'test.user@okta.local' }] },
    )
    expect(answer.status).toBe(204)
    expect(await memberIds(client, id)).toEqual([a])
  })

  test('replaces members, and names of theirs make no difference', async () => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    const { id } = await createGroup(client, 'G', [a])
    const value = [
      { value: a, display: 'f1@x' },
      { value: b, display: 'f2@x' },
    ]
    const answer = await okta(client).patch(`/Groups/${id}`, {
      op: 'replace',
      path: 'members',
      value,
    })
    expect(answer.status).toBe(204)
    const { members } = (await client.get(`/Groups/${id}`)).body
    expect(members).toMatchObject([
      { value: a, display: 'a', type: 'User' },
      { value: b, display: 'b', type: 'User' },
    ])
  })
})

describe('an app of the wizard', () => {
  test('deactivates by PUT, without externalId', async () => {
    const client = await tenant()
    const { id } = (await okta(client).post('/Users', newUser)).body
    const group = await createGroup(client, 'G', [id])
    const whole = {
      schemas: [USER],
      id,
      userName: 'test.user@okta.local',
      name: { givenName: 'Test', middleName: '', familyName: 'User' },
      emails: [
        {
          primary: true,
          value: 'test.user@okta.local',
          type: 'work',
          display: 'test.user@okta.local',
        },
      ],
      active: false,
      groups: [],
      meta: { resourceType: 'User' },
    }
    const put = await okta(client).put(`/Users/${id}`, whole)
    expect(put).toMatchObject({
      status: 200,
      body: { id, active: false, externalId: newUser.externalId, emails: whole.emails },
    })
    expect(put.body).not.toHaveProperty('displayName')
    expect(await memberIds(client, group.id)).toEqual([id])
    const back = await okta(client).put(`/Users/${id}`, { ...whole, active: true })
    expect(back).toMatchObject({ status: 200, body: { active: true } })
  })

  test('changes a user that says nothing about active, and leaves it inactive', async () => {
    const client = await tenant()
    const { id } = (await okta(client).post('/Users', { ...newUser, active: false })).body
    const { active: _, externalId: __, ...rest } = newUser
    const put = await okta(client).put(`/Users/${id}`, { ...rest, id, displayName: 'New' })
    expect(put).toMatchObject({ status: 200, body: { active: false, displayName: 'New' } })
  })

  test('pushes a group and its members by POST and PUT', async () => {
    const client = await tenant()
    const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
    const created = await okta(client).post('/Groups', {
      schemas: [GROUP],
      displayName: 'Test SCIMv2',
      members: [{ value: a, display: 'a' }],
    })
    expect(created.status).toBe(201)
    const { id } = created.body
    const put = (members: object[], displayName = 'Test SCIMv2') =>
      okta(client).put(`/Groups/${id}`, { schemas: [GROUP], id, displayName, members })
    const both = await put(
      [
        { value: a, display: null },
        { value: b, display: 'hello' },
      ],
      'Renamed',
    )
    expect(both).toMatchObject({ status: 200, body: { id, displayName: 'Renamed' } })
    expect(await memberIds(client, id)).toEqual([a, b].sort())
    await put([{ value: b, display: 'hello' }])
    expect(await memberIds(client, id)).toEqual([b])
    expect(await put([])).toMatchObject({ status: 200, body: { members: [] } })
    expect(await memberIds(client, id)).toEqual([])
  })

  test('pushes members that Okta has not provisioned, and the others arrive', async () => {
    const client = await tenant()
    const [a = ''] = await createUsers(client, ['a'])
    const { id } = await createGroup(client, 'G', [a])
    const members = [{ value: a }, { value: '5d0c1f7e-8a52-4e0b-9b1d-3f2a6c7e9d10' }]
    const body = { schemas: [GROUP], id, displayName: 'G', members }
    expect((await okta(client).put(`/Groups/${id}`, body)).status).toBe(200)
    expect(await memberIds(client, id)).toEqual([a])
  })
})

describe('the specification test', () => {
  test('passes from step to step', async () => {
    const client = await tenant()
    const agent = { Accept: 'application/scim+json', 'User-Agent': 'OKTA SCIM Integration' }
    const read = { ...agent, 'Content-Type': 'application/scim+json; charset=utf-8' }
    await okta(client).post('/Users', { ...newUser, externalId: 'seed' })
    const first = await client.get('/Users?count=1&startIndex=1', read)
    const [seed] = expectList(first, 1)
    expect(seed).toMatchObject({
      name: { familyName: 'User', givenName: 'Test' },
      emails: [{ value: 'test.user@okta.local' }],
      active: true,
    })
    expect((await client.get(`/Users/${seed.id}`, read)).body).toEqual(seed)
    const filter = (value: string) => `/Users?filter=userName eq "${value}"`
    expectList(await client.get(filter('abcdefgh@atko.com'), read), 0)
    expectError(await client.get('/Users/010101001010101011001010101011', read), 404)
    const userName = 'Runscope300Feba@atko.com'
    expectList(await client.get(filter(userName), read), 0)
    const body = {
      schemas: [USER],
      userName,
      name: { givenName: 'Runscope300', familyName: 'Feba' },
      emails: [{ primary: true, value: userName, type: 'work' }],
      displayName: 'Runscope300 Feba',
      externalId: 'runscope',
      active: true,
    }
    const post = { ...agent, 'Content-Type': 'application/json' }
    const created = await client.post('/Users', body, post)
    expect(created).toMatchObject({ status: 201, body })
    expect((await client.get(`/Users/${created.body.id}`, read)).body).toMatchObject(body)
    expectError(await client.post('/Users', body, post), 409, { scimType: 'uniqueness' })
    expectList(await client.get(filter(userName.toUpperCase()), read), 1)
    expectList(await client.get('/Groups', read), 0)
    const wrong = { ...read, Authorization: 'non-token' }
    expectError(await client.withToken(undefined).get(filter(userName), wrong), 401)
    expectError(await client.get('/Users/00919288221112222', read), 404)
  })
})
