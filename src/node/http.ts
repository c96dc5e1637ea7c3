/** HTTP on Node: listens, serves, and ends without cutting anybody off. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { createAdaptorServer } from '@hono/node-server'
import { StartFailure } from './failure.ts'

/** As on Workers: 128 KiB of headers, and a URL of 16 KiB, which Node counts in. */
const HEADER_BYTES = (128 + 16) * 1024

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
  const context = { waitUntil: track, passThroughOnException: () => undefined, props: {} }
  const server = createAdaptorServer({
    async fetch(request: Request) {
      // Whoever hangs up does not end what was begun, and the end waits for it.
      const answer = Promise.resolve(serve(request, {}, context))
      track(answer)
      const response = await answer
      if (closing) response.headers.set('Connection', 'close')
      return response
    },
    serverOptions: { maxHeaderSize: HEADER_BYTES },
  }) as Server
  server.listen(port, host)
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw new StartFailure(sentenceOf(error, host, port))
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

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

function sentenceOf({ code }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'EADDRINUSE') {
    return `Port ${port} on ${host} is taken; stop what listens there, or set PORT to another one.`
  }
  return `Nothing can listen on port ${port} of ${host} (${code}); set HOST and PORT to others.`
}
