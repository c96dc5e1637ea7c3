import type { RequestRecord } from './client.ts'

/** The requests of one kind that were answered with one status. */
export interface RequestSummary {
  kind: string
  status: number
  count: number
  p50: number
  p99: number
}

/** Groups requests by kind and status, in the order of their names. */
export function summarize(requests: readonly RequestRecord[]): RequestSummary[] {
  const groups = Map.groupBy(requests, ({ kind, status }) => `${kind}\n${status}`)
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, records]) => {
      const [first] = records
      if (!first) return []
      const times = records.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b)
      return {
        kind: first.kind,
        status: first.status,
        count: records.length,
        p50: percentile(times, 50),
        p99: percentile(times, 99),
      }
    })
}

/** The nearest rank: the smallest value that at least so many per cent do not exceed. */
export function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0
}
