/**
 * The one door to a database, the same for D1 and libSQL: a batch of statements, sent in one trip
 * and carried out in one transaction. There is no other way to read or write, and no interactive
 * transaction, which D1 lacks.
 */
import { type SQL, sql } from 'drizzle-orm'

/** A statement, typed by the rows that it returns. */
export type Statement<Row = unknown> = SQL<Row>

/** The rows of each statement of a batch. */
export type Results<T extends readonly Statement[]> = {
  -readonly [K in keyof T]: T[K] extends Statement<infer Row> ? Row[] : never
}

/** Selects no row. In what is read it costs nothing, since it is not sent. */
export const noRows: Statement<never> = sql<never>`select 1 where 0`

/** What a batch cost, as far as the database tells. */
export interface Cost {
  readonly rowsRead?: number
  readonly rowsWritten?: number
}

export interface Database {
  /**
   * Carries out the statements in order; all take effect, or none.
   *
   * @param mode `write` takes the write lock at the start, where the database knows the difference
   * @param observe is told what the batch cost, once it was carried out
   * @throws StoreFailure whatever the database fails with; a TypeError where a statement is none,
   *   and then nothing was sent
   */
  batch<const T extends readonly Statement[]>(
    mode: 'read' | 'write',
    statements: T,
    observe?: (cost: Cost) => void,
  ): Promise<Results<T>>
  /**
   * Empties what the database keeps beside its file, where what was overwritten would stay a while;
   * absent where that is not ours to do.
   */
  readonly emptyLog?: (() => Promise<void>) | undefined
}

/** A statement as text, with numbered parameters. */
export interface Rendered {
  readonly sql: string
  readonly parameters: (string | number | null)[]
}

/**
 * Renders a statement. Equal values share one parameter, so that a namespace or a prefix that
 * stands in many places of a filter does not use up D1's 100 parameters.
 */
export function render(statement: Statement): Rendered {
  const slots = new Map<unknown, number>()
  const { sql } = statement.toQuery({
    casing: { getColumnCasing: (column: { name: string }) => column.name } as never,
    escapeName: (name) => `"${name}"`,
    escapeString: (text) => `'${text.replaceAll("'", "''")}'`,
    escapeParam: (_index, value) => {
      const slot = slots.get(value) ?? slots.size + 1
      slots.set(value, slot)
      return `?${slot}`
    },
  })
  return { sql, parameters: [...slots.keys()].map(bindable) }
}

function bindable(value: unknown): string | number | null {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value
  throw new TypeError(`A ${typeof value} cannot be bound to a statement.`)
}

/** Values for `in`, as one parameter however many they are; those that are absent are left out. */
export function list(values: readonly (string | number | null | undefined)[]): SQL {
  const present = [...new Set(values.flatMap((value) => value ?? []))]
  return sql`(select j.value from json_each(${JSON.stringify(present)}) j)`
}
