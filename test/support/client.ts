/** A client of the HTTP API that keeps status, headers and body of every answer together. */
import { inspect, learnPasswords, secretsOf } from './secrets.ts'

/** A response, read to its end. An empty body is undefined. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into bodies of every form.
  readonly body: any
}

/** Reads a response to its end. */
export async function readAnswer(response: Response): Promise<Answer> {
  const { status, headers } = response
  const text = await response.text()
  return { status, headers, body: text === '' ? undefined : JSON.parse(text) }
}

function isContent(body: unknown): body is string | Uint8Array<ArrayBuffer> | ReadableStream {
  return typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream
}

export class Client {
  readonly send: (request: Request) => Promise<Response>
  readonly base: string
  readonly token: string | undefined

  constructor(send: (request: Request) => Promise<Response>, base: string, token?: string) {
    this.send = send
    this.base = base
    this.token = token
  }

  /** The same client with another credential. */
  withToken(token: string | undefined): Client {
    return new Client(this.send, this.base, token)
  }

  /** The same client at another base URL. */
  at(base: string): Client {
    return new Client(this.send, base, this.token)
  }

  /** Sends a request; a body that is no text, bytes or stream is sent as JSON. */
  async request(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const content = body === undefined || isContent(body) ? body : JSON.stringify(body)
    const sent = new Headers()
    if (this.token !== undefined) sent.set('Authorization', `Bearer ${this.token}`)
    if (content !== undefined) sent.set('Content-Type', 'application/scim+json')
    // Names count without regard to case, so that a test's own header takes the place of these.
    for (const [name, value] of Object.entries(headers)) sent.set(name, value)
    if (typeof content === 'string') learnPasswords(content)
    const request = new Request(`${this.base}${path}`, {
      method,
      headers: sent,
      ...(content === undefined ? {} : { body: content }),
    })
    const secrets = secretsOf(request).inErrors
    const answer = await readAnswer(await this.send(request))
    // A token is shown to who makes it, and a list may be of what the query named.
    if (answer.status >= 400)
      inspect(`${method} ${path}`, JSON.stringify(answer.body ?? ''), secrets)
    else if (!path.includes('/tokens'))
      inspect(`${method} ${path}`, JSON.stringify(answer.body ?? ''))
    return answer
  }

  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.request('GET', path, undefined, headers)
  }

  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.request('POST', path, body, headers)
  }

  put(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.request('PUT', path, body, headers)
  }

  /** PATCH with the given operations. */
  patch(
    path: string,
    operations: readonly unknown[],
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp']
    return this.request('PATCH', path, { schemas, Operations: operations }, headers)
  }

  delete(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.request('DELETE', path, undefined, headers)
  }

  /** Lists what matches a filter. */
  find(path: string, filter: string): Promise<Answer> {
    return this.get(`${path}?filter=${encodeURIComponent(filter)}`)
  }
}
