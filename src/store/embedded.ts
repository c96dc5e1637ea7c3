/**
 * An embedded libSQL file, by the driver itself: statements are prepared once and kept. Its client
 * prepares each anew, which takes longer than to look somebody up.
 */
import { type Database, type Rendered, render } from './database.ts'
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
  /** Runs what has neither parameters nor rows. */
  exec(sql: string): void
}

/** How many statements are kept, those used last, and up to how many characters one may have. */
const KEPT = 256
const LONGEST = 16_384

/** Runs a statement that was prepared; its rows as objects. */
type Run = (parameters: unknown[]) => object[]

/** A write batch that waits for its turn. */
interface Waiting {
  readonly statements: readonly Rendered[]
  readonly resolve: (results: never) => void
  readonly reject: (failure: unknown) => void
}

/**
 * A Database on one connection. Its transactions are synchronous, so none meets another.
 *
 * Write batches that come in the same turn of the event loop share a transaction, each behind a
 * savepoint of its own: it takes effect wholly or not at all whatever becomes of the others, and sees
 * what those before it wrote. All of them are answered after the one commit, whose way to the disk
 * takes longer than the statements do.
 */
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
  const runAll = (statements: readonly Rendered[]) =>
    statements.map(({ sql, parameters }) => runOf(sql)(parameters))
  // What begins and ends transactions is not kept: a statement that the lock of somebody else stopped
  // would stay under way, and no commit passes beside it.
  const rollBack = () => {
    if (connection.inTransaction) connection.exec('rollback')
  }
  /** Runs in a transaction. @throws StoreFailure, and then nothing took effect */
  const transact = <T>(begin: string, run: () => T): T => {
    try {
      // What could not be rolled back before.
      rollBack()
      connection.exec(begin)
      const results = run()
      connection.exec('commit')
      return results
    } catch (error) {
      try {
        rollBack()
      } catch {
        // Of the two it is the first failure that tells why.
      }
      throw classify(withCode(error))
    }
  }
  /** Runs a batch behind a savepoint. @throws what ended the whole transaction */
  const attempt = ({ statements, resolve, reject }: Waiting): (() => void) => {
    connection.exec('savepoint batch')
    try {
      const results = runAll(statements)
      connection.exec('release batch')
      return () => resolve(results as never)
    } catch (error) {
      // A full disk, for one, makes SQLite roll back everything.
      if (!connection.inTransaction) throw error
      connection.exec('rollback to batch')
      connection.exec('release batch')
      return () => reject(classify(withCode(error)))
    }
  }
  let waiting: Waiting[] = []
  const commitTogether = () => {
    const batches = waiting
    waiting = []
    try {
      for (const answer of transact('begin immediate', () => batches.map(attempt))) answer()
    } catch (failure) {
      for (const { reject } of batches) reject(failure)
    }
  }
  return {
    emptyLog: async () => emptyLog(connection),
    // The driver does not tell how many rows were read and written: there is nothing to observe.
    async batch(mode, statements) {
      const rendered = statements.map(render)
      if (mode === 'read') {
        return transact('begin transaction readonly', () => runAll(rendered)) as never
      }
      return new Promise<never>((resolve, reject) => {
        if (waiting.length === 0) setImmediate(commitTogether)
        waiting.push({ statements: rendered, resolve, reject })
      })
    },
  }
}

/** Moves what is in the log into the file; another process that reads keeps it until the next time. */
export function emptyLog(connection: Connection): void {
  try {
    connection.prepare('pragma wal_checkpoint(truncate)').all([])
  } catch {
    // Somebody else reads; the log stays, and nothing is lost.
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
    (statement.all(parameters) as unknown[][]).map((values) => {
      const row: Record<string, unknown> = {}
      for (const [column, name] of names.entries()) row[name] = values[column]
      return row
    })
}

/** Puts the code of SQLite, without what extends it, into the message, which failures are told by. */
function withCode(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const code = String(error.code).split('_').slice(0, 2).join('_')
  return new Error(`${code}: ${error.message}`, { cause: error })
}
