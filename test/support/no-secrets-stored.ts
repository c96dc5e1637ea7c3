/** Looks for secrets in all that the tests of a file stored: events, retained accounts, and so on. */
import { afterAll, expect } from 'vitest'
import { sentPasswords, TOKEN_PATTERN } from './secrets.ts'
import { query } from './tables.ts'

/** The columns that hold what clients sent, or what is shown and exported later. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  event: ['actor', 'subject', 'changes'],
  adoption: ['before'],
  retained: ['resource'],
  conflict: ['subject', 'detail', 'request'],
  user: ['resource', 'folded'],
  team: ['display_name', 'external_id'],
  service_account: ['name'],
  token: ['hash', 'name'],
}

afterAll(async () => {
  for (const [table, columns] of Object.entries(COLUMNS)) {
    for (const column of columns) {
      const rows = await query(
        `select "${column}" as "text" from "${table}" where "${column}" glob ?1
          or exists (select 1 from json_each(?2) j where instr("${column}", j.value)) limit 3`,
        TOKEN_PATTERN,
        JSON.stringify(sentPasswords()),
      )
      expect(rows, `secrets in ${table}.${column}`).toEqual([])
    }
  }
})
