/**
 * Namespaces, service accounts and tokens: what an operator keeps. These are the few statements
 * that are not made on behalf of a token.
 */
import { sql } from 'drizzle-orm'
import type { Namespace } from '../tenancy/namespace.ts'
import { permissionNames } from '../tenancy/permission.ts'
import { effectiveSettings, type Settings, type StoredSettings } from '../tenancy/settings.ts'
import type { Database, Statement } from './database.ts'
import { StoreFailure } from './failure.ts'

/** A namespace as an operator sees it. */
export interface NamespaceInfo {
  readonly name: string
  readonly settings: Settings
  readonly users: number
  readonly teams: number
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

interface NamespaceRow {
  readonly name: string
  readonly settings: string | null
  readonly users: number
  readonly teams: number
  readonly createdAt: number
}

/** A token as an operator sees it, without the secret. Times are milliseconds since 1970. */
export interface TokenInfo {
  readonly id: string
  readonly namespace: string
  readonly account: string
  readonly permissions: readonly string[]
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  readonly lastUsedAt: number | null
}

const namespaceColumns = sql`n.name, n.settings, n.users, n.teams, n.created_at as "createdAt"`

function toNamespace(row: NamespaceRow, file: Settings): NamespaceInfo {
  return { ...row, settings: effectiveSettings(file, row.settings) }
}

/**
 * Creates a namespace.
 *
 * @param settings settings of its own; absent where those of the file shall apply
 * @returns undefined where the namespace exists already
 */
export async function createNamespace(
  database: Database,
  name: Namespace,
  settings: StoredSettings | undefined,
  file: Settings,
  now: number,
): Promise<NamespaceInfo | undefined> {
  const stored = settings === undefined ? null : JSON.stringify(settings)
  try {
    const [, [row]] = await database.batch('write', [
      sql`insert into namespace (name, settings, created_at) values (${name}, ${stored}, ${now})`,
      sql<NamespaceRow>`select ${namespaceColumns} from namespace n where n.name = ${name}`,
    ])
    return row && toNamespace(row, file)
  } catch (error) {
    if (error instanceof StoreFailure && error.kind === 'unique') return undefined
    throw error
  }
}

/** Lists all namespaces, by name. */
export async function listNamespaces(database: Database, file: Settings): Promise<NamespaceInfo[]> {
  const [rows] = await database.batch('read', [
    sql<NamespaceRow>`select ${namespaceColumns} from namespace n order by n.name`,
  ])
  return rows.map((row) => toNamespace(row, file))
}

/** How many rows one statement of a long deletion removes. */
const DELETION_CHUNK = 10_000

/** The tables of a namespace in the order in which rows may go, each with the rest of its key. */
const deletionOrder: readonly (readonly [table: string, key: string])[] = [
  ['membership', 'team_id, user_id'],
  ['user_email', 'value_key, user_id'],
  ['team', 'id'],
  ['user', 'id'],
  ['retained', 'id'],
  ['adoption', 'subject, request_id, part'],
  ['event', 'seq'],
  ['service_account', 'id'],
]

/**
 * Deletes a namespace with all that is in it: first its tokens, so that nobody uses it any more,
 * then everything else in chunks, since one batch may take 30 seconds only. Interrupted, it goes on
 * where it stopped when it is called again.
 *
 * @returns false where there is no such namespace
 */
export async function deleteNamespace(database: Database, name: Namespace): Promise<boolean> {
  const [[row]] = await database.batch('read', [
    sql<{ readonly name: string }>`select n.name from namespace n where n.name = ${name}`,
  ])
  if (row === undefined) return false
  await database.batch('write', [sql`delete from token where namespace = ${name}`])
  for (const [table, key] of deletionOrder) {
    const columns = sql.raw(`namespace, ${key}`)
    const chunk = sql<{ readonly one: number }>`
      delete from ${sql.raw(table)} where (${columns}) in (
        select ${columns} from ${sql.raw(table)} where namespace = ${name} limit ${DELETION_CHUNK})
      returning 1 as one`
    for (;;) {
      const [deleted] = await database.batch('write', [chunk])
      if (deleted.length < DELETION_CHUNK) break
    }
  }
  await database.batch('write', [sql`delete from namespace where name = ${name}`])
  return true
}

/** A token to be stored; its hash stands for it. Times are milliseconds since 1970. */
export interface NewToken {
  readonly id: string
  readonly hash: string
  readonly namespace: Namespace
  /** The name of the service account, which is made where it does not exist. */
  readonly account: string
  readonly accountId: string
  readonly permissions: number
  readonly expiresAt: number | null
  readonly now: number
}

/**
 * Stores a token.
 *
 * @returns undefined where there is no such namespace
 */
export async function createToken(
  database: Database,
  token: NewToken,
): Promise<TokenInfo | undefined> {
  const { namespace, account, now } = token
  try {
    const [, , [row]] = await database.batch('write', [
      sql`insert into service_account (namespace, id, name, created_at)
        values (${namespace}, ${token.accountId}, ${account}, ${now})
        on conflict (namespace, name) do nothing`,
      sql`insert into token (hash, namespace, id, account_id, permissions, created_at, expires_at)
        select ${token.hash}, a.namespace, ${token.id}, a.id, ${token.permissions}, ${now},
          ${token.expiresAt}
        from service_account a where a.namespace = ${namespace} and a.name = ${account}`,
      selectTokens(namespace, token.id),
    ])
    return row && toToken(row)
  } catch (error) {
    if (error instanceof StoreFailure && error.kind === 'foreign-key') return undefined
    throw error
  }
}

type TokenRow = Omit<TokenInfo, 'permissions'> & { readonly permissions: number }

function selectTokens(namespace: Namespace, id?: string): Statement<TokenRow> {
  return sql<TokenRow>`
    select k.id, k.namespace, a.name as account, k.permissions, k.created_at as "createdAt",
      k.expires_at as "expiresAt", k.revoked_at as "revokedAt", k.last_used_at as "lastUsedAt"
    from token k cross join service_account a
      on a.namespace = k.namespace and a.id = k.account_id
    where k.namespace = ${namespace} ${id === undefined ? sql`` : sql`and k.id = ${id}`}
    order by k.created_at, k.id`
}

function toToken(row: TokenRow): TokenInfo {
  return { ...row, permissions: permissionNames(row.permissions) }
}

/**
 * Lists the tokens of a namespace, revoked and expired ones included.
 *
 * @returns undefined where there is no such namespace
 */
export async function listTokens(
  database: Database,
  namespace: Namespace,
): Promise<TokenInfo[] | undefined> {
  const [[known], rows] = await database.batch('read', [
    sql<{ readonly name: string }>`select n.name from namespace n where n.name = ${namespace}`,
    selectTokens(namespace),
  ])
  return known && rows.map(toToken)
}

/**
 * Revokes a token; the next request with it is refused. Revoking again changes nothing.
 *
 * @returns false where the namespace has no such token
 */
export async function revokeToken(
  database: Database,
  namespace: Namespace,
  id: string,
  now: number,
): Promise<boolean> {
  const [revoked] = await database.batch('write', [
    sql<{ readonly id: string }>`update token set revoked_at = coalesce(revoked_at, ${now})
      where namespace = ${namespace} and id = ${id} returning id`,
  ])
  return revoked.length > 0
}
