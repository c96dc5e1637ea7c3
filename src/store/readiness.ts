/** Whether a database answers and has the tables that this version needs. */
import { sql } from 'drizzle-orm'
import journal from '../../drizzle/meta/_journal.json' with { type: 'json' }
import type { Database } from './database.ts'

/** What there is to say about a database. */
export type Readiness =
  | { readonly kind: 'ready' }
  /** A migration that this version needs was not applied. */
  | { readonly kind: 'behind'; readonly missing: string }

/**
 * Where the record of migrations is: in wrangler's table on D1, in that of store/migrations.ts on
 * libSQL. Each says which one was applied last.
 */
const RECORDS = {
  d1_migrations: sql<{ readonly last: string }>`
    select m.name as last from d1_migrations m order by m.id desc limit 1`,
  __drizzle_migrations: sql<{ readonly last: number }>`
    select m.created_at as last from __drizzle_migrations m order by m.rowid desc limit 1`,
} as const

const newest = journal.entries.reduce((last, entry) => (entry.idx > last.idx ? entry : last))

/**
 * Looks at the migrations of a database, in two short reads. One that is newer than this version is
 * ready: migrations only add.
 *
 * @throws StoreFailure where it does not answer
 */
export async function readReadiness(database: Database): Promise<Readiness> {
  const [tables] = await database.batch('read', [
    sql<{ readonly name: keyof typeof RECORDS }>`select t.name from sqlite_master t
      where t.type = 'table' and t.name in ('d1_migrations', '__drizzle_migrations')`,
  ])
  const [table] = tables
  const [rows] = table === undefined ? [[]] : await database.batch('read', [RECORDS[table.name]])
  const last = rows[0]?.last
  const applied =
    typeof last === 'string' ? last >= newest.tag : last !== undefined && last >= newest.when
  return applied ? { kind: 'ready' } : { kind: 'behind', missing: newest.tag }
}
