/** Looks for secrets in all that the tests of a file stored: events, retained accounts, and so on. */
import { afterAll, expect } from 'vitest'
import { OPERATOR_TOKEN, sentPasswords, TOKEN_PATTERN } from './secrets.ts'
import { query } from './tables.ts'

interface Column {
  readonly table: string
  readonly column: string
}

/** Every column of every table that holds text, so that none which is added later is missed. */
async function textColumns(): Promise<Column[]> {
  const tables = await query(
    `select name from sqlite_master where type = 'table'
      and name not glob '_cf_*' and name not glob 'sqlite_*' and name not glob 'd1_*'`,
  )
  const found = await Promise.all(
    tables.map(async ({ name }) => {
      const columns = await query(`pragma table_info("${name}")`)
      return columns
        .filter(({ type }) => String(type).toLowerCase() === 'text')
        .map((column) => ({ table: String(name), column: String(column.name) }))
    }),
  )
  return found.flat()
}

afterAll(async () => {
  const secrets = JSON.stringify([OPERATOR_TOKEN, ...sentPasswords()])
  const columns = await textColumns()
  // That nothing is found where nothing is looked at would say nothing.
  expect(columns).toContainEqual({ table: 'event', column: 'changes' })
  for (const { table, column } of columns) {
    const rows = await query(
      `select "${column}" as "text" from "${table}" where "${column}" glob ?1
        or exists (select 1 from json_each(?2) j where instr("${column}", j.value)) limit 3`,
      TOKEN_PATTERN,
      secrets,
    )
    expect(rows, `secrets in ${table}.${column}`).toEqual([])
  }
})
