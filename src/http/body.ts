/** Reading a request body: media type, size, encoding, JSON. */
import type { Context } from 'hono'
import { ProtocolError } from '../scim/error.ts'
import { type Json, parseJson } from '../scim/json.ts'
import type { ScimEnv } from './context.ts'
import { HttpRefusal } from './failure.ts'

/** How many bytes the body of a request may have. */
export const MAXIMUM_BODY = 1024 * 1024
/** The same where a body lists members. */
export const MAXIMUM_GROUP_BODY = 10 * 1024 * 1024

/** The same for a bulk request. */
export const MAXIMUM_BULK_BODY = 10 * 1024 * 1024

const MEDIA_TYPES: ReadonlySet<string> = new Set(['application/scim+json', 'application/json'])

/**
 * Reads a JSON body (RFC 7644 §3.8). The media type may be left out, but another one is refused.
 *
 * @param limit in bytes; what is longer is not read to its end
 * @throws HttpRefusal 413 or 415; ProtocolError invalidSyntax
 */
export async function readJson(request: Request, limit: number): Promise<Json> {
  return (await readSizedJson(request, limit)).body
}

/** The same, with how many bytes it were. */
export async function readSizedJson(
  request: Request,
  limit: number,
): Promise<{ readonly body: Json; readonly bytes: number }> {
  const received = request.headers.get('Content-Type') ?? ''
  const mediaType = (received.split(';')[0] ?? '').trim().toLowerCase()
  if (mediaType !== '' && !MEDIA_TYPES.has(mediaType)) {
    throw new HttpRefusal({ kind: 'unsupported-media-type', received })
  }
  const bytes = await readBytes(request, limit)
  return { body: parseJson(decode(bytes)), bytes: bytes.byteLength }
}

/**
 * The same for the body of a provisioning request, which is kept at hand for the record of a refusal.
 *
 * @throws HttpRefusal 413 or 415; ProtocolError invalidSyntax
 */
export async function readRequestBody(c: Context<ScimEnv>, limit: number): Promise<Json> {
  const body = await readJson(c.req.raw, limit)
  c.set('body', body)
  return body
}

/**
 * Reads a body of lines, whatever its media type. They end with a line feed and nothing else.
 *
 * @param limit in bytes
 * @throws HttpRefusal 413, or `bad-request` where there is no line; ProtocolError invalidSyntax
 */
export async function readLines(request: Request, limit: number): Promise<string[]> {
  const lines = decode(await readBytes(request, limit)).split('\n')
  if (lines.at(-1) === '') lines.pop()
  if (lines.length > 0) return lines
  throw new HttpRefusal({ kind: 'bad-request', detail: 'The body has no line; send some.' })
}

async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  const tooLarge = () => new HttpRefusal({ kind: 'too-large', limit })
  if (Number(request.headers.get('Content-Length') ?? 0) > limit) throw tooLarge()
  const chunks: Uint8Array[] = []
  let length = 0
  // The header may be absent or wrong, so the bytes are counted as they come.
  const reader = request.body?.getReader()
  for (;;) {
    const { done, value } = (await reader?.read().catch(refuseBroken)) ?? END
    if (done) break
    length += value.byteLength
    if (length > limit) {
      await reader?.cancel()
      throw tooLarge()
    }
    chunks.push(value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

const END = { done: true, value: undefined } as const

/** A client that hangs up meets no fault of ours, and the log shall not tell of one. */
function refuseBroken(): never {
  const detail = 'The body broke off before its end; send the request again.'
  throw new HttpRefusal({ kind: 'bad-request', detail })
}

/** UTF-8, with or without a byte order mark (RFC 8259 §8.1). */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    throw new ProtocolError('invalidSyntax', 'The body is not UTF-8; encode it so.')
  }
}
