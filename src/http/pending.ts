/**
 * Bodies that have begun to come and have not ended. Whoever sends one slowly, or withholds its last
 * byte, holds what came of it in memory; so all of them together are bounded, and each has its time.
 *
 * A body is in one of two pools: that of senders whose credential is not decided, which hold no more
 * than 64 KiB each, and that of the others. Where a pool is full, its oldest body makes room if it has
 * had its patience, so that strangers cannot keep out who sends a body at once.
 */
import { HttpRefusal } from './failure.ts'

/** The bytes of a body that came so far. */
interface Held {
  buffer: Uint8Array<ArrayBuffer>
  /** When it came into its pool. */
  since: number
  /** Whether it had to make room. */
  dropped: boolean
}

/** Bodies that are held together. */
export interface Pool {
  /** How many seconds a body may take in it. */
  readonly seconds: number
  /** Takes a body in, or lets one that is in it grow, by so many bytes; false where it is full. */
  readonly admit: (body: Held, bytes: number) => boolean
  readonly release: (body: Held) => void
}

/** The pools of an application. */
export interface Pools {
  readonly undecided: Pool
  readonly decided: Pool
}

const MIB = 1024 * 1024

/** How many bodies each pool holds at most, how many bytes, and how many seconds each may take. */
export const UNDECIDED = { bodies: 1000, bytes: 16 * MIB, seconds: 10, patience: 0 } as const
export const DECIDED = { bodies: 100, bytes: 48 * MIB, seconds: 60, patience: 10 } as const

interface Bounds {
  readonly bodies: number
  readonly bytes: number
  readonly seconds: number
  /** How many seconds a body has before it has to make room for others. */
  readonly patience: number
}

function makePool(bounds: Bounds, now: () => number): Pool {
  // A set keeps the order in which bodies came.
  const bodies = new Set<Held>()
  let held = 0
  const release = (body: Held) => {
    if (bodies.delete(body)) held -= body.buffer.byteLength
  }
  const fits = (body: Held, bytes: number) => {
    const more = bodies.has(body) ? bytes : bytes + body.buffer.byteLength
    const count = bodies.has(body) ? bodies.size : bodies.size + 1
    return count <= bounds.bodies && held + more <= bounds.bytes
  }
  return {
    seconds: bounds.seconds,
    release,
    admit(body, bytes) {
      for (const oldest of bodies) {
        if (fits(body, bytes)) break
        if (oldest === body || now() - oldest.since < bounds.patience * 1000) return false
        release(oldest)
        // Its request finds out when more of it comes, or when its time is over.
        oldest.dropped = true
        oldest.buffer = new Uint8Array(0)
      }
      held += bytes
      if (!bodies.has(body)) {
        held += body.buffer.byteLength
        body.since = now()
        bodies.add(body)
      }
      return true
    },
  }
}

/** Makes the pools of an application. */
export function makePools(now: () => number): Pools {
  return { undecided: makePool(UNDECIDED, now), decided: makePool(DECIDED, now) }
}

/** A body on its way. */
export interface Arrival {
  /**
   * Reads on.
   *
   * @param until how many bytes are enough
   * @returns whether the body has ended
   * @throws HttpRefusal 408, 413, 503, or 400 where it breaks off
   */
  readonly read: (pool: Pool, until: number) => Promise<boolean>
  /** What was read. */
  readonly bytes: () => Uint8Array
  /** Lets go of it, and of what has not come yet. */
  readonly end: () => void
}

/** The least that is set aside for a body. */
const SMALLEST = 4096

/**
 * Begins to receive a body; nothing is read yet.
 *
 * @param limit how many bytes it may have
 */
export function receive(stream: ReadableStream<Uint8Array> | null, limit: number): Arrival {
  const reader = stream?.getReader()
  const body: Held = { buffer: new Uint8Array(0), since: 0, dropped: false }
  let length = 0
  let ended = reader === undefined
  let current: Pool | undefined
  const tooMany = () => new HttpRefusal({ kind: 'too-many-bodies' })

  /** Copies a chunk: small ones would keep far more memory than they fill. */
  const take = (chunk: Uint8Array, pool: Pool) => {
    if (body.dropped) throw tooMany()
    const needed = length + chunk.byteLength
    if (needed > limit) throw new HttpRefusal({ kind: 'too-large', limit })
    const { byteLength } = body.buffer
    if (needed > byteLength) {
      const capacity = Math.min(limit, Math.max(SMALLEST, 2 * byteLength, needed))
      if (!pool.admit(body, capacity - byteLength)) throw tooMany()
      const grown = new Uint8Array(capacity)
      grown.set(body.buffer.subarray(0, length))
      body.buffer = grown
    }
    body.buffer.set(chunk, length)
    length = needed
  }

  return {
    async read(pool, until) {
      if (body.dropped) throw tooMany()
      current?.release(body)
      current = pool
      if (!pool.admit(body, 0)) throw tooMany()
      let stop: (refusal: HttpRefusal) => void = () => undefined
      const timer = setTimeout(() => {
        stop(
          body.dropped ? tooMany() : new HttpRefusal({ kind: 'slow-body', seconds: pool.seconds }),
        )
      }, pool.seconds * 1000)
      try {
        while (reader !== undefined && !ended && length < until) {
          const { done, value } = await new Promise<ReadableStreamReadResult<Uint8Array>>(
            (resolve, reject) => {
              stop = reject
              reader.read().then(resolve, () => reject(broken()))
            },
          )
          if (done) ended = true
          else take(value, pool)
        }
        if (body.dropped) throw tooMany()
        return ended
      } finally {
        clearTimeout(timer)
      }
    },
    bytes: () => body.buffer.subarray(0, length),
    end() {
      current?.release(body)
      if (ended || reader === undefined) return
      // A platform that passes a body on loses the answer where one of which nothing was read is cancelled.
      if (current === undefined) reader.releaseLock()
      else reader.cancel().catch(() => undefined)
    },
  }
}

/** A client that hangs up meets no fault of ours, and the log shall not tell of one. */
function broken(): HttpRefusal {
  const detail = 'The body broke off before its end; send the request again.'
  return new HttpRefusal({ kind: 'bad-request', detail })
}
