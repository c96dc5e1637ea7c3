// The connection to the service provider: what was sent and what came stay together.
import { isObject, type Json, type JsonObject, read } from './json.ts'
import { PATCH_OP } from './urns.ts'

/** A request as it goes over the wire. */
export interface Outgoing {
  method: string
  headers: Record<string, string>
  body?: string | Uint8Array
}

/** The part of a Response that is read. */
export interface Incoming {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  text(): Promise<string>
}

/** Sends one request without following redirects; a `fetch` of any kind can be made to fit. */
export type Send = (url: string, request: Outgoing) => Incoming | Promise<Incoming>

/** A request as a report shows it: no header, so no credential. */
export interface Sent {
  readonly method: string
  readonly url: string
  readonly body?: string
}

/** An answer, read to its end, with the request it belongs to. */
export interface Answer {
  readonly request: Sent
  readonly status: number
  readonly text: string
  /** The body, if it is JSON. */
  readonly body: Json | undefined
  header(name: string): string | undefined
}

/** Header fields to add; undefined leaves out one that is sent otherwise. */
export type Headers = Readonly<Record<string, string | undefined>>

/** A body: text and bytes go out as they are, everything else as JSON. */
export type Body = Json | Uint8Array

/** A way to one base URL with one credential. */
export interface Client {
  readonly base: string
  send(method: string, path: string, body?: Body, headers?: Headers): Promise<Answer>
  get(path: string, headers?: Headers): Promise<Answer>
  post(path: string, body: Body, headers?: Headers): Promise<Answer>
  put(path: string, body: Body, headers?: Headers): Promise<Answer>
  /** PATCH with these operations. */
  patch(path: string, operations: readonly JsonObject[], headers?: Headers): Promise<Answer>
  delete(path: string, headers?: Headers): Promise<Answer>
}

/** No answer came; the request is known nevertheless. */
export interface NoAnswer extends Error {
  readonly request: Sent
}

/** Tells a request without an answer from other errors. */
export function isNoAnswer(error: unknown): error is NoAnswer {
  return error instanceof Error && error.name === 'NoAnswer'
}

/** What a connection needs and whom it tells. */
export interface Connection {
  readonly base: string
  readonly token: string | undefined
  readonly send: Send
  /** Texts that no report may show. */
  readonly secrets: readonly string[]
  /** Hears every answer. */
  readonly heard: (client: Client, answer: Answer) => void
}

const LONGEST_SHOWN_BODY = 2000

/** Connects to a base URL. */
export function connect(connection: Connection): Client {
  const { base, token, secrets } = connection
  const client: Client = {
    base,
    async send(method, path, body, headers = {}) {
      const content = encode(body)
      const request: Sent = {
        method,
        url: hide(base + path, secrets),
        ...(content === undefined ? {} : { body: hide(show(content), secrets) }),
      }
      const outgoing: Outgoing = {
        method,
        headers: headersFrom({
          Accept: 'application/scim+json',
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(content === undefined ? {} : { 'Content-Type': 'application/scim+json' }),
          ...headers,
        }),
      }
      if (content !== undefined) outgoing.body = content
      try {
        const incoming = await connection.send(base + path, outgoing)
        const text = hide(await incoming.text(), secrets)
        const answer: Answer = {
          request,
          status: incoming.status,
          text,
          body: parse(text),
          header(name) {
            const value = incoming.headers.get(name)
            return value === null ? undefined : hide(value, secrets)
          },
        }
        connection.heard(client, answer)
        return answer
      } catch (error) {
        const reason = hide(error instanceof Error ? error.message : String(error), secrets)
        throw Object.assign(new Error(reason), { name: 'NoAnswer', request })
      }
    },
    get: (path, headers) => client.send('GET', path, undefined, headers),
    post: (path, body, headers) => client.send('POST', path, body, headers),
    put: (path, body, headers) => client.send('PUT', path, body, headers),
    patch: (path, operations, headers) =>
      client.send('PATCH', path, { schemas: [PATCH_OP], Operations: [...operations] }, headers),
    delete: (path, headers) => client.send('DELETE', path, undefined, headers),
  }
  return client
}

/** A path with query parameters, percent-encoded. */
export function query(path: string, parameters: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(parameters).map(
    ([name, value]) => `${name}=${encodeURIComponent(value)}`,
  )
  return `${path}?${pairs.join('&')}`
}

/** The resources of a ListResponse. */
export function resourcesOf(answer: Answer): JsonObject[] {
  const resources = read(answer.body, 'Resources')
  return Array.isArray(resources) ? resources.filter(isObject) : []
}

/** The ids of the resources of a ListResponse, in their order. */
export function idsOf(answer: Answer): string[] {
  return resourcesOf(answer).map(({ id }) => String(id))
}

function encode(body: Body | undefined): string | Uint8Array | undefined {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return body
  return JSON.stringify(body)
}

function headersFrom(fields: Headers): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    // A field given in another case replaces the one of the same name.
    const same = Object.keys(headers).find((key) => key.toLowerCase() === name.toLowerCase())
    if (same !== undefined) delete headers[same]
    headers[name] = value
  }
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) delete headers[name]
  }
  return headers
}

function show(content: string | Uint8Array): string {
  const text = typeof content === 'string' ? content : new TextDecoder().decode(content)
  if (text.length <= LONGEST_SHOWN_BODY) return text
  return `${text.slice(0, LONGEST_SHOWN_BODY)}… (${text.length} characters)`
}

function hide(text: string, secrets: readonly string[]): string {
  let shown = text
  for (const secret of secrets) {
    if (secret !== '') shown = shown.replaceAll(secret, '<token>')
  }
  return shown
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
