/** Bodies on their way: what is held of them, and who makes room. */
import { describe, expect, test } from 'vitest'
import { DECIDED, makePools, type Pool, receive, UNDECIDED } from '../../../src/http/pending.ts'

const MIB = 1024 * 1024

/** A body whose bytes come when the test sends them. */
function arriving(limit = 10 * MIB) {
  let controller!: ReadableStreamDefaultController<Uint8Array>
  const stream = new ReadableStream<Uint8Array>({
    start(own) {
      controller = own
    },
  })
  const arrival = receive(stream, limit)
  return {
    arrival,
    send: (bytes: number) => controller.enqueue(new Uint8Array(bytes).fill(1)),
    close: () => controller.close(),
    fail: () => controller.error(new Error('gone')),
  }
}

const reasonOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'read',
    ({ reason }) => reason.kind,
  )
const turn = () => new Promise((resolve) => setTimeout(resolve))

/** Begins to read a body in a pool, which has so many bytes of it. */
async function held(pool: Pool, bytes: number) {
  const body = arriving()
  const outcome = reasonOf(body.arrival.read(pool, Number.POSITIVE_INFINITY))
  body.send(bytes)
  await turn()
  return { ...body, outcome }
}

describe('a body', () => {
  test('is what came of it, in whatever pieces', async () => {
    const { undecided } = makePools(() => 0)
    const { arrival, send, close } = arriving()
    for (const bytes of [1, 5000, 1, 70_000]) send(bytes)
    expect(await arrival.read(undecided, 5001)).toBe(false)
    expect(arrival.bytes()).toEqual(new Uint8Array(5001).fill(1))
    close()
    expect(await arrival.read(undecided, Number.POSITIVE_INFINITY)).toBe(true)
    expect(arrival.bytes()).toEqual(new Uint8Array(75_002).fill(1))
  })

  test('of which nothing was read is left to the platform, and one that was begun is cancelled', async () => {
    const { undecided } = makePools(() => 0)
    let cancelled = 0
    const stream = () =>
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
        cancel() {
          cancelled += 1
        },
      })
    const left = stream()
    receive(left, 10).end()
    expect([left.locked, cancelled]).toEqual([false, 0])
    const begun = receive(stream(), 10)
    await begun.read(undecided, 1)
    begun.end()
    expect(cancelled).toBe(1)
  })

  test('that is absent has ended', async () => {
    const arrival = receive(null, 1)
    expect(await arrival.read(makePools(() => 0).undecided, 1)).toBe(true)
    expect(arrival.bytes()).toHaveLength(0)
  })

  test('is refused beyond its limit, and where it breaks off', async () => {
    const { undecided } = makePools(() => 0)
    const long = arriving(10)
    long.send(11)
    expect(await reasonOf(long.arrival.read(undecided, 20))).toBe('too-large')
    const broken = arriving()
    broken.fail()
    expect(await reasonOf(broken.arrival.read(undecided, 20))).toBe('bad-request')
  })

  test('of many small pieces takes no more than twice its bytes', async () => {
    const { decided } = makePools(() => 0)
    const body = arriving()
    const read = body.arrival.read(decided, 100_000)
    for (let piece = 0; piece < 100_000; piece += 1) body.send(1)
    await read
    expect(body.arrival.bytes().buffer.byteLength).toBeLessThanOrEqual(200_000)
  })
})

describe('a full pool', () => {
  test('of strangers gives up the oldest body, so that a new one is read', async () => {
    const { undecided } = makePools(() => 0)
    const piece = 64 * 1024
    const all = []
    for (let bytes = 0; bytes < UNDECIDED.bytes; bytes += piece)
      all.push(await held(undecided, piece))
    const next = await held(undecided, piece)
    next.close()
    expect(await next.outcome).toBe('read')
    // Its bytes are gone at once; its request hears of it with what comes next.
    expect(all[0]?.arrival.bytes()).toHaveLength(0)
    all[0]?.send(1)
    all[1]?.close()
    expect(await all[0]?.outcome).toBe('too-many-bodies')
    expect(await all[1]?.outcome).toBe('read')
  })

  test('counts bodies as well, also those of which nothing came', async () => {
    const { undecided } = makePools(() => 0)
    const all = []
    for (let at = 0; at <= UNDECIDED.bodies; at += 1) {
      const body = arriving()
      all.push({ ...body, outcome: reasonOf(body.arrival.read(undecided, 1)) })
    }
    for (const { close } of all) close()
    const outcomes = await Promise.all(all.map(({ outcome }) => outcome))
    expect(outcomes).toEqual(['too-many-bodies', ...Array(UNDECIDED.bodies).fill('read')])
  })

  test('of others refuses the newest, until the oldest has had its time', async () => {
    let now = 0
    const { decided } = makePools(() => now)
    const most = Math.floor(DECIDED.bytes / (10 * MIB))
    const all = []
    for (let at = 0; at < most; at += 1) all.push(await held(decided, 10 * MIB))
    expect(await (await held(decided, 10 * MIB)).outcome).toBe('too-many-bodies')
    now = DECIDED.patience * 1000
    const next = await held(decided, 10 * MIB)
    next.close()
    expect(await next.outcome).toBe('read')
    for (const { close } of all) close()
    const outcomes = await Promise.all(all.map(({ outcome }) => outcome))
    expect(outcomes).toEqual(['too-many-bodies', ...Array(most - 1).fill('read')])
  })

  test('has room again when a body has ended', async () => {
    const { decided } = makePools(() => 0)
    for (let at = 0; at < 3 * DECIDED.bodies; at += 1) {
      const body = await held(decided, MIB)
      body.close()
      expect(await body.outcome).toBe('read')
      body.arrival.end()
    }
  })
})
