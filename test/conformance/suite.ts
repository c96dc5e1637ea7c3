import { afterAll, beforeAll, describe, test } from 'vitest'
import { AREAS } from '../../scripts/conformance/areas/index.ts'
import { describeFailure } from '../../scripts/conformance/report.ts'
import { openRun, plan, type Run, type Target } from '../../scripts/conformance/run.ts'

/**
 * Declares every check as a test against one endpoint.
 *
 * @param connect makes the endpoint
 * @param skipped the checks that may end without a verdict; any other one that does so fails
 */
export function conformanceSuite(
  connect: () => Target | Promise<Target>,
  skipped: readonly string[],
): void {
  let run: Run
  beforeAll(async () => {
    run = await openRun(await connect())
  })
  afterAll(() => run.close())

  const declare = ({ area, check }: ReturnType<typeof plan>[number]) =>
    test(check.name, async ({ skip }) => {
      const result = await run.perform(area.name, check)
      if (result.outcome === 'fail') throw new Error(describeFailure(result).join('\n'))
      if (result.outcome === 'pass') return
      if (!skipped.includes(check.name)) throw new Error(`Skipped: ${result.reason}`)
      skip(result.reason)
    })

  const all = plan(AREAS)
  for (const [area, own] of Map.groupBy(
    all.filter(({ check }) => !check.last),
    (one) => one.area,
  )) {
    describe(area.title, () => own.forEach(declare))
  }
  describe('The answers of the whole run', () =>
    all.filter(({ check }) => check.last).forEach(declare))
}
