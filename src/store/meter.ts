/** What a request costs the database. */
import type { Database } from './database.ts'

/** The costs of one request so far. */
export interface Meter {
  /** Batches that were sent, those that failed included. */
  trips: number
  /** How long the request waited for them, in milliseconds. */
  milliseconds: number
  /** Absent where the database does not tell. */
  rowsRead?: number
  rowsWritten?: number
}

/** The same database; what goes through it is added to the meter. */
export function metered(database: Database, meter: Meter): Database {
  return {
    emptyLog: database.emptyLog,
    async batch(mode, statements) {
      const began = performance.now()
      meter.trips += 1
      try {
        return await database.batch(mode, statements, ({ rowsRead, rowsWritten }) => {
          if (rowsRead !== undefined) meter.rowsRead = (meter.rowsRead ?? 0) + rowsRead
          if (rowsWritten !== undefined) meter.rowsWritten = (meter.rowsWritten ?? 0) + rowsWritten
        })
      } finally {
        meter.milliseconds += performance.now() - began
      }
    },
  }
}
