/** Limits of requests: what is counted, what is answered, and who is never kept out. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import type { Limit, Limits } from '../../src/http/context.ts'
import { networkOf } from '../../src/http/limits.ts'
import { d1 } from '../../src/store/d1.ts'
import { hashToken, makeToken } from '../../src/tenancy/token.ts'
import handler, { type Environment } from '../../src/worker.ts'
import { Client } from '../support/client.ts'
import { binding, freshNamespace, makeEndpoint, ORIGIN, tenant } from '../support/endpoint.ts'
import { expectAdminError, expectError, expectList } from '../support/expect.ts'
import { operatorOf } from '../support/operator.ts'
import { dump } from '../support/tables.ts'

const someToken = () => makeToken((length) => crypto.getRandomValues(new Uint8Array(length)))
const from = (address: string) => ({ 'CF-Connecting-IP': address })

/** A limit that lets so many pass for each key, and what it was asked. */
function limitOf(most: number) {
  const counts = new Map<string, number>()
  const limit: Limit = async (key) => {
    counts.set(key, (counts.get(key) ?? 0) + 1)
    return Number(counts.get(key)) <= most
  }
  return { counts, limit }
}

/** A namespace on an endpoint whose limits begin to count now. */
function limited(limits: Limits) {
  return tenant({ endpoint: makeEndpoint(d1(binding), { limits }) })
}

describe('a token', () => {
  test('that asks too often gets 429 with Retry-After, before the database is asked', async () => {
    const { limit, counts } = limitOf(3)
    const client = await limited({ token: limit })
    for (let at = 0; at < 3; at += 1) expectList(await client.get('/Users'), 0)
    const before = await dump(client.namespace)
    await client.endpoint.settled()
    client.endpoint.batches.length = 0
    for (const answer of [
      await client.get('/Users'),
      await client.post('/Users', '{'),
      await client.get('/nothing'),
      await client.post('/Bulk', {}),
    ]) {
      expectError(answer, 429, { messageId: 'rate-limit.token' })
      expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/)
      expect(answer.headers.get('X-Request-Id')).toMatch(/\S/)
      expect(answer.headers.get('WWW-Authenticate')).toBeNull()
    }
    expectAdminError(await client.get('/config/default'), 429)
    expect(client.endpoint.batches).toEqual([])
    expect(await dump(client.namespace)).toBe(before)
    expect([...counts.keys()]).toEqual([hashToken(String(client.token))])
  })

  test('is limited by itself: neither another token nor the operator is', async () => {
    const { limit } = limitOf(1)
    const client = await limited({ token: limit })
    const other = await tenant({ endpoint: client.endpoint })
    await client.get('/Users')
    expectError(await client.get('/Users'), 429)
    expectList(await other.get('/Users'), 0)
    for (let at = 0; at < 3; at += 1) {
      expect((await operatorOf(client).get('/config/default')).status).toBe(200)
    }
  })

  test('is never limited in discovery, and health never is', async () => {
    const { limit, counts } = limitOf(0)
    const client = await limited({ token: limit, failure: limit })
    const paths = ['/ServiceProviderConfig', '/ResourceTypes', '/ResourceTypes/User', '/Schemas']
    for (const path of [...paths, '//Schemas/', '/v2/Schemas']) {
      expect((await client.get(path, from('192.0.2.1'))).status).toBe(200)
      const anonymous = client.withToken(undefined)
      expect((await anonymous.get(path, from('192.0.2.1'))).status).toBe(200)
    }
    const health = new Client(client.send, ORIGIN, client.token)
    expect((await health.get('/health', from('192.0.2.1'))).status).toBe(200)
    expect(counts.size).toBe(0)
    const unknown = client.withToken(someToken())
    expectError(await unknown.get('/Schemas', from('192.0.2.1')), 401)
  })
})

describe('an address', () => {
  test('that fails too often gets 429 instead of 401, and no valid token is kept out', async () => {
    const { limit, counts } = limitOf(2)
    const client = await limited({ failure: limit })
    const here = from('192.0.2.1')
    const unknown = client.withToken(someToken())
    const bad = [client.withToken(undefined), client.withToken('nonsense'), unknown]
    for (const holder of bad.slice(0, 2)) expectError(await holder.get('/Users', here), 401)
    for (const holder of bad) {
      const answer = await holder.get('/Users', here)
      expectError(answer, 429, { messageId: 'rate-limit.failures' })
      expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/)
      expect(answer.headers.get('WWW-Authenticate')).toBeNull()
      expectAdminError(await holder.get('/config/default', here), 429)
    }
    // Providers share addresses.
    expectList(await client.get('/Users', here), 0)
    expect((await operatorOf(client).get('/config/default', here)).status).toBe(200)
    // And one address has nothing to do with another.
    expectError(await unknown.get('/Users', from('192.0.2.2')), 401)
    expect([...counts.keys()]).toEqual(['192.0.2.1', '192.0.2.2'])
  })

  test('is not asked about with a malformed token more than the limit', async () => {
    const { limit } = limitOf(0)
    const client = await limited({ failure: limit })
    const wrong = client.withToken(`${client.token?.slice(0, -8)}00000000`)
    expectError(await wrong.get('/Users', from('192.0.2.1')), 429)
    expect(client.endpoint.batches).toEqual([])
  })

  test('does not count what is refused with a valid token', async () => {
    const { limit, counts } = limitOf(0)
    const client = await limited({ failure: limit })
    const here = from('192.0.2.1')
    const foreign = new Client(
      client.send,
      client.base.replace(client.namespace, freshNamespace()),
      client.token,
    )
    expectError(await foreign.get('/Users', here), 403)
    expectError(await client.get('/Users/x', here), 404)
    expectError(await client.post('/Users', '{', here), 400, { scimType: 'invalidSyntax' })
    expect(counts.size).toBe(0)
  })

  test('that nobody knows is not limited', async () => {
    const { limit, counts } = limitOf(0)
    const client = await limited({ failure: limit })
    expectError(await client.withToken('nonsense').get('/Users'), 401)
    expect(counts.size).toBe(0)
  })

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['nonsense', 'nonsense'],
  ])('such as %s counts as %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

describe('the Worker', () => {
  const bindings = env as unknown as Environment
  const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} }
  const clientOf = (environment: Environment) =>
    new Client(
      async (request) => handler.fetch(request as never, environment, context as never),
      `${ORIGIN}/apis/scim.grafana.app/v0alpha1/namespaces/default`,
      'nonsense',
    )
  const statuses = async (client: Client, address: string, requests: number) => {
    const seen = new Set<number>()
    // A window may end in between, and the next one then is as long.
    for (let at = 0; at < requests && !seen.has(429); at += 1) {
      seen.add((await client.get('/Users', from(address))).status)
    }
    return [...seen]
  }

  test('limits failures by the binding that wrangler.toml gives it', async () => {
    const client = clientOf({ ...bindings, RATE_LIMITS: 'on' })
    expect(await statuses(client, '192.0.2.7', 250)).toEqual([401, 429])
  })

  test('limits nothing where the binding is absent, or RATE_LIMITS is off', async () => {
    const { FAILURE_LIMIT: _, ...absent } = { ...bindings, RATE_LIMITS: 'on' }
    expect(await statuses(clientOf(absent), '192.0.2.8', 250)).toEqual([401])
    const off = clientOf({ ...bindings, RATE_LIMITS: 'off' })
    expect(await statuses(off, '192.0.2.9', 250)).toEqual([401])
  })

  test('lets everybody pass while the platform does not answer', async () => {
    const broken = { limit: () => Promise.reject(new Error('no answer')) }
    const environment = { ...bindings, RATE_LIMITS: 'on', FAILURE_LIMIT: broken }
    const client = clientOf({ ...environment, TOKEN_LIMIT: broken })
    expectError(await client.get('/Users', from('192.0.2.10')), 401)
    expectError(await client.withToken(someToken()).get('/Users'), 401)
  })

  test('counts a token by the binding', async () => {
    const asked: string[] = []
    const TOKEN_LIMIT = {
      limit: async ({ key }: { readonly key: string }) => {
        asked.push(key)
        return { success: false }
      },
    }
    const client = clientOf({ ...bindings, RATE_LIMITS: 'on', TOKEN_LIMIT })
    const token = someToken()
    expectError(await client.withToken(token).get('/Users'), 429)
    expect(asked).toEqual([hashToken(token)])
  })
})
