import { z } from 'zod'
import { failure, oneSentence } from './failure.ts'
import type { Fetch, WireResponse } from './wire.ts'

/** The path below which every namespace has its SCIM endpoint and its admin API. */
export const NAMESPACES = '/apis/scim.grafana.app/v0alpha1/namespaces'

/** Parameters of a query; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** What a request carries: a value as JSON, or lines as they stand. */
export interface AdminRequest {
  readonly query?: Query
  readonly body?: unknown
  readonly ndjson?: string
}

/** The operator's calls of the admin API. Every one throws a Failure when it is refused. */
export interface AdminClient {
  /** Where the deployment answers. */
  readonly origin: string
  /** Sends a request and reads the answer, which must have the shape. */
  send<T>(method: string, path: string, shape: z.ZodType<T>, request?: AdminRequest): Promise<T>
  /** Reads an answer that is not JSON, as it stands. */
  text(path: string, query: Query): Promise<string>
}

/** Makes the operator's client of the deployment at an origin; its paths begin at NAMESPACES. */
export function createAdminClient(origin: string, secret: string, fetch: Fetch): AdminClient {
  const exchange = async (
    method: string,
    path: string,
    { query = {}, body, ndjson }: AdminRequest,
    accept: string,
  ): Promise<string> => {
    const url = origin + NAMESPACES + path + queryString(query)
    const headers: Record<string, string> = { Authorization: `Bearer ${secret}`, Accept: accept }
    const content = ndjson ?? (body === undefined ? undefined : JSON.stringify(body))
    let response: WireResponse
    if (content === undefined) {
      response = await fetch(url, { method, headers })
    } else {
      headers['Content-Type'] = ndjson === undefined ? 'application/json' : 'application/x-ndjson'
      response = await fetch(url, { method, headers, body: content })
    }
    const text = await response.text()
    if (response.status >= 300) throw refusal(origin, response, text)
    return text
  }

  return {
    origin,
    async send(method, path, shape, request = {}) {
      const text = await exchange(method, path, request, 'application/json')
      const parsed = shape.safeParse(parseJson(text))
      if (!parsed.success) throw strange(origin)
      return parsed.data
    },
    text: (path, query) => exchange('GET', path, { query }, '*/*'),
  }
}

/** The same client, with paths that begin at a namespace. */
export function inNamespace(client: AdminClient, namespace: string): AdminClient {
  const base = path`/${namespace}`
  return {
    origin: client.origin,
    send: (method, rest, shape, request) => client.send(method, base + rest, shape, request),
    text: (rest, query) => client.text(base + rest, query),
  }
}

/**
 * Writes a path; the values in it are escaped.
 *
 * @throws Failure for a value that would make it the path of something else
 */
export function path(texts: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw({ raw: texts }, ...values.map(segment))
}

function segment(value: string): string {
  // Every URL is freed of empty and dotted segments: what stands above would be meant.
  if (/^\.{0,2}$/.test(value)) throw failure(`'${value}' is neither a name nor an id.`)
  return encodeURIComponent(value)
}

/** How many entries of a list are asked for at once: as many as the server gives. */
export const PAGE = 1000

const pageShape = z.looseObject({ nextCursor: z.string().nullish() })

/**
 * Reads a list to its end.
 *
 * @param key the member of each page that holds its entries
 * @param query what narrows the list down
 */
export async function readAll<T>(
  client: AdminClient,
  path: string,
  key: string,
  shape: z.ZodType<T>,
  query: Query = {},
): Promise<T[]> {
  const all: T[] = []
  for (let cursor: string | undefined; ; ) {
    const request = { query: { ...query, limit: PAGE, cursor } }
    const page = await client.send('GET', path, pageShape, request)
    const entries = z.array(shape).safeParse(page[key])
    if (!entries.success) throw strange(client.origin)
    all.push(...entries.data)
    if (!page.nextCursor) return all
    cursor = page.nextCursor
  }
}

/** Tells whether a request was refused with this status and, where one is given, this messageId. */
export function isRefusal(error: unknown, status: number, messageId?: string): boolean {
  if (!(error instanceof Error && 'status' in error && error.status === status)) return false
  return messageId === undefined || ('messageId' in error && error.messageId === messageId)
}

/** What is thrown when an answer is not what the admin API would say. */
function strange(origin: string): Error {
  return failure(`What answers at ${origin} is not scim-edge's admin API.`)
}

/**
 * What a refusal means: the server's own sentence, when it gave one, and the request, of which the log
 * of the deployment tells more.
 */
function refusal(origin: string, { status, headers }: WireResponse, text: string): Error {
  const parsed = z.object({ messageId: sentence }).safeParse(parseJson(text))
  const messageId = parsed.data?.messageId
  const requestId = headers.get('X-Request-Id')
  const message = refusalSentence(origin, status, text, requestId ?? undefined)
  return Object.assign(failure(message), { status, messageId })
}

const sentence = z.string().min(1)

function refusalSentence(origin: string, status: number, text: string, requestId?: string): string {
  const request = requestId === undefined ? '' : `request ${requestId}`
  const apart = request && ` (${request})`
  if (status === 401) return `The deployment at ${origin} does not accept OPERATOR_TOKEN${apart}.`
  const parsed = z
    .object({ detail: sentence })
    .transform(({ detail }) => detail)
    .or(z.object({ message: sentence }).transform(({ message }) => message))
    .safeParse(parseJson(text))
  if (!parsed.success) return `${origin} answered with status ${status}${apart}.`
  const asked = request === '' ? origin : `${origin}, ${request}`
  return `${oneSentence(parsed.data).replace(/\.$/, '')} (${asked}).`
}

function queryString(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
