/** The keys of cursors: random, of each namespace its own, sealed where they are stored. */
import { describe, expect, test } from 'vitest'
import { API } from '../../src/http/context.ts'
import { d1 } from '../../src/store/d1.ts'
import handler, { type Environment } from '../../src/worker.ts'
import { Client, readAnswer } from '../support/client.ts'
import { createUsers } from '../support/directory.ts'
import {
  binding,
  makeEndpoint,
  makeTokenFor,
  OPERATOR_TOKEN,
  ORIGIN,
  tenant,
} from '../support/endpoint.ts'
import { expectAdminError, expectError } from '../support/expect.ts'
import { dump, query } from '../support/tables.ts'

const DAY = 24 * 60 * 60 * 1000
const FIRST = '/Users?cursor=&count=1'
const invalid = { scimType: 'invalidCursor' }

type Tenant = Awaited<ReturnType<typeof tenant>>

async function populated(options: Parameters<typeof makeEndpoint>[1] = {}) {
  const client = await tenant({ endpoint: makeEndpoint(d1(binding), options) })
  await createUsers(client, ['a', 'b', 'c'])
  client.endpoint.batches.length = 0
  return client
}

/** The same namespace as another isolate serves it. */
function elsewhere(client: Tenant, options: Parameters<typeof makeEndpoint>[1] = {}) {
  const endpoint = makeEndpoint(d1(binding), options)
  return { endpoint, client: new Client(endpoint.fetch, client.base, client.token) }
}

/** The cursor of the second page. */
async function cursorOf(client: Client): Promise<string> {
  const { status, body } = await client.get(FIRST)
  expect(status).toBe(200)
  return String(body.nextCursor)
}

const next = (client: Client, cursor: string) => client.get(`/Users?count=1&cursor=${cursor}`)

const keysOf = ({ namespace }: Tenant) =>
  query(
    'select id, purpose, sealed, created_at from sealing_key where namespace = ? order by created_at',
    namespace,
  )

/** The modes of the batches since the last time. */
function trips({ batches }: { batches: { readonly mode: string }[] }): string {
  return batches
    .splice(0)
    .map(({ mode }) => mode)
    .join(' ')
}

describe('the key of cursors', () => {
  test('is made with the first cursor, and costs nothing after that', async () => {
    const client = await populated()
    expect(await keysOf(client)).toEqual([])
    const cursor = await cursorOf(client)
    expect(trips(client.endpoint)).toBe('read write')
    expect((await next(client, cursor)).body.Resources).toHaveLength(1)
    await cursorOf(client)
    expect(trips(client.endpoint)).toBe('read read')
    expect(await keysOf(client)).toMatchObject([{ purpose: 'cursor', id: cursor.slice(0, 12) }])
  })

  test('is not made where a list has no further page, nor for pages by index', async () => {
    const client = await populated()
    for (const path of ['/Users?cursor=&count=9', '/Users?count=1', '/Groups?cursor=']) {
      expect((await client.get(path)).status).toBe(200)
    }
    expect(await keysOf(client)).toEqual([])
  })

  test('is read by another isolate in one trip more, once', async () => {
    const client = await populated()
    const cursor = await cursorOf(client)
    const other = elsewhere(client)
    expect((await next(other.client, cursor)).body.Resources).toHaveLength(1)
    expect(trips(other.endpoint)).toBe('read read')
    expect((await next(other.client, cursor)).status).toBe(200)
    expect(trips(other.endpoint)).toBe('read')
    expect(await keysOf(client)).toHaveLength(1)
  })

  test('is one, also where several isolates make one at once', async () => {
    const client = await populated()
    const isolates = Array.from({ length: 5 }, () => elsewhere(client).client)
    const cursors = await Promise.all(isolates.map(cursorOf))
    expect(await keysOf(client)).toHaveLength(1)
    for (const cursor of cursors) expect((await next(client, cursor)).status).toBe(200)
  })

  test('is sealed in the database, for this namespace alone', async () => {
    const client = await populated()
    const cursor = await cursorOf(client)
    const [{ id, sealed } = {}] = await keysOf(client)
    // 12 bytes of vector, 32 of the key, 16 of tag.
    expect(Buffer.from(String(sealed), 'base64url')).toHaveLength(60)
    // Moved to another namespace it does not open.
    const twin = await populated()
    await query(
      `insert into sealing_key select ?, purpose, id, sealed, created_at from sealing_key
        where namespace = ?`,
      ...[twin.namespace, client.namespace],
    )
    expectError(await next(twin, cursor), 400, invalid)
    const own = await cursorOf(twin)
    expect(own.slice(0, 12)).not.toBe(id)
    expect((await next(twin, own)).status).toBe(200)
  })

  test('is made anew after thirty days; what the former one sealed opens as long as it lives', async () => {
    const client = await populated()
    await cursorOf(client)
    client.endpoint.clock.offset = 29.5 * DAY
    const last = await cursorOf(client)
    expect(await keysOf(client)).toHaveLength(1)
    client.endpoint.clock.offset = 30.2 * DAY
    const first = await cursorOf(client)
    expect(first.slice(0, 12)).not.toBe(last.slice(0, 12))
    expect(await keysOf(client)).toHaveLength(2)
    for (const cursor of [last, first]) expect((await next(client, cursor)).status).toBe(200)
    client.endpoint.clock.offset = 61 * DAY
    await cursorOf(client)
    // The first one went when nothing that it sealed could be opened any more.
    expect(await keysOf(client)).toHaveLength(2)
  })

  test('is replaced when the secret is another; old cursors are 400', async () => {
    const client = await populated()
    const old = await cursorOf(client)
    const changed = elsewhere(client, { sealingSecret: 'another-secret-of-thirty-two-chars' })
    expectError(await next(changed.client, old), 400, invalid)
    const cursor = await cursorOf(changed.client)
    expect((await next(changed.client, cursor)).status).toBe(200)
    expect(await keysOf(client)).toHaveLength(2)
    // While both are deployed, each goes on with its own.
    expect((await next(client, old)).status).toBe(200)
    expect((await cursorOf(client)).slice(0, 12)).toBe(old.slice(0, 12))
    expect((await cursorOf(changed.client)).slice(0, 12)).toBe(cursor.slice(0, 12))
    expect(await keysOf(client)).toHaveLength(2)
  })

  test('that is damaged in the database is replaced', async () => {
    const client = await populated()
    const old = await cursorOf(client)
    await query('update sealing_key set sealed = ? where namespace = ?', 'x', client.namespace)
    const other = elsewhere(client).client
    expectError(await next(other, old), 400, invalid)
    expect((await next(other, await cursorOf(other))).status).toBe(200)
  })

  test('without a secret is random, in memory, and no constant', async () => {
    const client = await populated({ sealingSecret: undefined })
    const cursor = await cursorOf(client)
    expect((await next(client, cursor)).status).toBe(200)
    expect(trips(client.endpoint)).toBe('read read')
    expectError(
      await next(elsewhere(client, { sealingSecret: undefined }).client, cursor),
      400,
      invalid,
    )
    expect(await keysOf(client)).toEqual([])
  })

  test('is not read for who is nobody here, nor made by who may not read', async () => {
    const client = await populated()
    const cursor = await cursorOf(client)
    await query('delete from sealing_key where namespace = ?', client.namespace)
    const other = elsewhere(client)
    const stranger = await tenant()
    const foreign = new Client(other.endpoint.fetch, client.base, stranger.token)
    expectError(await next(foreign, cursor), 403, { messageId: 'authn.invalid-namespace' })
    expect(trips(other.endpoint)).toBe('read')
    const blind = await makeTokenFor(client.endpoint, client.namespace, ['Teams'])
    const blindly = other.client.withToken(blind)
    expectError(await next(blindly, cursor), 403)
    expectError(await blindly.get(FIRST), 403)
    expect(await keysOf(client)).toEqual([])
  })

  test('goes with its namespace', async () => {
    const client = await populated()
    await cursorOf(client)
    const operator = new Client(client.endpoint.fetch, `${ORIGIN}${API}`, OPERATOR_TOKEN)
    expect((await operator.delete(`/${client.namespace}`)).status).toBe(204)
    expect(await keysOf(client)).toEqual([])
  })
})

describe('an OPERATOR_TOKEN that is too short', () => {
  const WEAK = 'operator-secret'
  const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} }
  const send = async (path: string, token: string, method = 'GET', body?: object) => {
    const environment: Environment = { DB: binding, OPERATOR_TOKEN: WEAK, RATE_LIMITS: 'off' }
    const request = new Request(`${ORIGIN}${API}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return readAnswer(await handler.fetch(request, environment, context as never))
  }

  test.each([
    ['POST', '', { name: 'stacks-1' }],
    ['GET', '', undefined],
    ['GET', '/{namespace}/serviceaccounts/search', undefined],
    ['PUT', '/{namespace}/config/default', { spec: {} }],
    ['DELETE', '/{namespace}', undefined],
  ])('is never accepted, and the refusal says why: %s %s', async (method, path, body) => {
    const client = await tenant()
    const before = await dump(client.namespace)
    for (const token of [WEAK, 'wrong']) {
      const answer = await send(path.replace('{namespace}', client.namespace), token, method, body)
      expectAdminError(
        answer,
        403,
        /^OPERATOR_TOKEN has fewer than 32 characters, .* set a random one/,
      )
    }
    expect(await dump(client.namespace)).toBe(before)
  })

  test('leaves the tokens of accounts alone', async () => {
    const client = await tenant()
    expect((await send(`/${client.namespace}/Users`, String(client.token))).status).toBe(200)
    const account = await makeTokenFor(client.endpoint, client.namespace, ['settings:read'])
    expect((await send(`/${client.namespace}/config/default`, account)).status).toBe(200)
  })
})
