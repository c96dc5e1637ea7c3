/** What SCIM has taken under management: how far a migration is, and the list of adoptions. */
import { type SQL, sql } from 'drizzle-orm'
import type { Namespace } from '../tenancy/namespace.ts'
import { needed } from '../tenancy/needed.ts'
import { type Caller, readAs } from './authority.ts'
import { type Held, release } from './held.ts'

/** How many adoptions and mappings are counted; a count that reaches it means that there are more. */
export const MOST_COUNTED = 10_000

/** How far a migration is. */
export interface MigrationStatus {
  readonly users: number
  readonly managedUsers: number
  readonly adoptedUsers: number
  readonly teams: number
  readonly managedTeams: number
  readonly adoptedTeams: number
  readonly mappings: number
  /** Of the adoptions that were counted, in milliseconds since 1970. */
  readonly lastAdoptionAt: number | null
  /** Whether there are more adoptions or mappings than were counted. */
  readonly capped: boolean
}

/** Tells how far a migration is. @throws Refusal */
export async function readMigrationStatus(caller: Caller): Promise<MigrationStatus> {
  const { rows } = await readAs(caller, needed['GET /migration/status'], (namespace, allowed) => [
    sql<Pick<MigrationStatus, 'users' | 'managedUsers' | 'teams' | 'managedTeams'>>`
      select n.users, n.managed_users as "managedUsers", n.teams,
        n.managed_teams as "managedTeams"
      from ${allowed} namespace n where n.name = ${namespace}`,
    sql<{ readonly type: string; readonly count: number; readonly lastAt: number }>`
      select s.type, count(*) as count, max(s.at) as "lastAt" from (
        select a.type, a.at from ${allowed} adoption a
        where a.namespace = ${namespace} and a.part = 0 limit ${MOST_COUNTED + 1}) s
      group by s.type`,
    sql<{ readonly count: number }>`select count(*) as count from (
      select 1 from ${allowed} team_mapping g
      where g.namespace = ${namespace} limit ${MOST_COUNTED + 1}) s`,
  ])
  const [[counters], adopted, [mapped]] = rows
  const adoptions = adopted.reduce((sum, { count }) => sum + count, 0)
  const mappings = mapped?.count ?? 0
  const of = (type: string) => adopted.find((row) => row.type === type)?.count ?? 0
  return {
    ...{ users: counters?.users ?? 0, managedUsers: counters?.managedUsers ?? 0 },
    ...{ teams: counters?.teams ?? 0, managedTeams: counters?.managedTeams ?? 0 },
    adoptedUsers: of('user'),
    adoptedTeams: of('team'),
    mappings: Math.min(mappings, MOST_COUNTED),
    lastAdoptionAt: adoptions === 0 ? null : Math.max(...adopted.map(({ lastAt }) => lastAt)),
    capped: adoptions > MOST_COUNTED || mappings > MOST_COUNTED,
  }
}

export type AdoptionType = 'user' | 'team'

/** An adoption, with what there is of its account or team now. */
export interface Adoption {
  readonly id: string
  readonly type: AdoptionType
  /** Milliseconds since 1970. */
  readonly at: number
  /** The userName or displayName of before. */
  readonly nameBefore: string
  /** That of now; null where there is no such account or team any more. */
  readonly name: string | null
  readonly managed: number | null
  /** The revision that the adoption made, 0 where it is not known, and that of now. */
  readonly adoptedRevision: number
  readonly revision: number | null
}

/** The first part of the latest adoption of each subject; the row is `a`. */
export function latestAdoption(namespace: Namespace): SQL {
  return sql`a.namespace = ${namespace} and a.part = 0 and a.request_id = (
    select x.request_id from adoption x
    where x.namespace = a.namespace and x.subject = a.subject and x.part = 0
    order by x.at desc, x.request_id desc limit 1)`
}

/** The account or team of the adoption `a`. */
export const joinSubject = sql`
  left join user u on a.type = 'user' and u.namespace = a.namespace and u.id = a.subject
  left join team t on a.type = 'team' and t.namespace = a.namespace and t.id = a.subject`

/** Lists adoptions in the order of ids, one page. @throws Refusal */
export async function listAdoptions(
  caller: Caller,
  page: Held<{ readonly after: string; readonly limit: number }>,
): Promise<Adoption[]> {
  const { after, limit } = page.ok ? page.value : { after: '', limit: 0 }
  const { rows } = await readAs(
    caller,
    needed['GET /migration/adoptions'],
    (namespace, allowed) => [
      sql<Adoption>`select a.subject as id, a.type, a.at,
        coalesce(json_extract(a.before, '$.userName'),
          json_extract(a.before, '$.attributes.displayName')) as "nameBefore",
        coalesce(json_extract(u.resource, '$.userName'), t.display_name) as name,
        coalesce(u.managed, t.managed) as managed,
        a.revision as "adoptedRevision", coalesce(u.revision, t.revision) as revision
      from ${allowed} adoption a ${joinSubject}
      where ${latestAdoption(namespace)} and a.subject > ${after}
      order by a.subject limit ${limit}`,
    ],
  )
  release(page)
  return rows[0]
}
