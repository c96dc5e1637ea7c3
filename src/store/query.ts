/**
 * Filters and orders over users and groups → SQL: `source.ts` knows where the attributes are,
 * `condition.ts` compiles, and `reach.ts` tells what an index leads to.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Filter } from '../scim/filter/bind.ts'
import { type AttributePath, pathName } from '../scim/schema/resource-type.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { compile, countLeaves } from './condition.ts'
import { candidates, moreThan, type Reach, rangesOf, reachOf, union } from './reach.ts'
import { groupSource, type Source, userSource } from './source.ts'

/** Compiles a filter over users to a condition on the row `u`. */
export function compileUserFilter(namespace: Namespace, filter: Filter): SQL {
  return compileWhole(userSource(namespace), filter)
}

/** Compiles a filter over groups to a condition on the row `t`. */
export function compileGroupFilter(namespace: Namespace, filter: Filter): SQL {
  return compileWhole(groupSource(namespace), filter)
}

function compileWhole(source: Source, filter: Filter): SQL {
  const selects = candidates(source, filter)
  const ranges = selects === undefined ? rangesOf(source, filter) : []
  const names = new Set(ranges.map(({ path }) => pathName(path)))
  // Where an index leads to few, or to a range whose length was looked at, no other may lead.
  const leads = selects !== undefined || ranges.length > 0
  const led = leads
    ? { ...source, ranged: (path: AttributePath) => names.has(pathName(path)) }
    : source
  const condition = compile(led, filter, false, countLeaves(filter))
  // The planner uses one index as it is; several, joined by `or`, only where the ids are named.
  if (selects === undefined || selects.length === 1) return condition
  return sql`(${source.id} in (${union(selects)}) and ${condition})`
}

/**
 * A condition that is false only where an index tells that no more users match than the first page
 * shows, so that they need not be counted.
 */
export function moreUsersThan(count: number, namespace: Namespace, filter: Filter): SQL {
  return moreThan(count, userSource(namespace), filter)
}

/** The same for groups. */
export function moreGroupsThan(count: number, namespace: Namespace, filter: Filter): SQL {
  return moreThan(count, groupSource(namespace), filter)
}

/** How a filter over users makes the database look, for the row `u`. */
export function reachOfUsers(namespace: Namespace, filter: Filter): Reach {
  return reachOf(userSource(namespace), filter)
}

/** How a filter over groups makes the database look, for the row `t`. */
export function reachOfGroups(namespace: Namespace, filter: Filter): Reach {
  return reachOf(groupSource(namespace), filter)
}

/**
 * The key that a list of users is sorted by: that of a singular attribute, or of the primary or
 * else the first element of a multi-valued one. NULL where there is no value.
 */
export function compileUserSort(namespace: Namespace, path: AttributePath | undefined): SQL {
  return compileSort(userSource(namespace), path)
}

/** The same for groups. */
export function compileGroupSort(namespace: Namespace, path: AttributePath | undefined): SQL {
  return compileSort(groupSource(namespace), path)
}

function compileSort(source: Source, path: AttributePath | undefined): SQL {
  if (path === undefined) return sql`null`
  const { attribute, sub } = path
  if (!attribute.multiValued) return sortKey(source.scalar(path).expression)
  const elements = source.elements(path)
  const hasPrimary = attribute.subAttributes?.some(({ name }) => name === 'primary') === true
  const key = elements.sub(sub?.name)
  const order = hasPrimary ? sql`coalesce(${elements.sub('primary')}, 0) desc` : key
  return sql`(select ${sortKey(key)} from ${elements.rows} order by ${order} limit 1)`
}

/**
 * An empty string is no value (RFC 7644 §3.4.2.2, `pr`). Of a long one the beginning is enough to
 * sort by, since ids break ties; a cursor, which is part of a URL, holds it.
 */
function sortKey(key: SQL): SQL {
  return sql`case typeof(${key}) when 'text' then nullif(substr(${key}, 1, 256), '') else ${key} end`
}

/** The attributes of users that one user of a namespace has at most. */
export const uniqueOfUser: ReadonlySet<string> = new Set(['id', 'userName', 'externalId'])
/** The same of groups, whose externalId is not unique. */
export const uniqueOfGroup: ReadonlySet<string> = new Set(['id', 'displayName'])

/** Whether one resource at most can satisfy a filter, as its form shows. */
export function selectsOne(filter: Filter, unique: ReadonlySet<string>): boolean {
  if (filter.kind === 'and') return filter.filters.some((term) => selectsOne(term, unique))
  if (filter.kind !== 'compare' || filter.operator !== 'eq') return false
  const { attribute, sub, extension } = filter.path
  return sub === undefined && extension === undefined && unique.has(attribute.name)
}
