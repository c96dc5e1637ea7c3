/** Reading the events of a namespace, and letting old ones go. */
import { type SQL, sql } from 'drizzle-orm'
import type { Namespace } from '../tenancy/namespace.ts'
import { needed } from '../tenancy/needed.ts'
import { type Caller, readAs } from './authority.ts'
import type { Database } from './database.ts'
import { type Held, release } from './held.ts'

/** Which events are asked for. Times are milliseconds since 1970. */
export interface EventQuery {
  /** Not before. */
  readonly from?: number | undefined
  /** Before. */
  readonly to?: number | undefined
  /** The name or the id of a service account, or `operator`. */
  readonly actor?: string | undefined
  readonly subject?: string | undefined
  /** An action, or the beginning of one that ends in a dot. */
  readonly action?: string | undefined
  /** `partial` where ids were skipped. */
  readonly outcome?: 'success' | 'partial' | undefined
  readonly order: 'asc' | 'desc'
  /** The sequence number behind which to go on, in this order. */
  readonly after?: number | undefined
  readonly limit: number
}

/** An event as it is stored; `actor` and `changes` are JSON. */
export interface EventRow {
  readonly seq: number
  readonly at: number
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly outcome: 'success' | 'partial'
  readonly changes: string
  readonly requestId: string
}

const outcome = sql`iif(json_array_length(e.changes, '$.skipped') > 0, 'partial', 'success')`

/** Conditions in the order of what they cost; one that is not asked for is left out. */
function conditionsOf(query: EventQuery): SQL[] {
  const { from, to, actor, subject, action, after } = query
  const conditions: (SQL | undefined)[] = [
    subject === undefined ? undefined : sql`e.subject = ${subject}`,
    after === undefined
      ? undefined
      : query.order === 'asc'
        ? sql`e.seq > ${after}`
        : sql`e.seq < ${after}`,
    from === undefined ? undefined : sql`e.at >= ${from}`,
    to === undefined ? undefined : sql`e.at < ${to}`,
    action === undefined
      ? undefined
      : action.endsWith('.')
        ? sql`substr(e.action, 1, ${action.length}) = ${action}`
        : sql`e.action = ${action}`,
    actor === undefined
      ? undefined
      : actor === 'operator'
        ? sql`json_extract(e.actor, '$.operator')`
        : sql`${actor} in (json_extract(e.actor, '$.serviceAccount'),
            json_extract(e.actor, '$.serviceAccountId'))`,
    query.outcome === undefined ? undefined : sql`${outcome} = ${query.outcome}`,
  ]
  return conditions.flatMap((condition) => condition ?? [])
}

/**
 * Reads events, one page.
 *
 * @throws Refusal
 */
export async function readEvents(caller: Caller, query: Held<EventQuery>): Promise<EventRow[]> {
  const asked: EventQuery = query.ok ? query.value : { order: 'desc', limit: 0 }
  const { rows } = await readAs(caller, needed['GET /events'], (namespace, allowed) => {
    const conditions = [sql`e.namespace = ${namespace}`, ...conditionsOf(asked)]
    return [
      sql<EventRow>`
        select e.seq, e.at, e.actor, e.action, e.subject, ${outcome} as outcome, e.changes,
          e.request_id as "requestId"
        from ${allowed} event e where ${sql.join(conditions, sql` and `)}
        order by e.seq ${asked.order === 'asc' ? sql`asc` : sql`desc`} limit ${asked.limit}`,
    ] as const
  })
  release(query)
  return rows[0]
}

/** How many events one statement looks at; they are looked at from the oldest. */
const CHUNK = 5000
/** How many chunks one run takes at most, for all namespaces together. */
const MOST = 100

/**
 * Deletes the events before a time, in all namespaces into which no backup is being restored, in
 * chunks. Only namespaces whose oldest event
 * is to go are looked at, so that what the limit of one run leaves over is for the next.
 *
 * @param before milliseconds since 1970
 * @returns how many events were deleted
 */
export async function expireEvents(database: Database, before: number): Promise<number> {
  const [namespaces] = await database.batch('read', [
    sql<{ readonly name: Namespace }>`
      select n.name from namespace n where (select e.at from event e
        where e.namespace = n.name order by e.seq limit 1) < ${before}
        and coalesce(json_extract(n.restore, '$.done'), n.restore is null) = 1
      order by n.name limit ${MOST}`,
  ])
  let deleted = 0
  let chunks = 0
  for (const { name } of namespaces) {
    for (let full = true; full && chunks < MOST; chunks += 1) {
      const [gone] = await database.batch('write', [
        sql<{ readonly seq: number }>`
          delete from event where namespace = ${name} and seq in (
            select s.seq from (select e.seq, e.at from event e where e.namespace = ${name}
              order by e.seq limit ${CHUNK}) s
            where s.at < ${before})
          returning seq`,
      ])
      deleted += gone.length
      full = gone.length === CHUNK
    }
  }
  return deleted
}
