/** HTTP on Node: listens, serves, and ends without cutting anybody off. */
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { StartFailure } from './failure.ts'

/** As on Workers: 128 KiB of headers, and a URL of 16 KiB, which Node counts in. */
const HEADER_BYTES = (128 + 16) * 1024

/**
 * How many milliseconds the headers of a request may take, and all of it. The application gives each
 * body its time and answers with a sentence; this ends what it does not read.
 */
const HEADERS_TIMEOUT = 20_000
const REQUEST_TIMEOUT = 90_000
/** How often Node looks whether these are over; of its own it does so every thirty seconds. */
const TIMEOUT_CHECKS = 5_000
/** How many milliseconds a connection may be without a byte, such as one whose client reads no answer. */
const IDLE_TIMEOUT = 120_000

/** How many requests of one connection may wait for their turn. */
export const MAXIMUM_WAITING = 20

/** How many milliseconds requests in flight, and what follows them, are given at the end. */
const GRACE = 10_000

/** What an application is called with on Node. */
type Serve = (request: Request, bindings: object, context: object) => Response | Promise<Response>

export interface Listening {
  /** The address, as a URL. */
  readonly url: string
  /** Waits for a promise before the process ends. */
  readonly track: (task: Promise<unknown>) => void
  /** Stops listening, and waits for requests in flight and for what is tracked, up to ten seconds. */
  readonly close: () => Promise<void>
}

/**
 * Listens on an address.
 *
 * @param port 0 for any that is free
 * @throws StartFailure where that cannot be done
 */
export async function listen(host: string, port: number, serve: Serve): Promise<Listening> {
  const running = new Set<Promise<unknown>>()
  let closing = false
  const track = (task: Promise<unknown>) => {
    const done: Promise<unknown> = Promise.allSettled([task]).then(() => running.delete(done))
    running.add(done)
  }
  const turn = makeTurns()
  const context = { waitUntil: track, passThroughOnException: () => undefined, props: {} }
  const server = createAdaptorServer({
    async fetch(request: Request, bindings) {
      // The bindings of HTTP/2 are for a server that speaks it.
      const { incoming, outgoing } = bindings as HttpBindings
      // Nobody reads this answer.
      if (!(await turn(incoming, outgoing))) return new Response(null, { status: 503 })
      // Whoever hangs up does not end what was begun, and the end waits for it.
      const answer = Promise.resolve(serve(request, {}, context))
      track(answer)
      const response = await answer
      if (closing) response.headers.set('Connection', 'close')
      return response
    },
    serverOptions: {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      connectionsCheckingInterval: TIMEOUT_CHECKS,
    },
  }) as Server
  server.setTimeout(IDLE_TIMEOUT)
  server.listen(port, host)
  await once(server, 'listening').catch(async (error: NodeJS.ErrnoException) => {
    throw await refusalOf(error, host, port)
  })

  return {
    url: urlOf(server.address() as AddressInfo),
    track,
    async close() {
      closing = true
      const closed = once(server, 'close')
      server.close()
      const ended = (async () => {
        await closed
        while (running.size > 0) await Promise.all(running)
      })()
      // A connection that is kept alive becomes idle once its request is answered.
      const idle = setInterval(() => server.closeIdleConnections(), 50)
      await Promise.race([ended, pause(GRACE, undefined, { ref: false })])
      clearInterval(idle)
      server.closeAllConnections()
    },
  }
}

/** The requests of a connection that came while another was answered. */
interface Line {
  busy: boolean
  readonly waiting: (() => void)[]
}

/**
 * Makes the requests of each connection take turns. A client may send many without a wait for the
 * answers (RFC 9112 §9.3.2), which go out in order; all of them at once would keep their answers in
 * memory for as long as it likes. One that sends too many loses the connection.
 *
 * @returns what waits for the turn of a request; false where its connection is gone
 */
function makeTurns() {
  const lines = new WeakMap<Socket, Line>()
  function lineOf(socket: Socket): Line {
    const known = lines.get(socket)
    if (known !== undefined) return known
    const line: Line = { busy: false, waiting: [] }
    lines.set(socket, line)
    socket.once('close', () => {
      for (const proceed of line.waiting.splice(0)) proceed()
    })
    return line
  }
  return async ({ socket }: IncomingMessage, outgoing: ServerResponse): Promise<boolean> => {
    const line = lineOf(socket)
    if (line.waiting.length >= MAXIMUM_WAITING) socket.destroy()
    if (socket.destroyed) return false
    outgoing.once('close', () => {
      line.busy = false
      line.waiting.shift()?.()
    })
    if (line.busy) await new Promise<void>((resolve) => line.waiting.push(resolve))
    line.busy = true
    return !socket.destroyed
  }
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

async function refusalOf(
  { code }: NodeJS.ErrnoException,
  host: string,
  port: number,
): Promise<StartFailure> {
  return new StartFailure(
    code === 'EADDRINUSE'
      ? `Port ${port} on ${host} is taken; stop what listens there, or choose another one: ` +
          `npm run serve -- --port ${await freePort(host, port)}.`
      : `Nothing can listen on port ${port} of ${host} (${code}); set HOST and PORT to others.`,
  )
}

/** How many ports after one that is taken are tried before any will do. */
const NEARBY = 20

/** A port that is free at this moment: one that follows a given one, else any. */
export async function freePort(host: string, after: number): Promise<number> {
  for (let port = after + 1; port <= Math.min(after + NEARBY, 65_535); port += 1) {
    if ((await probe(host, port)) !== undefined) return port
  }
  return (await probe(host, 0)) ?? 0
}

/** Whether a port can be listened on at this moment. */
export async function isFree(host: string, port: number): Promise<boolean> {
  return (await probe(host, port)) !== undefined
}

/** The port that can be listened on; undefined where it cannot. */
async function probe(host: string, port: number): Promise<number | undefined> {
  const server = createAdaptorServer({
    async fetch(request: Request) {
      return new Response(`${request.url} is not served yet`, { status: 503 })
    },
  })
  try {
    server.listen(port, host)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch {
    return undefined
  } finally {
    server.close()
  }
}
