/**
 * Exporting a namespace, page by page in the order of primary keys. A write between two pages would
 * make them disagree: every write moves `event_seq`, so each page is read together with it, and
 * one that finds another number than the first page is refused.
 */
import { type SQL, sql } from 'drizzle-orm'
import { BACKUP_FORMAT, BACKUP_VERSION, type RecordType, recordTypes } from '../tenancy/backup.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { type Allowed, type Caller, readAs } from './authority.ts'
import {
  type BackupRecord,
  type Cell,
  type RecordTable,
  type Row,
  type RowRecord,
  tableOf,
} from './backup-records.ts'
import type { Statement } from './database.ts'
import { type Held, release } from './held.ts'
import { Refusal } from './refusal.ts'

/** Where a page begins. */
export interface ExportPlace {
  readonly eventSeq: number
  readonly type: Exclude<RecordType, 'settings'>
  /** The key of the last row before it; empty at the first row of the type. */
  readonly after: readonly (string | number)[]
}

export interface ExportPage {
  readonly records: readonly BackupRecord[]
  /** Where the next page begins; undefined after the last. */
  readonly next: ExportPlace | undefined
}

/** How many rows a page holds at most. */
const MOST_ROWS = 1000
/** From how many bytes on a page is full; the row that fills it may have two million more. */
const MOST_BYTES = 3_000_000

const rowTypes = recordTypes.filter((type) => type !== 'settings')

interface NamespaceRow {
  readonly settings: string | null
  readonly users: number
  readonly teams: number
  readonly managedUsers: number
  readonly managedTeams: number
  readonly retained: number
  readonly eventSeq: number
}

function selectNamespace(namespace: Namespace, allowed: Allowed): Statement<NamespaceRow> {
  return sql<NamespaceRow>`select n.settings, n.users, n.teams, n.managed_users as "managedUsers",
      n.managed_teams as "managedTeams", n.retained, n.event_seq as "eventSeq"
    from ${allowed} namespace n where n.name = ${namespace}`
}

/** How much of a page is left. */
interface Room {
  readonly rows: number
  readonly bytes: number
}

/**
 * The rows behind a key that a page has room for, the first of them in any case. The lengths are
 * summed up from the row headers, so that what does not fit is not read. `candidates` tells how many
 * there are within the number of rows, fitting or not.
 */
function selectRows(
  namespace: Namespace,
  { table, key, kept, long }: RecordTable<RowRecord>,
  after: readonly Cell[],
  room: Room,
  allowed: Allowed,
): Statement<Row> {
  const columns = (prefix: string, names: readonly (keyof Row)[]) =>
    sql.raw(names.map((name) => `${prefix}"${name}"`).join(', '))
  const tableName = sql.raw(table)
  const size = sql.raw(
    ['100', ...long.map((name) => `coalesce(octet_length("${name}"), 0)`)].join(' + '),
  )
  const behind: SQL =
    after.length === 0
      ? sql``
      : sql`and (${columns('', key)}) > (${sql.join(
          after.map((cell) => sql`${cell}`),
          sql`, `,
        )})`
  const joined = sql.raw(key.map((name) => `x."${name}" = p."${name}"`).join(' and '))
  return sql<Row>`
    select ${columns('x.', kept)}, p.candidates
    from ${allowed} (
      select s.*, sum(s.size) over (order by ${columns('s.', key)}) as through,
        count(*) over () as candidates
      from (
        select ${columns('', key)}, ${size} as size from ${tableName}
        where namespace = ${namespace} ${behind}
        order by ${columns('', key)} limit ${room.rows}) s) p
    cross join ${tableName} x on x.namespace = ${namespace} and ${joined}
    where p.through <= ${room.bytes} or p.through = p.size
    order by ${columns('p.', key)}`
}

function sizeOf(row: Row, { long }: RecordTable<RowRecord>): number {
  return long.reduce((sum, name) => sum + Buffer.byteLength(String(row[name] ?? '')), 100)
}

/**
 * Exports one page, in as many reads as there are types on it.
 *
 * @param place where the page begins; the first page where it is absent
 * @throws Refusal `export-changed` when somebody has written since the first page
 */
export async function exportPage(
  caller: Caller,
  place: Held<ExportPlace | undefined>,
): Promise<ExportPage> {
  const asked = place.ok ? place.value : undefined
  const records: BackupRecord[] = []
  let rowsLeft = MOST_ROWS
  let bytesLeft = MOST_BYTES
  let eventSeq = asked?.eventSeq
  let { type, after }: Pick<ExportPlace, 'type' | 'after'> = asked ?? {
    type: 'serviceAccount',
    after: [],
  }
  for (;;) {
    const table = tableOf(type)
    const room = { rows: rowsLeft, bytes: bytesLeft }
    const { principal, rows } = await readAs(caller, [], (namespace, allowed) => [
      selectNamespace(namespace, allowed),
      selectRows(namespace, table, after, room, allowed),
    ])
    release(place)
    const [[state], found] = rows
    if (state === undefined)
      throw new Refusal({ kind: 'unknown-namespace', namespace: principal.namespace })
    if (eventSeq !== undefined && state.eventSeq !== eventSeq)
      throw new Refusal({ kind: 'export-changed' })
    if (asked === undefined && records.length === 0) {
      records.push(...opening(principal.namespace, state, caller.now))
    }
    eventSeq = state.eventSeq
    for (const row of found) {
      records.push(table.toRecord(row))
      bytesLeft -= sizeOf(row, table)
    }
    const candidates = Number(found[0]?.candidates ?? 0)
    const last = found.at(-1)
    if (last !== undefined) after = table.key.map((name) => last[name] as string | number)
    // Fewer than asked for, and all of them fit: the type has come to its end.
    const ended = candidates === found.length && candidates < rowsLeft
    rowsLeft -= found.length
    if (ended) {
      const next = rowTypes[rowTypes.indexOf(type) + 1]
      if (next === undefined) return { records, next: undefined }
      type = next
      after = []
    }
    if (!ended || bytesLeft <= 0) return { records, next: { eventSeq, type, after } }
  }
}

function opening(namespace: Namespace, state: NamespaceRow, now: number): BackupRecord[] {
  const { settings, eventSeq, ...counts } = state
  return [
    {
      type: 'header',
      format: BACKUP_FORMAT,
      version: BACKUP_VERSION,
      namespace,
      time: new Date(now).toISOString(),
      eventSeq,
      counts,
    },
    { type: 'settings', settings: settings === null ? null : JSON.parse(settings) },
  ]
}
