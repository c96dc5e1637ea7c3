/** Teams, which SCIM calls groups. How their members change is told in membership.ts. */
import { type SQL, sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import { type MemberChange, type MemberForm, noMemberChange } from '../scim/patch/members.ts'
import { sameValue } from '../scim/resource/equality.ts'
import type { Attributes } from '../scim/resource/resource.ts'
import {
  failedCondition,
  groupVersion,
  isConditional,
  type Preconditions,
} from '../scim/resource/version.ts'
import type { Principal } from '../tenancy/credential.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { mayRead, needed } from '../tenancy/needed.ts'
import { difference, withoutEmptyExternalId } from './account.ts'
import {
  type Allowed,
  type Caller,
  readAs,
  unconditionally,
  untilWon,
  writeAs,
} from './authority.ts'
import { noRows, type Statement } from './database.ts'
import { closeEvents } from './event.ts'
import { StoreFailure } from './failure.ts'
import { type Held, release } from './held.ts'
import { groupKeys, type MappedTeam, matchTeam, type TeamHolder } from './match.ts'
import { carryOut, chunksOf, keepBeforeImage, markInherited, planEvents } from './membership.ts'
import { Refusal } from './refusal.ts'

export interface Member {
  readonly id: string
  /** The member's displayName, or else userName; absent where the caller may not read users. */
  readonly display?: string
}

/** A team as it is stored. Times are milliseconds since 1970. */
export interface StoredTeam {
  readonly id: string
  readonly revision: number
  readonly managed: boolean
  readonly attributes: Attributes
  /** Absent where they were not asked for. */
  readonly members?: readonly Member[]
  readonly createdAt: number
  readonly lastModified: number
  readonly version: string
  /** What Grafana calls the team, where that is known. */
  readonly grafanaId: number | null
  readonly grafanaUid: string | null
  /** Whether the attributes are left out, since the caller may not read them. */
  readonly withheld?: boolean
}

/** The columns of a team, as `teamColumns` selects them from the row `t`. */
export interface TeamRow {
  readonly id: string
  readonly revision: number
  readonly managed: number
  readonly displayName: string
  readonly externalId: string | null
  readonly createdAt: number
  readonly lastModified: number
  readonly grafanaId: number | null
  readonly grafanaUid: string | null
}

/** A member, with the team. */
export interface MemberRow extends Member {
  readonly teamId: string
}

export const teamColumns = sql`t.id, t.revision, t.managed, t.display_name as "displayName",
  t.external_id as "externalId", t.created_at as "createdAt", t.last_modified as "lastModified",
  t.grafana_id as "grafanaId", t.grafana_uid as "grafanaUid"`

export function selectTeam(
  namespace: Namespace,
  id: string,
  allowed: Allowed = unconditionally,
): Statement<TeamRow> {
  return sql<TeamRow>`select ${teamColumns} from ${allowed} team t
    where t.namespace = ${namespace} and t.id = ${id}`
}

/** What the user `u` is called as a member. */
const display = sql`coalesce(
  json_extract(u.resource, '$.displayName'), json_extract(u.resource, '$.userName'))`

/** The members of the teams whose ids the query `teams` gives. */
export function selectMembers(
  namespace: Namespace,
  teams: SQL,
  allowed: Allowed = unconditionally,
): Statement<MemberRow> {
  return sql<MemberRow>`
    select m.team_id as "teamId", m.user_id as id, ${display} as display
    from ${allowed} membership m
    cross join user u on u.namespace = m.namespace and u.id = m.user_id
    where m.namespace = ${namespace} and m.team_id in (${teams})
    order by m.team_id, m.user_id`
}

/** A user whom a change of members looks at, as read: a member, or one that it lists. */
interface ExaminedUser extends Member {
  readonly display: string
  readonly revision: number
}

/** The users `u` who are members of a team. */
function usersIn(namespace: Namespace, id: string): SQL {
  return sql`membership m cross join user u on u.namespace = m.namespace and u.id = m.user_id
    where m.namespace = ${namespace} and m.team_id = ${id}`
}

/** The users `u` of a JSON list of ids. */
function usersOf(namespace: Namespace, ids: string): SQL {
  return sql`json_each(${ids}) j
    cross join user u on u.namespace = ${namespace} and u.id = j.value where 1`
}

function selectExamined(users: SQL, allowed: Allowed): Statement<ExaminedUser> {
  return sql<ExaminedUser>`select u.id, ${display} as display, u.revision from ${allowed} ${users}`
}

/**
 * Whether users are those that were read, as far as their number and the sum of their revisions tell.
 * Those of members do, while the team is as it was read: a revision only grows.
 */
function areAsRead(users: SQL, read: readonly ExaminedUser[]): SQL {
  const revisions = read.reduce((sum, { revision }) => sum + revision, 0)
  return sql`(select count(*), coalesce(sum(u.revision), 0) from ${users})
    = (${read.length}, ${revisions})`
}

/** Whether it is the same users: one who is gone could hide behind another who is taken up again. */
function areStillUsers(namespace: Namespace, read: readonly ExaminedUser[]): SQL {
  return areAsRead(usersOf(namespace, JSON.stringify(read.map(({ id }) => id))), read)
}

/** The attributes of a team as SCIM shows them. */
export function attributesOf(row: TeamRow): Attributes {
  const { displayName, externalId } = row
  return externalId === null ? { displayName } : { externalId, displayName }
}

/** The team that a row describes. */
export function toTeam(row: TeamRow, members?: readonly Member[]): StoredTeam {
  return {
    id: row.id,
    revision: row.revision,
    managed: row.managed === 1,
    attributes: attributesOf(row),
    ...(members === undefined ? {} : { members }),
    createdAt: row.createdAt,
    lastModified: row.lastModified,
    version: groupVersion(row.revision),
    grafanaId: row.grafanaId,
    grafanaUid: row.grafanaUid,
  }
}

/**
 * What a caller may see of a team: what its members are called is said of users, and nothing of a
 * team is told to who may write teams but not read them.
 */
export function visibleTeam(granted: number, team: StoredTeam): StoredTeam {
  if (!mayRead(granted, 'teams:read')) {
    const { members: _members, ...rest } = team
    return { ...rest, attributes: {}, withheld: true }
  }
  if (team.members === undefined || mayRead(granted, 'org.users:read')) return team
  return { ...team, members: team.members.map(({ id }) => ({ id })) }
}

/** @throws Refusal `not-found` where there is no row */
export function foundTeam(row: TeamRow | undefined, id: string): TeamRow {
  if (row === undefined) throw new Refusal({ kind: 'not-found', resourceType: 'Group', id })
  return row
}

/**
 * Reads a team.
 *
 * @throws Refusal
 */
export async function readTeam(
  caller: Caller,
  id: string,
  withMembers: boolean,
): Promise<StoredTeam> {
  const { principal, rows } = await readAs(
    caller,
    needed['GET /Groups/:id'],
    (namespace, allowed) => [
      selectTeam(namespace, id, allowed),
      withMembers ? selectMembers(namespace, sql`${id}`, allowed) : noRows,
    ],
  )
  const team = toTeam(foundTeam(rows[0][0], id), withMembers ? rows[1] : undefined)
  return visibleTeam(principal.granted, team)
}

function requireSync({ settings }: Principal): void {
  if (!settings.enableGroupSync) {
    throw new Refusal({ kind: 'sync-disabled', setting: 'enableGroupSync' })
  }
}

/** A team with the key that makes it unique. */
type CandidateRow = TeamRow & TeamHolder

const candidateColumns = sql`${teamColumns}, t.display_name_key as "displayNameKey"`

export function selectByName(
  namespace: Namespace,
  name: string,
  allowed: Allowed,
): Statement<CandidateRow> {
  return sql<CandidateRow>`select ${candidateColumns} from ${allowed} team t
    where t.namespace = ${namespace} and t.display_name_key = ${fold(name)}`
}

/** The teams that a group is mapped to, by its externalId or its name. */
function selectMapped(
  namespace: Namespace,
  attributes: Attributes,
  allowed: Allowed,
): Statement<CandidateRow & MappedTeam> {
  return sql<CandidateRow & MappedTeam>`
    select ${candidateColumns}, g.group_key as "groupKey", g.group_id as "groupId"
    from ${allowed} ${mappedTo(namespace, attributes)}`
}

/** The mappings `g` of a group, with their teams `t`. */
function mappedTo(namespace: Namespace, attributes: Attributes): SQL {
  const [key = null, other = null] = groupKeys(attributes)
  return sql`team_mapping g
    cross join team t on t.namespace = g.namespace and t.id = g.team_id
    where g.namespace = ${namespace} and g.group_key in (${key}, ${other})`
}

/** Whether a group is mapped to the teams that were read, and SCIM manages those as it did. */
function areStillMapped(
  namespace: Namespace,
  attributes: Attributes,
  read: readonly MappedTeam[],
): SQL {
  const from = mappedTo(namespace, attributes)
  const each = read.map(
    ({ groupKey, id, managed }) => sql` and exists (select 1 from ${from}
      and g.group_key = ${groupKey} and t.id = ${id} and t.managed = ${managed})`,
  )
  return sql`(select count(*) from ${from}) = ${read.length}${sql.join(each)}`
}

/** How many bytes the attributes of a team may take; an event holds them before and after. */
const MAXIMUM_ATTRIBUTES = 256 * 1024

/** @throws Refusal `resource-too-large` */
function requireSmall(attributes: Attributes): void {
  if (Buffer.byteLength(JSON.stringify(attributes)) > MAXIMUM_ATTRIBUTES) {
    throw new Refusal({ kind: 'resource-too-large', limit: MAXIMUM_ATTRIBUTES })
  }
}

export function taken(name: string): Refusal {
  return new Refusal({ kind: 'taken', attribute: 'displayName', value: name })
}

/** A new team: its attributes, and the ids of its members. */
export interface NewTeam {
  readonly attributes: Attributes
  readonly members: readonly string[]
}

/**
 * Creates a team; or takes one under management that the group is mapped to, or else one of the same
 * name, that SCIM does not manage yet and whose members stay.
 *
 * @throws Refusal `taken` and others
 */
export async function createTeam(
  caller: Caller,
  body: Held<NewTeam>,
  withMembers: boolean,
): Promise<StoredTeam> {
  const given = body.ok ? withoutEmptyExternalId(body.value.attributes) : {}
  const name = String(given.displayName)
  return untilWon(async () => {
    const { principal, rows } = await readAs(
      caller,
      needed['POST /Groups'],
      (namespace, allowed) => [
        selectByName(namespace, name, allowed),
        selectMapped(namespace, given, allowed),
      ],
    )
    requireSync(principal)
    const members = release(body).members
    const shown = withMembers && mayRead(principal.granted, 'teams:read')
    requireSmall(given)
    const existing = matchTeam(rows[0], rows[1], given)?.team
    const change: MemberChange = { ...noMemberChange, add: new Set(members) }
    const mapped = areStillMapped(principal.namespace, given, rows[1])
    if (existing !== undefined) {
      const attributes = { ...attributesOf(existing), ...given }
      return replaceTeam(caller, principal, existing, attributes, change, {
        action: 'team.adopt',
        withMembers: shown,
        alsoAsRead: [mapped],
      })
    }
    const how = { managed: true, withMembers: shown, condition: mapped }
    return insertTeam(caller, principal, given, change, how)
  })
}

/** Puts a new team into the tables. */
export async function insertTeam(
  caller: Caller,
  principal: Principal,
  attributes: Attributes,
  change: MemberChange,
  how: {
    readonly managed: boolean
    readonly withMembers: boolean
    /** What must be as it was read; nothing where it is absent. */
    readonly condition?: SQL
  },
): Promise<StoredTeam> {
  const { managed, withMembers, condition = sql`1` } = how
  const { namespace } = principal
  const id = caller.newId('team')
  const name = String(attributes.displayName)
  const statements = [
    sql`insert into team (namespace, id, revision, managed, display_name, display_name_key,
        external_id, created_at, last_modified)
      values (${namespace}, ${id}, 0, ${managed ? 1 : 0}, ${name}, ${fold(name)},
        ${externalIdOf(attributes)}, ${caller.now}, ${caller.now})`,
    ...planEvents(caller, principal, 'team.create', id, change, { after: attributes }),
    ...carryOut(caller, principal, id, { always: true }),
    ...closeEvents(caller, principal, { teams: 1, managedTeams: managed ? 1 : 0 }),
  ]
  return write(caller, principal, condition, statements, id, withMembers)
}

function externalIdOf({ externalId }: Attributes): string | null {
  return typeof externalId === 'string' ? externalId : null
}

/** Writes, and reads the team as it then is. */
async function write(
  caller: Caller,
  principal: Principal,
  condition: SQL,
  statements: readonly Statement[],
  id: string,
  withMembers: boolean,
): Promise<StoredTeam> {
  const { namespace } = principal
  const answers = [
    selectTeam(namespace, id),
    withMembers ? selectMembers(namespace, sql`${id}`) : noRows,
  ] as const
  const written = writeAs(caller, principal, condition, statements, answers)
  const [[row], members] = await written.catch(refuseLimits)
  return visibleTeam(
    principal.granted,
    toTeam(foundTeam(row, id), withMembers ? members : undefined),
  )
}

function refuseLimits(error: unknown): never {
  if (error instanceof StoreFailure && error.constraint === 'team_member_limit') {
    throw new Refusal({ kind: 'team-full' })
  }
  throw error
}

/** A member as filters compare it. */
function formOf({ id, display }: ExaminedUser): MemberForm {
  return { value: id, type: 'user', display: fold(display) }
}

/** Whether a team's attributes are those that were read: then what leaves them alone is no lost update. */
function areStillAttributes(namespace: Namespace, { id, displayName, externalId }: TeamRow): SQL {
  return sql`exists (select 1 from team t where t.namespace = ${namespace} and t.id = ${id}
    and t.display_name = ${displayName} and t.external_id is ${externalId})`
}

/** What a PUT or PATCH makes of a team. */
export interface TeamChange {
  /** The new attributes, from those that are stored; absent where the change is one of members alone. */
  readonly attributes?: (current: StoredTeam) => Attributes
  /** The change of members, from the members and the listed users where they were read. */
  readonly members: (current: readonly MemberForm[], listed: readonly MemberForm[]) => MemberChange
  /**
   * Whether `members` needs the members: then the write depends on nobody else writing, neither the
   * team nor the users that `members` looks at.
   */
  readonly dependsOnMembers: boolean
  /** The ids of the users that `members` needs beside the members. */
  readonly listed?: ReadonlySet<string>
}

/**
 * Changes a team, and takes it under management. A change that changes nothing keeps version and
 * lastModified; one that names nobody but unknown members leaves an event nevertheless.
 *
 * @param preconditions If-Match and If-None-Match
 * @throws Refusal `not-found`, `failed-condition`, `taken` and others; ProtocolError from the change
 */
export async function changeTeam(
  caller: Caller,
  id: string,
  change: Held<TeamChange>,
  preconditions: Preconditions,
  withMembers: boolean,
): Promise<StoredTeam> {
  return untilWon(async () => {
    const needsMembers = change.ok && change.value.dependsOnMembers
    const listed = change.ok ? chunksOf(change.value.listed ?? new Set()) : []
    const examined = (namespace: Namespace) =>
      needsMembers ? [usersIn(namespace, id), ...listed.map((ids) => usersOf(namespace, ids))] : []
    const { principal, rows } = await readAs(
      caller,
      needed['PATCH /Groups/:id'],
      (namespace, allowed) => [
        selectTeam(namespace, id, allowed),
        ...examined(namespace).map((users) => selectExamined(users, allowed)),
      ],
    )
    requireSync(principal)
    const [[found], ...users] = rows
    const [currentMembers = [], ...listedUsers] = users
    const row = foundTeam(found, id)
    const current = toTeam(row)
    const failed = failedCondition(preconditions, current.version)
    if (failed !== undefined) throw new Refusal({ kind: 'failed-condition', header: failed })
    const { attributes, members } = release(change)
    const next =
      attributes === undefined ? current.attributes : withoutEmptyExternalId(attributes(current))
    requireSmall(next)
    return replaceTeam(
      caller,
      principal,
      row,
      next,
      members(currentMembers.map(formOf), listedUsers.flat().map(formOf)),
      {
        action: current.managed ? 'team.update' : 'team.adopt',
        withMembers: withMembers && mayRead(principal.granted, 'teams:read'),
        asRead: needsMembers || isConditional(preconditions),
        alsoAsRead: [
          ...(attributes === undefined ? [] : [areStillAttributes(principal.namespace, row)]),
          ...examined(principal.namespace).map((one, index) => areAsRead(one, users[index] ?? [])),
          ...listedUsers.map((some) => areStillUsers(principal.namespace, some)),
        ],
      },
    )
  })
}

/**
 * Writes attributes and members of a team that was read; `team.adopt` lets SCIM manage it. Unless
 * the attributes change or the result depends on what was read, the team need only be there.
 */
export async function replaceTeam(
  caller: Caller,
  principal: Principal,
  current: TeamRow,
  attributes: Attributes,
  change: MemberChange,
  how: {
    readonly action: 'team.adopt' | 'team.update'
    readonly withMembers: boolean
    /** Whether the team must be as it was read. */
    readonly asRead?: boolean
    /** What else must be as it was read. */
    readonly alsoAsRead?: readonly SQL[]
  },
): Promise<StoredTeam> {
  const { namespace } = principal
  const { id } = current
  const before = attributesOf(current)
  const changesAttributes = !sameValue(before, attributes)
  const adopts = how.action === 'team.adopt'
  const name = String(attributes.displayName)
  const changesMembers = change.replace || change.add.size > 0 || change.remove.size > 0
  if (!changesAttributes && !adopts && !changesMembers && !how.withMembers) {
    return visibleTeam(principal.granted, toTeam(current))
  }
  const exact = changesAttributes || adopts || how.asRead === true
  const isThere = sql`exists (select 1 from team t where t.namespace = ${namespace}
    and t.id = ${id} and t.managed = ${current.managed}${exact ? sql` and t.revision = ${current.revision}` : sql``})`
  const condition = sql.join([isThere, ...(how.alsoAsRead ?? [])], sql` and `)
  const described = changesAttributes || adopts ? difference(before, attributes) : undefined
  const statements = [
    ...(adopts ? keepBeforeImage(caller, namespace, current, before) : []),
    ...planEvents(caller, principal, how.action, id, change, described),
    ...(changesAttributes || adopts
      ? [
          sql`update team set managed = ${adopts ? 1 : current.managed}, display_name = ${name}, display_name_key = ${fold(name)},
              external_id = ${externalIdOf(attributes)}
            where namespace = ${namespace} and id = ${id}`,
        ]
      : []),
    ...markInherited(namespace, id, change, adopts),
    ...carryOut(caller, principal, id, { always: changesAttributes || adopts }),
    ...closeEvents(caller, principal, { managedTeams: adopts ? 1 : 0 }),
  ]
  try {
    return await write(caller, principal, condition, statements, id, how.withMembers)
  } catch (error) {
    if (error instanceof StoreFailure && error.kind === 'unique') {
      const { rows } = await readAs(caller, principal.permissions, (_namespace, allowed) => [
        selectByName(namespace, name, allowed),
      ])
      const holder = rows[0][0]
      if (holder !== undefined && holder.id !== id) throw taken(name)
    }
    throw error
  }
}

/**
 * Deletes a team; its memberships end.
 *
 * @throws Refusal `not-found`, `unmanaged`, `failed-condition` and others
 */
export async function deleteTeam(
  caller: Caller,
  id: string,
  preconditions: Preconditions,
): Promise<void> {
  await untilWon(async () => {
    const { principal, rows } = await readAs(
      caller,
      needed['DELETE /Groups/:id'],
      (namespace, allowed) => [selectTeam(namespace, id, allowed)],
    )
    requireSync(principal)
    const row = foundTeam(rows[0][0], id)
    if (row.managed === 0) throw new Refusal({ kind: 'unmanaged', resourceType: 'Group' })
    const failed = failedCondition(preconditions, groupVersion(row.revision))
    if (failed !== undefined) throw new Refusal({ kind: 'failed-condition', header: failed })
    await removeTeam(caller, principal, row)
  })
}

/** Takes a team that was read out of the tables, with its memberships and mappings. */
export async function removeTeam(
  caller: Caller,
  principal: Principal,
  team: TeamRow,
): Promise<void> {
  const { namespace } = principal
  const { id, revision, managed } = team
  const nobody: MemberChange = { replace: true, add: new Set(), remove: new Set() }
  const condition = sql`exists (select 1 from team t where t.namespace = ${namespace}
    and t.id = ${id} and t.revision = ${revision})`
  const statements = [
    ...planEvents(caller, principal, 'team.delete', id, nobody, { before: attributesOf(team) }),
    sql`delete from membership where namespace = ${namespace} and team_id = ${id}`,
    sql`delete from team_mapping where namespace = ${namespace} and group_key in (
      select g.group_key from team_mapping g
      where g.namespace = ${namespace} and g.team_id = ${id})`,
    sql`delete from team where namespace = ${namespace} and id = ${id}`,
    ...closeEvents(caller, principal, { teams: -1, managedTeams: -managed }),
  ]
  await writeAs(caller, principal, condition, statements, [])
}
