/**
 * Checks that migrations only add. On D1 a rebuilt table takes the rows that refer to it along when
 * it is dropped, and the migration still succeeds; so a table is never dropped and never rebuilt. The
 * Worker of before goes on until the new one is there; so nothing that it names is renamed or goes.
 */
import { globSync, readFileSync } from 'node:fs'
import { noOptions } from './lib/command.ts'

const FORBIDDEN = [
  [/\bDROP\s+TABLE\b/i, 'drops a table'],
  [/__new_/, 'rebuilds a table'],
  [/\bPRAGMA\s+(foreign_keys|defer_foreign_keys)\b/i, 'turns foreign keys off'],
  [/\bDROP\s+COLUMN\b/i, 'drops a column'],
  [/\bDROP\s+(?:VIEW|TRIGGER)\b/i, 'drops what keeps rows right'],
  // Statements name indexes; one may be made anew with more columns.
  [
    /\bDROP\s+INDEX\s+`?(\w+)\b(?![\s\S]*\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+`?\1\b)/i,
    'drops an index and does not make it anew',
  ],
  [/\bRENAME\s+(?:TO|COLUMN)\b/i, 'renames what the Worker of before uses'],
  [/\bDELETE\s+FROM\b/i, 'deletes rows'],
  [/ON DELETE (cascade|set)/i, 'lets the database delete by itself'],
] as const

await noOptions('check-migrations', 'Checks that the migrations in drizzle only add.')

for (const file of globSync('drizzle/*.sql')) {
  // What a comment says does nothing.
  const text = readFileSync(file, 'utf8').replace(/--(?!>).*$/gm, '')
  for (const [pattern, what] of FORBIDDEN) {
    if (!pattern.test(text)) continue
    console.error(`${file} ${what}; migrations only add.`)
    process.exitCode = 1
  }
}
