/**
 * The keys that seal what clients carry for us, such as cursors: random, of each namespace its own,
 * and themselves sealed where they are stored. See http/keyring.ts.
 */
import { sql } from 'drizzle-orm'
import type { Namespace } from '../tenancy/namespace.ts'
import { type Allowed, unconditionally, untilWon } from './authority.ts'
import { type Database, list, type Statement } from './database.ts'
import { repeat } from './recovery.ts'

/** What a key is for. */
export type Purpose = 'cursor'

/** A key as it is stored. */
export interface SealedKey {
  readonly id: string
  readonly sealed: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** Selects the keys for a purpose, the newest first. */
export function selectKeys(
  namespace: Namespace,
  purpose: Purpose,
  allowed: Allowed = unconditionally,
): Statement<SealedKey> {
  return sql<SealedKey>`
    select k.id, k.sealed, k.created_at as "createdAt" from ${allowed} sealing_key k
    where k.namespace = ${namespace} and k.purpose = ${purpose}
    order by k.created_at desc, k.id`
}

/**
 * Stores a key where there is none but those that are of no use any more. Of several that are made
 * at once, one is stored.
 *
 * @param useless the ids of keys that are too old, or that nobody here can open
 * @param expiry keys from before this time are deleted
 * @returns all keys that are there then, the newest first; none where the namespace is gone
 * @throws StoreFailure
 */
export async function addKey(
  database: Database,
  namespace: Namespace,
  purpose: Purpose,
  { id, sealed, createdAt }: SealedKey,
  useless: readonly string[],
  expiry: number,
): Promise<readonly SealedKey[]> {
  const [, , keys] = await untilWon(() =>
    repeat(database, [
      sql`insert into sealing_key (namespace, purpose, id, sealed, created_at)
        select n.name, ${purpose}, ${id}, ${sealed}, ${createdAt} from namespace n
        where n.name = ${namespace} and not exists (
          select 1 from sealing_key k
          where k.namespace = n.name and k.purpose = ${purpose} and k.id not in ${list(useless)})`,
      sql`delete from sealing_key
        where namespace = ${namespace} and purpose = ${purpose} and created_at < ${expiry}`,
      selectKeys(namespace, purpose),
    ] as const),
  )
  return keys
}
