/**
 * The mappings of Team Sync: which team a group of the provider stands for. They are loaded before
 * the provider pushes its groups, which then adopt these teams with their ids and members.
 */
import { type SQL, sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { needed } from '../tenancy/needed.ts'
import {
  type Allowed,
  type Caller,
  readAs,
  unconditionally,
  untilWon,
  writeAs,
} from './authority.ts'
import { list, noRows, type Statement } from './database.ts'
import { closeEvents, recordChange } from './event.ts'
import type { GrafanaIdsRow } from './grafana-ids.ts'
import { type Held, release } from './held.ts'
import { Refusal } from './refusal.ts'

/**
 * A mapping as it is given: the team by its id or name here, or by its uid or id in Grafana, which an
 * import brought along. A number is Grafana's id.
 */
export interface NewMapping {
  readonly groupId: string
  readonly team: string | number
}

/** A mapping with its team. */
export interface Mapping {
  readonly groupKey: string
  readonly groupId: string
  readonly teamId: string
  readonly teamName: string
  readonly managed: number
}

/** What events give as the subject of mappings. */
const SUBJECT = 'team-sync'

function mappings(namespace: Namespace, allowed: Allowed = unconditionally) {
  return sql`select g.group_key as "groupKey", g.group_id as "groupId", t.id as "teamId",
      t.display_name as "teamName", t.managed
    from ${allowed} team_mapping g
    cross join team t on t.namespace = g.namespace and t.id = g.team_id
    where g.namespace = ${namespace}`
}

/** Lists mappings in the order of the keys of their groups, one page. */
export async function listMappings(
  caller: Caller,
  page: Held<{ readonly after: string; readonly limit: number }>,
): Promise<Mapping[]> {
  const { after, limit } = page.ok ? page.value : { after: '', limit: 0 }
  const { rows } = await readAs(
    caller,
    needed['GET /migration/team-sync'],
    (namespace, allowed) => [
      sql<Mapping>`${mappings(namespace, allowed)} and g.group_key > ${after}
      order by g.group_key limit ${limit}`,
    ],
  )
  release(page)
  return rows[0]
}

interface TeamRow extends GrafanaIdsRow {
  readonly key: string
}

/**
 * Adds mappings, and changes those of groups that have one already. All are taken, or none.
 *
 * @returns the mappings as they then are, in the order of the keys of their groups
 * @throws Refusal `unknown-teams`, `mapped-twice` and others
 */
export async function saveMappings(
  caller: Caller,
  body: Held<readonly NewMapping[]>,
): Promise<Mapping[]> {
  const given = (body.ok ? body.value : []).map((mapping) => ({
    ...mapping,
    groupKey: fold(mapping.groupId),
  }))
  const keys = given.map(({ groupKey }) => groupKey)
  const names = given.flatMap(({ team }) => (typeof team === 'string' ? team : []))
  const numbers = given.flatMap(({ team }) => numberOf(team) ?? [])
  return untilWon(async () => {
    const { principal, rows } = await readAs(
      caller,
      needed['PUT /migration/team-sync'],
      (namespace, allowed) => [
        sql<TeamRow>`select t.id, t.display_name_key as key,
          t.grafana_id as "grafanaId", t.grafana_uid as "grafanaUid" from ${allowed} team t
        where t.namespace = ${namespace} and t.id in (
          select id from team where namespace = ${namespace} and id in ${list(names)}
          union all select id from team where namespace = ${namespace}
            and display_name_key in ${list(names.map(fold))}
          union all select id from team where namespace = ${namespace}
            and grafana_uid in ${list(names)}
          union all select id from team where namespace = ${namespace}
            and grafana_id in ${list(numbers)})`,
        sql<Mapping>`${mappings(namespace, allowed)} and g.group_key in ${list(keys)}
        order by g.group_key`,
      ],
    )
    release(body)
    const wanted = resolve(given, rows[0])
    const stored = new Map(rows[1].map((mapping) => [mapping.groupKey, mapping]))
    const changed = wanted.filter(({ groupKey, groupId, teamId }) => {
      const before = stored.get(groupKey)
      return before?.teamId !== teamId || before.groupId !== groupId
    })
    if (changed.length === 0) return rows[1]
    const { namespace } = principal
    const answers = [
      sql<Mapping>`${mappings(namespace)} and g.group_key in ${list(keys)} order by g.group_key`,
    ] as const
    const named = (all: readonly { readonly groupId: string; readonly teamId: string }[]) => ({
      mappings: all.map(({ groupId, teamId }) => ({ groupId, teamId })),
    })
    const before = changed.flatMap(({ groupKey }) => stored.get(groupKey) ?? [])
    const change = { before: named(before), after: named(changed) }
    const text = JSON.stringify(changed)
    const field = (name: string) => sql.raw(`json_extract(j.value, '$.${name}')`)
    const statements: Statement[] = [
      sql`insert into team_mapping (namespace, group_key, group_id, team_id)
        select ${namespace}, ${field('groupKey')}, ${field('groupId')}, ${field('teamId')}
        from json_each(${text}) j where 1
        on conflict (namespace, group_key)
          do update set group_id = excluded.group_id, team_id = excluded.team_id`,
      recordChange(caller, principal, 'teamsync.update', SUBJECT, change),
      ...closeEvents(caller, principal),
    ]
    // Also the mappings that are left alone are part of the answer: all are taken, or none.
    const condition = sql`${areTeamsAsRead(namespace, rows[0])}
      and ${areMappingsAsRead(namespace, keys, rows[1])}`
    const [all] = await writeAs(caller, principal, condition, statements, answers)
    return all
  })
}

/** True while teams are called as they were. */
function areTeamsAsRead(namespace: Namespace, teams: readonly TeamRow[]): SQL {
  const asRead = JSON.stringify(
    teams.map(({ id, key, grafanaId, grafanaUid }) => [id, key, grafanaId, grafanaUid]),
  )
  return sql`(select count(*) from json_each(${asRead}) j
    cross join team t on t.namespace = ${namespace} and t.id = json_extract(j.value, '$[0]')
      and t.display_name_key = json_extract(j.value, '$[1]')
      and t.grafana_id is json_extract(j.value, '$[2]')
      and t.grafana_uid is json_extract(j.value, '$[3]')) = ${teams.length}`
}

/** Grafana's id of a team, where that may be meant. */
function numberOf(team: string | number): number | undefined {
  if (typeof team === 'number') return team
  return /^[1-9]\d{0,14}$/.test(team) ? Number(team) : undefined
}

/** True while the groups of some keys have the mappings that were read, and no others. */
function areMappingsAsRead(
  namespace: Namespace,
  keys: readonly string[],
  read: readonly Mapping[],
): SQL {
  const asRead = JSON.stringify(read.map((one) => [one.groupKey, one.groupId, one.teamId]))
  return sql`(select count(*) from team_mapping g
      where g.namespace = ${namespace} and g.group_key in ${list(keys)}) = ${read.length}
    and (select count(*) from json_each(${asRead}) j
      cross join team_mapping g on g.namespace = ${namespace}
        and g.group_key = json_extract(j.value, '$[0]')
        and g.group_id = json_extract(j.value, '$[1]')
        and g.team_id = json_extract(j.value, '$[2]')) = ${read.length}`
}

/** The teams that mappings name; an id goes before a name, and both before what Grafana calls them. */
function resolve(
  given: readonly (NewMapping & { readonly groupKey: string })[],
  teams: readonly TeamRow[],
) {
  const byId = new Set(teams.map(({ id }) => id))
  const byName = new Map(teams.map(({ id, key }) => [key, id]))
  const byUid = new Map(teams.map(({ id, grafanaUid }) => [grafanaUid, id]))
  const byNumber = new Map(teams.map(({ id, grafanaId }) => [grafanaId, id]))
  const teamOf = (team: string | number) => {
    const number = byNumber.get(numberOf(team) ?? Number.NaN)
    if (typeof team === 'number') return number
    if (byId.has(team)) return team
    return byName.get(fold(team)) ?? byUid.get(team) ?? number
  }
  const unknown = given.flatMap(({ team }) => (teamOf(team) === undefined ? [String(team)] : []))
  if (unknown.length > 0) throw new Refusal({ kind: 'unknown-teams', teams: [...new Set(unknown)] })
  const wanted = new Map<string, { groupKey: string; groupId: string; teamId: string }>()
  for (const { groupKey, groupId, team } of given) {
    const teamId = teamOf(team) ?? ''
    const other = wanted.get(groupKey)
    if (other !== undefined && other.teamId !== teamId) {
      throw new Refusal({ kind: 'mapped-twice', groupId })
    }
    wanted.set(groupKey, { groupKey, groupId, teamId })
  }
  return [...wanted.values()]
}

/**
 * Removes the mapping of one group, or all of them. The teams stay as they are.
 *
 * @returns how many are gone
 * @throws Refusal `unknown-mapping` where the group has none
 */
export async function deleteMappings(
  caller: Caller,
  groupId: string | undefined,
): Promise<{ readonly deleted: number }> {
  return untilWon(async () => {
    const key = groupId === undefined ? undefined : fold(groupId)
    const { principal, rows } = await readAs(
      caller,
      needed['DELETE /migration/team-sync/:group'],
      (namespace, allowed) => [
        key === undefined
          ? sql<{ readonly count: number }>`select count(*) as count
            from ${allowed} team_mapping g where g.namespace = ${namespace}`
          : sql<{ readonly count: number }>`select count(*) as count
            from ${allowed} team_mapping g
            where g.namespace = ${namespace} and g.group_key = ${key}`,
        key === undefined
          ? noRows
          : sql<Mapping>`${mappings(namespace, allowed)} and g.group_key = ${key}`,
      ],
    )
    const { namespace } = principal
    const deleted = rows[0][0]?.count ?? 0
    const [mapping] = rows[1]
    if (groupId !== undefined && mapping === undefined) {
      throw new Refusal({ kind: 'unknown-mapping', groupId })
    }
    if (deleted === 0) return { deleted }
    const chosen =
      key === undefined
        ? sql`g.namespace = ${namespace}`
        : sql`g.namespace = ${namespace} and g.group_key = ${key}`
    const before =
      mapping === undefined
        ? { mappings: deleted }
        : { mappings: [{ groupId: mapping.groupId, teamId: mapping.teamId }] }
    const statements = [
      sql`delete from team_mapping as g where ${chosen}`,
      recordChange(caller, principal, 'teamsync.delete', SUBJECT, { before }),
      ...closeEvents(caller, principal),
    ]
    const sameOne =
      key === undefined || mapping === undefined
        ? sql``
        : sql` and ${areMappingsAsRead(namespace, [key], [mapping])}`
    const condition = sql`(select count(*) from team_mapping g where ${chosen}) = ${deleted}${sameOne}`
    await writeAs(caller, principal, condition, statements, [])
    return { deleted }
  })
}
