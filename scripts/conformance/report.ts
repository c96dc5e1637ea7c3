// How results are shown: a table by area, then every failure in full. Pure.
import { table } from '../lib/table.ts'
import type { Result } from './run.ts'

/** How many checks of an area came to what. */
export interface Counts {
  readonly area: string
  readonly pass: number
  readonly fail: number
  readonly skip: number
}

/** Counts outcomes by area, in the order in which areas first appear. */
export function count(results: readonly Result[]): Counts[] {
  return [...Map.groupBy(results, ({ area }) => area)].map(([area, own]) => {
    const of = (outcome: Result['outcome']) => own.filter((one) => one.outcome === outcome).length
    return { area, pass: of('pass'), fail: of('fail'), skip: of('skip') }
  })
}

/** The whole report as text. */
export function report(baseUrl: string, results: readonly Result[]): string {
  const counts = count(results)
  const sum = (outcome: 'pass' | 'fail' | 'skip') =>
    counts.reduce((total, one) => total + one[outcome], 0)
  const row = ({ area, pass, fail, skip }: Counts) => [area, `${pass}`, `${fail}`, `${skip}`]
  const all = { area: 'all', pass: sum('pass'), fail: sum('fail'), skip: sum('skip') }
  const parts = [
    `SCIM conformance of ${baseUrl}`,
    table(['AREA', 'PASS', 'FAIL', 'SKIP'], [...counts, all].map(row), [
      'left',
      'right',
      'right',
      'right',
    ]),
    ...skipped(results),
    ...results.flatMap(describeFailure),
  ]
  return parts.join('\n\n')
}

function skipped(results: readonly Result[]): string[] {
  const reasons = Map.groupBy(
    results.filter(({ outcome }) => outcome === 'skip'),
    ({ reason }) => reason ?? '',
  )
  if (reasons.size === 0) return []
  const rows = [...reasons].map(([reason, own]) => [`${own.length}`, reason])
  return [table(['SKIPPED', 'BECAUSE'], rows, ['right', 'left'])]
}

/** A failure in full; nothing for every other result. */
export function describeFailure(result: Result): string[] {
  const { failure } = result
  if (failure === undefined) return []
  const { request } = failure
  const lines = [
    `${result.area}/${result.name} (${result.level}, ${result.reference})`,
    `  ${result.requirement}`,
    ...(request === undefined ? [] : [`  request   ${request.method} ${request.url}`]),
    ...(request?.body === undefined ? [] : [`  body      ${request.body}`]),
    `  expected  ${failure.expected}`,
    `  actual    ${failure.actual}`,
  ]
  return [lines.join('\n')]
}
