/**
 * Cursors of RFC 9865: the place in a list, encrypted and authenticated (AES-GCM) under a key that
 * is derived from the operator's secret. What the list is, whose it is and how it is sorted is
 * authenticated with it, so that a cursor opens only the list that it came from.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { ProtocolError } from '../scim/error.ts'
import type { Place } from '../store/page.ts'

/** How long a cursor lives, in seconds. */
export const CURSOR_LIFETIME = 24 * 60 * 60

/** What a cursor is bound to. */
export type Binding = readonly (string | undefined)[]

export interface Cursors {
  /** Makes the cursor for what follows a place. */
  seal(place: Place, binding: Binding): string
  /** @throws ProtocolError invalidCursor or expiredCursor */
  open(cursor: string, binding: Binding): Place
}

const CIPHER = 'aes-256-gcm'
/** In bytes, as NIST SP 800-38D recommends for the vector; a tag has its full length. */
const KEY_LENGTH = 32
const VECTOR_LENGTH = 12
const TAG_LENGTH = 16

/**
 * Makes and reads cursors.
 *
 * @param secret what the key is derived from
 * @param now milliseconds since 1970
 */
export function makeCursors(
  secret: string,
  now: () => number,
  randomBytes: (length: number) => Uint8Array<ArrayBuffer>,
): Cursors {
  const derived = hkdfSync('sha256', secret, '', 'scim-edge cursor', KEY_LENGTH)
  const key = createSecretKey(new Uint8Array(derived))
  return {
    seal({ key: sortKey, id }, binding) {
      const vector = randomBytes(VECTOR_LENGTH)
      const cipher = createCipheriv(CIPHER, key, vector).setAAD(bytesOf(binding))
      const text = JSON.stringify([now(), sortKey, id])
      const sealed = [vector, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return Buffer.concat(sealed).toString('base64url')
    },
    open(cursor, binding) {
      const [made, sortKey, id] = decrypt(key, Buffer.from(cursor, 'base64url'), binding)
      if (now() - made > CURSOR_LIFETIME * 1000) {
        throw new ProtocolError(
          'expiredCursor',
          'The cursor is older than 24 hours; begin again with an empty one.',
        )
      }
      return { key: sortKey, id }
    },
  }
}

function bytesOf(binding: Binding): Buffer {
  return Buffer.from(JSON.stringify(binding.map((part) => part ?? null)))
}

function decrypt(
  key: KeyObject,
  bytes: Buffer,
  binding: Binding,
): [made: number, key: Place['key'], id: string] {
  try {
    const vector = bytes.subarray(0, VECTOR_LENGTH)
    const decipher = createDecipheriv(CIPHER, key, vector, { authTagLength: TAG_LENGTH })
      .setAAD(bytesOf(binding))
      .setAuthTag(bytes.subarray(-TAG_LENGTH))
    const text = decipher.update(bytes.subarray(VECTOR_LENGTH, -TAG_LENGTH))
    return JSON.parse(Buffer.concat([text, decipher.final()]).toString())
  } catch {
    throw new ProtocolError(
      'invalidCursor',
      'The cursor is not one of this list, with this filter and this order; send the nextCursor ' +
        'of the page before, and change nothing else, or begin again with an empty one.',
    )
  }
}
