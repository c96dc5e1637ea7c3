/**
 * Cursors of RFC 9865: the place in a list, encrypted and authenticated (AES-GCM) under a key that
 * is derived from the operator's secret. What the list is, whose it is and how it is sorted is
 * authenticated with it, so that a cursor opens only the list that it came from.
 */
import { ProtocolError } from '../scim/error.ts'
import type { Place } from '../store/listing.ts'

/** How long a cursor lives, in seconds. */
export const CURSOR_LIFETIME = 24 * 60 * 60

/** What a cursor is bound to. */
export type Binding = readonly (string | undefined)[]

export interface Cursors {
  /** Makes the cursor for what follows a place. */
  seal(place: Place, binding: Binding): Promise<string>
  /** @throws ProtocolError invalidCursor or expiredCursor */
  open(cursor: string, binding: Binding): Promise<Place>
}

const VECTOR_LENGTH = 12

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
  let key: Promise<CryptoKey> | undefined
  const getKey = () => {
    key ??= deriveKey(secret)
    return key
  }
  const parameters = (iv: Uint8Array<ArrayBuffer>, binding: Binding) => ({
    name: 'AES-GCM',
    iv,
    additionalData: new TextEncoder().encode(JSON.stringify(binding.map((part) => part ?? null))),
  })
  return {
    async seal({ key: sortKey, id }, binding) {
      const iv = randomBytes(VECTOR_LENGTH)
      const text = new TextEncoder().encode(JSON.stringify([now(), sortKey, id]))
      const sealed = await crypto.subtle.encrypt(parameters(iv, binding), await getKey(), text)
      return Buffer.concat([iv, new Uint8Array(sealed)]).toString('base64url')
    },
    async open(cursor, binding) {
      const bytes = new Uint8Array(Buffer.from(cursor, 'base64url'))
      const [made, sortKey, id] = await decrypt(bytes, binding, parameters, getKey)
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

async function deriveKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret)
  const source = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey'])
  const salt = new Uint8Array()
  const info = new TextEncoder().encode('scim-edge cursor')
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt, info }
  const form = { name: 'AES-GCM', length: 256 }
  return crypto.subtle.deriveKey(derivation, source, form, false, ['encrypt', 'decrypt'])
}

async function decrypt(
  bytes: Uint8Array<ArrayBuffer>,
  binding: Binding,
  parameters: (iv: Uint8Array<ArrayBuffer>, binding: Binding) => SubtleCryptoEncryptAlgorithm,
  getKey: () => Promise<CryptoKey>,
): Promise<[made: number, key: Place['key'], id: string]> {
  try {
    const algorithm = parameters(bytes.slice(0, VECTOR_LENGTH), binding)
    const sealed = bytes.slice(VECTOR_LENGTH)
    const text = await crypto.subtle.decrypt(algorithm, await getKey(), sealed)
    return JSON.parse(new TextDecoder().decode(text))
  } catch {
    throw new ProtocolError(
      'invalidCursor',
      'The cursor is not one of this list, with this filter and this order; send the nextCursor ' +
        'of the page before, and change nothing else, or begin again with an empty one.',
    )
  }
}
