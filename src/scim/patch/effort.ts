/**
 * A limit on what one PATCH may make the server do. Thousands of operations on a thousand elements
 * with long filters fit into a small body; no client needs that, and it would stop a Worker.
 */
import { ProtocolError } from '../error.ts'
import type { Filter } from '../filter/bind.ts'
import type { Operator } from '../filter/syntax.ts'

/**
 * How much one request may do, in comparisons of short values; what costs more counts as several.
 * It takes some 25 ms of CPU.
 */
export const MAXIMUM_EFFORT = 1 << 19

/** Counts comparisons, and throws `tooMany` when there were enough. */
export type Spend = (comparisons: number) => void

/** A fresh count, for one request. */
export function newEffort(maximum: number = MAXIMUM_EFFORT): Spend {
  let left = maximum
  return (comparisons) => {
    left -= comparisons
    if (left >= 0) return
    throw new ProtocolError(
      'tooMany',
      'The operations take more work than one request may; send fewer in each request.',
    )
  }
}

/** What applying one change takes, beside what it does to the elements of a list. */
export const EFFORT_OF_CHANGE = 12

/** What reading a path takes. */
export function effortOfPath(path: string): number {
  return 16 + 3 * path.length
}

/**
 * What a filter takes over a list.
 *
 * @param characters how long the elements are together
 */
export function effortOfFilter(filter: Filter, elements: number, characters: number): number {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.reduce((sum, one) => sum + effortOfFilter(one, elements, characters), 0)
    case 'not':
    case 'element':
      return effortOfFilter(filter.filter, elements, characters)
    case 'compare':
      return elements + characters / (LOOKS_THROUGH.has(filter.operator) ? 16 : 256)
    case 'in':
    case 'present':
    case 'constant':
      return comparisonsOf(filter) * (elements + characters / 256)
  }
}

/** Operators that may look at every character of a value. */
const LOOKS_THROUGH: ReadonlySet<Operator> = new Set(['co', 'gt', 'ge', 'lt', 'le'])

/** How many comparisons a filter needs for one element, at most. */
export function comparisonsOf(filter: Filter): number {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.reduce((sum, term) => sum + comparisonsOf(term), 0)
    case 'not':
    case 'element':
      return comparisonsOf(filter.filter)
    case 'in':
      return filter.operands.length
    case 'present':
    case 'compare':
    case 'constant':
      return 1
  }
}
