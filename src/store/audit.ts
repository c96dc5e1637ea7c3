/** Reading the events of a namespace, and letting old ones go. */
import { type SQL, sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { needed } from '../tenancy/needed.ts'
import { type Allowed, type Caller, readAs } from './authority.ts'
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
  /** Of whom: an id, a userName, an account e-mail, or the name of a team. */
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
  /** What the subject is called now, or was when it was deleted; null where nobody knows any more. */
  readonly subjectName: string | null
  readonly outcome: 'success' | 'partial'
  readonly changes: string
  readonly requestId: string
}

const outcome = sql`iif(json_array_length(e.changes, '$.skipped') > 0, 'partial', 'success')`

/** Conditions in the order of what they cost; one that is not asked for is left out. */
function conditionsOf(query: EventQuery): SQL[] {
  const { from, to, actor, action, after } = query
  const conditions: (SQL | undefined)[] = [
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

/** How many deleted people of one userName, and of one e-mail, a name may mean: the last ones. */
const MOST_RETAINED = 20

/**
 * The ids that a text may mean, as a column `id`: each is a step in an index that is unique, or ends.
 * D1 takes five selects in a row.
 */
function idsOf(namespace: Namespace, text: string, allowed: Allowed): SQL {
  const key = fold(text)
  const retained = (column: string) => sql`select r.id from (select r.id
    from ${allowed} retained r where r.namespace = ${namespace} and ${sql.raw(column)} = ${key}
    order by r.rowid desc limit ${MOST_RETAINED}) r`
  return sql`select ${text} as id
    union select p.id from (
      select u.id from ${allowed} user u
        where u.namespace = ${namespace} and u.user_name_key = ${key}
      union all select u.id from ${allowed} user u
        where u.namespace = ${namespace} and u.email_key = ${key}) p
    union select t.id from ${allowed} team t
      where t.namespace = ${namespace} and t.display_name_key = ${key}
    union ${retained('r.user_name_key')}
    union ${retained('r.email_key')}`
}

const subjectName = (namespace: Namespace) => sql`coalesce(
  (select u.resource ->> '$.userName' from user u
    where u.namespace = ${namespace} and u.id = e.subject),
  (select t.display_name from team t where t.namespace = ${namespace} and t.id = e.subject),
  (select r.resource ->> '$.userName' from retained r
    where r.namespace = ${namespace} and r.id = e.subject))`

/** The numbers of one page of events. */
function selectPage(namespace: Namespace, query: EventQuery, allowed: Allowed): SQL {
  const conditions = sql.join([sql`e.namespace = ${namespace}`, ...conditionsOf(query)], sql` and `)
  const inOrder = sql`order by e.seq ${query.order === 'asc' ? sql`asc` : sql`desc`}
    limit ${query.limit}`
  const { subject } = query
  if (subject === undefined) {
    return sql`select e.seq from ${allowed} event e where ${conditions} ${inOrder}`
  }
  // A page of each subject, in the order of its index: all of them together would have to be sorted.
  return sql`select e.seq from (${idsOf(namespace, subject, allowed)}) s
    cross join event e on e.namespace = ${namespace} and e.seq in (
      select e.seq from event e where e.subject = s.id and ${conditions} ${inOrder})
    ${inOrder}`
}

/**
 * Reads events, one page.
 *
 * @throws Refusal
 */
export async function readEvents(caller: Caller, query: Held<EventQuery>): Promise<EventRow[]> {
  const asked: EventQuery = query.ok ? query.value : { order: 'desc', limit: 0 }
  const { rows } = await readAs(caller, needed['GET /events'], (namespace, allowed) => [
    sql<EventRow>`
      select e.seq, e.at, e.actor, e.action, e.subject,
        ${subjectName(namespace)} as "subjectName", ${outcome} as outcome, e.changes,
        e.request_id as "requestId"
      from ${allowed} event e where e.namespace = ${namespace}
        and e.seq in (${selectPage(namespace, asked, allowed)})
      order by e.seq ${asked.order === 'asc' ? sql`asc` : sql`desc`}`,
  ])
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
