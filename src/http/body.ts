/** Reading a request body: media type, coding, size, encoding, JSON. */
import type { Context } from 'hono'
import { ProtocolError } from '../scim/error.ts'
import { type Json, parseJson } from '../scim/json.ts'
import { type Caller, decideCredential } from '../store/authority.ts'
import { andThen, type Held, hold, holdAsync } from '../store/held.ts'
import type { ScimEnv } from './context.ts'
import { HttpRefusal } from './failure.ts'
import { receive } from './pending.ts'

/** How many bytes the body of a request may have. */
export const MAXIMUM_BODY = 1024 * 1024
/** The same where a body lists members. */
export const MAXIMUM_GROUP_BODY = 10 * 1024 * 1024

/** The same for a bulk request. */
export const MAXIMUM_BULK_BODY = 10 * 1024 * 1024

const MEDIA_TYPES: ReadonlySet<string> = new Set(['application/scim+json', 'application/json'])

/** From how many bytes on a body is neither read nor parsed until the credential is decided. */
export const LONG_BODY = 64 * 1024

/** Who sends a body: somebody whose claim is to be decided, or the operator, whose secret was compared. */
export type Sender = Caller | 'operator'

/**
 * Reads a JSON body (RFC 7644 §3.8). The media type may be left out, but another one is refused.
 *
 * @param limit in bytes; what is longer is not read to its end
 * @returns the body, or what is wrong with it: HttpRefusal 408, 413, 415 or 503, or ProtocolError
 *   invalidSyntax
 * @throws Refusal where a long body comes with a credential that is not good enough
 */
export async function readJson(
  c: Context<ScimEnv>,
  sender: Sender,
  limit: number,
): Promise<Held<Json>> {
  return andThen(await readSizedJson(c, sender, limit), ({ body }) => body)
}

/** The same, with how many bytes it were. */
export async function readSizedJson(
  c: Context<ScimEnv>,
  sender: Sender,
  limit: number,
): Promise<Held<{ readonly body: Json; readonly bytes: number }>> {
  const read = await readBytes(c, sender, limit, refuseMediaType)
  return andThen(read, (bytes) => ({ body: parseJson(decode(bytes)), bytes: bytes.byteLength }))
}

/** The same as `readJson` for a provisioning request: the body is kept for the record of a refusal. */
export async function readRequestBody(
  c: Context<ScimEnv>,
  sender: Sender,
  limit: number,
): Promise<Held<Json>> {
  const body = await readJson(c, sender, limit)
  if (body.ok) c.set('body', body.value)
  return body
}

/**
 * Reads a body of lines, whatever its media type. They end with a line feed and nothing else.
 *
 * @param limit in bytes
 * @returns the lines, or what is wrong with them, as for JSON, or that there is none
 * @throws Refusal where a long body comes with a credential that is not good enough
 */
export async function readLines(
  c: Context<ScimEnv>,
  sender: Sender,
  limit: number,
): Promise<Held<string[]>> {
  const read = await readBytes(c, sender, limit, () => undefined)
  return andThen(read, (bytes) => {
    const lines = decode(bytes).split('\n')
    if (lines.at(-1) === '') lines.pop()
    if (lines.length > 0) return lines
    throw new HttpRefusal({ kind: 'bad-request', detail: 'The body has no line; send some.' })
  })
}

/**
 * Reads the bytes of a body: the one way in for all of them. The beginning is read at once, so that a
 * short body is decided in the same trip as the credential; before more is read, the credential is
 * decided by a trip of its own.
 */
async function readBytes(
  c: Context<ScimEnv>,
  sender: Sender,
  limit: number,
  refuse: (headers: Headers) => void,
): Promise<Held<Uint8Array>> {
  const { headers, body } = c.req.raw
  // The header may be absent or wrong, so the bytes are counted as well.
  const announced = Number(headers.get('Content-Length') ?? 0)
  const acceptable = hold(() => {
    refuse(headers)
    refuseCoding(headers)
    if (announced > limit) throw new HttpRefusal({ kind: 'too-large', limit })
  })
  if (!acceptable.ok) return acceptable
  const { undecided, decided } = c.get('bodies')
  const arrival = receive(body, limit)
  try {
    if (announced < LONG_BODY) {
      const ended = await holdAsync(() => arrival.read(undecided, LONG_BODY))
      if (!ended.ok) return ended
      if (ended.value) return { ok: true, value: arrival.bytes() }
    }
    if (sender !== 'operator') await decideCredential(sender)
    return await holdAsync(async () => {
      await arrival.read(decided, Number.POSITIVE_INFINITY)
      return arrival.bytes()
    })
  } finally {
    arrival.end()
  }
}

function refuseMediaType(headers: Headers): void {
  const received = headers.get('Content-Type') ?? ''
  const mediaType = (received.split(';', 1)[0] ?? '').trim().toLowerCase()
  if (mediaType !== '' && !MEDIA_TYPES.has(mediaType)) {
    throw new HttpRefusal({ kind: 'unsupported-media-type', received })
  }
}

/** Nothing is unpacked: a small body could become a very large one (RFC 9110 §8.4, §15.5.16). */
function refuseCoding(headers: Headers): void {
  const received = headers.get('Content-Encoding') ?? ''
  const codings = received.split(',').map((coding) => coding.trim().toLowerCase())
  if (codings.every((coding) => coding === '' || coding === 'identity')) return
  throw new HttpRefusal({ kind: 'unsupported-coding', received })
}

/** UTF-8, with or without a byte order mark (RFC 8259 §8.1). */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    throw new ProtocolError('invalidSyntax', 'The body is not UTF-8; encode it so.')
  }
}
