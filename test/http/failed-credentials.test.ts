/** Failed credentials are counted by reason and hour, and nobody makes the database work by failing. */
import { describe, expect, test } from 'vitest'
import { makeToken } from '../../src/tenancy/token.ts'
import { Client } from '../support/client.ts'
import { makeEndpoint, tenant } from '../support/endpoint.ts'
import { accountWithToken, operatorOf, type Tenant } from '../support/operator.ts'
import { query } from '../support/tables.ts'

const SECOND = 1000
const HOUR = 60 * 60 * SECOND
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** A token of nobody with a good checksum. */
const forged = () => makeToken(random)

async function failuresOf(client: Tenant) {
  await client.endpoint.settled()
  return (await operatorOf(client).get('/status')).body.failedCredentials
}

const rowsOf = (client: Tenant) =>
  query("select * from activity where namespace = ? and kind = 'credential'", client.namespace)

/** Lets the pause between two writes pass. */
const pass = (client: Tenant, time = 11 * SECOND) => {
  client.endpoint.clock.offset += time
}

describe('a failed credential', () => {
  test.each([
    ['api-key.invalid', 'one with a wrong checksum', () => 'glsa_copied-in-part'],
    ['api-key.invalid', 'one that nobody has', forged],
    ['api-key.missing', 'none', () => undefined],
  ])('is counted as %s: %s', async (reason, _, token) => {
    const client = await tenant()
    expect((await client.withToken(token()).get('/Users')).status).toBe(401)
    const [row, ...others] = await failuresOf(client)
    expect(others).toEqual([])
    expect(row).toEqual({
      reason,
      count: 1,
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/),
      last: expect.stringMatching(/Z$/),
    })
    expect(Date.parse(row.last)).toBeCloseTo(Date.now(), -5)
  })

  test('is counted in the namespace of the token where it was good once', async () => {
    const { client, operator, path, holder, token } = await accountWithToken()
    const other = await tenant({ endpoint: client.endpoint })
    const elsewhere = other.withToken(holder.token)
    await operator.request('PATCH', path, { isDisabled: true })
    expect((await elsewhere.get('/Users')).status).toBe(401)
    expect(await failuresOf(client)).toMatchObject([
      { reason: 'service-account.disabled', count: 1 },
    ])
    expect(await failuresOf(other)).toEqual([])
    await operator.request('PATCH', path, { isDisabled: false })
    await operator.delete(`${path}/tokens/${token.id}`)
    pass(client)
    await holder.get('/Users')
    expect(await failuresOf(client)).toMatchObject([
      { reason: 'api-key.revoked', count: 1 },
      { reason: 'service-account.disabled', count: 1 },
    ])
  })

  test('adds up within a day by the hour, and is forgotten after that', async () => {
    const client = await tenant()
    const wrong = client.withToken(forged())
    for (let times = 0; times < 3; times += 1) {
      await wrong.get('/Users')
      await client.endpoint.settled()
      pass(client, HOUR)
    }
    const rows = await rowsOf(client)
    expect(rows.map(({ count, subject }) => [count, subject])).toEqual([
      [1, 'api-key.invalid'],
      [1, 'api-key.invalid'],
      [1, 'api-key.invalid'],
    ])
    const [row] = await failuresOf(client)
    expect(row.count).toBe(3)
    expect(Date.parse(row.last) - Date.parse(row.since)).toBeGreaterThan(1.9 * HOUR)
    pass(client, 26 * HOUR)
    expect(await failuresOf(client)).toEqual([])
  })

  test('shows in the health of the namespace, and is no failure of it', async () => {
    const client = await tenant()
    await client.withToken(forged()).get('/Users')
    await client.endpoint.settled()
    const { checks } = (await operatorOf(client).get('/health')).body
    const [check] = checks.filter(({ name }: { name: string }) => name === 'credentials')
    expect(check).toMatchObject({ status: 'warn' })
    expect(check.detail).toMatch(
      /^A token that is not valid here was used once since \S+Z, the last time at \S+Z\.$/,
    )
    expect(check.remedy).toContain('token create')
  })

  test('is nowhere kept', async () => {
    const client = await tenant()
    const secret = forged()
    await client.withToken(secret).get('/Users')
    await client.endpoint.settled()
    const rows = await rowsOf(client)
    expect(rows).toHaveLength(1)
    expect(JSON.stringify(rows)).not.toContain(secret.slice(5, 20))
  })
})

describe('a flood of failures', () => {
  test('is written once in ten seconds, and counted whole', async () => {
    const client = await tenant()
    const { endpoint } = client
    const wrong = client.withToken('glsa_wrong')
    for (let times = 0; times < 200; times += 1) await wrong.get('/Users')
    await endpoint.settled()
    // Whether there is such a namespace, and the row.
    expect(endpoint.failures).toHaveLength(2)
    expect(await failuresOf(client)).toMatchObject([{ count: 1 }])
    pass(client)
    // Whoever comes next brings the rest along.
    await client.get('/Users')
    await endpoint.settled()
    expect(endpoint.failures).toHaveLength(4)
    expect(await failuresOf(client)).toMatchObject([{ count: 200 }])
    expect(await rowsOf(client)).toHaveLength(1)
  })

  test('over namespaces that are not there writes nothing, and asks five times in ten seconds', async () => {
    const client = await tenant()
    const { endpoint } = client
    for (let number = 1; number <= 300; number += 1) {
      const base = client.base.replace(client.namespace, `stacks-9${number}`)
      await new Client(client.send, base, 'glsa_wrong').get('/Users')
    }
    await endpoint.settled()
    expect(endpoint.failures).toEqual([{ mode: 'read', statements: 1 }])
    for (let turn = 0; turn < 30; turn += 1) {
      endpoint.failures.length = 0
      pass(client)
      await client.get('/Users')
      await endpoint.settled()
      expect(endpoint.failures.length).toBeLessThanOrEqual(5)
    }
    // What waits is bounded: fifty namespaces at most were asked for.
    expect(endpoint.failures).toEqual([])
    expect(
      await query(
        "select * from activity where namespace like 'stacks-9%' and kind = 'credential' and last_at > ?",
        4e12,
      ),
    ).toEqual([])
  })

  test('of a malformed namespace is not counted, and takes no trip', async () => {
    const client = await tenant()
    const base = client.base.replace('stacks-', 'stack-')
    await new Client(client.send, base, 'glsa_wrong').get('/Users')
    await client.endpoint.settled()
    expect(client.endpoint.failures).toEqual([])
    expect(await rowsOf(client)).toEqual([])
  })

  test('changes no answer where the count cannot be written', async () => {
    const failing = makeEndpoint({
      batch: async () => {
        throw new Error('no database')
      },
    })
    const client = new Client(
      failing.fetch,
      'https://scim.example/apis/scim.grafana.app/v0alpha1/namespaces/stacks-1',
      'glsa_wrong',
    )
    expect((await client.get('/Users')).status).toBe(401)
    await failing.settled()
  })
})
