/** Namespaces, which an operator keeps: the few statements that are made on nobody's behalf. */
import { type SQL, sql } from 'drizzle-orm'
import type { Namespace } from '../tenancy/namespace.ts'
import { effectiveSettings, type Settings, type StoredSettings } from '../tenancy/settings.ts'
import { untilWon } from './authority.ts'
import type { Database, Statement } from './database.ts'
import { StoreFailure } from './failure.ts'
import { commit, read, repeat } from './recovery.ts'

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

const namespaceColumns = sql`n.name, n.settings, n.users, n.teams, n.created_at as "createdAt"`

function toNamespace(row: NamespaceRow, file: Settings): NamespaceInfo {
  return { ...row, settings: effectiveSettings(file, row.settings) }
}

/**
 * Creates a namespace. It leaves no event, since a namespace that a backup is restored into has
 * none; whether it was created after all when no answer came is told by the time of its creation and
 * its settings.
 *
 * @param settings settings of its own; absent or empty where those of the file shall apply
 * @param requestId null where no request asks for it
 * @returns undefined where the namespace exists already
 * @throws StoreFailure `lost` or `exceeded` where it may have been created, and other kinds
 */
export async function createNamespace(
  database: Database,
  name: Namespace,
  settings: StoredSettings | undefined,
  file: Settings,
  now: number,
  requestId: string | null,
): Promise<NamespaceInfo | undefined> {
  const own = Object.keys(settings ?? {}).length > 0
  const stored = own ? JSON.stringify(settings) : null
  const insert = sql`
    insert into namespace (name, settings, created_at, incarnation)
    values (${name}, ${stored}, ${now}, lower(hex(randomblob(16))))`
  const record = sql`
    insert into namespace_change (namespace, incarnation, action, at, ended_at, request_id)
    select n.name, n.incarnation, 'namespace.create', ${now}, ${now}, ${requestId}
    from namespace n where n.name = ${name}`
  const answers = [
    sql<NamespaceRow>`select ${namespaceColumns} from namespace n where n.name = ${name}`,
  ] as const
  const evidence = sql`exists (select 1 from namespace n
    where n.name = ${name} and n.created_at = ${now} and n.settings is ${stored})`
  return untilWon(async () => {
    try {
      const [[row]] = await commit(database, { evidence, statements: [insert, record], answers })
      return row && toNamespace(row, file)
    } catch (error) {
      if (!(error instanceof StoreFailure && error.kind === 'unique')) throw error
      const [[other]] = await read(database, answers)
      // Whoever had the name may have been deleted meanwhile.
      if (other === undefined) throw error
      return undefined
    }
  })
}

/** Lists all namespaces, by name. */
export async function listNamespaces(database: Database, file: Settings): Promise<NamespaceInfo[]> {
  const [rows] = await read(database, [
    sql<NamespaceRow>`select ${namespaceColumns} from namespace n order by n.name`,
  ])
  return rows.map((row) => toNamespace(row, file))
}

/** How many rows one statement of a long deletion removes. */
const DELETION_CHUNK = 10_000

/** The tables of a namespace in the order in which rows may go, each with the rest of its key. */
export const deletionOrder: readonly (readonly [table: string, key: string])[] = [
  ['membership', 'team_id, user_id'],
  ['team_mapping', 'group_key'],
  ['user_email', 'value_key, user_id'],
  ['team', 'id'],
  ['user', 'id'],
  ['retained', 'id'],
  ['adoption', 'subject, request_id, part'],
  ['event', 'seq'],
  ['conflict', 'id'],
  ['refusal_count', 'hour'],
  ['activity', 'kind, subject, hour'],
  ['ignored_name', 'account_id, type, name'],
  ['denied_login', 'subject, reason'],
  ['sealing_key', 'purpose, id'],
  ['service_account', 'id'],
]

/**
 * Deletes some rows of a table of a namespace; fewer than DELETION_CHUNK are the last ones.
 *
 * @param condition on which any are deleted
 */
export function deleteSome(
  namespace: Namespace,
  table: string,
  key: string,
  condition: SQL = sql`1`,
): Statement<{ readonly one: number }> {
  const columns = sql.raw(`namespace, ${key}`)
  return sql<{ readonly one: number }>`
    delete from ${sql.raw(table)} where (${columns}) in (
      select ${columns} from ${sql.raw(table)} where namespace = ${namespace}
        and ${condition} limit ${DELETION_CHUNK})
    returning 1 as one`
}

/**
 * Deletes a namespace with all that is in it: first its tokens, so that nobody uses it any more,
 * then everything else in chunks, since one batch may take 30 seconds only. Interrupted, it goes on
 * where it stopped when it is called again. Every statement asks whether it is still the same namespace:
 * somebody else may have ended this one meanwhile, and made another under its name.
 *
 * @param now the time, in milliseconds since 1970
 * @returns false where there is no such namespace
 * @throws StoreFailure where a part of it is left, or the answer to the last statement was lost
 */
export async function deleteNamespace(
  database: Database,
  name: Namespace,
  now: () => number,
  requestId: string,
): Promise<boolean> {
  const [[row]] = await read(database, [
    sql<{ readonly incarnation: string }>`
      select n.incarnation from namespace n where n.name = ${name}`,
  ])
  if (row === undefined) return false
  const { incarnation } = row
  const isSame = sql`exists (select 1 from namespace n
    where n.name = ${name} and n.incarnation = ${incarnation})`
  // What is gone cannot go twice, so that each statement may run again.
  const remove = <const T extends readonly Statement[]>(...statements: T) =>
    untilWon(() => repeat(database, statements))
  await remove(
    sql`insert into namespace_change (namespace, incarnation, action, at, request_id)
      select n.name, n.incarnation, 'namespace.delete', ${now()}, ${requestId} from namespace n
      where n.name = ${name} and n.incarnation = ${incarnation}
      on conflict (namespace, incarnation, action) do nothing`,
    sql`delete from token where namespace = ${name} and ${isSame}`,
  )
  for (const [table, key] of deletionOrder) {
    for (;;) {
      const [deleted] = await remove(deleteSome(name, table, key, isSame))
      if (deleted.length < DELETION_CHUNK) break
    }
  }
  await remove(
    sql`update namespace_change set ended_at = ${now()}
      where namespace = ${name} and incarnation = ${incarnation}
        and action = 'namespace.delete' and ${isSame}`,
    sql`delete from namespace where name = ${name} and incarnation = ${incarnation}`,
  )
  return true
}

/** That a namespace was created or deleted. Times are milliseconds since 1970. */
export interface NamespaceChange {
  readonly namespace: string
  readonly action: 'namespace.create' | 'namespace.delete'
  readonly at: number
  /** When it was complete; null where a deletion is not. */
  readonly endedAt: number | null
  readonly requestId: string | null
}

/**
 * Lists when namespaces were created and deleted, also those that are gone; the last first.
 *
 * @param name of one namespace only; undefined for all of the database
 */
export async function listNamespaceChanges(
  database: Database,
  name: Namespace | undefined,
  limit: number,
): Promise<NamespaceChange[]> {
  const ofOne = name === undefined ? sql`` : sql`where h.namespace = ${name}`
  const [rows] = await read(database, [
    sql<NamespaceChange>`select h.namespace, h.action, h.at, h.ended_at as "endedAt",
        h.request_id as "requestId"
      from namespace_change h ${ofOne} order by h.at desc, h.rowid desc limit ${limit}`,
  ])
  return rows
}

/** How many records one run of the expiry deletes. */
const EXPIRY_CHUNK = 5000

/** Deletes what is recorded of namespaces before a time. */
export async function expireNamespaceChanges(database: Database, before: number): Promise<void> {
  await database.batch('write', [
    sql`delete from namespace_change where rowid in (
      select h.rowid from namespace_change h where h.at < ${before} limit ${EXPIRY_CHUNK})`,
  ])
}
