/**
 * A limit on what one PATCH may make the server do. A thousand operations on a thousand elements
 * with long filters fit into a small body; no client needs that, and it would stop a Worker.
 */
import { ProtocolError } from '../error.ts'
import type { Filter } from '../filter/bind.ts'

/** How many values one request may compare; what costs more than a comparison counts as several. */
const MAXIMUM_EFFORT = 1 << 20

/** Counts comparisons, and throws `tooMany` when there were enough. */
export type Spend = (comparisons: number) => void

/** A fresh count, for one request. */
export function newEffort(): Spend {
  let left = MAXIMUM_EFFORT
  return (comparisons) => {
    left -= comparisons
    if (left >= 0) return
    throw new ProtocolError(
      'tooMany',
      'The operations compare more values than one request may; send fewer in each request.',
    )
  }
}

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
