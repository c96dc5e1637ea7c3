/**
 * How much a list may look through. What no index finds is looked for among all users or groups of
 * the namespace. Whether these are too many is decided by its counters, in the same trip and before
 * any of them is read.
 */
import { type SQL, sql } from 'drizzle-orm'
import { type ResourceType, userType } from '../scim/schema/resource-type.ts'
import type { Sort } from '../scim/sort.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import type { Allowed } from './authority.ts'
import type { Statement } from './database.ts'
import { looksAtOthers, type Reach } from './reach.ts'

/**
 * A condition that is true where a list looks through no more than it may.
 *
 * @param limit how many resources that are, with the members or groups that the filter or the order
 *   looks at, each counted once for each pass
 * @param reaches how the filter of each type makes the database look; absent where there is none
 * @param sort an order other than that of ids, which no index serves
 * @returns undefined where the list looks at no more than it finds by an index or shows
 */
export function withinScan(
  namespace: Namespace,
  limit: number,
  types: readonly ResourceType[],
  reaches: ReadonlyMap<ResourceType, Reach>,
  sort: Sort | undefined,
): SQL | undefined {
  const conditions = types.flatMap((type): SQL[] => {
    const table = type === userType ? 'user' : 'team'
    const reach = reaches.get(type)
    const path = sort?.paths.get(type)
    const joins = path !== undefined && looksAtOthers(path) ? 1 : 0
    if (reach === undefined) {
      const all = { kind: 'all', passes: 1, joins } as const
      return sort === undefined ? [] : [fewerThan(namespace, limit, table, all)]
    }
    if (reach.kind === 'found') return []
    return [fewerThan(namespace, limit, table, { ...reach, joins: reach.joins + joins })]
  })
  return conditions.length === 0 ? undefined : sql.join(conditions, sql` and `)
}

function fewerThan(
  namespace: Namespace,
  limit: number,
  table: 'user' | 'team',
  reach: Exclude<Reach, { readonly kind: 'found' }>,
): SQL {
  const few = (count: SQL) =>
    sql`(select ${count} from namespace n where n.name = ${namespace}) <= ${limit}`
  const all = few(countOfAll(table, limit, reach))
  if (reach.kind === 'all') return all
  const rows = sql.raw(table === 'user' ? 'user u' : 'team t')
  const { condition, passes, joins } = reach
  if (joins === 0) {
    const longest = Math.floor(limit / passes)
    return sql`(${all} or
      (select 1 from ${rows} where ${condition} limit 1 offset ${longest}) is null)`
  }
  // No more of the range is counted than is enough to tell that it is too long.
  const others =
    table === 'user'
      ? sql`(select count(*) from (select 1 from membership m
          where m.namespace = u.namespace and m.user_id = u.id limit ${limit + 1}))`
      : sql`t.members`
  return sql`(${all} or (select total(r.looked) from
    (select ${sql.raw(`${passes} + ${joins} *`)} ${others} as looked
      from ${rows} where ${condition} limit ${limit + 1}) r) <= ${limit})`
}

/** How much there is in all of a namespace `n`. */
function countOfAll(
  table: 'user' | 'team',
  limit: number,
  { passes, joins }: { readonly passes: number; readonly joins: number },
): SQL {
  const all = sql.raw(`n.${table}s * ${passes}`)
  if (joins === 0) return all
  // The teams say how many members they have; where they are too many themselves, none is asked.
  const members = sql`(select total(t.members) from team t where t.namespace = n.name)`
  return sql`iif(n.teams > ${limit}, n.teams, ${all} + ${members} * ${sql.raw(`${joins}`)})`
}

/** Allows reading only where a condition holds. */
export function onlyWhere(allowed: Allowed, condition: SQL): Allowed {
  return sql`${allowed} (select 1 where ${condition}) bounded cross join`
}

/** Whether a list was carried out, 1, or refused, 0. */
export interface WithinRow {
  readonly within: number
}

export function selectWithin(allowed: Allowed, condition: SQL): Statement<WithinRow> {
  return sql<WithinRow>`select ${condition} as within from ${allowed} (select 1) one`
}
