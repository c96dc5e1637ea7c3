/** libSQL: an embedded file, a libSQL server, or Turso. */
import type { Client } from '@libsql/client/web'
import { type Database, render } from './database.ts'
import { classify } from './failure.ts'

/** A Database on a libSQL client, whichever way it connects. */
export function libsql(client: Client): Database {
  return {
    // The client keeps to itself how many rows were read and written: there is nothing to observe.
    async batch(mode, statements) {
      const rendered = statements.map((statement) => {
        const { sql, parameters } = render(statement)
        return { sql, args: parameters }
      })
      try {
        const results = await client.batch(rendered, mode)
        return results.map(({ columns, rows }) =>
          rows.map((row) => Object.fromEntries(columns.map((name) => [name, row[name]]))),
        ) as never
      } catch (error) {
        throw classify(error)
      }
    },
  }
}
