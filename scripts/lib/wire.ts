import http from 'node:http'
import https from 'node:https'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { isLoopback } from './address.ts'
import { failure } from './failure.ts'

/** A request as it is to go over the wire: no header is added but Host, length and Connection. */
export interface WireRequest {
  method: string
  headers: Record<string, string>
  body?: string
}

/** The part of a Response that the tools read. */
export interface WireResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  text(): Promise<string>
}

/** Sends one request. `fetch`, and the `request` method of a Hono app, are of this shape too. */
export type Fetch = (url: string, request: WireRequest) => WireResponse | Promise<WireResponse>

// Okta closes a socket after 60 seconds; nobody is served by waiting longer.
const PATIENCE = 60_000

const agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
}

/**
 * Sends a request with exactly the headers given. The built-in fetch cannot do that: it adds a
 * User-Agent, Accept and more, while some identity providers send none of them.
 *
 * @throws Failure when no answer comes
 */
export async function wireFetch(url: string, request: WireRequest): Promise<WireResponse> {
  const target = new URL(url)
  try {
    return await exchange(target, request)
  } catch (error) {
    throw explain(target, error)
  }
}

function exchange(target: URL, request: WireRequest): Promise<WireResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<WireResponse>()
  const secure = target.protocol === 'https:'
  const options: http.RequestOptions = {
    method: request.method,
    headers: lengthGiven(request),
    agent: agents[secure ? 'https:' : 'http:'],
    timeout: PATIENCE,
  }
  const outgoing = secure ? https.request(target.href, options) : http.request(target.href, options)
  outgoing.on('response', (incoming) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('error', reject)
    incoming.on('end', () => {
      try {
        resolve(answer(incoming, Buffer.concat(chunks)))
      } catch (error) {
        reject(error)
      }
    })
  })
  outgoing.on('timeout', () => outgoing.destroy(failure(`${target.origin} did not answer in time`)))
  outgoing.on('error', (error) => {
    // The server may close an idle connection just as it is used again; nothing was read then.
    if (outgoing.reusedSocket && codeOf(error) === 'ECONNRESET') {
      exchange(target, request).then(resolve, reject)
    } else {
      reject(error)
    }
  })
  outgoing.end(request.body)
  return promise
}

function lengthGiven(request: WireRequest): Record<string, string> {
  if (request.body === undefined) return request.headers
  return { ...request.headers, 'Content-Length': String(Buffer.byteLength(request.body)) }
}

function answer(incoming: http.IncomingMessage, body: Buffer): WireResponse {
  const text = decompress(incoming.headers['content-encoding'], body).toString('utf8')
  return {
    status: incoming.statusCode ?? 0,
    headers: {
      get(name) {
        const value = incoming.headers[name.toLowerCase()]
        return Array.isArray(value) ? value.join(', ') : (value ?? null)
      },
    },
    text: async () => text,
  }
}

function decompress(encoding: string | undefined, body: Buffer): Buffer {
  if (body.length === 0) return body
  if (encoding === 'gzip') return gunzipSync(body)
  if (encoding === 'deflate') return inflateSync(body)
  if (encoding === 'br') return brotliDecompressSync(body)
  return body
}

function explain(target: URL, error: unknown): Error {
  if (error instanceof Error && error.name === 'Failure') return error
  const code = codeOf(error)
  if (code === 'ECONNREFUSED') {
    const how = isLoopback(target) ? '; start it with npm run dev or npm run serve' : ''
    return failure(`Nothing answers at ${target.origin}${how}.`)
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return failure(`The host of ${target.origin} is not known.`)
  }
  const reason = error instanceof Error ? error.message : String(error)
  return failure(`The connection to ${target.origin} failed: ${code ?? reason}.`)
}

/** Finds the system's error code, also inside the several attempts of a host with two addresses. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  if (error instanceof Error && 'code' in error) return String(error.code)
  return undefined
}
