/**
 * Pages of a list in SQL: by index, or by the place of the last resource that was returned.
 *
 * A page by place is safe while others insert and delete: it begins behind the sort key and id of
 * the last resource, wherever that now is, so nothing that was there all the time and kept its key
 * is skipped or repeated. It also costs the same however deep it is.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Sort } from '../scim/sort.ts'
import type { Statement } from './database.ts'
import type { TeamRow } from './teams.ts'

/** How many members a page of groups holds before it ends early. */
const MEMBERS_PER_PAGE = 100_000

/** Where a resource is in a list: its sort key, NULL where it has none, and its id. */
export interface Place {
  readonly key: string | number | null
  readonly id: string
}

/** A part of a list: by index, or what follows a place. */
export type Cut =
  | { readonly kind: 'index'; readonly startIndex: number; readonly count: number }
  /** Without a place, the beginning of the list. */
  | { readonly kind: 'after'; readonly place: Place | undefined; readonly count: number }

/** A place of a page, as it is read. */
export interface PlaceRow extends Place {
  readonly type: 'User' | 'Group'
  /** How many rows the page would have if it did not end early. */
  readonly inPage: number
}

/** The resources of one type that a list covers: what follows `from`. */
export interface Listable {
  readonly type: 'User' | 'Group'
  readonly rows: SQL
  readonly id: SQL
  /** The ids that a page begins behind, and those that it is ordered by, for the planner. */
  readonly behind: SQL
  readonly order: SQL
  readonly key: SQL
  /** How many members a resource adds to the page. */
  readonly weight: SQL
}

/** A page by place reads one more, to know whether anything follows. */
export function limitsOf(cut: Cut): { readonly limit: number; readonly offset: number } {
  return cut.kind === 'index'
    ? { limit: cut.count, offset: cut.startIndex - 1 }
    : { limit: cut.count === 0 ? 0 : cut.count + 1, offset: 0 }
}

/** A page of one type in the order of ids, without sort keys. */
export function selectDirectly(
  { rows, behind: behindId, order }: Listable,
  cut: Cut,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): SQL {
  const place = cut.kind === 'after' ? cut.place : undefined
  const behind = place === undefined ? sql`` : sql` and ${behindId} > ${place.id}`
  return sql`from ${rows}${behind} order by ${order} limit ${limit} offset ${offset}`
}

/** A team of a page, with how many there would be if the page did not end early. */
export type PagedTeamRow = TeamRow & { readonly inPage?: number | null }

/** The teams of a page; where members are shown with them, only as many as these allow. */
export function selectTeamPage(page: SQL, endsEarly: boolean): SQL {
  if (!endsEarly) return sql`select t.*, null as "inPage" ${page}`
  return sql`select t.* from (
      select s.*, count(*) over () as "inPage",
        sum(s.members) over (order by s.id) - s.members as earlier
      from (select t.* ${page}) s) t
    where t.earlier < ${MEMBERS_PER_PAGE}`
}

/** The places of a page, in order. */
export function selectPlaces(
  sources: readonly Listable[],
  sort: Sort | undefined,
  cut: Cut,
  { limit, offset }: { readonly limit: number; readonly offset: number },
  withMembers: boolean,
): Statement<PlaceRow> {
  const place = cut.kind === 'after' ? cut.place : undefined
  const all = sql.join(
    sources.map(({ type, rows, id, behind: behindId, key, weight }) => {
      // Without a sort key the id alone says what follows, and the primary key serves that.
      const behind =
        place !== undefined && sort === undefined ? sql` and ${behindId} > ${place.id}` : sql``
      return sql`select ${type} as type, ${id} as id, ${key} as key, ${weight} as weight
        from ${rows}${behind}`
    }),
    sql` union all `,
  )
  const behind =
    place === undefined || sort === undefined ? sql`1` : follows(place, sort.descending)
  const order = orderOf(sort)
  const page = sql`select s.* from (${all}) s where ${behind} order by ${order}
    limit ${limit} offset ${offset}`
  if (!withMembers) {
    return sql<PlaceRow>`select s.*, count(*) over () as "inPage" from (${page}) s order by ${order}`
  }
  return sql<PlaceRow>`select s.* from (
      select s.*, count(*) over () as "inPage",
        sum(s.weight) over (order by ${order}) - s.weight as earlier
      from (${page}) s) s
    where s.earlier < ${MEMBERS_PER_PAGE} order by ${order}`
}

/** Ascending, with nothing last; descending is the exact reverse. Ids break ties. */
function orderOf(sort: Sort | undefined): SQL {
  if (sort === undefined) return sql`s.id`
  return sort.descending
    ? sql`s.key is null desc, s.key desc, s.id desc`
    : sql`s.key is null, s.key, s.id`
}

/** True for what comes after a place in that order. */
function follows({ key, id }: Place, descending: boolean): SQL {
  if (descending) {
    return key === null
      ? sql`(s.key is not null or s.id < ${id})`
      : sql`(s.key < ${key} or (s.key = ${key} and s.id < ${id}))`
  }
  return key === null
    ? sql`(s.key is null and s.id > ${id})`
    : sql`(s.key is null or s.key > ${key} or (s.key = ${key} and s.id > ${id}))`
}
