/** Logins that were denied are recorded: bounded, after the answer, for whoever asks why somebody cannot sign in. */
import { describe, expect, test } from 'vitest'
import { d1 } from '../../src/store/d1.ts'
import { expire } from '../../src/store/expiry.ts'
import { createUser } from '../support/directory.ts'
import { binding, tenant } from '../support/endpoint.ts'
import { expectAdminError } from '../support/expect.ts'
import { expectGuarded } from '../support/guarded.ts'
import { limitedTo, operatorOf, type Tenant } from '../support/operator.ts'
import { query } from '../support/tables.ts'

const DAY = 24 * 60 * 60 * 1000

async function world() {
  const client = await tenant()
  const emails = [{ value: 'Ada.L@Example.com', type: 'work' }]
  const user = await createUser(client, 'Ada', { externalId: 'Ext-Ada', emails, active: false })
  const check = async (body: object) => {
    const { body: decision } = await client.post('/login/check', body)
    await client.endpoint.settled()
    return decision
  }
  return { client, user, check }
}

async function deniedOf(client: Tenant, search = '') {
  const { status, body } = await client.get(`/login/denied${search}`)
  expect(status).toBe(200)
  return body.denied
}

const rowsOf = ({ namespace }: Tenant) =>
  query('select * from denied_login where namespace = ?', namespace)

describe('a denied login', () => {
  test('is recorded once for a person and a reason, with how often and why', async () => {
    const { client, check } = await world()
    const login = { externalId: 'Ext-Ada', userName: 'ADA', email: 'ada.l@example.com' }
    const decision = await check(login)
    expect(decision).toMatchObject({ decision: 'deny', messageId: 'user.inactive' })
    const [first] = await deniedOf(client)
    client.endpoint.clock.offset += 60_000
    await check({ ...login, email: 'other@example.com' })
    const denied = await deniedOf(client)
    expect(denied).toEqual([
      {
        subject: 'ada',
        reason: 'user.inactive',
        detail: decision.reason,
        count: 2,
        first: first.first,
        last: expect.stringMatching(/Z$/),
      },
    ])
    expect(Date.parse(denied[0].last) - Date.parse(denied[0].first)).toBeGreaterThanOrEqual(60_000)
    client.endpoint.clock.offset += 60_000
    await check({ ...login, externalId: 'another' })
    expect((await deniedOf(client)).map(({ reason }: { reason: string }) => reason)).toEqual([
      'user.sync.user-externalUID-mismatch',
      'user.inactive',
    ])
  })

  test('is found by each of the names that it gave, whatever their case', async () => {
    const { client, check } = await world()
    await check({ externalId: 'Ext-Ada', userName: 'ADA', email: 'ada.l@example.com' })
    for (const name of ['Ada', 'ADA.L@example.com', 'ext-ada']) {
      const found = await deniedOf(client, `?subject=${name}`)
      expect(found).toMatchObject([{ subject: 'ada' }])
    }
    expect(await deniedOf(client, '?subject=eve')).toEqual([])
  })

  test('is none where the login is allowed, or the operator tries it out', async () => {
    const { client, check } = await world()
    await createUser(client, 'eve', { externalId: 'eve' })
    expect(await check({ externalId: 'eve' })).toMatchObject({ decision: 'allow' })
    const tried = await operatorOf(client).post('/login/check', { userName: 'ada' })
    expect(tried.body.decision).toBe('deny')
    await client.endpoint.settled()
    expect(await deniedOf(client)).toEqual([])
  })

  test('is counted by reason in the status', async () => {
    const { client, check } = await world()
    await check({ externalId: 'Ext-Ada' })
    await check({ externalId: 'Ext-Ada', email: 'ada.l@example.com' })
    const { deniedLogins } = (await client.get('/status')).body
    expect(deniedLogins).toEqual([
      {
        reason: 'user.inactive',
        count: 2,
        since: expect.stringMatching(/:00:00\.000Z$/),
        last: expect.stringMatching(/Z$/),
      },
    ])
  })

  test('is one of 200 that are kept, however many there are', async () => {
    const { client, check } = await world()
    await check({ userName: 'ada' })
    const other = await world()
    await other.check({ userName: 'ada' })
    client.endpoint.clock.offset += 60_000
    await query(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < 300)
        insert into denied_login select ?1, 'u' || i, 'user.inactive', '[]', 'x', 1, i, i from n`,
      client.namespace,
    )
    await check({ email: 'ada.l@example.com' })
    const rows = await rowsOf(client)
    expect(rows).toHaveLength(200)
    const subjects = new Set(rows.map(({ subject }) => subject))
    // The newest are kept.
    expect(
      [...['ada', 'ada.l@example.com', 'u300', 'u103', 'u102']].map((one) => subjects.has(one)),
    ).toEqual([true, true, true, true, false])
    const before = rows.length
    for (let times = 0; times < 20; times += 1) await check({ email: 'ada.l@example.com' })
    expect(await rowsOf(client)).toHaveLength(before)
    expect(await rowsOf(other.client)).toHaveLength(1)
  })

  test('keeps names of a bounded length, and no secret', async () => {
    const { client, check } = await world()
    const set = await operatorOf(client).put('/config/default', {
      spec: { enableUserSync: true, rejectNonProvisionedUsers: true },
    })
    expect(set.status).toBe(200)
    const decision = await check({ userName: `${client.token} ${'x'.repeat(5000)}\ud800\u0000` })
    expect(decision.messageId).toBe('user.sync.user-not-provisioned')
    const [row] = await rowsOf(client)
    expect(String(row?.subject).length).toBeLessThanOrEqual(256)
    expect(JSON.stringify(row)).not.toContain(client.token)
  })

  test('goes with time, and with the person who is purged', async () => {
    const { client, user, check } = await world()
    await check({ userName: 'nobody', externalId: 'Ext-Ada' })
    await client.delete(`/Users/${user.id}`)
    await check({ email: 'ADA.L@example.com' })
    expect(await rowsOf(client)).toHaveLength(2)
    expect((await operatorOf(client).delete(`/retained/${user.id}`)).status).toBe(200)
    expect(await rowsOf(client)).toEqual([])
    const other = await world()
    await other.check({ userName: 'ada' })
    await expire(d1(binding), Date.now() + 30 * DAY, undefined)
    expect(await rowsOf(other.client)).toHaveLength(1)
    await expire(d1(binding), Date.now() + 34 * DAY, undefined)
    expect(await rowsOf(other.client)).toEqual([])
  })

  test('needs what the login check needs, and is that of the namespace', async () => {
    const { client, check } = await world()
    await check({ userName: 'ada' })
    const other = await tenant({ endpoint: client.endpoint })
    await expectGuarded(client, other, {
      method: 'GET',
      path: '/login/denied',
      unknownPath: undefined,
      body: undefined,
      permissions: ['org.users:read'],
    })
    expect(await deniedOf(other)).toEqual([])
    expect(await deniedOf((await limitedTo(client, 'org.users:read')) as never)).toHaveLength(1)
    expectAdminError(await client.get('/login/denied?subject=a&subject=b'), 400, /^subject: /)
  })
})
