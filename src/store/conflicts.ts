/**
 * Conflicts: refused provisioning requests, kept where an administrator sees them until somebody
 * settles them or they are a month old. They are recorded after the response and never change it.
 */
import { type SQL, sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import { type Json, parseJson } from '../scim/json.ts'
import type { Holder } from '../tenancy/credential.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { needed } from '../tenancy/needed.ts'
import { type Caller, readAs, untilWon, writeAs } from './authority.ts'
import { type Database, list, type Statement } from './database.ts'
import { closeEvents, recordChange } from './event.ts'
import { type Held, hold, release } from './held.ts'
import { hourOf } from './hours.ts'
import { Refusal } from './refusal.ts'

/** How many conflicts a namespace keeps. */
const MAXIMUM_CONFLICTS = 1000
/** The same for what a credential is refused for, which needs no permission to be had. */
const MAXIMUM_DENIED = 100
/** The messageIds of what a credential is refused for. */
export const OF_THE_CREDENTIAL: readonly string[] = [
  'authn.invalid-namespace',
  'accesscontrol.permission-denied',
]
/** Stands between whom a conflict is about and the account; no text that is stored holds it. */
const SEPARATOR = '\u001f'
const DAY = 24 * 60 * 60 * 1000
/** How long a conflict is kept after its last request, in milliseconds. */
const LIFETIME = 30 * DAY
/** How many hours refusals are counted back. */
const COUNTED_HOURS = 8 * 24

/** Since when a conflict must have been seen to be one. */
export function openSince(now: number): number {
  return now - LIFETIME
}

/** A refused request. */
export interface NewConflict {
  readonly id: string
  /** Whom it was about, folded. */
  readonly subject: string
  /** The messageId of the answer. */
  readonly reason: string
  readonly status: number
  readonly detail: string
  /** JSON: method, path and body, without secrets. */
  readonly request: string
}

/** A conflict as it is stored. Times are milliseconds since 1970. */
export interface Conflict extends NewConflict {
  /** The name of the service account that sent the last request. */
  readonly account: string
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

/** What a conflict tells. */
export type Told = Pick<NewConflict, 'subject' | 'detail' | 'request'>

/**
 * What stands in quotation marks in a sentence, a filter or a path. A mark that nothing closes takes all
 * that follows, so that no text is gone through once for each of its marks.
 */
const QUOTED = /"(?:[^"\\]|\\.?)*"?/gs

/** Every text in a JSON value, with what it quotes and the segments of what may be a path. */
function textsIn(value: Json): string[] {
  if (typeof value !== 'string') return Object.values(value ?? {}).flatMap(textsIn)
  const quoted = (value.match(QUOTED) ?? []).flatMap((text) => {
    const inner = hold(() => parseJson(text))
    return inner.ok && typeof inner.value === 'string' ? [inner.value] : []
  })
  return [value, ...value.split('/'), ...quoted]
}

/**
 * Whether a conflict tells of somebody who is known by one of the values, however they are written:
 * in its subject, in the request, or quoted in the sentence.
 */
export function tellsOf(
  { subject, detail, request }: Told,
  values: readonly (string | null)[],
): boolean {
  const keys = new Set(values.flatMap((value) => (value === null ? [] : fold(value))))
  const texts = [subject, ...textsIn(detail), ...textsIn(parseJson(request))]
  return texts.some((text) => keys.has(fold(text)))
}

/** How many conflicts one parameter holds: D1 refuses values above 2 MB. */
const CHUNK = 100

/** What stands before the account in the shares of what credentials are refused for. */
const DENIED = '~'

/**
 * Deletes the conflicts that are too many. Each account has the same share; those go that are beyond
 * it and were longest not seen, so that an account which is often refused leaves the others theirs.
 */
function trim(namespace: Namespace, shares: SQL, most: number): Statement {
  return sql`
    with
      s (share, size) as materialized (
        select c.share, count(*) from conflict c
        where c.namespace = ${namespace} and ${shares} group by c.share),
      beyond (share, newest) as materialized (
        select s.share, (select d.id from conflict d
          where d.namespace = ${namespace} and d.share = s.share
          order by d.last_at desc, d.id desc limit 1 offset (select ${most} / count(*) from s))
        from s)
    delete from conflict where namespace = ${namespace} and id in (
      select c.id from beyond b
      cross join conflict e on e.namespace = ${namespace} and e.id = b.newest
      cross join conflict c on c.namespace = ${namespace} and c.share = b.share
        and (c.last_at, c.id) <= (e.last_at, e.id)
      order by c.last_at, c.id limit (select max(0, coalesce(sum(s.size), 0) - ${most}) from s))`
}

/**
 * Records refused requests of the holder of a token, in the namespace of the token. Those of an
 * account about the same subject for the same reason become one conflict. Nothing is recorded for a
 * token that is gone.
 */
export async function recordRefusals(
  database: Database,
  { hash, namespace }: Pick<Holder, 'hash' | 'namespace'>,
  refused: readonly NewConflict[],
  now: number,
): Promise<void> {
  // Of more than are kept, the last.
  const kept = refused.slice(-MAXIMUM_CONFLICTS)
  const chunks = Array.from({ length: Math.ceil(kept.length / CHUNK) }, (_, index) =>
    JSON.stringify(kept.slice(index * CHUNK, (index + 1) * CHUNK)),
  )
  const field = (name: keyof NewConflict) => sql.raw(`json_extract(j.value, '$.${name}')`)
  await database.batch('write', [
    sql`insert into refusal_count (namespace, hour, count)
      select k.namespace, ${hourOf(now)}, ${refused.length} from token k where k.hash = ${hash}
      on conflict (namespace, hour) do update set count = refusal_count.count + excluded.count`,
    sql`delete from refusal_count
      where namespace = ${namespace} and hour < ${hourOf(now) - COUNTED_HOURS}`,
    // What has expired begins anew.
    sql`delete from conflict where namespace = ${namespace} and last_at < ${openSince(now)}`,
    ...chunks.map(
      (rows) => sql`
        insert into conflict (namespace, id, subject, about, reason, status, detail, request,
          account, share, count, first_at, last_at)
        select k.namespace, ${field('id')}, ${field('subject')} || ${SEPARATOR} || a.id,
          ${field('subject')}, ${field('reason')}, ${field('status')}, ${field('detail')},
          ${field('request')}, a.name,
          iif(${field('reason')} in ${list(OF_THE_CREDENTIAL)}, ${DENIED}, '') || a.id, 1, ${now}, ${now}
        from token k
        cross join service_account a on a.namespace = k.namespace and a.id = k.account_id
        cross join json_each(${rows}) j
        where k.hash = ${hash}
        on conflict (namespace, subject, reason) do update set
          status = excluded.status, detail = excluded.detail, request = excluded.request,
          account = excluded.account, count = conflict.count + 1,
          last_at = max(conflict.last_at, excluded.last_at)`,
    ),
    trim(namespace, sql`c.share < ${DENIED}`, MAXIMUM_CONFLICTS),
    trim(namespace, sql`c.share >= ${DENIED}`, MAXIMUM_DENIED),
  ])
}

/** A subject that was written or deleted, as conflicts may tell of it. */
export interface Done {
  readonly type: '/Users' | '/Groups'
  /** As a conflict is about it; folded. */
  readonly about: string
  readonly deleted: boolean
  /** Whether it is so called only where the refused request lacked a userName. */
  readonly nameless: boolean
}

/**
 * Settles the conflicts of what was done meanwhile, with a cost that does not depend on how many
 * there are. That a value is in use stays true for another account, whoever has written it.
 *
 * @param ids of users and groups that were written: what they are called counts as well
 * @param since when the request came in; what was refused later stays
 */
export async function settleDone(
  database: Database,
  { namespace, accountId }: Holder,
  done: readonly Done[],
  ids: readonly string[],
  since: number,
): Promise<void> {
  const field = (name: keyof Done) => sql.raw(`json_extract(j.value, '$.${name}')`)
  await database.batch('write', [
    sql`
      with d (type, about, deleted, nameless) as materialized (
        select ${field('type')}, ${field('about')}, ${field('deleted')}, ${field('nameless')}
        from json_each(${JSON.stringify(done)}) j
        union select '/Users', u.user_name_key, 0, 0 from json_each(${JSON.stringify(ids)}) j
          cross join user u on u.namespace = ${namespace} and u.id = j.value
        union select '/Groups', t.display_name_key, 0, 0 from json_each(${JSON.stringify(ids)}) j
          cross join team t on t.namespace = ${namespace} and t.id = j.value)
      delete from conflict where namespace = ${namespace} and id in (
        select c.id from d cross join conflict c on c.namespace = ${namespace} and c.about = d.about
        where c.last_at <= ${since} and instr(json_extract(c.request, '$.path'), d.type) > 0
          and (d.deleted or json_extract(c.request, '$.method') <> 'DELETE')
          and (not d.nameless or json_extract(c.request, '$.body.userName') is null)
          and (c.reason <> 'scim.uniqueness' or c.share = ${accountId}))`,
  ])
}

/** The place of a conflict in the list. */
export interface Place {
  readonly lastAt: number
  readonly id: string
}

/** Which conflicts are asked for. */
export interface ConflictQuery {
  readonly reason?: string | undefined
  /** Folded. */
  readonly subject?: string | undefined
  /** Behind which to go on. */
  readonly after?: Place | undefined
  readonly limit: number
}

/**
 * Lists the open conflicts, those that were seen last first.
 *
 * @throws Refusal
 */
export async function listConflicts(
  caller: Caller,
  query: Held<ConflictQuery>,
): Promise<Conflict[]> {
  const { reason, subject, after, limit }: ConflictQuery = query.ok ? query.value : { limit: 0 }
  const { rows } = await readAs(caller, needed['GET /conflicts'], (namespace, allowed) => {
    const conditions = [
      sql`c.namespace = ${namespace}`,
      sql`c.last_at >= ${openSince(caller.now)}`,
      ...(reason === undefined ? [] : [sql`c.reason = ${reason}`]),
      ...(subject === undefined ? [] : [sql`c.about = ${subject}`]),
      ...(after === undefined ? [] : [sql`(c.last_at, c.id) < (${after.lastAt}, ${after.id})`]),
    ]
    // Left to itself, the planner prefers the order to the subject.
    const index = subject === undefined ? sql`` : sql`indexed by conflict_about`
    return [
      sql<Conflict>`
        select c.id, coalesce(c.about, c.subject) as subject, c.reason, c.status, c.detail, c.request, c.account, c.count,
          c.first_at as "firstAt", c.last_at as "lastAt"
        from ${allowed} conflict c ${index} where ${sql.join(conditions, sql` and `)}
        order by c.last_at desc, c.id desc limit ${limit}`,
    ] as const
  })
  release(query)
  return rows[0]
}

/**
 * Settles a conflict: it is forgotten until it occurs again.
 *
 * @throws Refusal `unknown-conflict` and others
 */
export async function settleConflict(caller: Caller, id: string): Promise<void> {
  await untilWon(async () => {
    const { principal, rows } = await readAs(
      caller,
      needed['DELETE /conflicts/:id'],
      (namespace, allowed) => [
        sql<Pick<Conflict, 'reason' | 'count'>>`select c.reason, c.count from ${allowed} conflict c
        where c.namespace = ${namespace} and c.id = ${id}
          and c.last_at >= ${openSince(caller.now)}`,
      ],
    )
    const [before] = rows[0]
    if (before === undefined) throw new Refusal({ kind: 'unknown-conflict', id })
    const { namespace } = principal
    const statements = [
      sql`delete from conflict where namespace = ${namespace} and id = ${id}`,
      recordChange(caller, principal, 'conflict.settle', id, { before }),
      ...closeEvents(caller, principal),
    ]
    // What occurs meanwhile is settled as well, and counted.
    const condition = sql`exists (select 1 from conflict c
      where c.namespace = ${namespace} and c.id = ${id} and c.count = ${before.count})`
    await writeAs(caller, principal, condition, statements, [])
  })
}

/** How many rows one statement of the expiry deletes, and how many statements one run takes. */
const EXPIRY_CHUNK = 5000
const MOST = 100

/**
 * Deletes, in all namespaces, the conflicts that have expired and the counts that nobody asks for.
 *
 * @returns how many rows were deleted
 */
export async function expireConflicts(database: Database, now: number): Promise<number> {
  const expired = [
    sql<{ readonly one: number }>`
      delete from conflict where rowid in (
        select c.rowid from namespace n cross join conflict c
        on c.namespace = n.name and c.last_at < ${openSince(now)} limit ${EXPIRY_CHUNK})
      returning 1 as one`,
    sql<{ readonly one: number }>`
      delete from refusal_count where rowid in (
        select r.rowid from namespace n cross join refusal_count r
        on r.namespace = n.name and r.hour < ${hourOf(now) - COUNTED_HOURS} limit ${EXPIRY_CHUNK})
      returning 1 as one`,
  ]
  let deleted = 0
  for (const statement of expired) {
    for (let runs = 0; runs < MOST; runs += 1) {
      const [gone] = await database.batch('write', [statement])
      deleted += gone.length
      if (gone.length < EXPIRY_CHUNK) break
    }
  }
  return deleted
}
