/**
 * Brings a libSQL database to the newest schema. The record of what was applied is that of Drizzle's
 * migrator, which this stands in for: that one neither survives two starts at once nor notices a
 * database that is newer than the program.
 */
import { join } from 'node:path'
import type { Client } from '@libsql/client/web'
import { readMigrationFiles } from 'drizzle-orm/migrator'

const FOLDER = join(import.meta.dirname, '../../drizzle')

/** What became of the migrations; where nothing could be applied, nothing was. */
export type Migrated =
  | { readonly kind: 'done'; readonly applied: number }
  /** A migration was applied that this version does not know. */
  | { readonly kind: 'newer' }
  /** There are tables, and no record of migrations. */
  | { readonly kind: 'foreign' }

/** Tables that SQLite, libSQL and the server keep for themselves do not count. */
const TABLES = `select name from sqlite_master where type = 'table'
  and name not like 'sqlite\\_%' escape '\\' and name not like 'libsql\\_%' escape '\\'
  and name not like '\\_litestream%' escape '\\'`

/** The same table as Drizzle makes, and an index that lets only one of two starts apply each. */
const RECORD = [
  `create table if not exists __drizzle_migrations (
    id serial primary key, hash text not null, created_at numeric)`,
  'create unique index if not exists __drizzle_migrations_hash on __drizzle_migrations (hash)',
]

/** The hashes of the migrations that were applied; undefined where there are tables of others. */
async function appliedTo(client: Client): Promise<ReadonlySet<string> | undefined> {
  const { rows: tables } = await client.execute(TABLES)
  if (tables.length === 0) return new Set()
  if (!tables.some(({ name }) => name === '__drizzle_migrations')) return undefined
  const { rows } = await client.execute('select hash from __drizzle_migrations')
  return new Set(rows.map(({ hash }) => String(hash)))
}

/** Applies all migrations that are missing, in one transaction. */
export async function migrate(client: Client): Promise<Migrated> {
  const migrations = readMigrationFiles({ migrationsFolder: FOLDER })
  const known = new Set(migrations.map(({ hash }) => hash))
  for (;;) {
    const applied = await appliedTo(client)
    if (applied === undefined) return { kind: 'foreign' }
    if ([...applied].some((hash) => !known.has(hash))) return { kind: 'newer' }
    const pending = migrations.filter(({ hash }) => !applied.has(hash))
    if (pending.length === 0) return { kind: 'done', applied: 0 }
    const statements = pending.flatMap(({ hash, folderMillis, sql }) => [
      {
        sql: 'insert into __drizzle_migrations (hash, created_at) values (?, ?)',
        args: [hash, folderMillis],
      },
      ...sql,
    ])
    try {
      await client.batch([...RECORD, ...statements], 'write')
      return { kind: 'done', applied: pending.length }
    } catch (error) {
      // Somebody else was faster; look again.
      if (!String(error).includes('UNIQUE constraint failed: __drizzle_migrations.hash'))
        throw error
    }
  }
}
