/**
 * What becomes of a batch when the platform fails. A read is tried again. A write may have taken
 * effect although no answer came; then the event with its request id decides: where it is, the batch
 * took effect, and what the response needs is read again; where it is not, the batch is sent again.
 * That is safe, for the guard lets no batch pass whose request has left an event already.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Namespace } from '../tenancy/namespace.ts'
import { type Database, noRows, type Results, type Statement } from './database.ts'
import { isDoubtful, isRefused, isTransient, StoreFailure } from './failure.ts'

/** How often a batch is sent at most. */
const MAXIMUM_TRIES = 4
/** For how long trying again may go on, in milliseconds; somebody waits for the answer. */
const LONGEST = 20_000

/**
 * Allows so many tries, with random pauses between them that grow.
 *
 * @param first how long the first pause takes at most, in milliseconds
 * @param longest how long any pause takes at most
 * @returns waits for the next try; false where there shall be none
 */
export function patience(tries: number, first: number, longest: number): () => Promise<boolean> {
  const began = performance.now()
  let pauses = 0
  return async () => {
    if (pauses + 1 >= tries || performance.now() - began >= LONGEST) return false
    const milliseconds = Math.random() * Math.min(longest, first * 2 ** pauses)
    pauses += 1
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    return true
  }
}

/**
 * Reads, again where the platform fails in a way that passes. What selects nothing is not sent.
 *
 * @throws StoreFailure
 */
export async function read<const T extends readonly Statement[]>(
  database: Database,
  statements: T,
): Promise<Results<T>> {
  const sent = statements.filter((statement) => statement !== noRows)
  const results: unknown[][] = await persistently(() => database.batch('read', sent))
  const rest = results.values()
  const rows = statements.map((statement) =>
    statement === noRows ? [] : (rest.next().value ?? []),
  )
  return rows as Results<T>
}

/**
 * Carries out a write that comes to the same however often it runs, again where the platform fails
 * in a way that passes.
 *
 * @throws StoreFailure `lost` or `exceeded` where it may have taken effect, and other kinds
 */
export async function repeat<const T extends readonly Statement[]>(
  database: Database,
  statements: T,
): Promise<Results<T>> {
  return persistently(() => database.batch('write', statements))
}

async function persistently<T>(send: () => Promise<T>): Promise<T> {
  const again = patience(MAXIMUM_TRIES, 50, 2000)
  for (;;) {
    try {
      return await send()
    } catch (error) {
      if (!isTransient(failureOf(error)) || !(await again())) throw error
    }
  }
}

/**
 * What a database failed with. Anything else was thrown before the batch was sent, such as over a
 * value that cannot be bound: an error of ours, which no other try mends.
 */
function failureOf(error: unknown): StoreFailure {
  if (error instanceof StoreFailure) return error
  throw error
}

/** A batch that writes, and by what it is known to have taken effect. */
export interface Commit<T extends readonly Statement[]> {
  /** An SQL condition that is true where the batch took effect, such as `hasLeftEvent`. */
  readonly evidence: SQL
  /** They must not let the batch pass where the evidence is there. */
  readonly statements: readonly Statement[]
  /** What the response needs after the write. */
  readonly answers: T
}

/**
 * What is true where a commit has left an event.
 *
 * @param requestIds those of its events, as JSON; any of them proves it
 */
export function hasLeftEvent(namespace: Namespace, requestIds: string): SQL {
  return sql`exists (select 1 from event e where e.namespace = ${namespace}
    and e.request_id in (select j.value from json_each(${requestIds}) j))`
}

/**
 * Carries out a batch once, however often it has to be sent. A batch that leaves no event, since it
 * changes nothing, may run more than once, which changes nothing either.
 *
 * Once the outcome of one try is in doubt, what stops a later one may be the first. Only where no
 * evidence is there after that, something else has stopped it, and stops the first one, too, should it
 * still be under way.
 *
 * @returns the rows of the answers
 * @throws StoreFailure `lost` or `exceeded` where the outcome could not be found out, and other kinds
 */
export async function commit<const T extends readonly Statement[]>(
  database: Database,
  { evidence, statements, answers }: Commit<T>,
): Promise<Results<T>> {
  const again = patience(MAXIMUM_TRIES, 50, 2000)
  let doubt: StoreFailure | undefined
  for (;;) {
    try {
      const results = await database.batch('write', [...statements, ...answers])
      return results.slice(statements.length) as unknown as Results<T>
    } catch (error) {
      const failure = failureOf(error)
      if (doubt === undefined && isDoubtful(failure)) doubt = failure
      if (doubt === undefined) throw failure
      const rows = await answersOf(database, evidence, answers).catch(() => {
        throw doubt
      })
      if (rows !== undefined) return rows
      if (isRefused(failure)) throw failure
      if (!isTransient(failure) || !(await again())) throw doubt
    }
  }
}

/** The answers of a commit that took effect; undefined where it did not, or not yet. */
async function answersOf<const T extends readonly Statement[]>(
  database: Database,
  evidence: SQL,
  answers: T,
): Promise<Results<T> | undefined> {
  const [[found], ...rows] = await read(database, [
    sql<{ readonly committed: number }>`
      select ${evidence} as committed`,
    ...answers,
  ])
  return found?.committed === 1 ? (rows as unknown as Results<T>) : undefined
}
