import { withoutEndSlashes } from '../lib/address.ts'
import { failure } from '../lib/failure.ts'
import type { Fetch, WireRequest } from '../lib/wire.ts'
import { type Difference, isObject, type Json, type JsonObject } from './compare.ts'
import type { Ledger } from './ledger.ts'

/** One request that was made. */
export interface RequestRecord {
  /** Method and route, such as `PATCH /Users/{id}`. */
  kind: string
  status: number
  milliseconds: number
}

/** A request as a provider states it. */
export interface Call {
  kind: string
  method: string
  /** Below the base URL, with the query, encoded as this provider encodes. */
  path: string
  body?: JsonObject
  /** The only status that the provider takes for success. */
  expect: number
  /** What it is about, for the reader of a difference. */
  about: string
}

/** The connection of a simulated provider; it keeps count and remembers what went wrong. */
export interface Client {
  readonly requests: RequestRecord[]
  readonly differences: Difference[]
  /**
   * Sends a request. Any other status than the expected one is a difference.
   *
   * @returns The body of the answer (empty for none), or undefined after a failure
   * @throws Failure when nobody answers or the token is refused: nothing else would succeed either
   */
  send(call: Call): Promise<JsonObject | undefined>
  /** Notes a difference unless the two are the same JSON. */
  check(resource: string, attribute: string, expected: Json, actual: Json | undefined): void
}

/** Connects a provider, with the headers it sends on every request, to an endpoint. */
export function createClient(options: {
  baseUrl: string
  token: string
  fetch: Fetch
  headers: Record<string, string>
  /** Whether Content-Type goes out on requests without a body too. */
  alwaysContentType: boolean
  ledger: Ledger
}): Client {
  const base = withoutEndSlashes(options.baseUrl)
  const requests: RequestRecord[] = []
  const differences: Difference[] = []

  const client: Client = {
    requests,
    differences,
    async send(call) {
      const request: WireRequest = {
        method: call.method,
        headers: { ...options.headers, Authorization: `Bearer ${options.token}` },
      }
      if (call.body) request.body = JSON.stringify(call.body)
      if (call.body || options.alwaysContentType) {
        request.headers['Content-Type'] = 'application/scim+json; charset=utf-8'
      }
      const started = performance.now()
      const response = await options.fetch(base + call.path, request)
      const text = await response.text()
      const milliseconds = performance.now() - started
      requests.push({ kind: call.kind, status: response.status, milliseconds })

      const body = parse(text)
      options.ledger.note(call.method, call.path, response.status, body)
      if (response.status === 401) {
        throw failure(`The endpoint at ${base} refuses the token: ${detailOf(body, text)}`)
      }
      const resource = `${call.kind} of ${call.about}`
      if (response.status !== call.expect) {
        differences.push({
          resource,
          attribute: 'status',
          expected: String(call.expect),
          actual: `${response.status} ${detailOf(body, text)}`.trimEnd(),
        })
        return undefined
      }
      if (text !== '') {
        const type = response.headers.get('Content-Type')
        client.check(resource, 'Content-Type', 'application/scim+json', type)
      }
      return body
    },
    check(resource, attribute, expected, actual) {
      const [wanted, found] = [JSON.stringify(expected), JSON.stringify(actual ?? null)]
      if (wanted !== found)
        differences.push({ resource, attribute, expected: wanted, actual: found })
    },
  }
  return client
}

function parse(text: string): JsonObject {
  try {
    const value: Json = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

function detailOf(body: JsonObject, text: string): string {
  if (typeof body.detail === 'string') return body.detail
  if (typeof body.message === 'string') return body.message
  return text.replace(/\s+/g, ' ').slice(0, 200)
}

/**
 * Runs tasks in order of their start, a few at a time. The first failure ends it, and so does the
 * signal; what was begun by then is waited for.
 */
export async function inLanes(
  tasks: readonly (() => Promise<void>)[],
  lanes: number,
  signal?: AbortSignal,
): Promise<void> {
  // All lanes take from one iterator, so every task is started once.
  const queue = tasks.values()
  let failed = false
  const lane = async () => {
    for (const task of queue) {
      if (failed || signal?.aborted) return
      await task().catch((error: unknown) => {
        failed = true
        throw error
      })
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane))
  for (const end of ends) {
    if (end.status === 'rejected') throw end.reason
  }
  if (signal?.aborted) throw failure('The simulation was stopped.')
}
