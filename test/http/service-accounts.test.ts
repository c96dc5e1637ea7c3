/** Service accounts and tokens, in Grafana's shapes and status codes. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { makeEndpoint, makeInterruptedEndpoint, tenant } from '../support/endpoint.ts'
import { expectAdminError, expectError } from '../support/expect.ts'
import { expectGuarded } from '../support/guarded.ts'
import { accountWithToken, limitedTo, operatorOf } from '../support/operator.ts'
import { userBody } from '../support/payload.ts'
import { dump, eventsOf, query } from '../support/tables.ts'

const USERS = ['org.users:read', 'org.users:add', 'org.users:write', 'org.users:remove']
const TEAMS = ['teams:read', 'teams:create', 'teams:write', 'teams:delete']
const SETTINGS = ['settings:read', 'settings:write']
const MANAGER = ['serviceaccounts:read', 'serviceaccounts:write', 'serviceaccounts:delete']

describe('a service account', () => {
  test('is created, listed, read, updated and deleted', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const { status, headers, body } = await operator.post('/serviceaccounts', {
      name: 'Okta production',
      role: 'Viewer',
      permissions: ['settings:read'],
    })
    expect(status).toBe(201)
    expect(headers.get('Content-Type')).toBe('application/json')
    const account = {
      id: expect.stringMatching(/^s\w+$/),
      uid: body.id,
      name: 'Okta production',
      login: 'sa-okta-production',
      orgId: 1,
      role: 'Viewer',
      permissions: ['org.users:read', 'teams:read', 'settings:read'],
      isDisabled: false,
      isExternal: false,
      tokens: 0,
      created: expect.stringMatching(/Z$/),
    }
    expect(body).toEqual(account)
    const path = `/serviceaccounts/${body.id}`
    expect((await operator.get(path)).body).toEqual(account)
    for (const list of ['/serviceaccounts', '/serviceaccounts/search']) {
      const found = await operator.get(`${list}?query=PROD&perpage=5`)
      const page = { totalCount: 1, serviceAccounts: [account], page: 1, perPage: 5 }
      expect(found).toMatchObject({ status: 200, body: page })
    }
    expect((await operator.get('/serviceaccounts?page=2&perpage=1')).body).toMatchObject({
      totalCount: 2,
      serviceAccounts: [{ name: 'Okta production' }],
    })
    const change = { name: 'Entra', role: 'None', permissions: ['Teams'], isDisabled: true }
    const updated = { ...account, ...change, login: 'sa-entra', permissions: TEAMS }
    expect(await operator.request('PATCH', path, change)).toMatchObject({
      status: 200,
      body: {
        message: 'Service account updated',
        id: body.id,
        name: 'Entra',
        serviceaccount: updated,
      },
    })
    expect((await operator.get(path)).body).toEqual(updated)
    const deleted = await operator.delete(path)
    expect(deleted).toMatchObject({ status: 200, body: { message: 'Service account deleted' } })
    expectAdminError(await operator.get(path), 404, body.id)
    const events = await eventsOf(client.namespace, /^serviceaccount/)
    expect(events.slice(-3).map(({ action }) => action)).toEqual([
      'serviceaccount.create',
      'serviceaccount.update',
      'serviceaccount.delete',
    ])
  })

  test.each([
    [{ role: 'Editor' }, [...USERS, ...TEAMS]],
    [{ role: 'Admin' }, [...USERS, ...TEAMS, ...SETTINGS]],
    [{ role: 'Viewer' }, ['org.users:read', 'teams:read']],
    [{ role: 'None' }, []],
    [{}, []],
    [{ permissions: ['User administration'] }, USERS],
    [{ permissions: ['teams'] }, TEAMS],
    [{ permissions: MANAGER }, MANAGER],
  ])('with %j has the permissions %j', async (form, expected) => {
    const operator = operatorOf(await tenant())
    const { status, body } = await operator.post('/serviceaccounts', { name: 'a', ...form })
    expect({ status, permissions: body.permissions }).toEqual({
      status: 201,
      permissions: expected,
    })
  })

  test.each([
    ['no name', {}, /name/],
    ['an empty name', { name: ' ' }, /name/],
    ['a name of 191 characters', { name: 'x'.repeat(191) }, /name/],
    ['half of a surrogate pair in its name', { name: 'a\ud800' }, /name/],
    ['NUL in its name', { name: 'a\0b' }, /name/],
    ['the name of the operator', { name: ' Operator ' }, /name/],
    ['an unknown role', { name: 'a', role: 'Owner' }, /role/],
    ['101 permissions', { name: 'a', permissions: Array(101).fill('Viewer') }, /permissions/],
    ['an unknown permission', { name: 'a', permissions: ['org.users:fly'] }, /org\.users:fly/],
    ['a permission called __proto__', { name: 'a', permissions: ['__proto__'] }, /__proto__/],
    ['permissions that are no list', { name: 'a', permissions: 'Viewer' }, /permissions/],
    ['an unknown member', { name: 'a', secret: 'x' }, /secret/],
  ])('with %s is 400 that says so', async (_, body, detail) => {
    const client = await tenant()
    const before = await dump(client.namespace)
    expectAdminError(await operatorOf(client).post('/serviceaccounts', body), 400, detail)
    expect(await dump(client.namespace)).toBe(before)
  })

  test.each([
    ['', 1, 1000],
    ['page=0', 1, 1000],
    ['page=-1&perpage=0', 1, 1000],
    ['page=x&perpage=abc', 1, 1000],
    ['page=1.5&perpage=-3', 1, 1000],
    ['page=1e2&perpage=99999999999999999999', 1, 1000],
    ['page=2&perpage=1', 2, 1],
    ['page=1&perpage=5000', 1, 1000],
  ])('listed by %j shows page %i of %i, as in Grafana', async (search, page, perPage) => {
    const { operator } = await accountWithToken()
    for (const path of ['/serviceaccounts', '/serviceaccounts/search']) {
      const { status, body } = await operator.get(`${path}?${search}`)
      expect(status).toBe(200)
      expect(body).toMatchObject({ totalCount: 2, page, perPage })
      expect(body.serviceAccounts).toHaveLength(perPage === 1 ? 1 : 2)
    }
  })

  test.each([
    ...['a\0b', 'a\ud800b', 'a\nb', 'a\u001b[2J', 'a\u202eb', 'a\u200bb', 'a\u2028b'],
    ...[' ', '\u3164', 'a'.repeat(191), 'operator', ' Operator ', 'ｏｐｅｒａｔｏｒ'],
  ])('nor a token is called %j, however it gets its name', async (name) => {
    const { client, operator, path, token } = await accountWithToken()
    const before = await dump(client.namespace)
    for (const [method, at] of [
      ['POST', '/serviceaccounts'],
      ['PATCH', path],
      ['POST', `${path}/tokens`],
      ['POST', `${path}/tokens/${token.id}/rotate`],
    ] as const) {
      expectAdminError(await operator.request(method, at, { name }), 400, /^name: /)
    }
    expect(await dump(client.namespace)).toBe(before)
  })

  test('has a name of its own', async () => {
    const { operator, path } = await accountWithToken()
    await operator.post('/serviceaccounts', { name: 'entra' })
    const taken = await operator.post('/serviceaccounts', { name: 'okta' })
    expectAdminError(taken, 400, /okta/)
    expect(taken.body).toMatchObject({
      messageId: 'serviceaccounts.ErrAlreadyExists',
      message: 'service account already exists',
    })
    expectAdminError(await operator.request('PATCH', path, { name: 'entra' }), 400, /entra/)
    expect((await operator.request('PATCH', path, { name: 'okta' })).status).toBe(200)
  })

  test('that is disabled is refused from the next request on, until it is enabled', async () => {
    const { operator, path, holder } = await accountWithToken()
    expect((await holder.get('/Users')).status).toBe(200)
    await operator.request('PATCH', path, { isDisabled: true })
    expectError(await holder.get('/Users'), 401, { messageId: 'service-account.disabled' })
    expectError(await holder.get('/Schemas'), 401, { messageId: 'service-account.disabled' })
    const later = (await operator.post(`${path}/tokens`, { name: 'later' })).body
    expectError(await holder.withToken(later.key).get('/Users'), 401)
    await operator.request('PATCH', path, { isDisabled: false })
    expect((await holder.get('/Users')).status).toBe(200)
    expect((await holder.withToken(later.key).get('/Users')).status).toBe(200)
  })

  test('that loses a permission loses it with the next request', async () => {
    const { operator, path, holder } = await accountWithToken()
    await operator.request('PATCH', path, { permissions: ['Teams'] })
    expectError(await holder.get('/Users'), 403)
    expect((await holder.get('/Groups')).status).toBe(200)
  })

  test('has no role that would say more than its permissions', async () => {
    const { operator, path } = await accountWithToken()
    await operator.request('PATCH', path, { role: 'Editor' })
    const set = async (change: object) =>
      (await operator.request('PATCH', path, change)).body.serviceaccount
    const narrow = { role: 'None', permissions: ['teams:read'] }
    expect(await set({ permissions: ['teams:read'] })).toMatchObject(narrow)
    const viewer = { role: 'Viewer', permissions: ['org.users:read', 'teams:read'] }
    expect(await set({ role: 'Viewer' })).toMatchObject(viewer)
    expect(await set({ name: 'renamed' })).toMatchObject(viewer)
  })

  test('that is disabled between read and write does not write', async () => {
    const { endpoint, interruption } = makeInterruptedEndpoint()
    const { client, operator, path, holder } = await accountWithToken(['Editor'], endpoint)
    interruption.meanwhile = () => operator.request('PATCH', path, { isDisabled: true })
    expectError(await holder.post('/Users', userBody('ada')), 401)
    expect(JSON.parse(await dump(client.namespace)).user).toEqual([])
  })

  test('that is deleted takes its tokens along', async () => {
    const { client, operator, path, holder, token } = await accountWithToken()
    await operator.delete(path)
    expectError(await holder.get('/Users'), 401, { messageId: 'api-key.invalid' })
    expect(await dump(client.namespace)).not.toContain(`"id":"${token.id}"`)
  })
})

describe('nobody grants a permission that they lack, nor changes an account that has it', () => {
  test('not to an account, nor by a token, nor by taking it away', async () => {
    const { client, operator, path, token } = await accountWithToken(['Teams'])
    const manager = await limitedTo(client, ...MANAGER, 'User administration')
    const before = await dump(client.namespace)
    for (const answer of [
      await manager.post('/serviceaccounts', { name: 'x', permissions: ['teams:read'] }),
      await manager.post('/serviceaccounts', { name: 'x', role: 'Editor' }),
      await manager.request('PATCH', path, { permissions: ['User administration', 'teams:read'] }),
      await manager.request('PATCH', path, { isDisabled: false }),
      await manager.post(`${path}/tokens`, { name: 'mine' }),
      await manager.post(`${path}/tokens/${token.id}/rotate`, {}),
      await manager.request('PATCH', path, { isDisabled: true }),
      await manager.request('PATCH', path, { name: 'mine' }),
      await manager.request('PATCH', path, { role: 'None', permissions: [] }),
      await manager.delete(`${path}/tokens/${token.id}`),
      await manager.delete(path),
    ]) {
      expectAdminError(answer, 403, /teams:read/)
    }
    expect(await dump(client.namespace)).toBe(before)
    const own = { name: 'x', permissions: USERS }
    expect((await manager.post('/serviceaccounts', own)).status).toBe(201)
    const equal = await limitedTo(client, ...MANAGER, 'Teams')
    expect((await equal.request('PATCH', path, { isDisabled: true })).status).toBe(200)
    expect((await equal.delete(`${path}/tokens/${token.id}`)).status).toBe(200)
    expect((await operator.get(path)).body).toMatchObject({ isDisabled: true, tokens: 0 })
    expect((await equal.delete(path)).status).toBe(200)
  })
})

test('nobody grants a permission that they lose between read and write', async () => {
  const { endpoint, interruption } = makeInterruptedEndpoint()
  const { client, operator, path, token, account } = await accountWithToken(['Teams'], endpoint)
  const form = { name: 'manager', permissions: [...MANAGER, 'Teams'] }
  const manager = (await operator.post('/serviceaccounts', form)).body
  const own = `/serviceaccounts/${manager.id}`
  const { key } = (await operator.post(`${own}/tokens`, { name: 'k' })).body
  const writes: [string, string, object?][] = [
    ['POST', '/serviceaccounts', { name: 'x', permissions: ['Teams'] }],
    ['PATCH', path, { permissions: ['teams:read'] }],
    ['PATCH', path, { isDisabled: false }],
    ['POST', `${path}/tokens`, { name: 'mine' }],
    ['POST', `${path}/tokens/${token.id}/rotate`, {}],
    ['DELETE', `${path}/tokens/${token.id}`],
    ['DELETE', path],
  ]
  for (const [method, at, body] of writes) {
    await operator.request('PATCH', own, { permissions: form.permissions })
    await operator.request('PATCH', path, { isDisabled: true })
    interruption.meanwhile = () => {
      interruption.meanwhile = undefined
      return operator.request('PATCH', own, { permissions: MANAGER })
    }
    expectAdminError(await client.withToken(key).request(method, at, body), 403, /teams:read/)
    const { serviceAccounts } = (await operator.get('/serviceaccounts?query=x')).body
    expect(serviceAccounts).toEqual([])
    expect((await operator.get(path)).body).toMatchObject({
      id: account.id,
      permissions: TEAMS,
      isDisabled: true,
      tokens: 1,
    })
  }
})

describe('no token outlives the one that makes it', () => {
  const SECOND = 1000

  async function shortLived(endpoint = makeEndpoint()) {
    const client = await tenant({ endpoint })
    const operator = operatorOf(client)
    const form = { name: 'manager', permissions: MANAGER }
    const manager = (await operator.post('/serviceaccounts', form)).body
    const tokens = `/serviceaccounts/${manager.id}/tokens`
    // Away from the limit of a millisecond.
    const own = (await operator.post(tokens, { name: 'own', secondsToLive: 100 })).body
    return { client, operator, tokens, own, holder: client.withToken(own.key) }
  }

  test('neither a new one nor one that takes its place', async () => {
    const { client, operator, tokens, own, holder } = await shortLived()
    client.endpoint.clock.offset = 40 * SECOND
    const before = await dump(client.namespace)
    for (const life of [{}, { secondsToLive: 0 }, { secondsToLive: 61 }]) {
      for (const [path, form] of [
        [tokens, { name: 'new', ...life }],
        [`${tokens}/${own.id}/rotate`, life],
      ] as const) {
        const refused = await holder.post(path, form)
        expectAdminError(refused, 403, /in \d+ seconds; set secondsToLive/)
        expect(refused.body.messageId).toBe('serviceaccounts.outliving-token')
      }
    }
    const unused = (text: string) => text.replaceAll(/"last_used_at":\d+/g, '"last_used_at":null')
    expect(unused(await dump(client.namespace))).toBe(unused(before))
    const made = await holder.post(tokens, { name: 'new', secondsToLive: 59 })
    expect(made.status).toBe(200)
    expect(made.body.expiration <= own.expiration).toBe(true)
    expect((await operator.post(tokens, { name: 'endless' })).body.expiration).toBeNull()
  })

  test('also where its own end comes nearer between read and write', async () => {
    const { endpoint, interruption } = makeInterruptedEndpoint()
    const { operator, tokens, own, holder } = await shortLived(endpoint)
    interruption.meanwhile = () =>
      operator.post(`${tokens}/${own.id}/rotate`, { overlapSeconds: 30 })
    const refused = await holder.post(tokens, { name: 'new', secondsToLive: 59 })
    expectAdminError(refused, 403, /outlives/)
  })
})

test('an account has 100 good tokens at most, also when many are asked for at once', async () => {
  const { client, operator, path, account } = await accountWithToken()
  await query(
    `insert into token (hash, namespace, id, account_id, name, permissions, created_at, revoked_at, expires_at)
      with recursive n (i) as (select 1 union all select i + 1 from n where i < 119)
      select n.i || ?1, ?1, 't' || n.i, ?2, 'n' || n.i, 0, 1,
        iif(n.i > 110, 1, null), iif(n.i > 97 and n.i <= 110, 1, null) from n`,
    client.namespace,
    account.id,
  )
  const names = ['a', 'b', 'c', 'd', 'e']
  const answers = await Promise.all(names.map((name) => operator.post(`${path}/tokens`, { name })))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 403, 403, 403])
  const refused = await operator.post(`${path}/tokens`, { name: 'f' })
  expectAdminError(refused, 403, /100 tokens/)
  expect(refused.body.messageId).toBe('serviceaccounts.too-many-tokens')
  expect((await operator.get(path)).body.tokens).toBe(100)
  // The old one is good for as long as it overlaps.
  const rotate = (form: object) => operator.post(`${path}/tokens/t1/rotate`, form)
  expectAdminError(await rotate({ overlapSeconds: 60 }), 403, /100 tokens/)
  expect((await rotate({ overlapSeconds: 0 })).status).toBe(200)
  expect((await operator.delete(`${path}/tokens/t2`)).status).toBe(200)
  expect((await operator.post(`${path}/tokens`, { name: 'f' })).status).toBe(200)
})

describe('a token', () => {
  test('is shown once, and only its hash is stored', async () => {
    const { client, operator, path, token } = await accountWithToken()
    expect(token).toEqual({
      id: expect.stringMatching(/^t\w+$/),
      name: 'first',
      key: expect.stringMatching(/^glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}$/),
      expiration: null,
    })
    const { body } = await operator.get(`${path}/tokens`)
    expect(body).toEqual([
      {
        id: token.id,
        name: 'first',
        created: expect.stringMatching(/Z$/),
        expiration: null,
        lastUsedAt: null,
        secondsUntilExpiration: 0,
        hasExpired: false,
        isRevoked: false,
      },
    ])
    const stored = await dump(client.namespace)
    expect(stored).toContain(createHash('sha256').update(token.key).digest('hex'))
    expect(stored).not.toContain(token.key.slice(5, 37))
    expect(JSON.stringify(client.endpoint.log)).not.toContain('glsa_')
  })

  test('ends after secondsToLive', async () => {
    const { client, operator, path } = await accountWithToken()
    const form = { name: 'short', secondsToLive: 60 }
    const { status, body } = await operator.post(`${path}/tokens`, form)
    expect(status).toBe(200)
    const short = client.withToken(body.key)
    expect((await short.get('/Users')).status).toBe(200)
    client.endpoint.clock.offset = 61_000
    expectError(await short.get('/Users'), 401, { messageId: 'api-key.expired' })
    const [, listed] = (await operator.get(`${path}/tokens`)).body
    expect(listed).toMatchObject({ name: 'short', hasExpired: true, isRevoked: false })
    // The name of a token that has ended is free again.
    expect((await operator.post(`${path}/tokens`, form)).status).toBe(200)
  })

  test('is refused from the next request on once it is revoked', async () => {
    const { operator, path, token, holder } = await accountWithToken()
    expect((await holder.get('/Users')).status).toBe(200)
    const revoke = () => operator.delete(`${path}/tokens/${token.id}`)
    const body = { message: 'Service account token deleted' }
    expect(await revoke()).toMatchObject({ status: 200, body })
    expectError(await holder.get('/Users'), 401, { messageId: 'api-key.revoked' })
    expect((await operator.get(`${path}/tokens`)).body).toMatchObject([{ isRevoked: true }])
    expectAdminError(await revoke(), 404, token.id)
  })

  test('is rotated with an overlap: both are good until the old one ends', async () => {
    const { client, operator, path, token, holder } = await accountWithToken()
    const rotation = { secondsToLive: 3600, overlapSeconds: 600 }
    const { status, body } = await operator.post(`${path}/tokens/${token.id}/rotate`, rotation)
    expect(status).toBe(200)
    expect(body).toMatchObject({ name: 'first', replaces: { id: token.id, name: 'first' } })
    const fresh = client.withToken(body.key)
    // Whoever lost the new key rotates once more, while all three are good.
    const third = await operator.post(`${path}/tokens/${body.id}/rotate`, { overlapSeconds: 3600 })
    expect(third).toMatchObject({ status: 200, body: { name: 'first' } })
    const named = { name: 'first' }
    expectAdminError(await operator.post(`${path}/tokens/${body.id}/rotate`, named), 400, /first/)
    expect((await holder.get('/Users')).status).toBe(200)
    expect((await fresh.get('/Users')).status).toBe(200)
    client.endpoint.clock.offset = 601_000
    expectError(await holder.get('/Users'), 401, { messageId: 'api-key.expired' })
    expect((await fresh.get('/Users')).status).toBe(200)
    // What has ended is rotated no more, and an overlap never prolongs a token.
    expectAdminError(await operator.post(`${path}/tokens/${token.id}/rotate`, {}), 404)
    const again = await operator.post(`${path}/tokens/${body.id}/rotate`, {})
    expect(again.body.replaces.expiration).toBe(body.expiration)
  })

  test.each([
    ['no name', {}, /name/],
    ['a negative life', { name: 'a', secondsToLive: -1 }, /secondsToLive/],
    ['half a second to live', { name: 'a', secondsToLive: 0.5 }, /secondsToLive/],
    ['a life beyond all time', { name: 'a', secondsToLive: 1e15 }, /secondsToLive/],
    ['permissions of its own', { name: 'a', permissions: ['Admin'] }, /permissions/],
  ])('with %s is 400 that says so', async (_, form, detail) => {
    const { operator, path } = await accountWithToken()
    expectAdminError(await operator.post(`${path}/tokens`, form), 400, detail)
  })

  test('of a name that a live one has is 400, also when both are asked for at once', async () => {
    const { operator, path } = await accountWithToken()
    const taken = await operator.post(`${path}/tokens`, { name: 'first' })
    expectAdminError(taken, 400, /first/)
    expect(taken.body.messageId).toBe('serviceaccounts.ErrTokenAlreadyExists')
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => operator.post(`${path}/tokens`, { name: 'twin' })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400])
  })
})

describe('every route', () => {
  const routes: readonly [method: string, path: string, permission: string, body?: object][] = [
    ['GET', '', 'serviceaccounts:read'],
    ['GET', '/search', 'serviceaccounts:read'],
    ['POST', '', 'serviceaccounts:write', { name: 'new' }],
    ['GET', '/{id}', 'serviceaccounts:read'],
    ['PATCH', '/{id}', 'serviceaccounts:write', { name: 'renamed' }],
    ['GET', '/{id}/tokens', 'serviceaccounts:read'],
    ['POST', '/{id}/tokens', 'serviceaccounts:write', { name: 'second' }],
    ['POST', '/{id}/tokens/{token}/rotate', 'serviceaccounts:write', {}],
    ['DELETE', '/{id}/tokens/{token}', 'serviceaccounts:write'],
    ['DELETE', '/{id}', 'serviceaccounts:delete'],
  ]

  test.each(routes)('%s %s needs %s, and keeps to its namespace', async (...route) => {
    const [method, path, permission, body] = route
    const { client, account, token } = await accountWithToken([])
    const other = await accountWithToken([], client.endpoint)
    const at = (own: { readonly id: string }, ownToken: { readonly id: string }) =>
      `/serviceaccounts${path.replace('{id}', own.id).replace('{token}', ownToken.id)}`
    const named = path.includes('{id}')
    await expectGuarded(client, other.client, {
      method,
      path: at(account, token),
      unknownPath: named ? at({ id: 'sx' }, { id: 'tx' }) : undefined,
      foreignPath: named ? at(other.account, other.token) : undefined,
      body,
      permissions: [permission],
    })
  })
})
