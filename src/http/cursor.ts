/**
 * Cursors of RFC 9865: the place in a list, sealed under a key of the namespace, whose id stands in
 * front. What the list is, whose it is and how it is sorted is authenticated with it, so that a
 * cursor opens only the list that it came from.
 */
import { ProtocolError } from '../scim/error.ts'
import type { Place } from '../store/page.ts'
import { KEY_ID_LENGTH, type Key } from './keyring.ts'
import { type RandomBytes, seal, unseal } from './sealing.ts'

/** How long a cursor lives, in seconds. */
export const CURSOR_LIFETIME = 24 * 60 * 60

/** What a cursor is bound to. */
export type Binding = readonly (string | undefined)[]

const aboutOf = (binding: Binding) => JSON.stringify(binding.map((part) => part ?? null))

/** The id of the key that a cursor names; undefined where it is no cursor of ours. */
export function keyIdOf(cursor: string): string | undefined {
  return /^[\w-]+$/.test(cursor) && cursor.length > KEY_ID_LENGTH
    ? cursor.slice(0, KEY_ID_LENGTH)
    : undefined
}

/** Makes the cursor for what follows a place. */
export function sealCursor(
  { id: keyId, secret }: Key,
  { key, id }: Place,
  binding: Binding,
  now: number,
  randomBytes: RandomBytes,
): string {
  const text = Buffer.from(JSON.stringify([now, key, id]))
  return keyId + seal(secret, text, aboutOf(binding), randomBytes).toString('base64url')
}

/**
 * Reads a cursor.
 *
 * @param key the one that the cursor names, where it is known
 * @throws ProtocolError invalidCursor or expiredCursor
 */
export function openCursor(
  key: Key | undefined,
  cursor: string,
  binding: Binding,
  now: number,
): Place {
  const sealed = Buffer.from(cursor.slice(KEY_ID_LENGTH), 'base64url')
  const found = placeOf(key && unseal(key.secret, sealed, aboutOf(binding)))
  if (found === undefined) {
    throw new ProtocolError(
      'invalidCursor',
      'The cursor is not one of this list, with this filter and this order; send the nextCursor ' +
        'of the page before, and change nothing else, or begin again with an empty one.',
    )
  }
  if (now - found.made > CURSOR_LIFETIME * 1000) {
    throw new ProtocolError(
      'expiredCursor',
      'The cursor is older than 24 hours; begin again with an empty one.',
    )
  }
  return found.place
}

/** What a cursor says, where it has the form that one of ours has. */
function placeOf(plain: Buffer | undefined) {
  const value = parse(plain)
  if (!Array.isArray(value) || value.length !== 3) return undefined
  const [made, key, id]: unknown[] = value
  const hasKey = key === null || typeof key === 'string' || typeof key === 'number'
  if (typeof made !== 'number' || !hasKey || typeof id !== 'string') return undefined
  return { made, place: { key, id } }
}

function parse(plain: Buffer | undefined): unknown {
  try {
    return plain && JSON.parse(plain.toString())
  } catch {
    return undefined
  }
}
