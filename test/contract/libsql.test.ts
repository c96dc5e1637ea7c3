/** The store on an embedded libSQL file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { afterAll } from 'vitest'
import { libsql } from '../../src/store/libsql.ts'
import { storeContract } from './contract.ts'
import { filterContract } from './filters.ts'

const directory = mkdtempSync(join(tmpdir(), 'scim-edge-libsql-'))
let client: Client | undefined

async function open() {
  if (client === undefined) {
    client = createClient({ url: `file:${join(directory, 'store.db')}` })
    await client.execute('pragma journal_mode = wal')
    await migrate(drizzle(client), { migrationsFolder: 'drizzle' })
  }
  return libsql(client)
}

afterAll(() => {
  client?.close()
  rmSync(directory, { recursive: true, force: true })
})

storeContract('an embedded libSQL file', open)
filterContract('an embedded libSQL file', open)
