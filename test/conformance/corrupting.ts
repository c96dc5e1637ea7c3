/** A server that is wrong in one point: requests and answers are tampered with on their way. */
import type { Outgoing, Send } from '../../scripts/conformance/client.ts'
import type { JsonObject } from '../../scripts/conformance/json.ts'
import type { Target } from '../../scripts/conformance/run.ts'

/** A request on its way to the server; what is changed arrives changed. */
export interface Asked {
  method: string
  /** The base URL of one of the tenants. */
  base: string
  /** Below the base URL, with the query taken off. */
  path: string
  readonly query: URLSearchParams
  readonly headers: Record<string, string>
  body: Outgoing['body']
}

/** An answer on its way to the client. */
export interface Answered {
  status: number
  readonly headers: Map<string, string>
  // biome-ignore lint/suspicious/noExplicitAny: defects reach into bodies of every form.
  body: any
}

/** How a server is wrong. */
export interface Corruption {
  /** Changes a request; an answer returned from here is given instead of the server's. */
  readonly ask?: (asked: Asked, target: Target) => Answered | undefined
  readonly answer?: (answered: Answered, asked: Asked) => void
}

/** The endpoint with a defect in front of it. */
export function corrupting(target: Target, { ask, answer }: Corruption): Target {
  const bases = [target.baseUrl, target.other?.baseUrl ?? target.baseUrl]
  const send: Send = async (url, request) => {
    const base = bases.find((one) => url.startsWith(`${one}/`)) ?? target.baseUrl
    const [path = '', search = ''] = url.slice(base.length).split(/\?(.*)/s)
    const asked: Asked = {
      method: request.method,
      base,
      path,
      query: new URLSearchParams(search),
      headers: { ...request.headers },
      body: request.body,
    }
    // What the defect is to see is what the client sent, not what it makes of it.
    const original: Asked = { ...asked, query: new URLSearchParams(search) }
    const before = asked.query.toString()
    let answered = ask?.(asked, target)
    if (answered === undefined) {
      const query = asked.query.toString()
      // A query that nobody touched goes out as it was written.
      const suffix = query === before ? search && `?${search}` : query && `?${query}`
      const { method, headers, body } = asked
      const outgoing = { method, headers, ...(body === undefined ? {} : { body }) }
      const response = await target.send(`${asked.base}${asked.path}${suffix}`, outgoing)
      answered = await read(response)
    }
    answer?.(answered, original)
    return written(answered)
  }
  return { ...target, send }
}

/** The JSON body of a request. */
export function jsonOf(asked: Asked): JsonObject {
  try {
    return typeof asked.body === 'string' ? JSON.parse(asked.body) : {}
  } catch {
    return {}
  }
}

/** The header fields that checks look at. */
const FIELDS = [
  ...['Content-Type', 'Location', 'ETag', 'Allow', 'WWW-Authenticate', 'Cache-Control', 'Date'],
  ...['X-Content-Type-Options', 'Strict-Transport-Security', 'X-Injected'],
]

async function read(response: Awaited<ReturnType<Send>>): Promise<Answered> {
  const text = await response.text()
  const headers = new Map<string, string>()
  for (const name of FIELDS) {
    const value = response.headers.get(name)
    if (value !== null) headers.set(name.toLowerCase(), value)
  }
  return { status: response.status, headers, body: text === '' ? undefined : JSON.parse(text) }
}

function written({ status, headers, body }: Answered): Awaited<ReturnType<Send>> {
  const text = body === undefined ? '' : JSON.stringify(body)
  return {
    status,
    headers: { get: (name) => headers.get(name.toLowerCase()) ?? null },
    text: async () => text,
  }
}
