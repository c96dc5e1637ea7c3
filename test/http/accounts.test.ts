/** Accounts by hand (design.md “Adoption”; grafana.md 7.1): those that SCIM does not manage. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser } from '../support/directory.ts'
import { makeInterruptedEndpoint, tenant } from '../support/endpoint.ts'
import { expectAdminError, expectError, expectList } from '../support/expect.ts'
import { expectGuarded } from '../support/guarded.ts'
import { limitedTo, operatorOf } from '../support/operator.ts'
import { userBody } from '../support/payload.ts'
import { dump, eventsOf, query, userRow } from '../support/tables.ts'

const form = { login: 'ada', email: 'ada@example.com', name: 'Ada' }

const work = (value: string) => ({ emails: [{ value, type: 'work' }] })

async function counters(namespace: string) {
  const [row] = await query(
    'select users, teams, managed_users, managed_teams, retained from namespace where name = ?',
    namespace,
  )
  return row
}

describe('an account by hand', () => {
  test('is created, found, read, changed and deleted', async () => {
    const client = await tenant()
    const hand = await limitedTo(client, 'User administration')
    const { status, headers, body } = await hand.post('/accounts', form)
    expect(status).toBe(201)
    expect(headers.get('Content-Type')).toBe('application/json')
    const account = {
      id: expect.stringMatching(/^u\w+$/),
      login: 'ada',
      email: 'ada@example.com',
      name: 'Ada',
      externalId: null,
      isDisabled: false,
      isProvisioned: false,
      created: expect.stringMatching(/Z$/),
      updated: expect.stringMatching(/Z$/),
    }
    expect(body).toEqual(account)
    const path = `/accounts/${body.id}`
    expect(await hand.get(path)).toMatchObject({ status: 200, body: account })
    for (const search of ['', '?login=ADA', '?email=Ada@example.com', '?isProvisioned=false']) {
      const list = await hand.get(`/accounts${search}`)
      expect(list.body, search).toEqual({ totalCount: 1, accounts: [account] })
    }
    for (const search of ['?login=bob', '?email=ada', '?isProvisioned=true']) {
      const list = await hand.get(`/accounts${search}`)
      expect(list.body, search).toEqual({ totalCount: 0, accounts: [] })
    }
    const change = { login: 'lady', email: 'l@example.com', name: null, isDisabled: true }
    const changed = { ...account, ...change }
    expect(await hand.request('PATCH', path, change)).toMatchObject({ status: 200, body: changed })
    expect((await hand.get(path)).body).toEqual(changed)
    expect(await counters(client.namespace)).toMatchObject({ users: 1, managed_users: 0 })
    const deleted = await hand.delete(path)
    expect(deleted).toMatchObject({ status: 200, body: { message: 'User deleted' } })
    expectAdminError(await hand.get(path), 404, body.id)
    expect(await counters(client.namespace)).toMatchObject({ users: 0, retained: 0 })
    expect((await eventsOf(client.namespace)).map(({ action }) => action)).toEqual([
      'user.create',
      'user.update',
      'user.delete',
    ])
  })

  test('is seen by SCIM like any other', async () => {
    const client = await tenant()
    const { body } = await operatorOf(client).post('/accounts', form)
    const [found] = expectList(await client.find('/Users', 'userName eq "ADA"'), 1)
    expect(found).toMatchObject({
      id: body.id,
      userName: 'ada',
      displayName: 'Ada',
      active: true,
      emails: [{ value: 'ada@example.com', type: 'work', primary: true }],
    })
    expect(found).not.toHaveProperty('externalId')
    expectError(await client.delete(`/Users/${body.id}`), 403, { messageId: 'scim.unmanaged' })
  })

  test('is taken under management by lookup, one match, PUT with an externalId', async () => {
    const client = await tenant()
    const { body } = await operatorOf(client).post('/accounts', form)
    const [found] = expectList(await client.find('/Users', 'userName eq "ada"'), 1)
    const put = await client.put(`/Users/${found.id}`, { ...found, externalId: 'e1' })
    expect(put).toMatchObject({ status: 200, body: { id: body.id, externalId: 'e1' } })
    const account = (await operatorOf(client).get(`/accounts/${body.id}`)).body
    expect(account).toMatchObject({ isProvisioned: true, externalId: 'e1' })
    expect(await counters(client.namespace)).toMatchObject({ users: 1, managed_users: 1 })
  })

  test('keeps what its form does not say', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const emails = [
      { value: 'home@example.com', type: 'home' },
      { value: 'ada@example.com', type: 'work', display: 'Work' },
    ]
    const user = await createUser(client, 'ada', { emails, title: 'Countess' })
    await operator.post(`/accounts/${user.id}/release`, undefined)
    await operator.request('PATCH', `/accounts/${user.id}`, { email: 'new@example.com' })
    expect((await client.get(`/Users/${user.id}`)).body).toMatchObject({
      title: 'Countess',
      emails: [emails[0], { value: 'new@example.com', type: 'work', display: 'Work' }],
    })
    await operator.request('PATCH', `/accounts/${user.id}`, { email: null })
    expect((await client.get(`/Users/${user.id}`)).body.emails).toEqual([emails[0]])
  })

  test('gets another account e-mail also where the same address stands twice', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const home = { value: 'ada@example.com', type: 'home' }
    const emails = [home, { value: 'ada@example.com', type: 'work' }]
    const user = await createUser(client, 'ada', { emails })
    const path = `/accounts/${user.id}`
    await operator.post(`${path}/release`, undefined)
    const changed = await operator.request('PATCH', path, { email: 'new@example.com' })
    expect(changed).toMatchObject({ status: 200, body: { email: 'new@example.com' } })
    expect((await client.get(`/Users/${user.id}`)).body.emails).toEqual([
      home,
      { value: 'new@example.com', type: 'work' },
    ])
  })

  test('gets an account e-mail beside an address without a value, and one primary', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const home = { type: 'home', primary: true }
    const user = await createUser(client, 'ada', { emails: [home] })
    const path = `/accounts/${user.id}`
    await operator.post(`${path}/release`, undefined)
    await operator.request('PATCH', path, { email: 'new@example.com' })
    expect((await client.get(`/Users/${user.id}`)).body.emails).toEqual([
      { value: 'new@example.com', type: 'work' },
      home,
    ])
  })

  test('that is disabled ends every earlier login', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const { id } = (await operator.post('/accounts', form)).body
    const { created_at: created } = (await userRow(client.namespace, id)) ?? {}
    expect(await userRow(client.namespace, id)).toMatchObject({ sessions_valid_from: created })
    client.endpoint.clock.offset = 1000
    await operator.request('PATCH', `/accounts/${id}`, { isDisabled: true })
    const row = await userRow(client.namespace, id)
    expect(row).toMatchObject({ active: 0, managed: 0 })
    expect(Number(row?.sessions_valid_from)).toBeGreaterThan(Number(created))
    const login = await operator.post('/login/check', { userName: 'ada' })
    expect(login.body).toMatchObject({ decision: 'deny', messageId: 'user.inactive' })
  })

  test('leaves its teams when it is deleted, and their versions change', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const { id } = (await operator.post('/accounts', form)).body
    const group = await createGroup(client, 'crew', [id])
    await operator.delete(`/accounts/${id}`)
    const { body } = await client.get(`/Groups/${group.id}`)
    expect(body.members).toEqual([])
    expect(body.meta.version).not.toBe(group.meta.version)
  })

  test.each([
    ['login', { login: 'ADA' }],
    ['e-mail', { login: 'bob', email: 'ADA@example.com' }],
    ['externalId', { login: 'bob', externalId: 'e1' }],
  ])('with the %s of another is 409, when created and when changed', async (_, taken) => {
    const client = await tenant()
    const operator = operatorOf(client)
    await createUser(client, 'ada', { externalId: 'e1', ...work('ada@example.com') })
    const { id } = (await operator.post('/accounts', { login: 'carl' })).body
    const before = await dump(client.namespace)
    expectAdminError(await operator.post('/accounts', taken), 409, /in use by another user/)
    const patched = await operator.request('PATCH', `/accounts/${id}`, taken)
    expectAdminError(patched, 409, /in use by another user/)
    expect(await dump(client.namespace)).toBe(before)
  })

  test('comes back under its old id when a deleted person has its externalId', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada', { externalId: 'e1' })
    await client.delete(`/Users/${user.id}`)
    const { body } = await operatorOf(client).post('/accounts', { login: 'ada', externalId: 'e1' })
    expect(body).toMatchObject({ id: user.id, isProvisioned: false })
    expect(await counters(client.namespace)).toMatchObject({
      ...{ users: 1, managed_users: 0, retained: 0 },
    })
  })

  test('is one of many, page by page', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const managed = await createUser(client, 'managed')
    const ids = ['a', 'b', 'c'].map(
      async (login) => (await operator.post('/accounts', { login })).body.id,
    )
    const all = [...(await Promise.all(ids)), managed.id].sort()
    const seen: string[] = []
    for (let cursor = ''; ; ) {
      const { body } = await operator.get(`/accounts?limit=2&cursor=${cursor}`)
      expect(body.totalCount).toBe(4)
      for (const { id } of body.accounts) seen.push(id)
      if (body.nextCursor === undefined) break
      cursor = body.nextCursor
    }
    expect(seen).toEqual(all)
    expect((await operator.get('/accounts?isProvisioned=true')).body).toMatchObject({
      totalCount: 1,
      accounts: [{ id: managed.id }],
    })
    expectAdminError(await operator.get('/accounts?isProvisioned=yes'), 400, /isProvisioned/)
    expectAdminError(await operator.get('/accounts?limit=0'), 400, /limit/)
  })

  test.each([
    ['no login', {}, /login/],
    ['an empty login', { login: ' ' }, /login/],
    ['a NUL in its login', { login: 'a\0b' }, /login/],
    ['half a surrogate pair', { login: 'a\ud800' }, /login/],
    ['a name that is a number', { login: 'a', name: 5 }, /name/],
    ['an unknown member', { login: 'a', role: 'Admin' }, /role/],
  ])('with %s is 400 that says so', async (_, body, detail) => {
    const client = await tenant()
    const before = await dump(client.namespace)
    expectAdminError(await operatorOf(client).post('/accounts', body), 400, detail)
    expect(await dump(client.namespace)).toBe(before)
  })
})

describe('a managed account is read-only by hand', () => {
  async function managed() {
    const client = await tenant()
    const user = await createUser(client, 'ada', { externalId: 'e1', ...work('ada@example.com') })
    return { client, operator: operatorOf(client), user, path: `/accounts/${user.id}` }
  }

  test.each([
    ['PATCH', { name: 'x' }, 'User info cannot be updated for external Users'],
    ['PATCH', { isDisabled: true }, 'User info cannot be updated for external Users'],
    ['PATCH', { isProvisioned: false }, 'provisioned user cannot be un-provisioned'],
    ['DELETE', undefined, 'provisioned user cannot be deleted'],
  ])('%s %j is 403', async (method, body, message) => {
    for (const settings of [{ enableUserSync: true }, { enableUserSync: false }]) {
      const { client, operator, path } = await managed()
      await operator.put('/config/default', { spec: settings })
      const before = await dump(client.namespace)
      const answer = await operator.request(method, path, body)
      expectAdminError(answer, 403)
      expect(answer.body.message).toBe(message)
      expect(await dump(client.namespace)).toBe(before)
    }
  })

  test('what changes nothing is no change', async () => {
    const { client, operator, path } = await managed()
    const before = await dump(client.namespace)
    const same = { login: 'ada', email: 'ada@example.com', isDisabled: false, isProvisioned: true }
    expect((await operator.request('PATCH', path, same)).status).toBe(200)
    expect(await dump(client.namespace)).toBe(before)
  })

  test('an operator releases it, which is recorded, and SCIM adopts it again', async () => {
    const { client, operator, user, path } = await managed()
    const released = await operator.post(`${path}/release`, undefined)
    expect(released).toMatchObject({ status: 200, body: { isProvisioned: false, login: 'ada' } })
    expect((await eventsOf(client.namespace)).at(-1)).toEqual({
      action: 'user.release',
      subject: user.id,
      changes: { before: { isProvisioned: true }, after: { isProvisioned: false } },
    })
    expect(await counters(client.namespace)).toMatchObject({ users: 1, managed_users: 0 })
    // Once more changes nothing.
    const before = await dump(client.namespace)
    expect((await operator.post(`${path}/release`, undefined)).status).toBe(200)
    expect(await dump(client.namespace)).toBe(before)
    expect((await operator.request('PATCH', path, { name: 'Hand' })).status).toBe(200)
    const again = await client.post('/Users', userBody('ada', { externalId: 'e1' }))
    expect(again).toMatchObject({ status: 201, body: { id: user.id } })
    expect((await eventsOf(client.namespace)).at(-1)).toMatchObject({ action: 'user.adopt' })
  })

  test('also when SCIM takes it between the read and the write', async () => {
    const { endpoint, interruption } = makeInterruptedEndpoint()
    const client = await tenant({ endpoint })
    const operator = operatorOf(client)
    const { id } = (await operator.post('/accounts', form)).body
    const adopt = () => client.patch(`/Users/${id}`, [{ op: 'add', path: 'title', value: 'T' }])
    interruption.meanwhile = adopt
    expectAdminError(await operator.request('PATCH', `/accounts/${id}`, { name: 'x' }), 403)
    expect((await client.get(`/Users/${id}`)).body).toMatchObject({
      displayName: 'Ada',
      title: 'T',
    })
    await operator.post(`/accounts/${id}/release`, undefined)
    interruption.meanwhile = adopt
    expectAdminError(await operator.delete(`/accounts/${id}`), 403)
    expect((await client.get(`/Users/${id}`)).status).toBe(200)
  })

  test('nothing is made managed by hand', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const { id } = (await operator.post('/accounts', form)).body
    const answer = await operator.request('PATCH', `/accounts/${id}`, { isProvisioned: true })
    expectAdminError(answer, 403, /SCIM/)
  })
})

describe('every route', () => {
  test.each([
    ['GET', '/accounts', undefined, ['org.users:read']],
    ['POST', '/accounts', { login: 'new' }, ['org.users:add']],
    ['GET', '/accounts/{id}', undefined, ['org.users:read']],
    ['PATCH', '/accounts/{id}', { name: 'x' }, ['org.users:write']],
    ['DELETE', '/accounts/{id}', undefined, ['org.users:remove']],
    ['POST', '/accounts/{id}/release', undefined, []],
  ])('%s %s %j needs %j, and keeps to its namespace', async (method, path, body, permissions) => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    const [{ id }, { id: foreign }] = [
      (await operatorOf(client).post('/accounts', form)).body,
      (await operatorOf(other).post('/accounts', form)).body,
    ]
    const named = path.includes('{id}')
    await expectGuarded(client, other, {
      method,
      path: path.replace('{id}', id),
      unknownPath: named ? path.replace('{id}', 'ux') : undefined,
      foreignPath: named ? path.replace('{id}', foreign) : undefined,
      body,
      permissions,
    })
  })
})
