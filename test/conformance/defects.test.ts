import { expect, test } from 'vitest'
import { conform } from '../../scripts/conformance/run.ts'
import { corrupting } from './corrupting.ts'
import { DEFECTS } from './defects.ts'
import { makeTarget } from './target.ts'

/** The names of the checks of an area that fail. */
async function failures(area: string, corruption: Parameters<typeof corrupting>[1]) {
  const target = corrupting(await makeTarget(), corruption)
  const results = await conform(target, { areas: [area] })
  return results.filter(({ outcome }) => outcome === 'fail').map(({ name }) => name)
}

const AREAS = [...new Set(DEFECTS.map(({ area }) => area))]

test.each(AREAS)('%s passes where nothing is tampered with', async (area) => {
  expect(await failures(area, {})).toEqual([])
})

test.each(DEFECTS)('$area: $name', async (defect) => {
  const found = await failures(defect.area, defect)
  expect(found.sort()).toEqual([...defect.fails].sort())
})
