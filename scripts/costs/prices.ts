/** Cloudflare's list prices for the paid plan, in US dollars a month, as of November 2026. */
import type { Cost } from './client.ts'

const PLAN = 5

/** What is included, and what more of it costs, each for so many. */
const PRICES = {
  requests: { included: 10e6, price: 0.3, each: 1e6 },
  cpuMilliseconds: { included: 30e6, price: 0.02, each: 1e6 },
  rowsRead: { included: 25e9, price: 0.001, each: 1e6 },
  rowsWritten: { included: 50e6, price: 1, each: 1e6 },
  storage: { included: 5, price: 0.75, each: 1 },
} as const

const HOURS = 730
const DAYS = HOURS / 24
/** What share of the people changes in a day. */
const CHANGING = 0.01
/** Milliseconds of CPU time for a request: more than any but a large page or bulk request takes. */
const CPU = 5

/** What the changes of a month cost: for each that changes, an attribute and a membership. */
export function changesOf(change: Cost, people: number): { cost: Cost; requests: number } {
  const count = Math.round(CHANGING * people * DAYS)
  return {
    requests: 2 * count,
    cost: {
      read: count * change.read,
      written: count * change.written,
      trips: count * change.trips,
    },
  }
}

export interface Priced {
  requests: number
  read: number
  written: number
  dollars: number
}

/**
 * The price of a month.
 *
 * @param sync what one full sync costs, which runs every hour
 * @param requests how many requests one full sync takes
 * @param bytes the size of the database
 */
export function priceOf(
  sync: Cost,
  requests: number,
  changes: { readonly cost: Cost; readonly requests: number },
  bytes: number,
): Priced {
  const total = {
    requests: HOURS * requests + changes.requests,
    read: HOURS * sync.read + changes.cost.read,
    written: HOURS * sync.written + changes.cost.written,
  }
  const above = (name: keyof typeof PRICES, used: number) => {
    const { included, price, each } = PRICES[name]
    return (Math.max(0, used - included) / each) * price
  }
  const dollars =
    PLAN +
    above('requests', total.requests) +
    above('cpuMilliseconds', CPU * total.requests) +
    above('rowsRead', total.read) +
    above('rowsWritten', total.written) +
    above('storage', bytes / 1e9)
  return { ...total, dollars }
}
