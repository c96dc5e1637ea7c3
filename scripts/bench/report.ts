/** Figures from samples, and the tables that show them. No clock, no network. */
import type { DatabaseCost } from '../lib/server-timing.ts'
import { table } from '../lib/table.ts'
import type { Samples } from './measure.ts'
import type { Measurement } from './worst.ts'

/** What an operation came to. */
export interface Figures {
  readonly requests: number
  readonly perSecond: number
  /** Milliseconds; so are the next two. */
  readonly p50: number
  readonly p99: number
  /** That the server computed for a request; absent where it cannot be seen. */
  readonly cpu?: number | undefined
}

/** One operation at one size and concurrency. */
export interface Result {
  readonly target: string
  readonly users: number
  readonly concurrency: number
  readonly name: string
  readonly kind: 'read' | 'write' | 'floor'
  readonly figures: Figures
  readonly cost: DatabaseCost
}

/** The names of the floors. */
export const FLOORS = { hello: 'hello', read: 'one batch', write: 'two batches' } as const

/**
 * The value that a share of the others does not exceed (nearest rank).
 *
 * @param share from 0 to 1
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = Math.max(1, Math.ceil(share * sorted.length))
  return sorted[rank - 1] ?? Number.NaN
}

export function figuresOf({ latencies, elapsed, cpu }: Samples): Figures {
  const requests = latencies.length
  return {
    requests,
    perSecond: (requests / elapsed) * 1000,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    cpu: cpu === undefined ? undefined : cpu / requests,
  }
}

/** An operation as a share of its floor in the same run. */
export interface Ratio {
  readonly speed: number
  readonly cpu: number | undefined
}

/** Compares an operation with one batch where it reads, with two where it writes. */
export function ratioOf(result: Result, all: readonly Result[]): Ratio | undefined {
  if (result.kind === 'floor') return undefined
  const floor = all.find((other) => {
    const same = other.target === result.target && other.users === result.users
    const named = other.kind === 'floor' && other.name === FLOORS[result.kind as 'read' | 'write']
    return same && named && other.concurrency === result.concurrency
  })
  if (floor === undefined) return undefined
  const [cpu, least] = [result.figures.cpu, floor.figures.cpu]
  return {
    speed: result.figures.perSecond / floor.figures.perSecond,
    cpu: cpu === undefined || !least ? undefined : cpu / least,
  }
}

/** How many times longer an operation takes in the largest directory than in the smallest. */
export interface Growth {
  readonly target: string
  readonly name: string
  readonly concurrency: number
  readonly from: number
  readonly to: number
  readonly factor: number
}

/** Compares the medians of what was measured at more than one size. */
export function growthOf(results: readonly Result[]): Growth[] {
  const groups = Map.groupBy(results, (result) =>
    [result.target, result.name, result.concurrency].join('\n'),
  )
  return [...groups.values()].flatMap((group) => {
    const sorted = group.toSorted((a, b) => a.users - b.users)
    const [least, most] = [sorted[0], sorted.at(-1)]
    if (least === undefined || most === undefined || least.users === most.users) return []
    const { target, name, concurrency } = least
    const factor = most.figures.p50 / least.figures.p50
    return [{ target, name, concurrency, from: least.users, to: most.users, factor }]
  })
}

/** The best of the servers that were measured elsewhere: requests a second at 2,000 users, 16 lanes. */
const OTHERS: Readonly<Record<string, number>> = {
  create: 849,
  'GET by id': 2441,
  'lookup by userName': 1149,
  'page of 50 at 1001': 251,
  'PATCH active': 1121,
  'PATCH ±1 of 1,000 members': 497,
}

export interface Aim {
  readonly name: string
  readonly aim: string
  readonly found: string
  readonly met: boolean
}

/** The least share of the floor's speed: reads of one resource are as fast, the rest half as fast. */
function leastShare({ name, kind }: Result): number {
  return kind === 'read' && !name.startsWith('page') ? 1 : 0.5
}

/** Judges what is measured with 2,000 users and 16 lanes on the target the aims are for. */
export function aimsOf(results: readonly Result[], target: string): Aim[] {
  const judged = results.filter(
    ({ kind, users, concurrency, target: of }) =>
      kind !== 'floor' && users === 2000 && concurrency === 16 && of === target,
  )
  return judged.flatMap((result) => {
    const { name, kind, figures } = result
    const aims: Aim[] = []
    const other = OTHERS[name]
    if (other !== undefined) {
      const found = figures.perSecond.toFixed(0)
      const met = figures.perSecond > other
      aims.push({ name, aim: `more than ${other} requests/s`, found, met })
    }
    const ratio = ratioOf(result, results)
    if (ratio === undefined) return aims
    const least = leastShare(result)
    const floor = FLOORS[kind as 'read' | 'write']
    aims.push({
      name,
      aim: `at least ${least}× the speed of ${floor}`,
      found: `${ratio.speed.toFixed(2)}×`,
      met: ratio.speed >= least,
    })
    if (ratio.cpu !== undefined) {
      aims.push({
        name,
        aim: `at most 2× the CPU of ${floor}`,
        found: `${ratio.cpu.toFixed(2)}×`,
        met: ratio.cpu <= 2,
      })
    }
    return aims
  })
}

const shown = (value: number | undefined, digits = 0) => value?.toFixed(digits) ?? '–'

/** Lays all results out: a table for each target, size and concurrency, then growth and aims. */
export function describe(results: readonly Result[], aims: readonly Aim[]): string {
  const groups = Map.groupBy(
    results,
    ({ target, users, concurrency }) =>
      `${target}: ${users.toLocaleString('en')} users, concurrency ${concurrency}`,
  )
  const parts = [...groups].map(([title, group]) => {
    const rows = group.map((result) => {
      const { name, figures, cost } = result
      const ratio = ratioOf(result, results)
      return [
        name,
        shown(figures.perSecond),
        shown(figures.p50, 2),
        shown(figures.p99, 2),
        shown(figures.cpu, 2),
        shown(ratio?.speed, 2),
        shown(ratio?.cpu, 2),
        shown(cost.trips),
        shown(cost.rowsRead),
        shown(cost.rowsWritten),
      ]
    })
    const headings = [
      ...['request', 'per s', 'p50 ms', 'p99 ms', 'CPU ms', 'speed/floor', 'CPU/floor'],
      ...['trips', 'read', 'written'],
    ]
    return `${title}\n\n${table(headings, rows, ['left', ...headings.slice(1).map(() => 'right' as const)])}`
  })
  const growth = growthOf(results)
  if (growth.length > 0) {
    const rows = growth.map(({ target, name, concurrency, from, to, factor }) => [
      target,
      name,
      String(concurrency),
      `${from.toLocaleString('en')} → ${to.toLocaleString('en')}`,
      `${factor.toFixed(2)}×`,
    ])
    const headings = ['target', 'request', 'concurrency', 'users', 'p50 grows by']
    parts.push(`Growth\n\n${table(headings, rows, ['left', 'left', 'right', 'right', 'right'])}`)
  }
  if (aims.length > 0) {
    const rows = aims.map(({ name, aim, found, met }) => [name, aim, found, met ? 'met' : 'missed'])
    parts.push(`Aims\n\n${table(['request', 'aim', 'found', ''], rows)}`)
  }
  return parts.join('\n\n')
}

/** How much CPU a MiB of a body may take, in milliseconds. */
export const MOST_CPU = 50

/** Lays out what takes most CPU, the worst first, and marks what takes too much. */
export function describeWorst(measured: readonly Measurement[], shownAtMost = 10): string {
  const sorted = measured.toSorted((a, b) => b.milliseconds - a.milliseconds)
  const over = sorted.filter(({ milliseconds }) => milliseconds > MOST_CPU)
  const rows = sorted
    .slice(0, Math.max(shownAtMost, over.length))
    .map(({ name, outcome, milliseconds }) => [
      name,
      outcome,
      milliseconds.toFixed(1),
      milliseconds > MOST_CPU ? 'TOO MUCH' : '',
    ])
  const title = `Worst bodies: ${over.length} of ${sorted.length} take more than ${MOST_CPU} ms of CPU a MiB`
  const headings = ['body', 'outcome', 'CPU ms a MiB', '']
  return `${title}\n\n${table(headings, rows, ['left', 'left', 'right'])}`
}
