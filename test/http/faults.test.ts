/**
 * Every operation meets every fault at every call of the database: it takes effect once and wholly
 * or not at all, the answer is the true one or a 503 that says when to try again, and whoever tries
 * again ends where an undisturbed request ends.
 */
import { beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { API } from '../../src/http/context.ts'
import { makeEndpoint } from '../support/endpoint.ts'
import { provisioning, reads } from '../support/fault-cases.ts'
import { byHand, ofNamespaces } from '../support/fault-cases-by-hand.ts'
import {
  meetEveryFault,
  readThroughEveryFault,
  undisturbed,
  withoutPauses,
} from '../support/fault-runs.ts'
import { makeLane, makeWorld, routeOf, type World } from '../support/fault-world.ts'

// On two slow cores that are shared with other files.
vi.setConfig({ testTimeout: 300_000 })

const lane = makeLane()
let world: World

beforeAll(async () => {
  world = await makeWorld()
})

beforeEach(withoutPauses)

const writes = [...provisioning, ...byHand, ...ofNamespaces]

test.each(writes)('$name meets every fault', async (operation) => {
  const truth = await undisturbed(lane, world, operation)
  expect(truth.modes).toContain('write')
  await meetEveryFault(lane, world, operation, truth)
})

test.each(reads)('$name meets every fault', async (operation) => {
  const truth = await undisturbed(lane, world, operation)
  expect(truth.modes).not.toContain('write')
  await readThroughEveryFault(lane, world, operation, truth)
})

test('every route meets every fault', () => {
  const served = makeEndpoint().app.routes.flatMap(({ method, path }) =>
    path.startsWith(API) && !['ALL', 'OPTIONS'].includes(method) ? [routeOf(method, path)] : [],
  )
  const met = new Set([
    ...[...writes, ...reads].map(({ route }) => route),
    // bulk-faults.test.ts and backup-faults.test.ts have these.
    ...['POST /:namespace/Bulk', 'POST /:namespace/restore', 'DELETE /:namespace/restore'],
  ])
  const refusing = /^(?:GET|PUT|PATCH|DELETE) \/:namespace(?:\/Users|\/Groups)?\/\.search$/
  expect(served.filter((route) => !met.has(route) && !refusing.test(route))).toEqual([])
})
