/** Cloudflare D1. */
import type { D1Database } from '@cloudflare/workers-types'
import { type Database, render } from './database.ts'
import { classify } from './failure.ts'

/** A Database on a D1 binding. */
export function d1(binding: D1Database): Database {
  return {
    async batch(_mode, statements, observe) {
      const prepared = statements.map((statement) => {
        const { sql, parameters } = render(statement)
        return binding.prepare(sql).bind(...parameters)
      })
      try {
        const results = await binding.batch(prepared)
        observe?.({
          rowsRead: results.reduce((sum, { meta }) => sum + meta.rows_read, 0),
          rowsWritten: results.reduce((sum, { meta }) => sum + meta.rows_written, 0),
        })
        return results.map(({ results: rows }) => rows) as never
      } catch (error) {
        throw classify(error)
      }
    },
  }
}
