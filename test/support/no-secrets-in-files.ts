/** Looks for secrets in all that databases wrote to files: tables, free pages, and what is in the log. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { inspect, takeLeaks } from './secrets.ts'

/** What SQLite calls its files, and those beside them. */
const OF_A_DATABASE = /\.db(-wal|-journal)?$/

/**
 * Expects no token, secret of the operator or password that was sent in the files of databases.
 *
 * @returns the files that were looked through
 */
export function expectNoSecretsIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && OF_A_DATABASE.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
  takeLeaks()
  // Byte for byte: what was deleted is free, and stays where it was.
  for (const file of files) inspect(file, readFileSync(file, 'latin1'))
  expect(takeLeaks().map((leak) => leak.slice(0, 200))).toEqual([])
  return files
}
