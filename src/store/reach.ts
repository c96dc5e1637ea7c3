/** What an index leads to, and what is looked through where none does. */
import { type SQL, sql } from 'drizzle-orm'
import type { Filter } from '../scim/filter/bind.ts'
import type { Operator } from '../scim/filter/syntax.ts'
import { type AttributePath, pathName } from '../scim/schema/resource-type.ts'
import {
  compile,
  countLeaves,
  type Leaf,
  listOf,
  RANGE_LEAVES,
  requiredValue,
} from './condition.ts'
import type { Source } from './source.ts'

/** How many selects D1 allows in one union. */
const MAXIMUM_UNION = 5

/** All that several selects give. */
export function union(selects: readonly SQL[]): SQL {
  return sql.join([...selects], sql` union all `)
}

/** Selects ids among which are all that satisfy a filter; undefined where no index finds them. */
export function candidates(source: Source, filter: Filter): readonly SQL[] | undefined {
  switch (filter.kind) {
    case 'and':
      return filter.filters
        .map((term) => candidates(source, term))
        .filter((selects) => selects !== undefined)
        .sort((a, b) => a.length - b.length)[0]
    case 'or': {
      const selects = filter.filters.map((term) => candidates(source, term))
      const all = selects.every((some) => some !== undefined) ? selects.flat() : []
      return all.length > 0 && all.length <= MAXIMUM_UNION ? all : undefined
    }
    case 'compare':
      return filter.operator === 'eq'
        ? byIndex(source, filter.path, sql`${filter.operand}`)
        : undefined
    case 'in':
      return byIndex(source, filter.path, listOf(filter.operands))
    case 'element': {
      const required = requiredValue(filter.filter)
      return required && byIndex(source, required.path, sql`${required.operand}`)
    }
    default:
      return undefined
  }
}

function byIndex(source: Source, path: AttributePath, values: SQL): readonly SQL[] | undefined {
  const select = source.holders(path, values)
  return select && [select]
}

/** False only where an index tells that no more than so many match. */
export function moreThan(count: number, source: Source, filter: Filter): SQL {
  const selects = candidates(source, filter)
  if (selects === undefined) return sql`1`
  return sql`(${union(selects)} limit 1 offset ${count}) is not null`
}

/**
 * How a filter makes the database look for what it accepts. What it looks at counts once for each
 * pass: comparisons with multi-valued attributes each look at all values of a resource for themselves,
 * and eight comparisons, of whatever, take as long again.
 */
export type Reach =
  /** At what an index leads to, which is few. */
  | { readonly kind: 'found' }
  /** At a range of an index; the condition on the row says which. */
  | {
      readonly kind: 'range'
      readonly condition: SQL
      readonly passes: number
      readonly joins: number
    }
  /** At everything; so many times, once for each comparison, at its groups or members as well. */
  | { readonly kind: 'all'; readonly passes: number; readonly joins: number }

/** How a filter makes the database look for the row of a source. */
export function reachOf(source: Source, filter: Filter): Reach {
  if (candidates(source, filter) !== undefined) return { kind: 'found' }
  // No row is looked at under a condition that is false before it.
  if (termsOf(filter).some((term) => term.kind === 'constant' && !term.holds)) {
    return { kind: 'found' }
  }
  const ranges = rangesOf(source, filter)
  const leaves = countLeaves(filter)
  const passes = Math.max(1, sumOf(filter, passesOf) + Math.floor(leaves / LEAVES_OF_A_PASS))
  const joins = sumOf(filter, (leaf) => (looksAtOthers(leaf.path) ? countLeaves(leaf) : 0))
  if (ranges.length > 0) {
    const range: Filter = { kind: 'and', filters: ranges }
    return { kind: 'range', condition: compile(source, range, false, leaves), passes, joins }
  }
  return { kind: 'all', passes, joins }
}

function termsOf(filter: Filter): readonly Filter[] {
  return filter.kind === 'and' ? filter.filters : [filter]
}

type Comparison = Extract<Filter, { readonly kind: 'compare' }>

/** The comparisons that together are a range of one index; that of ids, which all begin alike, last. */
export function rangesOf(source: Source, filter: Filter): readonly Comparison[] {
  const leaves = countLeaves(filter)
  const ranges = termsOf(filter).filter((term) => isRange(source, term, leaves))
  const nameOf = ({ path }: Comparison) => pathName(path)
  const lead = ranges.find((term) => nameOf(term) !== 'id') ?? ranges[0]
  return lead === undefined ? [] : ranges.filter((term) => nameOf(term) === nameOf(lead))
}

/** Whether a comparison is a range of an index, as it is compiled. */
function isRange(source: Source, filter: Filter, leaves: number): filter is Comparison {
  if (filter.kind !== 'compare' || filter.path.attribute.multiValued) return false
  const { indexed, shared } = source.scalar(filter.path)
  if (!indexed || shared) return false
  return filter.operator === 'sw' ? leaves <= RANGE_LEAVES : RANGES.has(filter.operator)
}

const RANGES: ReadonlySet<Operator> = new Set(['gt', 'ge', 'lt', 'le'])

/** What is about the groups of a user or the members of a group. */
const OTHERS: ReadonlySet<string> = new Set(['groups', 'members'])

/** Whether a path leads from a user to groups, or from a group to members. */
export function looksAtOthers({ attribute }: AttributePath): boolean {
  return OTHERS.has(attribute.name)
}

/** So many comparisons of single values take as long as a pass. */
const LEAVES_OF_A_PASS = 8

/** `pr` of a complex attribute asks for each of its parts, which takes as long as a pass. */
function passesOf({ kind, path: { attribute, sub } }: Leaf): number {
  const whole = kind === 'present' && sub === undefined && attribute.subAttributes !== undefined
  return attribute.multiValued || whole ? 1 : 0
}

/** The sum over the leaves of a filter; what is in brackets is one. */
function sumOf(filter: Filter, weight: (leaf: Leaf) => number): number {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.reduce((sum, term) => sum + sumOf(term, weight), 0)
    case 'not':
      return sumOf(filter.filter, weight)
    case 'constant':
      return 0
    default:
      return weight(filter)
  }
}
