/**
 * How bodies come in: what is read of one before the credential is decided, how long it may take, and
 * how much of all of them together is held.
 */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { LONG_BODY } from '../../src/http/body.ts'
import { API } from '../../src/http/context.ts'
import { DECIDED, UNDECIDED } from '../../src/http/pending.ts'
import { makeToken } from '../../src/tenancy/token.ts'
import type { Client } from '../support/client.ts'
import { makeEndpoint, OPERATOR_TOKEN, ORIGIN, tenant } from '../support/endpoint.ts'
import { expectError } from '../support/expect.ts'
import { groupBody, userBody } from '../support/payload.ts'
import { dump } from '../support/tables.ts'

const KIB = 1024
const MIB = 1024 * KIB
const stranger = () => makeToken((length) => crypto.getRandomValues(new Uint8Array(length)))

/** A body of so many bytes that comes in pieces, with how much of it was asked for. */
function counted(bytes: number, piece = 4 * KIB) {
  const count = { sent: 0, cancelled: false }
  const text = new TextEncoder().encode('{"Operations":[1'.padEnd(piece, ',1'))
  const stream = new ReadableStream(
    {
      pull(controller) {
        if (count.sent >= bytes) return controller.close()
        controller.enqueue(count.sent === 0 ? text : new Uint8Array(piece).fill(0x20))
        count.sent += piece
      },
      cancel() {
        count.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { count, stream }
}

/** A body of which some bytes come, and the rest never. */
function withheld(bytes: number) {
  let left = bytes
  return new ReadableStream(
    {
      pull(controller) {
        if (left === 0) return new Promise(() => undefined)
        const piece = Math.min(left, LONG_BODY)
        controller.enqueue(new Uint8Array(piece).fill(0x20))
        left -= piece
        return undefined
      },
    },
    { highWaterMark: 0 },
  )
}

/** Every route that there is, with something in the place of each parameter, but for one namespace. */
const writing = makeEndpoint()
  .app.routes.filter(({ method }) => /^(POST|PUT|PATCH|DELETE)$/.test(method))
  .map(({ method, path }) => ({ method, path: path.slice(API.length) }))
const routes = [
  ...new Map(writing.map((route) => [`${route.method} ${route.path}`, route])).values(),
]

function request(client: Client & { readonly namespace: string }, method: string, path: string) {
  const at = path.replace(':namespace', client.namespace).replace(/:\w+/g, 'x')
  return (credential: string | undefined, body: unknown, headers = {}) =>
    client
      .withToken(credential)
      .at(`${ORIGIN}${API}`)
      .request(method, at.replace(/\/$/, ''), body, headers)
}

describe('of a body of 10 MiB that a stranger sends, no more than 64 KiB are read:', () => {
  test('the routes are those that there are', () => {
    expect(routes.length).toBeGreaterThan(30)
    expect(routes.map(({ path }) => path)).toContain('/:namespace/Bulk')
  })

  test.each(routes)('$method $path', async ({ method, path }) => {
    const client = await tenant()
    const send = request(client, method, path)
    const before = await dump(client.namespace)
    for (const credential of [stranger(), 'no-token-and-no-secret', undefined]) {
      const { count, stream } = counted(10 * MIB)
      // A method that the path does not have is refused before anything else.
      expect([401, 405]).toContain((await send(credential, stream)).status)
      expect(count.sent).toBeLessThanOrEqual(LONG_BODY)
    }
    // Where the size is announced, nothing is.
    const { count, stream } = counted(10 * MIB)
    const announced = { 'Content-Length': String(10 * MIB) }
    expect([401, 405]).toContain((await send(stranger(), stream, announced)).status)
    expect(count.sent).toBe(0)
    expect(await dump(client.namespace)).toBe(before)
  })
})

describe('a long body', () => {
  const padded = (body: object, bytes: number) => JSON.stringify(body).padEnd(bytes, ' ')

  test('of a token that belongs to another namespace is not read either', async () => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    const { count, stream } = counted(10 * MIB)
    expectError(await client.withToken(other.token).post('/Groups', stream), 403, {
      messageId: 'authn.invalid-namespace',
    })
    expect(count).toEqual({ sent: LONG_BODY, cancelled: true })
  })

  test('costs one trip more, and a shorter one none', async () => {
    const client = await tenant()
    const modes = async (body: string) => {
      client.endpoint.batches.length = 0
      expect((await client.post('/Groups', body)).status).toBe(201)
      await client.endpoint.settled()
      return client.endpoint.batches.map(({ mode, statements }) =>
        mode === 'read' ? `read ${statements}` : mode,
      )
    }
    const [first = '', ...rest] = await modes(padded(groupBody('Short'), LONG_BODY - 1))
    expect(rest).toEqual(['write'])
    expect(await modes(padded(groupBody('Long'), LONG_BODY))).toEqual(['read 1', first, 'write'])
  })

  test('of the operator costs none, whose secret needs no database', async () => {
    const client = await tenant()
    client.endpoint.batches.length = 0
    const body = padded({ login: 'ada' }, 2 * LONG_BODY)
    expect((await client.withToken(OPERATOR_TOKEN).post('/accounts', body)).status).toBe(201)
    await client.endpoint.settled()
    expect(client.endpoint.batches.map(({ mode }) => mode)).toEqual(['read', 'write'])
  })

  test('is read like a short one, in whatever pieces it comes', async () => {
    const client = await tenant()
    const content = new TextEncoder().encode(
      JSON.stringify(userBody('long', { title: 'é'.repeat(100_000) })),
    )
    let path = '/Users'
    for (const [index, piece] of [1000, 65_536, 70_000, content.length].entries()) {
      let at = 0
      const stream = new ReadableStream({
        pull(controller) {
          if (at >= content.length) return controller.close()
          controller.enqueue(content.slice(at, at + piece))
          at += piece
        },
      })
      const { status, body } = await client.request(index === 0 ? 'POST' : 'PUT', path, stream)
      expect(status).toBe(index === 0 ? 201 : 200)
      expect(body.title).toBe('é'.repeat(100_000))
      path = `/Users/${body.id}`
    }
  })

  test('with a permission that is missing gets 403', async () => {
    const client = await tenant({ permissions: ['teams:read'] })
    expectError(await client.post('/Users', padded(userBody('a'), LONG_BODY)), 403, {
      messageId: 'accesscontrol.permission-denied',
    })
  })
})

test('the operations of a bulk request are counted before any is looked at', async () => {
  const client = await tenant()
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest']
  const answer = await client.post('/Bulk', { schemas, Operations: Array(100_000).fill(1) })
  expectError(answer, 413, { messageId: 'scim.too-many-operations' })
  expect(answer.body.detail).toContain('1000')
})

describe('a body that does not come', () => {
  afterEach(() => void vi.useRealTimers())

  test.each([
    ['its beginning', 100, UNDECIDED.seconds],
    ['its end', LONG_BODY, DECIDED.seconds],
  ])('to %s is answered with 408 after its time', async (_, bytes, seconds) => {
    const client = await tenant()
    const before = await dump(client.namespace)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const sent = client.post('/Users', withheld(bytes))
    // The timer is set once the body has come so far.
    for (let turn = 0; vi.getTimerCount() === 0 || turn < 20; turn += 1)
      await client.get('/Schemas')
    vi.advanceTimersByTime(seconds * 1000)
    const answer = await sent
    vi.useRealTimers()
    expectError(answer, 408, { messageId: 'scim.slow-body' })
    expect(answer.body.detail).toContain(`${seconds} seconds`)
    expect(await dump(client.namespace)).toBe(before)
  })

  test('of a stranger is answered with 401', async () => {
    const client = await tenant()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const sent = client.withToken(stranger()).post('/Users', withheld(100))
    for (let turn = 0; vi.getTimerCount() === 0 || turn < 20; turn += 1)
      await client.get('/Schemas')
    vi.advanceTimersByTime(UNDECIDED.seconds * 1000)
    expectError(await sent, 401)
  })
})

test('more long bodies than the server holds at once are answered with 503, and then no more', async () => {
  const client = await tenant()
  const most = Math.floor(DECIDED.bytes / (10 * MIB))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const sent = Array.from({ length: most + 1 }, () => client.post('/Groups', withheld(10 * MIB)))
  const answer = await Promise.race(sent)
  expectError(answer, 503, { messageId: 'scim.too-many-bodies' })
  expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/)
  // A short body has its own place, and one that comes at once needs none.
  expect((await client.post('/Groups', groupBody('Short'))).status).toBe(201)
  vi.advanceTimersByTime(DECIDED.seconds * 1000)
  const statuses = (await Promise.all(sent)).map(({ status }) => status)
  vi.useRealTimers()
  expect(statuses.sort()).toEqual([...Array(most).fill(408), 503])
  const long = JSON.stringify(groupBody('Long')).padEnd(10 * MIB)
  expect((await client.post('/Groups', long)).status).toBe(201)
})

test.each([
  ['/Users', 'gzip'],
  ['/Bulk', 'br, gzip'],
])('POST %s with Content-Encoding %s is answered with 415 that names it', async (path, coding) => {
  const client = await tenant()
  const packed = new Uint8Array([0x1f, 0x8b, 8, 0])
  const answer = await client.post(path, packed, { 'Content-Encoding': coding })
  expectError(answer, 415, { messageId: 'scim.unsupported-coding' })
  expect(answer.body.detail).toBe(
    `Send the body as it is, without Content-Encoding ${JSON.stringify(coding)}.`,
  )
  expect(answer.headers.get('Accept-Encoding')).toBe('identity')
})

test('the content coding identity is none', async () => {
  const client = await tenant()
  const headers = { 'Content-Encoding': 'Identity' }
  expect((await client.post('/Users', userBody('a'), headers)).status).toBe(201)
})
