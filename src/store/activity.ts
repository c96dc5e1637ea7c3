/**
 * What went on in a namespace, counted by the hour, so that status and health cost the same whatever
 * the number of events. Changes are counted in the batch that makes them, failed credentials once in
 * a while.
 */
import { sql } from 'drizzle-orm'
import type { Principal } from '../tenancy/credential.ts'
import { CREDENTIAL_FAILURES } from '../tenancy/health.ts'
import { DENIALS } from '../tenancy/login.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import type { Allowed, Caller } from './authority.ts'
import type { Database, Statement } from './database.ts'
import { DAY_HOURS, dayOf, hourOf, startOf } from './hours.ts'

/** For how many hours counts are kept: those of the day are asked for 30 days. */
const KEPT_HOURS = 32 * DAY_HOURS

/** Whose changes they are: a service account's, or the operator's. */
export function subjectOf({ actor }: Principal): string {
  return actor.kind === 'operator' ? '' : actor.accountId
}

/** What is added to where a row of that key is there already. */
export const addCount = sql`on conflict (namespace, kind, subject, hour) do update set
  count = activity.count + excluded.count, last_at = max(activity.last_at, excluded.last_at)`

/** Counts the events about users and teams that the same batch recorded for a request. */
export function countChanges(caller: Caller, principal: Principal): Statement {
  const { namespace } = principal
  // A libSQL server does not parse HAVING without GROUP BY.
  return sql`
    insert into activity (namespace, kind, subject, hour, count, last_at)
    select ${namespace}, 'change', ${subjectOf(principal)}, ${hourOf(caller.now)}, count(*),
      ${caller.now}
    from event e where e.namespace = ${namespace} and e.request_id = ${caller.requestId}
      and (e.action like 'user.%' or e.action like 'team.%')
    group by e.request_id
    ${addCount}`
}

/** Counts a user who gets another externalId. */
export function countExternalId(caller: Caller, principal: Principal): Statement {
  const { namespace } = principal
  return sql`
    insert into activity (namespace, kind, subject, hour, count, last_at)
    values (${namespace}, 'external-id', '', ${dayOf(caller.now)}, 1, ${caller.now})
    ${addCount}`
}

/** What one service account, or the operator, changed. */
export interface ChangesRow {
  /** The id of the account; empty for the operator. */
  readonly subject: string
  readonly lastChangeAt: number | null
  /** By the hours of the clock: the current one and the one before it. */
  readonly lastHour: number | null
  /** The current one and the 24 before it. */
  readonly lastDay: number | null
}

/** Who made changes, each found by one step in the index, with the changes of a day. */
export function selectChanges(
  namespace: Namespace,
  now: number,
  allowed: Allowed,
): Statement<ChangesRow> {
  const hour = hourOf(now)
  const own = sql`a.namespace = ${namespace} and a.kind = 'change'`
  const since = (first: number) => sql`(select sum(a.count) from activity a
    where ${own} and a.subject = s.subject and a.hour >= ${first})`
  return sql<ChangesRow>`
    select s.subject,
      (select a.last_at from activity a where ${own} and a.subject = s.subject
        order by a.hour desc limit 1) as "lastChangeAt",
      ${since(hour - 1)} as "lastHour", ${since(hour - DAY_HOURS)} as "lastDay"
    from (
      with recursive r (subject) as (
        select * from (select a.subject from ${allowed} activity a where ${own}
          order by a.subject limit 1)
        union all
        select (select a.subject from activity a where ${own} and a.subject > r.subject
          order by a.subject limit 1)
        from r where r.subject is not null)
      select r.subject from r where r.subject is not null) s`
}

/** How often a credential failed for one reason since it was written down last. */
export interface FailedCredential {
  /** The messageId of the answer. */
  readonly reason: string
  readonly count: number
  readonly lastAt: number
}

/**
 * Records failed credentials in the namespace that they were sent to. Where there is none of that
 * name, nothing is written: a write would make the file that a namespace of its own is kept in.
 */
export async function recordFailedCredentials(
  database: Database,
  namespace: Namespace,
  failures: readonly FailedCredential[],
): Promise<void> {
  const [[there]] = await database.batch('read', [
    sql<{ readonly counted: string }>`
      select n.name as counted from namespace n where n.name = ${namespace}`,
  ])
  if (there === undefined) return
  const field = (name: string) => sql.raw(`json_extract(j.value, '$.${name}')`)
  const rows = JSON.stringify(failures.map((one) => ({ ...one, hour: hourOf(one.lastAt) })))
  await database.batch('write', [
    sql`insert into activity (namespace, kind, subject, hour, count, last_at)
      select n.name, 'credential', ${field('reason')}, ${field('hour')}, ${field('count')},
        ${field('lastAt')}
      from namespace n cross join json_each(${rows}) j
      where n.name = ${namespace}
      ${addCount}`,
  ])
}

/** How often credentials failed, or logins were denied, for one reason in the current hour and the 24 before it. */
export interface FailuresRow {
  readonly reason: string
  readonly count: number
  /** The first hour of them. */
  readonly hour: number
  readonly lastAt: number
}

/** The reasons of what is counted by them. */
const REASONS = { credential: CREDENTIAL_FAILURES, 'denied-login': DENIALS } as const

/** The failed credentials, or the denied logins, of a day, by reason. */
export function selectFailures(
  namespace: Namespace,
  kind: keyof typeof REASONS,
  now: number,
  allowed: Allowed,
): Statement<FailuresRow> {
  // Named one by one, so that reasons without a row cost nothing.
  const reasons = sql.join(
    REASONS[kind].map((reason) => sql`${reason}`),
    sql`, `,
  )
  return sql<FailuresRow>`
    select a.subject as reason, sum(a.count) as count, min(a.hour) as hour, max(a.last_at) as "lastAt"
    from ${allowed} activity a where a.namespace = ${namespace} and a.kind = ${kind}
      and a.subject in (${reasons}) and a.hour >= ${hourOf(now) - DAY_HOURS}
    group by a.subject order by a.subject`
}

/** The longest pause of a day, in milliseconds, and the first hour of that day. */
export interface PauseRow {
  readonly hour: number
  readonly longest: number
}

/** The long pauses that are kept; there are a few of them at most. */
export function selectPauses(namespace: Namespace, allowed: Allowed): Statement<PauseRow> {
  return sql<PauseRow>`select a.hour, a.count as longest
    from ${allowed} activity a where a.namespace = ${namespace} and a.kind = 'pause'
      and a.subject = ''`
}

/** How many rows one statement of the expiry deletes, and how many statements one run takes. */
const EXPIRY_CHUNK = 5000
const MOST = 100

/**
 * Deletes, in all namespaces, the counts that nobody asks for. The newest of a service account stays,
 * since it tells when that was last at work.
 *
 * @returns how many rows were deleted
 */
export async function expireActivity(database: Database, now: number): Promise<number> {
  const statement = sql<{ readonly one: number }>`
    delete from activity where (namespace, kind, subject, hour) in (
      select a.namespace, a.kind, a.subject, a.hour from namespace n cross join activity a
      on a.namespace = n.name and a.hour < ${hourOf(now) - KEPT_HOURS}
        and (exists (select 1 from activity b where b.namespace = a.namespace and b.kind = a.kind
            and b.subject = a.subject and b.hour > a.hour)
          or not exists (select 1 from service_account c
            where c.namespace = a.namespace and c.id = a.subject))
      limit ${EXPIRY_CHUNK})
    returning 1 as one`
  await database.batch('write', [
    sql`delete from ignored_name where (namespace, account_id, type, name) in (
      select i.namespace, i.account_id, i.type, i.name from namespace n cross join ignored_name i
      on i.namespace = n.name and i.last_at < ${startOf(hourOf(now) - KEPT_HOURS)}
      limit ${EXPIRY_CHUNK})`,
    sql`delete from denied_login where (namespace, subject, reason) in (
      select d.namespace, d.subject, d.reason from namespace n cross join denied_login d
      on d.namespace = n.name and d.last_at < ${startOf(hourOf(now) - KEPT_HOURS)}
      limit ${EXPIRY_CHUNK})`,
  ])
  let deleted = 0
  for (let runs = 0; runs < MOST; runs += 1) {
    const [gone] = await database.batch('write', [statement])
    deleted += gone.length
    if (gone.length < EXPIRY_CHUNK) break
  }
  return deleted
}
