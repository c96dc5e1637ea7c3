/**
 * Restoring a backup into an empty namespace, chunk by chunk. A chunk is one batch that takes effect
 * wholly or not at all, together with the note of how far the restore is; the guard of the next one
 * compares that note. So a restore goes on where it stopped, and a chunk that is sent again because
 * its answer was lost is known by its digest. Until the last line is in, nobody else reads or writes.
 */
import { type SQL, sql } from 'drizzle-orm'
import { NO_LINES, noRecords, openLine, type RecordCounts, recordTypes } from '../tenancy/backup.ts'
import type { Principal } from '../tenancy/credential.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { type Caller, readDuringRestore, untilWon, writeAs } from './authority.ts'
import type { BackupRecord, EndRecord } from './backup-records.ts'
import type { Statement } from './database.ts'
import { StoreFailure } from './failure.ts'
import { type Held, release } from './held.ts'
import { Refusal } from './refusal.ts'
import { deleteSome, deletionOrder } from './registry.ts'
import { explainFailure, insertRecords, type NumberedRecord } from './restore-rows.ts'

/** A place in a file: how many lines are before it, and their digest. */
interface Place {
  readonly lines: number
  readonly digest: string
}

/** How far a restore is, as it is stored. */
interface Progress extends Place {
  /** Where the last chunk began, to know it again. */
  readonly previous: Place
  /** Of the first line: the number of the last event. */
  readonly eventSeq: number
  /** The settings, as JSON; they apply at the end. */
  readonly settings: string | null
  readonly counts: RecordCounts
  readonly managedUsers: number
  readonly managedTeams: number
  readonly done?: boolean
  readonly discarding?: boolean
}

/** How far a restore is, as it is told. */
export interface RestoreState extends Place {
  readonly state: 'none' | 'restoring' | 'discarding' | 'done'
  readonly counts: RecordCounts
}

/** Lines of a file in their order. */
export interface RestoreChunk {
  /** How many lines of the file are before them. */
  readonly from: number
  readonly lines: readonly { readonly text: string; readonly record: BackupRecord }[]
}

const nothing: Progress = {
  lines: 0,
  digest: NO_LINES,
  previous: { lines: 0, digest: NO_LINES },
  eventSeq: 0,
  settings: null,
  counts: noRecords,
  managedUsers: 0,
  managedTeams: 0,
}

function progressOf({ storedRestore }: Principal): Progress | undefined {
  return storedRestore === null ? undefined : JSON.parse(storedRestore)
}

function stateOf(progress: Progress | undefined): RestoreState {
  const { lines, digest, counts, done, discarding } = progress ?? nothing
  const state =
    progress === undefined ? 'none' : done ? 'done' : discarding ? 'discarding' : 'restoring'
  return { state, lines, digest, counts }
}

/**
 * Tells how far a restore is.
 *
 * @throws Refusal
 */
export async function readRestore(caller: Caller): Promise<RestoreState> {
  const { principal } = await readDuringRestore(caller, [], () => [])
  return stateOf(progressOf(principal))
}

/** What makes a namespace one that nothing is restored into. */
const occupants = [
  ['user', 'users'],
  ['team', 'teams'],
  ['retained', 'retained accounts'],
  ['service_account', 'service accounts'],
  ['event', 'events'],
  ['adoption', 'before-images'],
  ['team_mapping', 'team mappings'],
] as const

function holds(namespace: Namespace, table: string): SQL {
  const rows = sql`exists (select 1 from ${sql.raw(table)} where namespace = ${namespace})`
  // Events that were let go have been there, too.
  return table === 'event'
    ? sql`(${rows} or exists (select 1 from namespace where name = ${namespace} and event_seq > 0))`
    : rows
}

/**
 * Restores the next lines of a backup; the first ones into an empty namespace, and the last one ends
 * the restore.
 *
 * @throws Refusal `restore-not-empty`, `restore-out-of-step`, `restore-bad-line` and others; nothing
 *   of the chunk is restored then
 */
export async function restoreChunk(
  caller: Caller,
  chunk: Held<RestoreChunk>,
): Promise<RestoreState> {
  return untilWon(async () => {
    const { principal, rows } = await readDuringRestore(caller, [], (namespace, allowed) => [
      sql<{ readonly held: string }>`select json_array(${sql.join(
        occupants.map(([table]) => holds(namespace, table)),
        sql`, `,
      )}) as held from ${allowed} (select 1) x`,
    ])
    const asked = release(chunk)
    const stored = progressOf(principal)
    if (stored !== undefined && isRepeated(stored, asked)) return stateOf(stored)
    const held: readonly number[] = JSON.parse(rows[0][0]?.held ?? '[]')
    const begins = stored === undefined || stored.done === true
    if (begins) requireEmpty(held)
    if (begins && asked.from !== 0) throw new Refusal({ kind: 'restore-not-begun' })
    if (!begins && stored.discarding) throw new Refusal({ kind: 'restore-discarding' })
    const current = begins ? nothing : stored
    if (asked.from !== current.lines) {
      throw new Refusal({ kind: 'restore-out-of-step', lines: current.lines })
    }
    const next = advance(current, asked)
    const { namespace } = principal
    const records = asked.lines.map(({ record }, at) => ({ record, line: asked.from + at + 1 }))
    const statements = [...insertRecords(namespace, records), note(namespace, next)]
    const empty = sql.join(
      occupants.map(([table]) => sql`not ${holds(namespace, table)}`),
      sql` and `,
    )
    await write(caller, principal, begins ? empty : sql`1`, statements, records)
    return stateOf(next)
  })
}

function requireEmpty(held: readonly number[]): void {
  const found = occupants.filter((_, at) => held[at] === 1).map(([, name]) => name)
  if (found.length > 0) throw new Refusal({ kind: 'restore-not-empty', holds: found })
}

/** Whether a chunk is the one that was restored last. */
function isRepeated({ previous, digest }: Progress, { from, lines }: RestoreChunk): boolean {
  if (from !== previous.lines) return false
  let reached: string | undefined = previous.digest
  for (const { text } of lines) {
    reached = reached === undefined ? undefined : openLine(reached, text)?.digest
  }
  return reached === digest
}

/** @throws Refusal `restore-bad-line` */
function refuseLine(line: number, detail: string): never {
  throw new Refusal({ kind: 'restore-bad-line', line, detail })
}

/**
 * How far the restore is with these lines.
 *
 * @throws Refusal `restore-bad-line`
 */
function advance(current: Progress, { lines }: RestoreChunk): Progress {
  const counts = { ...current.counts }
  let { digest, eventSeq, settings, managedUsers, managedTeams } = current
  let number = current.lines
  let done = false
  for (const { text, record } of lines) {
    number += 1
    const opened = openLine(digest, text)
    if (opened === undefined) {
      refuseLine(
        number,
        'it, or a line before it, is not as it was written; use an unaltered file.',
      )
    }
    digest = opened.digest
    if (done) refuseLine(number, 'it stands behind the end of the backup; send the file as it is.')
    if ((record.type === 'header') !== (number === 1)) {
      refuseLine(number, 'a backup begins with its header, which stands there once.')
    }
    if (record.type === 'header') {
      eventSeq = record.eventSeq
      continue
    }
    if (record.type === 'end') {
      requireCounts(record, counts, number)
      done = true
      continue
    }
    counts[record.type] += 1
    if (record.type === 'settings') {
      settings = record.settings === null ? null : JSON.stringify(record.settings)
    }
    if (record.type === 'user' && record.managed) managedUsers += 1
    if (record.type === 'team' && record.managed) managedTeams += 1
    if (record.type === 'event' && record.seq > eventSeq) {
      refuseLine(number, `the event ${record.seq} comes after ${eventSeq}, the last of the header.`)
    }
  }
  const previous = { lines: current.lines, digest: current.digest }
  return {
    ...{ lines: number, digest, previous, eventSeq, settings, counts },
    ...{ managedUsers, managedTeams, done },
  }
}

function requireCounts(end: EndRecord, counts: RecordCounts, line: number): void {
  const wrong = recordTypes.find((type) => end.counts[type] !== counts[type])
  if (wrong === undefined) return
  refuseLine(
    line,
    `the backup says ${end.counts[wrong]} lines of the type ${wrong}, but ${counts[wrong]} came; ` +
      'discard the restore and begin again with a whole file.',
  )
}

/** Notes how far the restore is; at the end, also what the namespace says of itself. */
function note(namespace: Namespace, progress: Progress): Statement {
  const { counts, eventSeq, settings, managedUsers, managedTeams } = progress
  const text = JSON.stringify(progress)
  if (!progress.done) {
    return sql`update namespace set restore = ${text} where name = ${namespace}`
  }
  return sql`update namespace set restore = ${text}, settings = ${settings},
      users = ${counts.user}, teams = ${counts.team}, managed_users = ${managedUsers},
      managed_teams = ${managedTeams}, retained = ${counts.retained}, event_seq = ${eventSeq}
    where name = ${namespace}`
}

async function write(
  caller: Caller,
  principal: Principal,
  condition: SQL,
  statements: readonly Statement[],
  records: readonly NumberedRecord[],
): Promise<void> {
  try {
    await writeAs(caller, principal, condition, statements, [])
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error
    if (error.constraint === 'team_member_limit') throw new Refusal({ kind: 'team-full' })
    if (error.constraint === 'namespace_user_limit') throw new Refusal({ kind: 'namespace-full' })
    if (error.kind === 'unique' || error.kind === 'foreign-key') {
      const found = await explainFailure(caller, records)
      if (found !== undefined) refuseLine(found.line, found.detail)
    }
    throw error
  }
}

/**
 * Gives a restore up: takes out what it brought, in chunks, and leaves the namespace empty.
 * Interrupted, it goes on when it is called again.
 *
 * @throws Refusal `restore-not-begun` where none is under way
 */
export async function discardRestore(caller: Caller): Promise<void> {
  await untilWon(async () => {
    const { principal } = await readDuringRestore(caller, [], () => [])
    const { namespace } = principal
    const progress = progressOf(principal)
    if (progress === undefined || progress.done) throw new Refusal({ kind: 'restore-not-begun' })
    if (progress.discarding) return
    const mark = note(namespace, { ...progress, discarding: true })
    await writeAs(caller, principal, sql`1`, [mark], [])
  })
  await untilWon(async () => {
    const { principal } = await readDuringRestore(caller, [], () => [])
    // Whoever else discards it may be done before.
    if (progressOf(principal)?.discarding) await empty(caller, principal)
  })
}

async function empty(caller: Caller, principal: Principal): Promise<void> {
  const { namespace } = principal
  for (const [table, key] of deletionOrder) {
    const some = deleteSome(namespace, table, key)
    const rest = sql<{ readonly left: number }>`select exists (
      select 1 from ${sql.raw(table)} where namespace = ${namespace}) as left`
    for (let left = 1; left === 1; ) {
      const [rows] = await writeAs(caller, principal, sql`1`, [some], [rest])
      left = rows[0]?.left ?? 0
    }
  }
  const clear = sql`update namespace set restore = null where name = ${namespace}`
  await writeAs(caller, principal, sql`1`, [clear], [])
}
