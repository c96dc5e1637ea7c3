/** The store on an embedded libSQL file, opened as `npm run serve` does. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, expect, test } from 'vitest'
import { type Files, openFiles } from '../../src/node/files.ts'
import { storeContract } from './contract.ts'
import { filterContract } from './filters.ts'

const directory = mkdtempSync(join(tmpdir(), 'scim-edge-libsql-'))
let files: Files | undefined

async function open() {
  files ??= await openFiles(join(directory, 'store.db'))
  const { shared } = files.databases
  if (shared === undefined) throw new Error('A path without {namespace} is one database.')
  return shared
}

afterAll(async () => {
  await files?.close()
  rmSync(directory, { recursive: true, force: true })
})

storeContract('an embedded libSQL file', open)
filterContract('an embedded libSQL file', open)

test('serves more statements than it keeps prepared, again and again', async () => {
  const database = await open()
  for (const round of [1, 2]) {
    for (let number = 0; number < 300; number += 1) {
      const statement = sql<{ sum: number }>`select ${sql.raw(String(number))} + ${round} as sum`
      expect(await database.batch('read', [statement])).toEqual([[{ sum: number + round }]])
    }
  }
})

test('a batch that fails leaves nothing behind, and what it prepared serves the next', async () => {
  const database = await open()
  const add = (name: string) => sql`insert into namespace (name, created_at) values (${name}, ${1})`
  const count = sql<{
    count: number
  }>`select count(*) as count from namespace where name in ('stacks-901', 'stacks-902')`
  const failure = { name: 'StoreFailure', kind: 'unique' }
  for (const _ of [1, 2]) {
    const batch = database.batch('write', [add('stacks-901'), add('stacks-901')])
    await expect(batch).rejects.toMatchObject(failure)
    expect(await database.batch('read', [count])).toEqual([[{ count: 0 }]])
  }
  const added = await database.batch('write', [add('stacks-901'), add('stacks-902'), count])
  expect(added[2]).toEqual([{ count: 2 }])
})
