/** Runs the operator's tool against answers that a test gives. */
import { expect } from 'vitest'
import { runAdmin } from '../../../scripts/admin/admin.ts'
import type { AdminWorld } from '../../../scripts/admin/connection.ts'
import { readAddress } from '../../../scripts/lib/address.ts'
import type { Fetch, WireRequest } from '../../../scripts/lib/wire.ts'

export const NOW = Date.parse('2026-11-24T16:36:00Z')

const ORIGIN = 'http://127.0.0.1:8787'
const NAMESPACES = `${ORIGIN}/apis/scim.grafana.app/v0alpha1/namespaces`

/** A request: method and path below the collection of namespaces, and the body if there is one. */
export type Call = readonly [request: string, body?: unknown]

/** An answer; a text goes over the wire as it stands, everything else as JSON. */
export type Answer = readonly [status: number, body?: unknown]

export interface Run {
  readonly status: number
  readonly out: string
  readonly error: string
  readonly calls: readonly Call[]
}

interface Options {
  readonly operatorToken?: string
  /** What the deployment calls every request. */
  readonly requestId?: string
}

/**
 * Runs the tool to its end. Each request takes the next answer, and every answer must be taken.
 */
export async function admin(
  args: readonly string[],
  answers: readonly Answer[] = [],
  { operatorToken = 'operator', requestId, ...world }: Partial<AdminWorld> & Options = {},
): Promise<Run> {
  const [out, error, calls]: [string[], string[], Call[]] = [[], [], []]
  const left = [...answers]
  const fetch: Fetch = (url: string, { headers, method, body }: WireRequest) => {
    expect(headers.Authorization).toBe('Bearer operator')
    const lines = headers['Content-Type'] === 'application/x-ndjson'
    const type = lines ? 'application/x-ndjson' : 'application/json'
    expect(headers['Content-Type']).toBe(body === undefined ? undefined : type)
    expect(url.startsWith(NAMESPACES)).toBe(true)
    const request = `${method} ${url.slice(NAMESPACES.length)}`
    calls.push(body === undefined ? [request] : [request, lines ? body : JSON.parse(body)])
    const [status, answer] = left.shift() ?? [599]
    return {
      status,
      headers: { get: (name) => (name === 'X-Request-Id' ? (requestId ?? null) : null) },
      text: async () =>
        answer === undefined ? '' : typeof answer === 'string' ? answer : JSON.stringify(answer),
    }
  }
  const status = await runAdmin(args, {
    fetch,
    findPlace: async (url = ORIGIN) => ({
      ...readAddress(url),
      secret: (name) => (name === 'OPERATOR_TOKEN' ? operatorToken : undefined),
    }),
    namespace: undefined,
    now: () => NOW,
    terminal: { out: (text) => out.push(text), error: (text) => error.push(text) },
    sleep: async () => {},
    untilInterrupted: () => new AbortController().signal,
    openProgress: () => ({ phase: () => {}, advance: () => {}, close: () => {} }),
    ...world,
  })
  expect(left, 'answers that nobody asked for').toEqual([])
  return { status, out: out.join('\n'), error: withoutOrigin(error.join('\n')), calls }
}

/**
 * What was said of a refusal, without the address that was asked, which every such sentence ends with;
 * usage.test.ts looks at it.
 */
function withoutOrigin(error: string): string {
  return error.replaceAll(` (${ORIGIN}).`, '.')
}

/** The lines of a text. */
export function lines(...text: readonly string[]): string {
  return text.join('\n')
}
