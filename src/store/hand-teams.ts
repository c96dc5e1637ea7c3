/**
 * Teams by hand. What SCIM manages is read-only here, as in Grafana: the name always, members and
 * deletion unless group sync is off.
 */
import { type SQL, sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import { type MemberChange, noMemberChange } from '../scim/patch/members.ts'
import type { Principal } from '../tenancy/credential.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { needed } from '../tenancy/needed.ts'
import type { Permission } from '../tenancy/permission.ts'
import {
  type Allowed,
  type Caller,
  readAs,
  unconditionally,
  untilWon,
  writeAs,
} from './authority.ts'
import type { Statement } from './database.ts'
import { closeEvents, recordChange } from './event.ts'
import { type Held, release } from './held.ts'
import { endManagement } from './management.ts'
import { chunksOf } from './membership.ts'
import { Refusal } from './refusal.ts'
import {
  attributesOf,
  foundTeam,
  insertTeam,
  removeTeam,
  replaceTeam,
  type StoredTeam,
  selectByName,
  type TeamRow,
  taken,
  teamColumns,
  toTeam,
  visibleTeam,
} from './teams.ts'

interface CountedRow extends TeamRow {
  readonly members: number
}

/** A team, and how many members it has. */
export interface CountedTeam {
  readonly team: StoredTeam
  readonly members: number
}

function counted(row: CountedRow): CountedTeam {
  return { team: toTeam(row), members: row.members }
}

function visibly({ granted }: Principal, { team, members }: CountedTeam): CountedTeam {
  return { team: visibleTeam(granted, team), members }
}

function selectTeams(
  condition: SQL,
  allowed: Allowed = unconditionally,
  limit = 1,
): Statement<CountedRow> {
  return sql<CountedRow>`select ${teamColumns}, t.members from ${allowed} team t
    where ${condition} order by t.id limit ${limit}`
}

const byId = (namespace: Namespace, id: string) => sql`t.namespace = ${namespace} and t.id = ${id}`

/** Which teams a list shows; all of one namespace where nothing is said. */
export interface TeamQuery {
  readonly name?: string | undefined
  readonly isProvisioned?: boolean | undefined
  /** The id behind which to go on. */
  readonly after: string
  readonly limit: number
}

/** Finds teams in the order of their ids, and tells how many there are in all. */
export async function listHandTeams(
  caller: Caller,
  query: Held<TeamQuery>,
): Promise<{ readonly total: number; readonly teams: CountedTeam[] }> {
  const asked: TeamQuery = query.ok ? query.value : { after: '', limit: 0 }
  const { name, isProvisioned, after, limit } = asked
  const { rows } = await readAs(caller, needed['GET /teams'], (namespace, allowed) => {
    const conditions = [
      sql`t.namespace = ${namespace}`,
      ...(name === undefined ? [] : [sql`t.display_name_key = ${fold(name)}`]),
      ...(isProvisioned === undefined ? [] : [sql`t.managed = ${isProvisioned ? 1 : 0}`]),
    ]
    const matching = sql.join(conditions, sql` and `)
    const counter =
      isProvisioned === undefined
        ? sql`n.teams`
        : isProvisioned
          ? sql`n.managed_teams`
          : sql`n.teams - n.managed_teams`
    const total =
      name === undefined
        ? sql<{ readonly total: number }>`select ${counter} as total
            from ${allowed} namespace n where n.name = ${namespace}`
        : sql<{ readonly total: number }>`select count(*) as total
            from ${allowed} team t where ${matching}`
    return [total, selectTeams(sql`${matching} and t.id > ${after}`, allowed, limit)] as const
  })
  release(query)
  return { total: rows[0][0]?.total ?? 0, teams: rows[1].map(counted) }
}

async function readRow(caller: Caller, permissions: readonly Permission[], id: string) {
  const { principal, rows } = await readAs(caller, permissions, (namespace, allowed) => [
    selectTeams(byId(namespace, id), allowed),
  ])
  return { principal, row: rows[0][0] }
}

function found(row: CountedRow | undefined, id: string): CountedRow {
  return { members: 0, ...row, ...foundTeam(row, id) }
}

/** @throws Refusal `not-found` and others */
export async function readHandTeam(caller: Caller, id: string): Promise<CountedTeam> {
  const { row } = await readRow(caller, needed['GET /teams/:team'], id)
  return counted(found(row, id))
}

/**
 * Creates a team that SCIM does not manage.
 *
 * @throws Refusal `taken` and others
 */
export async function createHandTeam(caller: Caller, name: Held<string>): Promise<CountedTeam> {
  return untilWon(async () => {
    const { principal, rows } = await readAs(
      caller,
      needed['POST /teams'],
      (namespace, allowed) => [selectByName(namespace, name.ok ? name.value : '', allowed)],
    )
    const displayName = release(name)
    if (rows[0].length > 0) throw taken(displayName)
    const how = { managed: false, withMembers: false }
    const team = await insertTeam(caller, principal, { displayName }, noMemberChange, how)
    return { team, members: 0 }
  })
}

/** A change of a team by hand, which may also ask whether SCIM manages it. */
export interface HandTeamChange {
  readonly name?: string | undefined
  readonly isProvisioned?: boolean | undefined
}

/**
 * Renames a team that SCIM does not manage.
 *
 * @throws Refusal `not-found`, `provisioned`, `taken` and others
 */
export async function changeHandTeam(
  caller: Caller,
  id: string,
  change: Held<HandTeamChange>,
): Promise<CountedTeam> {
  return untilWon(async () => {
    const { principal, row } = await readRow(caller, needed['PATCH /teams/:team'], id)
    const { name, isProvisioned } = release(change)
    const current = found(row, id)
    const managed = current.managed === 1
    if (isProvisioned !== undefined && isProvisioned !== managed) {
      throw new Refusal({ kind: 'provisioned', what: managed ? 'team' : 'by-hand' })
    }
    if (name === undefined || name === current.displayName) {
      return visibly(principal, counted(current))
    }
    if (managed) throw new Refusal({ kind: 'provisioned', what: 'team-name' })
    const attributes = { ...attributesOf(current), displayName: name }
    const how = { action: 'team.update', withMembers: false } as const
    const team = await replaceTeam(caller, principal, current, attributes, noMemberChange, how)
    return { team, members: current.members }
  })
}

/** Whether SCIM has the say in the members and the deletion of a team. */
export function belongsToScim({ settings }: Principal, managed: number): boolean {
  return managed === 1 && settings.enableGroupSync
}

/**
 * Deletes a team; its memberships end.
 *
 * @throws Refusal `not-found`, `provisioned` and others
 */
export async function deleteHandTeam(caller: Caller, id: string): Promise<void> {
  await untilWon(async () => {
    const { principal, row } = await readRow(caller, needed['DELETE /teams/:team'], id)
    const current = found(row, id)
    if (belongsToScim(principal, current.managed)) {
      throw new Refusal({ kind: 'provisioned', what: 'team-deletion' })
    }
    await removeTeam(caller, principal, current)
  })
}

/** A member as Grafana's lists show it: a user with the attributes, as JSON. */
export interface MemberAccount {
  readonly id: string
  readonly resource: string
}

/** Lists the members of a team in the order of their ids. */
export async function listTeamMembers(
  caller: Caller,
  id: string,
  page: Held<{ readonly after: string; readonly limit: number }>,
): Promise<MemberAccount[]> {
  const { after, limit } = page.ok ? page.value : { after: '', limit: 0 }
  const { rows } = await readAs(
    caller,
    needed['GET /teams/:team/members'],
    (namespace, allowed) => [
      selectTeams(byId(namespace, id), allowed),
      sql<MemberAccount>`select u.id, u.resource from ${allowed} membership m
      cross join user u on u.namespace = m.namespace and u.id = m.user_id
      where m.namespace = ${namespace} and m.team_id = ${id} and m.user_id > ${after}
      order by m.user_id limit ${limit}`,
    ],
  )
  release(page)
  found(rows[0][0], id)
  return rows[1]
}

/** What becomes of the members of a team by hand. */
export type HandMemberChange =
  | { readonly kind: 'add' | 'remove'; readonly user: string }
  /** `join` adds all who are not members yet. */
  | { readonly kind: 'join' | 'replace'; readonly users: readonly string[] }

/** A user who is named, and stands in the way of a change of members. */
interface ObstacleRow {
  readonly id: string
  readonly isUser: number
}

/** Whether the id `j.value` is a user. */
const isUserIn = (namespace: Namespace) => sql`exists (select 1 from user u
  where u.namespace = ${namespace} and u.id = j.value)`

/** Those of some ids, as JSON, that the change cannot be made of. */
function obstacles(
  namespace: Namespace,
  id: string,
  kind: HandMemberChange['kind'],
  ids: string,
): SQL {
  const isUser = isUserIn(namespace)
  const isMember = sql`exists (select 1 from membership m where m.namespace = ${namespace}
    and m.team_id = ${id} and m.user_id = j.value)`
  const obstructs = {
    add: sql`(not ${isUser} or ${isMember})`,
    remove: sql`not ${isMember}`,
    join: sql`not ${isUser}`,
    replace: sql`not ${isUser}`,
  }
  return sql`json_each(${ids}) j where ${obstructs[kind]}`
}

/**
 * Changes the members of a team.
 *
 * @throws Refusal `not-found`, `provisioned`, `already-member`, `team-full` and others
 */
export async function changeTeamMembers(
  caller: Caller,
  id: string,
  change: Held<HandMemberChange>,
): Promise<void> {
  const ids = change.ok ? ('user' in change.value ? [change.value.user] : change.value.users) : []
  const kind = change.ok ? change.value.kind : 'replace'
  const inTheWay = (namespace: Namespace) =>
    chunksOf(new Set(ids)).map((chunk) => obstacles(namespace, id, kind, chunk))
  await untilWon(async () => {
    const { principal, rows } = await readAs(
      caller,
      needed['PUT /teams/:team/members'],
      (namespace, allowed) => [
        selectTeams(byId(namespace, id), allowed),
        ...inTheWay(namespace).map(
          (some) => sql<ObstacleRow>`select j.value as id, ${isUserIn(namespace)} as "isUser"
          from ${allowed} ${some} limit 1`,
        ),
      ],
    )
    const asked = release(change)
    const [[row], ...named] = rows
    const current = found(row, id)
    if (belongsToScim(principal, current.managed)) {
      throw new Refusal({ kind: 'provisioned', what: 'team-members' })
    }
    const [obstacle] = named.flat()
    if (obstacle !== undefined) {
      const { id } = obstacle
      if (obstacle.isUser === 0) throw new Refusal({ kind: 'not-found', resourceType: 'User', id })
      throw new Refusal({ kind: asked.kind === 'add' ? 'already-member' : 'no-member', id })
    }
    await replaceTeam(caller, principal, current, attributesOf(current), memberChange(asked), {
      action: 'team.update',
      withMembers: false,
      alsoAsRead: inTheWay(principal.namespace).map(
        (some) => sql`not exists (select 1 from ${some})`,
      ),
    })
  })
}

function memberChange(asked: HandMemberChange): MemberChange {
  if ('users' in asked) {
    return { ...noMemberChange, replace: asked.kind === 'replace', add: new Set(asked.users) }
  }
  return { ...noMemberChange, [asked.kind]: new Set([asked.user]) }
}

/**
 * Releases a team from SCIM: it stays as it is, and can be changed by hand until SCIM writes to it
 * again. For the operator alone.
 *
 * @throws Refusal `not-found` and others
 */
export async function releaseTeam(caller: Caller, id: string): Promise<CountedTeam> {
  return untilWon(async () => {
    const { principal, rows } = await readAs(caller, [], (namespace, allowed) => [
      selectTeams(byId(namespace, id), allowed),
    ])
    const current = found(rows[0][0], id)
    if (current.managed === 0) return counted(current)
    const { namespace } = principal
    const statements = [
      ...endManagement(caller, namespace, 'team', id),
      recordChange(caller, principal, 'team.release', id, {
        before: { isProvisioned: true },
        after: { isProvisioned: false },
      }),
      ...closeEvents(caller, principal, { managedTeams: -1 }),
    ]
    const condition = sql`exists (select 1 from team t where ${byId(namespace, id)}
      and t.revision = ${current.revision})`
    const answers = [selectTeams(byId(namespace, id))] as const
    const [[row]] = await writeAs(caller, principal, condition, statements, answers)
    return counted(found(row, id))
  })
}
