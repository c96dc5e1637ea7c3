/** The store on an embedded libSQL file, opened as `npm run serve` does. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
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
