/** Status in numbers and health as checks, at a cost that no directory raises. */
import { describe, expect, test } from 'vitest'
import { d1 } from '../../src/store/d1.ts'
import { StoreFailure } from '../../src/store/failure.ts'
import { Client } from '../support/client.ts'
import { createGroup, createUser, createUsers } from '../support/directory.ts'
import { binding, makeEndpoint, makeTokenFor, tenant } from '../support/endpoint.ts'
import { expectAdminError } from '../support/expect.ts'
import { expectGuarded } from '../support/guarded.ts'
import { accountWithToken, limitedTo, operatorOf, type Tenant } from '../support/operator.ts'
import { groupBody, userBody } from '../support/payload.ts'
import { query, recordsOf, unmanage } from '../support/tables.ts'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

async function statusOf(client: Tenant) {
  await client.endpoint.settled()
  const { status, headers, body } = await operatorOf(client).get('/status')
  expect(status).toBe(200)
  expect(headers.get('Content-Type')).toBe('application/json')
  return body
}

interface Check {
  readonly name: string
  readonly status: string
  readonly detail: string
  readonly remedy?: string
}

async function healthOf(client: Tenant) {
  await client.endpoint.settled()
  const { status, headers, body } = await operatorOf(client).get('/health')
  expect(status).toBe(200)
  expect(headers.get('Content-Type')).toBe('application/json')
  const checks: readonly Check[] = body.checks
  for (const { detail, remedy, ...check } of checks) {
    expect(detail).toMatch(/\w.*[.?]$/s)
    if (check.status === 'ok') expect(remedy).toBeUndefined()
    else expect(remedy).toMatch(/\w.*\.$/s)
  }
  return { status: body.status as string, checks }
}

/** The checks that are not ok. */
async function complaintsOf(client: Tenant) {
  const { status, checks } = await healthOf(client)
  const complaints = checks.filter((check) => check.status !== 'ok')
  const worst = complaints.some((check) => check.status === 'fail') ? 'fail' : 'warn'
  expect(status).toBe(complaints.length === 0 ? 'ok' : worst)
  return complaints
}

/** Puts so many managed users into a namespace, past the application. */
async function populate({ namespace }: Tenant, count: number, externalId: string) {
  await query(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?2)
      insert into user (namespace, id, revision, managed, active, user_name_key, external_id,
        sessions_valid_from, created_at, last_modified, resource, folded)
      select ?1, printf('useed%06d', i), 1, 1, 1, 'seed' || i, printf(?3, i), 0, 0, 0, '{}', '{}'
      from n`,
    namespace,
    count,
    externalId,
  )
  await query(
    'update namespace set users = users + ?2, managed_users = managed_users + ?2 where name = ?1',
    namespace,
    count,
  )
}

describe('status', () => {
  test('of an empty namespace', async () => {
    const client = await tenant({ settings: { enableUserSync: false } })
    expect(await statusOf(client)).toEqual({
      namespace: client.namespace,
      createdAt: expect.stringMatching(/^20.*Z$/),
      users: 0,
      teams: 0,
      managed: { users: 0, teams: 0 },
      retained: 0,
      conflicts: 0,
      changes: { lastHour: 0, lastDay: 0 },
      refusals: { lastHour: 0, lastDay: 0 },
      failedCredentials: [],
      deniedLogins: [],
      ignoredAttributes: [],
      serviceAccounts: [
        {
          id: expect.stringMatching(/^s/),
          name: expect.stringMatching(/^account/),
          isDisabled: false,
          lastRequestAt: expect.stringMatching(/Z$/),
          lastChangeAt: null,
        },
      ],
      expiringTokens: [],
      inheritedMembers: { count: 0, capped: false },
      settings: {
        enableUserSync: false,
        enableGroupSync: false,
        rejectNonProvisionedUsers: false,
        requireExternalId: true,
        hideNonProvisionedUsers: false,
      },
      settingsSource: 'database',
    })
    await operatorOf(client).delete('/config/default')
    expect((await statusOf(client)).settingsSource).toBe('file')
  })

  test('counts users, teams, what SCIM manages of them, and who is retained', async () => {
    const client = await tenant()
    const [a = '', b = '', c = ''] = await createUsers(client, ['a', 'b', 'c', 'd'])
    const group = await createGroup(client, 'G', [a])
    await createGroup(client, 'H')
    await unmanage('user', client.namespace, a)
    await unmanage('team', client.namespace, group.id)
    await client.delete(`/Users/${b}`)
    await client.delete(`/Users/${c}`)
    expect(await statusOf(client)).toMatchObject({
      users: 2,
      teams: 2,
      managed: { users: 1, teams: 1 },
      retained: 2,
    })
  })

  test('counts changes of users and teams in the last hour and day', async () => {
    const client = await tenant()
    const [a = ''] = await createUsers(client, ['a', 'b'])
    await createGroup(client, 'G', [a])
    expect((await statusOf(client)).changes).toEqual({ lastHour: 3, lastDay: 3 })
    client.endpoint.clock.offset = 2 * HOUR
    await client.delete(`/Users/${a}`)
    expect((await statusOf(client)).changes).toEqual({ lastHour: 1, lastDay: 4 })
    client.endpoint.clock.offset = DAY + 2 * HOUR
    expect((await statusOf(client)).changes).toEqual({ lastHour: 0, lastDay: 1 })
    client.endpoint.clock.offset = DAY + 4 * HOUR
    expect((await statusOf(client)).changes).toEqual({ lastHour: 0, lastDay: 0 })
  })

  test('counts what leaves an event, also in a bulk request, and nothing else', async () => {
    const client = await tenant()
    const operations = ['a', 'b', 'c'].map((name) => {
      return { method: 'POST', path: '/Users', bulkId: name, data: userBody(name) }
    })
    const { body } = await client.post('/Bulk', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: operations,
    })
    const id = String(body.Operations[0].location).split('/').at(-1)
    const group = await createGroup(client, 'G', [String(id)])
    const joins = [{ op: 'add', path: 'members', value: [{ value: id }] }]
    expect((await client.patch(`/Groups/${group.id}`, joins)).status).toBe(204)
    expect((await client.put(`/Users/${id}`, userBody('a'))).status).toBe(200)
    expect((await client.post('/Users', userBody('a'))).status).toBe(409)
    await operatorOf(client).put('/config/default', {
      spec: { enableUserSync: true, enableGroupSync: true },
    })
    const events = await query(
      `select count(*) as count from event where namespace = ?
        and (action like 'user.%' or action like 'team.%')`,
      client.namespace,
    )
    expect(events).toEqual([{ count: 4 }])
    expect((await statusOf(client)).changes).toEqual({ lastHour: 4, lastDay: 4 })
  })

  test('counts the changes of an account that is gone', async () => {
    const { client, operator, path, holder } = await accountWithToken()
    await createUser(holder, 'ada')
    await createUser(client, 'bob')
    await operator.delete(path)
    expect((await statusOf(client)).changes).toEqual({ lastHour: 2, lastDay: 2 })
  })

  test('counts refusals in the last hour and day, and open conflicts', async () => {
    const client = await tenant()
    const refuse = async () => {
      expect((await client.post('/Users', '{')).status).toBe(400)
      await client.endpoint.settled()
    }
    await refuse()
    await refuse()
    await client.post('/Groups', '{')
    const before = await statusOf(client)
    expect(before).toMatchObject({ refusals: { lastHour: 3, lastDay: 3 }, conflicts: 2 })
    client.endpoint.clock.offset = 3 * HOUR
    await refuse()
    expect((await statusOf(client)).refusals).toEqual({ lastHour: 1, lastDay: 4 })
    client.endpoint.clock.offset = 29 * HOUR
    expect((await statusOf(client)).refusals).toEqual({ lastHour: 0, lastDay: 0 })
    client.endpoint.clock.offset = 31 * DAY
    expect((await statusOf(client)).conflicts).toBe(0)
  })

  test('tells of each service account its last request and its last change', async () => {
    const { client, operator, account, path, holder } = await accountWithToken()
    const own = async () => {
      const { serviceAccounts } = await statusOf(client)
      return serviceAccounts.find(({ id }: { id: string }) => id === account.id)
    }
    const { id } = account
    const never = { id, name: 'okta', isDisabled: false, lastRequestAt: null, lastChangeAt: null }
    expect(await own()).toEqual(never)
    await createUser(holder, 'ada')
    const first = await own()
    expect(Date.parse(first.lastRequestAt)).toBeCloseTo(Date.now(), -5)
    expect(Date.parse(first.lastChangeAt)).toBeCloseTo(Date.now(), -5)
    client.endpoint.clock.offset = 10 * 60_000
    await holder.get('/Users')
    const later = await own()
    expect(Date.parse(later.lastRequestAt)).toBeGreaterThan(Date.parse(first.lastRequestAt))
    expect(later.lastChangeAt).toBe(first.lastChangeAt)
    // What another token of the account does, or did under another name, counts as well.
    const token = (await operator.post(`${path}/tokens`, { name: 'second' })).body
    await operator.request('PATCH', path, { name: 'renamed', isDisabled: false })
    await createUser(client.withToken(token.key), 'bob')
    const last = await own()
    expect(last.name).toBe('renamed')
    expect(Date.parse(last.lastChangeAt)).toBeGreaterThan(Date.parse(first.lastChangeAt))
    await operator.request('PATCH', path, { isDisabled: true })
    expect((await own()).isDisabled).toBe(true)
  })

  test('tells of good tokens that end within fourteen days', async () => {
    const { client, operator, path } = await accountWithToken()
    const make = async (name: string, days: number) =>
      (await operator.post(`${path}/tokens`, { name, secondsToLive: days * 24 * 60 * 60 })).body
    const soon = await make('soon', 13)
    await make('late', 15)
    const revoked = await make('revoked', 5)
    await make('over', 0.5)
    await operator.delete(`${path}/tokens/${revoked.id}`)
    client.endpoint.clock.offset = 0.6 * DAY
    expect((await statusOf(client)).expiringTokens).toEqual([
      { serviceAccount: 'okta', id: soon.id, name: 'soon', expiration: soon.expiration },
    ])
  })

  test('counts the members that adopted teams still have but the provider never sent', async () => {
    const client = await tenant()
    const [a = '', b = '', c = ''] = await createUsers(client, ['a', 'b', 'c'])
    const group = await createGroup(client, 'G', [a, b, c])
    const inherited = async () => (await statusOf(client)).inheritedMembers
    expect(await inherited()).toEqual({ count: 0, capped: false })
    await unmanage('team', client.namespace, group.id)
    await client.post('/Groups', groupBody('G', [a]))
    expect(await inherited()).toEqual({ count: 2, capped: false })
    await client.patch(`/Groups/${group.id}`, [
      { op: 'add', path: 'members', value: [{ value: b }] },
    ])
    expect(await inherited()).toEqual({ count: 1, capped: false })
    await client.put(`/Groups/${group.id}`, groupBody('G', [a]))
    expect(await inherited()).toEqual({ count: 0, capped: false })
  })

  test('counts inherited members up to a thousand', async () => {
    const client = await tenant()
    const group = await createGroup(client, 'G')
    await populate(client, 1001, 'x%d')
    await query(
      `insert into membership select namespace, ?2, id, 1 from user where namespace = ?1`,
      client.namespace,
      group.id,
    )
    expect((await statusOf(client)).inheritedMembers).toEqual({ count: 1000, capped: true })
  })
})

describe('health', () => {
  test('looks at exactly these, and finds nothing in a namespace that works', async () => {
    const client = await tenant()
    await createUser(client, 'ada')
    const { status, checks } = await healthOf(client)
    expect(status).toBe('ok')
    expect(checks.map((check) => [check.name, check.status])).toEqual([
      ['database', 'ok'],
      ['token', 'ok'],
      ['contact', 'ok'],
      ['credentials', 'ok'],
      ['namespace', 'ok'],
      ['sync-switches', 'ok'],
      ['permissions', 'ok'],
      ['ignored-attributes', 'ok'],
      ['external-id-form', 'ok'],
      ['external-id-changes', 'ok'],
      ['token-age', 'ok'],
      ['reject-non-provisioned', 'ok'],
    ])
  })

  test('fails where a token is used for another namespace, and says which URL is right', async () => {
    const { client, holder } = await accountWithToken()
    const malformed = new Client(
      client.send,
      client.base.replace('stacks-', 'stack-'),
      holder.token,
    )
    await malformed.get('/Users')
    const [complaint, ...others] = await complaintsOf(client)
    expect(others).toEqual([])
    expect(complaint).toMatchObject({ name: 'namespace', status: 'fail' })
    expect(complaint?.detail).toContain('1 request of okta')
    expect(complaint?.detail).toContain(`did you mean ${client.namespace}?`)
    expect(complaint?.remedy).toContain(client.base)
  })

  test('fails where a sync is off that somebody wants, until it is on', async () => {
    const client = await tenant({ settings: { enableGroupSync: true } })
    expect(await complaintsOf(client)).toEqual([])
    await client.post('/Users', userBody('ada'))
    await client.post('/Users', userBody('bob'))
    const [complaint, ...others] = await complaintsOf(client)
    expect(others).toEqual([])
    expect(complaint).toMatchObject({ name: 'sync-switches', status: 'fail' })
    expect(complaint?.detail).toMatch(/^User sync is off, and 2 requests .* Group sync is on\.$/)
    expect(complaint?.remedy).toContain('--user-sync on')
    expect(complaint?.remedy).not.toContain('--group-sync')
    const spec = { enableUserSync: true, enableGroupSync: false }
    await operatorOf(client).put('/config/default', { spec })
    expect(await complaintsOf(client)).toEqual([])
    await client.post('/Groups', groupBody('G'))
    const [group] = await complaintsOf(client)
    expect(group?.remedy).toContain('--group-sync on')
  })

  test('fails where a permission is missing, until a day later or until it is settled', async () => {
    const { client, holder, operator } = await accountWithToken(['org.users:read'])
    await holder.post('/Users', userBody('ada'))
    await holder.get('/Groups')
    const [complaint, ...others] = await complaintsOf(client)
    expect(others).toEqual([])
    expect(complaint).toMatchObject({ name: 'permissions', status: 'fail' })
    expect(complaint?.detail).toContain('2 requests of okta')
    expect(complaint?.detail).toContain('org.users:add')
    expect(complaint?.detail).toContain('teams:read')
    client.endpoint.clock.offset = DAY + 60_000
    expect(await complaintsOf(client)).toEqual([])
    client.endpoint.clock.offset = 0
    for (const { id } of (await operator.get('/conflicts')).body.conflicts) {
      await operator.delete(`/conflicts/${id}`)
    }
    expect(await complaintsOf(client)).toEqual([])
  })

  test('warns of an externalId that looks like an e-mail', async () => {
    const client = await tenant()
    await createUser(client, 'ada', { externalId: 'ada@example.com' })
    await createUser(client, 'bob', { externalId: '00u1' })
    await createUser(client, 'c', { externalId: 'c@localhost' })
    const complaints = await complaintsOf(client)
    expect(complaints).toMatchObject([{ name: 'external-id-form', status: 'warn' }])
    expect(complaints[0]?.detail).toMatch(/^1 of the newest 3 managed users /)
  })

  test('looks at the newest hundred users, and at those that SCIM manages', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'old', { externalId: 'old@example.com' })
    await populate(client, 100, 'x%d')
    expect(await complaintsOf(client)).toEqual([])
    await query("delete from user where namespace = ? and id like 'useed%'", client.namespace)
    expect(await complaintsOf(client)).toHaveLength(1)
    await unmanage('user', client.namespace, id)
    expect(await complaintsOf(client)).toEqual([])
  })

  test('warns where externalIds were changed more often than once for a hundred users', async () => {
    const client = await tenant()
    const [a = '', b = '', c = ''] = await createUsers(client, ['a', 'b', 'c'])
    const rename = (id: string, value: string) =>
      client.patch(`/Users/${id}`, [{ op: 'replace', path: 'externalId', value }])
    await populate(client, 197, 'x%d')
    await rename(a, 'new-a')
    await rename(b, 'new-b')
    // What had none did not get another one.
    await query(
      'update user set external_id = null, resource = ?2 where id = ?1',
      c,
      '{"userName":"c"}',
    )
    await rename(c, 'first-c')
    // Two of two hundred are one of a hundred, and no more.
    expect(await complaintsOf(client)).toEqual([])
    await rename(c, 'second-c')
    const complaints = await complaintsOf(client)
    expect(complaints).toMatchObject([{ name: 'external-id-changes', status: 'warn' }])
    expect(complaints[0]?.detail).toMatch(/^An externalId was changed 3 times .* of 200 users\.$/)
    client.endpoint.clock.offset = 31 * DAY + 60_000
    await client.get('/Users')
    expect(await complaintsOf(client)).toEqual([])
  })

  test('warns of good tokens that are older than ninety days', async () => {
    const { client, operator, path, token, holder } = await accountWithToken()
    await query('delete from token where namespace = ? and id <> ?', client.namespace, token.id)
    client.endpoint.clock.offset = 90 * DAY - 60_000
    await holder.get('/Users')
    expect(await complaintsOf(client)).toEqual([])
    client.endpoint.clock.offset = 90 * DAY + 60_000
    const complaints = await complaintsOf(client)
    expect(complaints).toMatchObject([{ name: 'token-age', status: 'warn' }])
    expect(complaints[0]?.detail).toContain('okta/first')
    await operator.delete(`${path}/tokens/${token.id}`)
    expect(await complaintsOf(client)).toMatchObject([{ name: 'token', status: 'fail' }])
  })

  test('fails without a token that may write, and warns where no provider ever came', async () => {
    const client = await tenant({ permissions: ['Viewer'] })
    await client.get('/Users')
    expect(await complaintsOf(client)).toMatchObject([
      { name: 'token', status: 'fail' },
      { name: 'contact', status: 'warn' },
    ])
    const { namespace, endpoint } = client
    const idp = client.withToken(await makeTokenFor(endpoint, namespace, ['teams:create']))
    expect(await complaintsOf(client)).toMatchObject([{ name: 'contact', status: 'warn' }])
    await idp.get('/ServiceProviderConfig')
    expect(await complaintsOf(client)).toEqual([])
  })

  test('warns of silence, measured by the pauses of the last fourteen days', async () => {
    const client = await tenant()
    const { clock } = client.endpoint
    const silent = async () => {
      const complaints = await complaintsOf(client)
      expect(complaints.map(({ name }) => name)).toEqual(complaints.length > 0 ? ['contact'] : [])
      return complaints.length > 0
    }
    clock.offset = 47 * HOUR
    expect(await silent()).toBe(false)
    clock.offset = 4 * DAY
    expect(await silent()).toBe(true)
    // It comes every four days, it seems.
    await client.get('/Users')
    expect(await silent()).toBe(false)
    clock.offset = 9.9 * DAY
    expect(await silent()).toBe(false)
    clock.offset = 10.1 * DAY
    expect(await silent()).toBe(true)
    // What a monitor asks for is no sign of the provider.
    const monitor = await limitedTo(client, 'org.users:read', 'teams:read')
    await monitor.get('/status')
    expect(await silent()).toBe(true)
    // Pauses that are kept are long ones: this is two of them.
    await client.get('/Users')
    for (let hours = 1; hours < 30; hours += 1) {
      clock.offset += HOUR
      await client.get('/Users')
    }
    await client.endpoint.settled()
    const pauses = await query(
      "select count from activity where namespace = ? and kind = 'pause'",
      client.namespace,
    )
    expect(pauses).toHaveLength(2)
    clock.offset += 15 * DAY
    await client.get('/Users')
    clock.offset += 15 * DAY
    await client.get('/Users')
    clock.offset += 22 * DAY
    expect(await silent()).toBe(false)
    clock.offset += 10 * DAY
    expect(await silent()).toBe(true)
  })

  test('warns where both syncs are off', async () => {
    const client = await tenant({ settings: { enableUserSync: false, enableGroupSync: false } })
    expect(await complaintsOf(client)).toMatchObject([{ name: 'sync-switches', status: 'warn' }])
  })

  test('fails where a provider goes on with a token that was good once', async () => {
    const { client, operator, path, token, holder } = await accountWithToken()
    await holder.get('/Users')
    await operator.delete(`${path}/tokens/${token.id}`)
    client.endpoint.clock.offset = 10 * 60_000
    expect((await holder.get('/Users')).status).toBe(401)
    expect(await complaintsOf(client)).toMatchObject([{ name: 'credentials', status: 'fail' }])
    await client.get('/Users')
    expect(await complaintsOf(client)).toMatchObject([{ name: 'credentials', status: 'warn' }])
  })

  test('is 503 with ?strict where a check fails, and 200 where none does', async () => {
    const client = await tenant({
      settings: { rejectNonProvisionedUsers: true, enableUserSync: true },
    })
    const operator = operatorOf(client)
    const failing = await operator.get('/health?strict')
    expect(failing.status).toBe(503)
    expect(failing.headers.get('Content-Type')).toBe('application/json')
    expect(failing.body).toEqual((await operator.get('/health')).body)
    expect(failing.body.status).toBe('fail')
    await createUser(client, 'ada')
    expect((await operator.get('/health?strict=true')).status).toBe(200)
  })

  test('fails where only provisioned users may sign in and there are none', async () => {
    const settings = { enableUserSync: true, rejectNonProvisionedUsers: true }
    const client = await tenant({ settings })
    expect(await complaintsOf(client)).toMatchObject([
      { name: 'reject-non-provisioned', status: 'fail' },
    ])
    const user = await createUser(client, 'ada')
    expect(await complaintsOf(client)).toEqual([])
    await unmanage('user', client.namespace, user.id)
    const [on] = await complaintsOf(client)
    expect(on?.detail).toMatch(/so nobody can sign in\.$/)
    // While user sync is off, the login check lets everybody in.
    const spec = { enableUserSync: false, rejectNonProvisionedUsers: true }
    await operatorOf(client).put('/config/default', { spec })
    const off = (await complaintsOf(client)).at(-1)
    expect(off?.detail).toMatch(/so nobody could sign in once user sync is on\.$/)
  })

  test('is 503 where the database cannot be reached', async () => {
    const inner = d1(binding)
    const state = { gone: false }
    const endpoint = makeEndpoint({
      batch: (mode, statements) =>
        state.gone
          ? Promise.reject(new StoreFailure('unavailable', undefined, new Error('gone')))
          : inner.batch(mode, statements),
    })
    const client = await tenant({ endpoint })
    state.gone = true
    expectAdminError(await operatorOf(client).get('/health'), 503)
    expectAdminError(await operatorOf(client).get('/status'), 503)
  })

  test('of the deployment itself needs no token, as before', async () => {
    const { endpoint } = await tenant()
    const answer = await endpoint.fetch(new Request('https://scim.example/health'))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ status: 'ok', service: 'scim-edge' })
  })
})

describe.each(['/status', '/health'])('GET %s', (path) => {
  test('needs both read permissions, and keeps to its namespace', async () => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    await createUser(other, 'secret-name', { externalId: 'secret@example.com' })
    await other.post('/Users', '{')
    await other.endpoint.settled()
    const permissions = ['org.users:read', 'teams:read']
    await expectGuarded(client, other, { method: 'GET', path, permissions })
    // Those who were turned away are recorded, and what is a neighbour's stays there.
    await client.endpoint.settled()
    const records = await recordsOf(client.namespace)
    expect(records).toContain('accesscontrol.permission-denied')
    expect(records).not.toContain(other.namespace)
    const { body } = await operatorOf(client).get(path)
    if (path === '/status') {
      expect(body).toMatchObject({ users: 0, conflicts: 3, refusals: { lastDay: 4 } })
      expect(body.changes.lastDay).toBe(0)
    } else {
      // Those who were turned away show, and nothing else.
      const checks: readonly Check[] = body.checks
      const complaints = checks.filter(({ status }) => status !== 'ok')
      expect(complaints.map(({ name }) => name)).toEqual([
        'credentials',
        'namespace',
        'permissions',
      ])
    }
    expect(JSON.stringify(body)).not.toContain('secret')
  })

  test('takes one trip', async () => {
    const client = await tenant()
    client.endpoint.batches.length = 0
    await client.get(path)
    await client.endpoint.settled()
    expect(client.endpoint.batches.map(({ mode }) => mode)).toEqual(['read'])
  })
})
