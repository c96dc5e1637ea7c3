/** Load: sends requests over kept-alive connections in lanes, and takes the time of each. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { failure } from '../lib/failure.ts'
import { printable } from '../lib/printable.ts'

export interface Call {
  readonly method: string
  /** Follows the base URL of the server. */
  readonly path: string
  readonly body?: unknown
}

export interface Answer {
  readonly status: number
  readonly text: string
  readonly serverTiming: string | undefined
}

/** A server under load. */
export interface Server {
  readonly send: (call: Call, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  /** Milliseconds that its processes have computed so far; absent where they are elsewhere. */
  readonly cpu?: (() => number) | undefined
  readonly close: () => void
}

/** What was measured of an operation; the slices of several rounds add up. */
export interface Samples {
  /** Milliseconds of each request. */
  readonly latencies: number[]
  /** Milliseconds in which they were sent. */
  elapsed: number
  /** Milliseconds that the server computed meanwhile. */
  cpu: number | undefined
}

/** Reaches a server; `concurrency` connections at most. */
export function connect(
  base: string,
  token: string,
  concurrency: number,
  cpu?: () => number,
): Server {
  const secure = base.startsWith('https:')
  const options = { keepAlive: true, maxSockets: concurrency }
  const agent = secure ? new HttpsAgent(options) : new HttpAgent(options)
  const open = secure ? httpsRequest : httpRequest
  const authorization = `Bearer ${token}`
  return {
    cpu,
    close: () => agent.destroy(),
    send: ({ method, path, body }, headers) =>
      new Promise((resolve, reject) => {
        const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
        const type =
          content === undefined
            ? {}
            : { 'Content-Type': 'application/scim+json', 'Content-Length': content.length }
        const request = open(
          base + path,
          { agent, method, headers: { Authorization: authorization, ...type, ...headers } },
          (response) => {
            const chunks: Buffer[] = []
            response.on('data', (chunk: Buffer) => chunks.push(chunk))
            response.on('error', reject)
            response.on('end', () => {
              const serverTiming = response.headers['server-timing']
              resolve({
                status: response.statusCode ?? 0,
                text: Buffer.concat(chunks).toString(),
                serverTiming: serverTiming === undefined ? undefined : String(serverTiming),
              })
            })
          },
        )
        request.on('error', ({ message }) =>
          reject(failure(`${method} ${path} got no answer: ${message}`)),
        )
        request.end(content)
      }),
  }
}

/** Sends a request, and takes any failure for one of the run. */
export async function sendOrFail(
  server: Server,
  call: Call,
  headers?: Readonly<Record<string, string>>,
): Promise<Answer> {
  const answer = await server.send(call, headers)
  if (answer.status >= 200 && answer.status < 300) return answer
  const text = printable(answer.text.slice(0, 300))
  throw failure(`${call.method} ${call.path} was answered with ${answer.status}: ${text}`)
}

export function noSamples(): Samples {
  return { latencies: [], elapsed: 0, cpu: undefined }
}

/** How much one slice of a measurement may send. */
export interface Slice {
  readonly requests: number
  readonly concurrency: number
  /** Milliseconds after which nothing more is sent. */
  readonly atMost: number
}

/**
 * Sends one slice and adds it to the samples.
 *
 * @param next makes the call of a step in a lane; the steps of a lane are sent one after the other
 */
export async function measure(
  server: Server,
  next: (lane: number) => Call,
  { requests, concurrency, atMost }: Slice,
  samples: Samples,
): Promise<void> {
  let left = requests
  const computed = server.cpu?.()
  const began = performance.now()
  const lane = async (index: number) => {
    while (left > 0 && performance.now() - began < atMost) {
      left -= 1
      const call = next(index)
      const sent = performance.now()
      await sendOrFail(server, call)
      samples.latencies.push(performance.now() - sent)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, (_, index) => lane(index)))
  samples.elapsed += performance.now() - began
  if (computed !== undefined && server.cpu) {
    samples.cpu = (samples.cpu ?? 0) + server.cpu() - computed
  }
}
