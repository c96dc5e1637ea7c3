/**
 * How much a list may look through. What no index finds is looked for among all users or groups of
 * the namespace. Whether these are too many is decided by its counters, in the same trip and before
 * any of them is read.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Filter } from '../scim/filter/bind.ts'
import { type ResourceType, userType } from '../scim/schema/resource-type.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import type { Allowed } from './authority.ts'
import type { Statement } from './database.ts'
import { reachOfGroups, reachOfUsers } from './query.ts'
import type { Reach } from './reach.ts'

/**
 * A condition that is true where a list looks through no more than it may.
 *
 * @param limit how many resources that are, with the members or groups that the filter looks at, each
 *   counted once for each pass
 * @param sorted whether the list has an order other than that of ids, which no index serves
 * @returns undefined where the list looks at no more than it finds by an index or shows
 */
export function withinScan(
  namespace: Namespace,
  limit: number,
  types: readonly ResourceType[],
  filters: ReadonlyMap<ResourceType, Filter> | undefined,
  sorted: boolean,
): SQL | undefined {
  const conditions = types.flatMap((type): SQL[] => {
    const table = type === userType ? 'user' : 'team'
    const filter = filters?.get(type)
    if (filter === undefined) {
      return sorted
        ? [fewerThan(namespace, limit, table, { kind: 'all', passes: 1, joins: 0 })]
        : []
    }
    const reach =
      type === userType ? reachOfUsers(namespace, filter) : reachOfGroups(namespace, filter)
    return reach.kind === 'found' ? [] : [fewerThan(namespace, limit, table, reach)]
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
  const all = sql.raw(`n.${table}s * ${reach.passes}`)
  if (reach.kind === 'range') {
    const rows = sql.raw(table === 'user' ? 'user u' : 'team t')
    const longest = Math.floor(limit / reach.passes)
    return sql`(${few(all)} or
      (select 1 from ${rows} where ${reach.condition} limit 1 offset ${longest}) is null)`
  }
  if (reach.joins === 0) return few(all)
  // The teams say how many members they have; where they are too many themselves, none is asked.
  const members = sql`(select total(t.members) from team t where t.namespace = n.name)`
  const joined = sql.raw(`* ${reach.joins}`)
  return few(sql`iif(n.teams > ${limit}, n.teams, ${all} + ${members} ${joined})`)
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
