/** Accounts that were deleted and are kept for audit, until an operator purges them. */
import { sql } from 'drizzle-orm'
import { needed } from '../tenancy/needed.ts'
import { type Caller, readAs, untilWon, writeAs } from './authority.ts'
import { type Told, tellsOf } from './conflicts.ts'
import { forgetDeniedLogins } from './denied-logins.ts'
import { closeEvents, recordEvent } from './event.ts'
import { type Held, release } from './held.ts'
import { Refusal } from './refusal.ts'

/** A deleted account. Times are milliseconds since 1970. */
export interface RetainedAccount {
  readonly id: string
  readonly externalId: string | null
  readonly createdAt: number
  readonly deletedAt: number
  /** The attributes as they were, as JSON. */
  readonly resource: string
}

/** One page of a list by id. */
export interface Page {
  /** The id behind which to go on. */
  readonly after: string
  readonly limit: number
}

/** Lists the retained accounts in the order of their ids, and tells how many there are. */
export async function listRetained(
  caller: Caller,
  page: Held<Page>,
): Promise<{ readonly total: number; readonly accounts: RetainedAccount[] }> {
  const { after, limit } = page.ok ? page.value : { after: '', limit: 0 }
  const { rows } = await readAs(caller, needed['GET /retained'], (namespace, allowed) => [
    sql<{ readonly total: number }>`select n.retained as total
      from ${allowed} namespace n where n.name = ${namespace}`,
    sql<RetainedAccount>`
      select r.id, r.external_id as "externalId", r.created_at as "createdAt",
        r.deleted_at as "deletedAt", r.resource
      from ${allowed} retained r where r.namespace = ${namespace} and r.id > ${after}
      order by r.id limit ${limit}`,
  ])
  release(page)
  return { total: rows[0][0]?.total ?? 0, accounts: rows[1] }
}

/** Which retained accounts are to go. */
export type Purge = { readonly id: string } | { readonly before: number }

/** What a retained account is known by. */
interface Person {
  readonly id: string
  readonly userName: string
  readonly email: string | null
  /** That of the record, also where somebody else was given it since. */
  readonly externalId: string | null
  /** JSON: all addresses. */
  readonly emails: string
}

/** A person with the revision of the record, which grows whenever they come back and leave again. */
interface Found extends Person {
  readonly revision: number
}

/** How many accounts one purge by age removes at most. */
const MOST = 50

/**
 * Removes retained accounts for good, with what events and before-images tell of the person: of
 * those, only that there was a change, by whom and when, is left.
 *
 * @returns how many are gone, and whether more are to go
 * @throws Refusal `not-found` where there is none of this id
 */
export async function purgeRetained(
  caller: Caller,
  purge: Held<Purge>,
): Promise<{ readonly purged: number; readonly more: boolean }> {
  return untilWon(async () => {
    const asked = purge.ok ? purge.value : { before: 0 }
    const { principal, rows } = await readAs(caller, [], (namespace, allowed) => [
      sql<Found>`select r.id, r.user_name_key as "userName", r.email_key as email,
          r.resource ->> '$.externalId' as "externalId",
          (select json_group_array(m.value ->> '$.value')
            from json_each(r.resource, '$.emails') m) as emails, r.revision
        from ${allowed} retained r
        where r.namespace = ${namespace}
          and ${'id' in asked ? sql`r.id = ${asked.id}` : sql`r.deleted_at < ${asked.before}`}
        order by r.id limit ${MOST + 1}`,
      // As many as are kept at most.
      sql<Told & { readonly id: string }>`select c.id, coalesce(c.about, c.subject) as subject,
          c.detail, c.request
        from ${allowed} conflict c where c.namespace = ${namespace}`,
    ])
    release(purge)
    const found = rows[0].map(({ id }) => id)
    if ('id' in asked && found.length === 0) {
      throw new Refusal({ kind: 'not-found', resourceType: 'User', id: asked.id })
    }
    const ids = found.slice(0, MOST)
    if (ids.length === 0) return { purged: 0, more: false }
    const { namespace } = principal
    const chosen = rows[0].slice(0, MOST)
    const people = chosen.flatMap(({ revision: _, emails, ...person }) => [
      ...Object.values(person),
      ...JSON.parse(emails),
    ])
    const telling = rows[1].filter((conflict) => tellsOf(conflict, people)).map(({ id }) => id)
    const list = sql`(select j.value from json_each(${JSON.stringify(ids)}) j)`
    const statements = [
      sql`update event set changes = '{"redacted":true}'
        where namespace = ${namespace} and subject in ${list}`,
      sql`delete from adoption where namespace = ${namespace} and subject in ${list}`,
      sql`delete from conflict where namespace = ${namespace}
        and id in (select j.value from json_each(${JSON.stringify(telling)}) j)`,
      forgetDeniedLogins(namespace, people),
      sql`delete from retained where namespace = ${namespace} and id in ${list}`,
      ...ids.map((id, part) => recordEvent(caller, principal, 'user.purge', id, sql`'{}'`, part)),
      ...closeEvents(caller, principal, { retained: -ids.length }),
    ]
    // Whoever came back meanwhile is not purged, nor whoever left again and is kept from then on.
    const asRead = JSON.stringify(chosen.map(({ id, revision }) => [id, revision]))
    const condition = sql`(select count(*) from json_each(${asRead}) j
      cross join retained r on r.namespace = ${namespace}
        and r.id = json_extract(j.value, '$[0]')
        and r.revision = json_extract(j.value, '$[1]')) = ${ids.length}`
    await writeAs(caller, principal, condition, statements, [])
    await caller.database.emptyLog?.()
    return { purged: ids.length, more: found.length > ids.length }
  })
}
