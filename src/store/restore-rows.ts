/** The rows of a restore: putting them in as sets, and telling which line did not fit. */
import { type SQL, sql } from 'drizzle-orm'
import type { RecordType } from '../tenancy/backup.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { accountKeys } from './account.ts'
import { type Caller, readDuringRestore } from './authority.ts'
import { type BackupRecord, type Cell, type RowRecord, tableOf } from './backup-records.ts'
import type { Statement } from './database.ts'
import { Refusal } from './refusal.ts'

/** A line, with its number in the file. */
export interface NumberedRecord {
  readonly record: BackupRecord
  readonly line: number
}

type RowType = Exclude<RecordType, 'settings'>

/** In the order in which rows may come: what others refer to first. */
const insertionOrder: readonly RowType[] = [
  ...['serviceAccount', 'user', 'team', 'membership'],
  ...['teamMapping', 'retained', 'adoption', 'event'],
] as RowType[]

/** How many bytes a set of rows takes as JSON: D1 refuses parameters above 2,000,000. */
const SET_BYTES = 1_500_000

/**
 * The statements that put the rows of a chunk in, with all that follows from them. They fail where a
 * row is there already or refers to nothing.
 *
 * @throws Refusal `restore-bad-line`
 */
export function insertRecords(
  namespace: Namespace,
  records: readonly NumberedRecord[],
): Statement[] {
  return insertionOrder.flatMap((type) => {
    const given = ofType(records, type)
    const { table, toRow } = tableOf(type)
    const rows = given.map(({ record, line }) => {
      try {
        return toRow(record)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        const detail = 'its values are longer than a row of the database may be.'
        throw new Refusal({ kind: 'restore-bad-line', line, detail })
      }
    })
    const [first] = rows
    if (first === undefined) return []
    const columns = Object.keys(first)
    const cells = rows.map((row) => columns.map((name) => row[name] ?? null))
    return [...insertRows(namespace, table, columns, cells), ...following(namespace, type, given)]
  })
}

function ofType(
  records: readonly NumberedRecord[],
  type: RowType,
): { readonly record: RowRecord; readonly line: number }[] {
  return records.flatMap(({ record, line }) =>
    record.type === type ? [{ record: record as RowRecord, line }] : [],
  )
}

/** What else a row brings along: the addresses of a user, and the size of a team. */
function following(
  namespace: Namespace,
  type: RowType,
  given: readonly { readonly record: RowRecord }[],
): Statement[] {
  if (type === 'user') {
    const emails = given.flatMap(({ record }) =>
      record.type === 'user'
        ? accountKeys(record.resource).emails.map((key) => [key, record.id])
        : [],
    )
    return insertRows(namespace, 'user_email', ['value_key', 'user_id'], emails)
  }
  if (type !== 'membership') return []
  const sizes = new Map<string, number>()
  for (const { record } of given) {
    if (record.type === 'membership') sizes.set(record.team, (sizes.get(record.team) ?? 0) + 1)
  }
  // As a table of its own it is what the planner begins with, and each team is found by its key.
  return setsOf([...sizes]).sets.map(
    (set) => sql`with s as materialized (
        select json_extract(j.value, '$[0]') as id, json_extract(j.value, '$[1]') as size
        from json_each(${set}) j)
      update team set members = members + s.size from s
      where team.namespace = ${namespace} and team.id = s.id`,
  )
}

function insertRows(
  namespace: Namespace,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
): Statement[] {
  const { sets, large } = setsOf(rows)
  const into = sql.raw(`insert into "${table}" (namespace, ${columns.map((name) => `"${name}"`)})`)
  const fields = sql.raw(columns.map((_, at) => `json_extract(j.value, '$[${at}]')`).join(', '))
  return [
    ...sets.map((set) => sql`${into} select ${namespace}, ${fields} from json_each(${set}) j`),
    // What no set has room for is bound by its columns.
    ...large.map((row) => sql`${into} values (${namespace}, ${listOf(row)})`),
  ]
}

function listOf(cells: readonly Cell[]): SQL {
  return sql.join(
    cells.map((cell) => sql`${cell}`),
    sql`, `,
  )
}

/** Splits rows into JSON texts that fit into a parameter, and those that do not fit even alone. */
function setsOf<T extends readonly Cell[]>(
  rows: readonly T[],
): { readonly sets: string[]; readonly large: T[] } {
  const sets: string[][] = []
  const large: T[] = []
  let bytes = SET_BYTES
  for (const row of rows) {
    const text = JSON.stringify(row)
    const size = Buffer.byteLength(text) + 1
    if (size > SET_BYTES) {
      large.push(row)
      continue
    }
    bytes += size
    if (bytes > SET_BYTES) {
      sets.push([])
      bytes = size
    }
    sets.at(-1)?.push(text)
  }
  return { sets: sets.map((texts) => `[${texts.join()}]`), large }
}

/** What of a chunk does not fit, and why. */
export interface Misfit {
  readonly line: number
  readonly detail: string
}

/**
 * Finds the first row that a UNIQUE index or a foreign key refused; undefined where all would fit now.
 *
 * @throws Refusal
 */
export async function explainFailure(
  caller: Caller,
  records: readonly NumberedRecord[],
): Promise<Misfit | undefined> {
  const misfits: Misfit[] = []
  for (const type of insertionOrder) {
    const given = ofType(records, type)
    if (given.length === 0) continue
    const { table, key, unique, references, toRow } = tableOf(type)
    const rows = given.map(({ record, line }) => ({ row: toRow(record), line }))
    for (const columns of [key, ...unique]) {
      const keyed = rows.flatMap(({ row, line }) => {
        const cells = columns.map((name) => row[name] ?? null)
        return cells.includes(null) ? [] : [{ cells, line }]
      })
      const misfit = twice(keyed) ?? (await there(caller, table, columns, keyed))
      const what = columns.join(' and ')
      if (misfit !== undefined) {
        misfits.push({ line: misfit, detail: `another ${type} has the same ${what} already.` })
      }
    }
    for (const { column, type: referred } of references) {
      const known = new Set(ofType(records, referred).map(({ record }) => idOf(record)))
      const asked = rows.flatMap(({ row, line }) =>
        known.has(String(row[column])) ? [] : [{ id: String(row[column]), line }],
      )
      const line = await missing(caller, referred, asked)
      if (line !== undefined) {
        misfits.push({ line, detail: `it refers to a ${referred} that is not in the backup.` })
      }
    }
  }
  return misfits.sort((a, b) => a.line - b.line)[0]
}

function idOf(record: RowRecord): string {
  return 'id' in record ? record.id : ''
}

type Keyed = readonly { readonly cells: readonly Cell[]; readonly line: number }[]

/** The first line whose key a line before it has. */
function twice(rows: Keyed): number | undefined {
  const seen = new Set<string>()
  return rows.find(({ cells }) => {
    const text = JSON.stringify(cells)
    return seen.size === seen.add(text).size
  })?.line
}

/** The first line whose key a row of the table has. */
async function there(
  caller: Caller,
  table: string,
  columns: readonly string[],
  rows: Keyed,
): Promise<number | undefined> {
  const same = sql.raw(
    columns.map((name, at) => `x."${name}" = json_extract(j.value, '$[${at}]')`).join(' and '),
  )
  return firstOf(caller, rows, (namespace) => {
    return sql`exists (select 1 from ${sql.raw(table)} x where x.namespace = ${namespace} and ${same})`
  })
}

/** The first line that names an id which the table lacks. */
async function missing(
  caller: Caller,
  table: 'user' | 'team',
  rows: readonly { readonly id: string; readonly line: number }[],
): Promise<number | undefined> {
  const keyed = rows.map(({ id, line }) => ({ cells: [id], line }))
  return firstOf(caller, keyed, (namespace) => {
    return sql`not exists (select 1 from ${sql.raw(table)} x where x.namespace = ${namespace}
      and x.id = json_extract(j.value, '$[0]'))`
  })
}

async function firstOf(
  caller: Caller,
  rows: Keyed,
  condition: (namespace: Namespace) => SQL,
): Promise<number | undefined> {
  // A key that fills a parameter by itself is told by the ones before it or not at all.
  const { sets } = setsOf(rows.map(({ cells, line }) => [...cells, line]))
  for (const set of sets) {
    const read = await readDuringRestore(caller, [], (namespace, allowed) => [
      sql<{ readonly row: string }>`select j.value as row from ${allowed} json_each(${set}) j
        where ${condition(namespace)} order by j.key limit 1`,
    ])
    const [found] = read.rows[0]
    if (found !== undefined) return JSON.parse(found.row).at(-1)
  }
  return undefined
}
