/** The events of a namespace: who changed what, and when; as pages, or exported as a whole. */
import { type Context, Hono } from 'hono'
import { type EventQuery, type EventRow, readEvents } from '../../store/audit.ts'
import type { Caller } from '../../store/authority.ts'
import { andThen, hold, release } from '../../store/held.ts'
import { type Dependencies, queryOf, type ScimEnv } from '../context.ts'
import { adminCallerOf } from './caller.ts'
import { limitOf, MAXIMUM_PAGE, pageOf, timeOf, wholeNumber, wordOf } from './parameters.ts'

const FORMATS = ['json', 'ndjson', 'csv'] as const

/** What is asked for, how it is to be written, and how many an export is limited to. */
interface EventRequest {
  readonly query: EventQuery
  readonly format: (typeof FORMATS)[number]
  readonly most: number
}

/** @throws HttpRefusal `bad-request` */
function readRequest(c: Context<ScimEnv>): EventRequest {
  const query = queryOf(c)
  const text = (name: string) => query.get(name) || undefined
  return {
    format: wordOf(query, 'format', FORMATS) ?? 'json',
    most: wholeNumber(query, 'limit', 1) ?? Number.POSITIVE_INFINITY,
    query: {
      from: timeOf(query, 'from'),
      to: timeOf(query, 'to'),
      actor: text('actor'),
      subject: text('subject'),
      action: text('action'),
      outcome: wordOf(query, 'outcome', ['success', 'partial']),
      order: wordOf(query, 'order', ['asc', 'desc']) ?? 'desc',
      after: wholeNumber(query, 'cursor', 0),
      limit: limitOf(query),
    },
  }
}

/** What changed, with times as ISO texts: events of earlier versions have one in milliseconds. */
function changesOf({ action, changes }: EventRow) {
  const read = JSON.parse(changes)
  const ends: unknown = action.startsWith('token.') ? read.after?.expiresAt : undefined
  if (typeof ends !== 'number') return read
  return { ...read, after: { ...read.after, expiresAt: new Date(ends).toISOString() } }
}

function show(row: EventRow) {
  const { seq, at, actor, action, subject, subjectName, outcome, requestId } = row
  return {
    seq,
    action,
    subject,
    ...(subjectName === null ? {} : { subjectName }),
    outcome,
    requestId,
    at: new Date(at).toISOString(),
    actor: JSON.parse(actor),
    changes: changesOf(row),
  }
}

const COLUMNS = [
  ...['seq', 'at', 'actor', 'action', 'subject', 'outcome', 'changes', 'requestId'],
  ...['serviceAccountId', 'subjectName'],
]

/** What a spreadsheet would take for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/

/** A line of CSV (RFC 4180), in which a spreadsheet finds no formula. */
function csvLine(cells: readonly unknown[]): string {
  const written = cells.map((cell) => {
    const text = String(cell)
    return `"${FORMULA.test(text) ? "'" : ''}${text.replaceAll('"', '""')}"`
  })
  return `${written.join()}\r\n`
}

function csvRow(row: EventRow): string {
  const { seq, at, action, subject, outcome, requestId } = row
  const changes = action.startsWith('token.') ? JSON.stringify(changesOf(row)) : row.changes
  const { serviceAccount = 'operator', serviceAccountId = '' } = JSON.parse(row.actor)
  const time = new Date(at).toISOString()
  const cells = [seq, time, serviceAccount, action, subject, outcome, changes, requestId]
  return csvLine([...cells, serviceAccountId, row.subjectName ?? ''])
}

/** The routes of /events below the base URL of a namespace. */
export function eventRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()

  routes.get('/', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const request = hold(() => readRequest(c))
    if (request.ok && request.value.format !== 'json') return exported(caller, request.value)
    const query = andThen(request, ({ query }) => ({ ...query, limit: query.limit + 1 }))
    const rows = await readEvents(caller, query)
    const { limit } = release(request).query
    const { shown, nextCursor } = pageOf(rows, limit, ({ seq }) => String(seq))
    return c.json({ events: shown.map(show), nextCursor })
  })

  return routes
}

/** Streams all events that match, page by page; each page is read under the credential anew. */
async function exported(caller: Caller, { query, format, most }: EventRequest): Promise<Response> {
  let { after } = query
  let left = most
  const next = async () => {
    const limit = Math.min(MAXIMUM_PAGE, left)
    const rows = await readEvents(caller, { ok: true, value: { ...query, after, limit } })
    after = rows.at(-1)?.seq
    left = rows.length < limit ? 0 : left - rows.length
    const write = format === 'csv' ? csvRow : (row: EventRow) => `${JSON.stringify(show(row))}\n`
    return new TextEncoder().encode(rows.map(write).join(''))
  }
  // The first page is read before the response begins, so that a refusal is one.
  let first: Uint8Array | undefined = await next()
  const head = new TextEncoder().encode(format === 'csv' ? csvLine(COLUMNS) : '')
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(head),
    async pull(controller) {
      if (first !== undefined) controller.enqueue(first)
      else if (left > 0) controller.enqueue(await next())
      first = undefined
      if (left <= 0) controller.close()
    },
  })
  const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson'
  return new Response(body, { headers: { 'Content-Type': type } })
}
