import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { D1Database } from '@cloudflare/workers-types'

const root = resolve(import.meta.dirname, '../..')

/** Applies all migrations to a D1 of this machine that is empty. */
export async function migrateD1(database: D1Database): Promise<void> {
  for (const file of globSync('drizzle/*.sql', { cwd: root }).sort()) {
    const migration = readFileSync(join(root, file), 'utf8')
    for (const statement of migration.split('--> statement-breakpoint')) {
      await database.prepare(statement).run()
    }
  }
}
