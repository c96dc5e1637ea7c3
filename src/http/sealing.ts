/** Sealing: encrypted and authenticated by AES-256-GCM, with a random vector in front. */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'

const CIPHER = 'aes-256-gcm'
/** In bytes, as NIST SP 800-38D recommends for the vector; a tag has its full length. */
const VECTOR_LENGTH = 12
const TAG_LENGTH = 16

/** How many bytes a key has. */
export const KEY_LENGTH = 32

/** Makes random bytes. */
export type RandomBytes = (length: number) => Uint8Array<ArrayBuffer>

/**
 * Seals bytes.
 *
 * @param about what is authenticated with them, and has to be the same when they are opened
 */
export function seal(
  key: KeyObject,
  plain: Uint8Array,
  about: string,
  randomBytes: RandomBytes,
): Buffer {
  const vector = randomBytes(VECTOR_LENGTH)
  const cipher = createCipheriv(CIPHER, key, vector).setAAD(Buffer.from(about))
  return Buffer.concat([vector, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Opens what was sealed; undefined where it is nothing that this key has sealed. */
export function unseal(key: KeyObject, sealed: Buffer, about: string): Buffer | undefined {
  try {
    const vector = sealed.subarray(0, VECTOR_LENGTH)
    const decipher = createDecipheriv(CIPHER, key, vector, { authTagLength: TAG_LENGTH })
      .setAAD(Buffer.from(about))
      .setAuthTag(sealed.subarray(-TAG_LENGTH))
    const plain = decipher.update(sealed.subarray(VECTOR_LENGTH, -TAG_LENGTH))
    return Buffer.concat([plain, decipher.final()])
  } catch {
    return undefined
  }
}
