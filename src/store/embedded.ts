/**
 * An embedded libSQL file, by the driver itself: statements are prepared once and kept. Its client
 * prepares each anew, which takes longer than to look somebody up.
 */
import { type Database, render } from './database.ts'
import { classify } from './failure.ts'

/** What is used of a prepared statement of the driver. */
interface Prepared {
  readonly reader: boolean
  raw(on: boolean): unknown
  columns(): { readonly name: string }[]
  all(parameters: unknown[]): unknown[]
  run(parameters: unknown[]): unknown
}

/** What is used of a connection of the driver. */
export interface Connection {
  readonly inTransaction: boolean
  prepare(sql: string): Prepared
}

/** How many statements are kept, those used last, and up to how many characters one may have. */
const KEPT = 256
const LONGEST = 16_384

const BEGIN = { read: 'begin transaction readonly', write: 'begin immediate' }

/** Runs a statement that was prepared; its rows as objects. */
type Run = (parameters: unknown[]) => object[]

/** A Database on one connection. Its batches are synchronous, so none meets another. */
export function embedded(connection: Connection): Database {
  const runs = new Map<string, Run>()
  const runOf = (sql: string): Run => {
    const kept = runs.get(sql)
    if (kept === undefined && sql.length > LONGEST) return prepare(connection, sql)
    const run = kept ?? prepare(connection, sql)
    // A map keeps its entries in the order of their insertion: the one used least stands first.
    runs.delete(sql)
    runs.set(sql, run)
    const [oldest] = runs.keys()
    if (runs.size > KEPT && oldest !== undefined) runs.delete(oldest)
    return run
  }
  const rollBack = () => {
    if (connection.inTransaction) runOf('rollback')([])
  }
  return {
    // The driver does not tell how many rows were read and written: there is nothing to observe.
    async batch(mode, statements) {
      const rendered = statements.map(render)
      try {
        // What could not be rolled back before.
        rollBack()
        runOf(BEGIN[mode])([])
        const results = rendered.map(({ sql, parameters }) => runOf(sql)(parameters))
        runOf('commit')([])
        return results as never
      } catch (error) {
        try {
          rollBack()
        } catch {
          // Of the two it is the first failure that tells why.
        }
        throw classify(withCode(error))
      }
    },
  }
}

function prepare(connection: Connection, sql: string): Run {
  const statement = connection.prepare(sql)
  if (!statement.reader) {
    return (parameters) => {
      statement.run(parameters)
      return []
    }
  }
  statement.raw(true)
  const names = statement.columns().map(({ name }) => name)
  return (parameters) =>
    (statement.all(parameters) as unknown[][]).map((row) =>
      Object.fromEntries(names.map((name, column) => [name, row[column]])),
    )
}

/** Puts the code of SQLite, without what extends it, into the message, which failures are told by. */
function withCode(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const code = String(error.code).split('_').slice(0, 2).join('_')
  return new Error(`${code}: ${error.message}`, { cause: error })
}
