/**
 * The keys that seal cursors. Each namespace has random ones of its own, which are stored sealed by a
 * key that is derived from the deployment's secret: so neither who reads the database nor who has a
 * cursor can open or forge one, and no guess of the secret can be tried on a cursor.
 *
 * A key seals for thirty days, then another is made; what it sealed opens as long as it lives. A key
 * that does not open, since the secret is another now, counts as none.
 */
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { Caller } from '../store/authority.ts'
import { addKey, type Purpose, type SealedKey } from '../store/sealing-keys.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { KEY_LENGTH, type RandomBytes, seal, unseal } from './sealing.ts'

/** A key, ready for use. */
export interface Key {
  readonly id: string
  readonly secret: KeyObject
}

export interface Keyring {
  /** The key of this id, where it is at hand. */
  find(namespace: Namespace, id: string): Key | undefined
  /** Whether a key that is not at hand may be in the database. */
  readonly stored: boolean
  /** Opens keys that were read, and keeps them at hand. */
  take(namespace: Namespace, rows: readonly SealedKey[]): readonly Key[]
  /** The key that seals; one is made where none of those that were read will do. */
  sealing(caller: Caller, namespace: Namespace, rows: readonly SealedKey[]): Promise<Key>
}

const DAY = 24 * 60 * 60 * 1000
/** For how long a key seals. */
const SEALS_FOR = 30 * DAY
/** How many characters the id of a key has. */
export const KEY_ID_LENGTH = 12
/** How many keys are kept at hand. */
const KEPT = 1000

/**
 * Makes a keyring.
 *
 * @param secret of the deployment; without one a key is kept in memory, and nobody else has it
 * @param life for how many milliseconds what is sealed may be opened
 */
export function makeKeyring(
  purpose: Purpose,
  secret: string | undefined,
  life: number,
  randomBytes: RandomBytes,
): Keyring {
  const master = secret === undefined ? undefined : masterOf(secret)
  const kept = new Map<string, Key>()
  const newId = () => Buffer.from(randomBytes(9)).toString('base64url')
  const about = (namespace: Namespace, id: string) => JSON.stringify([purpose, namespace, id])
  let own: Key | undefined

  function keep(namespace: Namespace, { id, sealed }: SealedKey): Key[] {
    const place = `${namespace} ${id}`
    const known = kept.get(place)
    if (known !== undefined) return [known]
    const bytes = master && unseal(master, Buffer.from(sealed, 'base64url'), about(namespace, id))
    if (bytes?.length !== KEY_LENGTH) return []
    const key = { id, secret: createSecretKey(bytes) }
    const [oldest] = kept.keys()
    if (kept.size >= KEPT && oldest !== undefined) kept.delete(oldest)
    kept.set(place, key)
    return [key]
  }

  const take = (namespace: Namespace, rows: readonly SealedKey[]) =>
    rows.flatMap((row) => keep(namespace, row))

  return {
    stored: master !== undefined,
    find: (namespace, id) => (own?.id === id ? own : kept.get(`${namespace} ${id}`)),
    take,
    async sealing({ database, now }, namespace, rows) {
      const young = rows.filter(({ createdAt }) => createdAt > now - SEALS_FOR)
      const [newest] = take(namespace, young)
      if (newest !== undefined) return newest
      const bytes = randomBytes(KEY_LENGTH)
      const made = { id: newId(), secret: createSecretKey(bytes) }
      if (master === undefined) {
        own ??= made
        return own
      }
      const sealed = seal(master, bytes, about(namespace, made.id), randomBytes)
      const row = { id: made.id, sealed: sealed.toString('base64url'), createdAt: now }
      const useless = rows.map(({ id }) => id)
      const expiry = now - SEALS_FOR - life
      const stored = await addKey(database, namespace, purpose, row, useless, expiry)
      const [other] = take(
        namespace,
        stored.filter(({ id }) => !useless.includes(id)),
      )
      // Where the namespace is gone meanwhile, nobody comes back with what is sealed.
      return other ?? made
    },
  }
}

function masterOf(secret: string): KeyObject {
  const derived = hkdfSync('sha256', secret, '', 'scim-edge sealing keys', KEY_LENGTH)
  return createSecretKey(new Uint8Array(derived))
}
