/**
 * Lists of users, of teams, and of both (RFC 7644 §3.4.2): filtered, sorted, and cut into the pages
 * of `page.ts`.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Filter } from '../scim/filter/bind.ts'
import {
  type AttributePath,
  groupType,
  type ResourceType,
  userType,
} from '../scim/schema/resource-type.ts'
import type { Sort } from '../scim/sort.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { needed } from '../tenancy/needed.ts'
import type { Permission } from '../tenancy/permission.ts'
import { type Allowed, type Caller, readAs } from './authority.ts'
import { noRows, type Statement } from './database.ts'
import { type Held, release } from './held.ts'
import {
  type Cut,
  type Listable,
  limitsOf,
  type PagedTeamRow,
  type Place,
  type PlaceRow,
  selectDirectly,
  selectPlaces,
  selectTeamPage,
} from './page.ts'
import {
  compileGroupFilter,
  compileGroupSort,
  compileUserFilter,
  compileUserSort,
  moreGroupsThan,
  moreUsersThan,
  reachOfGroups,
  reachOfUsers,
  selectsOne,
  uniqueOfGroup,
  uniqueOfUser,
} from './query.ts'
import type { Reach } from './reach.ts'
import { Refusal } from './refusal.ts'
import { onlyWhere, selectWithin, withinScan } from './scan.ts'
import { type SealedKey, selectKeys } from './sealing-keys.ts'
import { isListed } from './settings.ts'
import {
  type MemberRow,
  type StoredTeam,
  selectMembers,
  type TeamRow,
  teamColumns,
  toTeam,
  visibleTeam,
} from './teams.ts'
import { type StoredUser, toUser, type UserRow, userColumns, visibleUser } from './users.ts'

/** What is listed. */
export interface Selection {
  /** The filter for each type; absent where everything is listed. */
  readonly filters: ReadonlyMap<ResourceType, Filter> | undefined
  readonly sort: Sort | undefined
  readonly cut: Cut
}

/** A resource of a list. */
export type Listed =
  | { readonly type: 'User'; readonly user: StoredUser }
  | { readonly type: 'Group'; readonly team: StoredTeam }

/** A page of a list. */
export interface Listing {
  readonly resources: readonly Listed[]
  /** How many resources there are on all pages. */
  readonly total: number
  /** The place of the last resource, where more follow it. */
  readonly next: Place | undefined
  /** The keys that seal cursors; none for a page by index. */
  readonly keys: readonly SealedKey[]
}

/**
 * What a list of some types needs. Whoever filters or sorts by what they may not read could find it
 * out: groups of users are teams, and what members are called is said of users.
 */
function neededFor(
  types: readonly ResourceType[],
  { filters, sort }: Selection,
): readonly Permission[] {
  const [only] = types
  if (types.length > 1) return needed['GET /']
  const ofUsers = only === userType
  const isForeign = ({ attribute, sub }: AttributePath) =>
    ofUsers ? attribute.name === 'groups' : attribute.name === 'members' && sub?.name === 'display'
  const filter = only && filters?.get(only)
  const path = only && sort?.paths.get(only)
  const foreign =
    (filter !== undefined && looksAt(filter, isForeign)) || (path !== undefined && isForeign(path))
  return foreign ? needed['GET /'] : needed[ofUsers ? 'GET /Users' : 'GET /Groups']
}

/** Whether a filter looks at such an attribute. */
function looksAt(filter: Filter, isSuch: (path: AttributePath) => boolean): boolean {
  if ('path' in filter && isSuch(filter.path)) return true
  if ('filters' in filter) return filter.filters.some((one) => looksAt(one, isSuch))
  return 'filter' in filter && looksAt(filter.filter, isSuch)
}

const nothing: Selection = {
  filters: undefined,
  sort: undefined,
  cut: { kind: 'index', startIndex: 1, count: 0 },
}

/**
 * Lists resources of the given types, in the order that the selection asks for, else in the order
 * of their ids, which is that of their creation. With members, a page ends once it holds 100,000.
 * Where the settings hide what SCIM does not manage, that is neither listed nor counted.
 *
 * @throws Refusal, `scan-too-large` among others; ProtocolError for a selection that was held back
 */
export async function listResources(
  caller: Caller,
  types: readonly ResourceType[],
  request: Held<Selection>,
  withMembers: boolean,
): Promise<Listing> {
  const { filters, sort, cut } = request.ok ? request.value : nothing
  const { maxScanned } = caller
  const [only] = types.length === 1 ? types : []
  const filter = only && filters?.get(only)
  const unique = only === userType ? uniqueOfUser : uniqueOfGroup
  // At most one resource matches: it need not be counted, nor cut out by the database.
  const single = filter !== undefined && selectsOne(filter, unique) && cut.kind === 'index'
  const limits = single ? { limit: 1, offset: 0 } : limitsOf(cut)
  // Users or teams alone, in the order of their ids, are read where they are, with no places first.
  const direct = only !== undefined && sort === undefined
  const permissions = neededFor(types, request.ok ? request.value : nothing)
  const { principal, rows } = await readAs(caller, permissions, (namespace, allowed) => {
    const reaches = reachesOf(namespace, filters)
    const limit =
      maxScanned === undefined ? undefined : withinScan(namespace, maxScanned, types, reaches, sort)
    const bounded = limit === undefined ? allowed : onlyWhere(allowed, limit)
    const sources = types.map((type) =>
      sourceOf(caller, namespace, bounded, type, filters?.get(type), reaches.get(type), sort),
    )
    const places = direct ? sql`` : selectPlaces(sources, sort, cut, limits, withMembers)
    const placed = (type: string) => sql`select p.id from (${places}) p where p.type = ${type}`
    const [source] = sources
    const page = direct && source ? selectDirectly(source, cut, limits) : undefined
    const users =
      page === undefined
        ? sql<UserRow>`select ${userColumns} from user u
            where u.namespace = ${namespace} and u.id in (${placed('User')})`
        : sql<UserRow>`select ${userColumns} ${page}`
    const shown = page && selectTeamPage(page, withMembers && !single)
    const teams =
      shown === undefined
        ? sql<PagedTeamRow>`select ${teamColumns} from team t
            where t.namespace = ${namespace} and t.id in (${placed('Group')})`
        : sql<PagedTeamRow>`select ${teamColumns}, t."inPage" from (${shown}) t order by t.id`
    const teamIds = shown === undefined ? placed('Group') : sql`select t.id from (${shown}) t`
    const counts = filters === undefined || single ? [] : sources.map(countOf)
    // The counts are no expressions: SQLite would add the depth of their conditions twice.
    const [count, ...others] = counts
    const total =
      others.length === 0
        ? count
        : sql<Counted>`select sum(c.total) as total from (${sql.join(counts, sql` union all `)}) c`
    // An index may tell that the first page shows all there is; then nothing is counted.
    function countOf({ rows, type }: Listable): Statement<Counted> {
      const shownWhole = cut.kind === 'index' && cut.startIndex === 1 && only !== undefined
      const moreThan = type === 'User' ? moreUsersThan : moreGroupsThan
      const more =
        filter === undefined || !shownWhole || withMembers
          ? sql`1`
          : moreThan(cut.count, namespace, filter)
      return sql<Counted>`select count(*) as total from ${rows} and ${more}`
    }
    return [
      direct ? noRows : sql<PlaceRow>`select p.* from (${places}) p`,
      types.includes(userType) ? users : noRows,
      types.includes(groupType) ? teams : noRows,
      withMembers ? selectMembers(namespace, teamIds) : noRows,
      total ?? noRows,
      limit === undefined ? noRows : selectWithin(allowed, limit),
      cut.kind === 'after' ? selectKeys(namespace, 'cursor', allowed) : noRows,
    ] as const
  })
  release(request)
  const [placed, users, teams, members, [counted], [scan], keys] = rows
  if (maxScanned !== undefined && scan?.within === 0) {
    const by = filters === undefined ? 'order' : 'filter'
    throw new Refusal({ kind: 'scan-too-large', by, limit: maxScanned })
  }
  const places = direct ? placesOf(only, [...users, ...teams]) : placed
  const { granted } = principal
  const listed = assemble(granted, places, users, teams, withMembers ? members : undefined)
  const shown = cut.kind === 'after' ? listed.slice(0, cut.count) : listed
  if (single) {
    const visible = cut.startIndex === 1 && cut.count > 0
    return { resources: visible ? shown : [], total: listed.length, next: undefined, keys }
  }
  const { hideNonProvisionedUsers: hides } = principal.settings
  const ofUsers = hides ? principal.managedUsers : principal.users
  const ofTeams = hides ? principal.managedTeams : principal.teams
  const everything =
    (types.includes(userType) ? ofUsers : 0) + (types.includes(groupType) ? ofTeams : 0)
  const last = places[shown.length - 1]
  const more = cut.kind === 'after' && (places[0]?.inPage ?? 0) > shown.length
  return {
    resources: shown,
    total: filters === undefined ? everything : Math.max(counted?.total ?? 0, shown.length),
    next: more && last !== undefined ? { key: last.key, id: last.id } : undefined,
    keys,
  }
}

/** How many resources a filter accepts. */
interface Counted {
  readonly total: number
}

/** The places of rows that were read in order. */
function placesOf(
  { name }: ResourceType,
  rows: readonly { readonly id: string; readonly inPage?: number | null }[],
): PlaceRow[] {
  const type = name === 'User' ? 'User' : 'Group'
  return rows.map(({ id, inPage }) => ({ type, id, key: null, inPage: inPage ?? rows.length }))
}

/** How each filter makes the database look: for what may be scanned, and for what leads to a page. */
function reachesOf(
  namespace: Namespace,
  filters: ReadonlyMap<ResourceType, Filter> = new Map(),
): ReadonlyMap<ResourceType, Reach> {
  const reachOf = (type: ResourceType) => (type === userType ? reachOfUsers : reachOfGroups)
  return new Map([...filters].map(([type, filter]) => [type, reachOf(type)(namespace, filter)]))
}

function sourceOf(
  { fileSettings }: Caller,
  namespace: Namespace,
  allowed: Allowed,
  type: ResourceType,
  filter: Filter | undefined,
  reach: Reach | undefined,
  sort: Sort | undefined,
): Listable {
  const path = sort?.paths.get(type)
  if (type === userType) {
    const matches = filter === undefined ? sql`1` : compileUserFilter(namespace, filter)
    return {
      type: 'User',
      rows: sql`${allowed} user u where u.namespace = ${namespace} and ${matches}
        and ${isListed(namespace, fileSettings, 'u')}`,
      id: sql`u.id`,
      ...idsFor(sql`u.id`, reach),
      key: compileUserSort(namespace, path),
      weight: sql`0`,
    }
  }
  const matches = filter === undefined ? sql`1` : compileGroupFilter(namespace, filter)
  return {
    type: 'Group',
    rows: sql`${allowed} team t where t.namespace = ${namespace} and ${matches}
      and ${isListed(namespace, fileSettings, 't')}`,
    id: sql`t.id`,
    ...idsFor(sql`t.id`, reach),
    key: compileGroupSort(namespace, path),
    weight: sql`t.members`,
  }
}

/**
 * The id to begin behind and to order by. A plus hides it from the planner, which would rather walk
 * through the namespace in the order of ids than look at what the filter leads to.
 */
function idsFor(id: SQL, reach: Reach | undefined): Pick<Listable, 'behind' | 'order'> {
  const hidden = sql`+${id}`
  const everything = reach === undefined || reach.kind === 'all'
  return { behind: everything ? id : hidden, order: reach?.kind === 'range' ? hidden : id }
}

/** Puts what was read into the order of the places. */
function assemble(
  granted: number,
  places: readonly PlaceRow[],
  users: readonly UserRow[],
  teams: readonly TeamRow[],
  members: readonly MemberRow[] | undefined,
): Listed[] {
  const usersById = new Map(users.map((row) => [row.id, row]))
  const teamsById = new Map(teams.map((row) => [row.id, row]))
  const membersOf = members && Map.groupBy(members, ({ teamId }) => teamId)
  return places.flatMap(({ type, id }): Listed[] => {
    const user = usersById.get(id)
    const team = teamsById.get(id)
    if (type === 'User')
      return user === undefined ? [] : [{ type, user: visibleUser(granted, toUser(user)) }]
    if (team === undefined) return []
    const stored = toTeam(team, membersOf && (membersOf.get(id) ?? []))
    return [{ type, team: visibleTeam(granted, stored) }]
  })
}
