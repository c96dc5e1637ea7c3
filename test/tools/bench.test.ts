/** What `npm run bench` sends is answered, and costs the trips that are budgeted. */
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, expect, test } from 'vitest'
import { bulkLimitOf, emptyDirectory, fill } from '../../scripts/bench/fill.ts'
import { connect, measure, noSamples } from '../../scripts/bench/measure.ts'
import { costOf, operationsOf } from '../../scripts/bench/work.ts'
import { openProgress } from '../../scripts/lib/progress.ts'
import { cleanUp, freshFolder, makeTenant, NAMESPACES, serve } from '../support/serve.ts'

afterAll(cleanUp)

/** A server that is empty, and reaches it as the benchmark does. */
async function start() {
  const file = join(freshFolder(), 'scim.db')
  const served = await serve({ DATABASE_FILE: file, SERVER_TIMING: 'true' })
  const token = await makeTenant(served.url, 'stacks-1')
  const server = connect(`${served.url}${NAMESPACES}/stacks-1`, token, 4)
  const end = async () => {
    server.close()
    expect(await served.end('SIGTERM')).toBe(0)
  }
  return { server, end }
}

const quiet = openProgress(new PassThrough())

test('a server that is filled in bulk answers every operation', async () => {
  const { server, end } = await start()
  const directory = emptyDirectory('test-')
  const bulk = await bulkLimitOf(server)
  expect(bulk).toBe(1000)
  await fill(server, directory, 1040, bulk, quiet)
  expect(new Set(directory.users).size).toBe(1040)
  expect([directory.groups, [...directory.teams.keys()]]).toEqual([52, [10, 1000]])

  const operations = await operationsOf(server, directory)
  expect(operations.map(({ name }) => name)).toEqual([
    ...['create', 'GET by id', 'lookup by userName', 'page of 50 at 1001', 'page of 50 by cursor'],
    ...['PATCH active', 'PATCH ±1 of 10 members', 'PATCH ±1 of 1,000 members'],
  ])
  for (const operation of operations) {
    const trips = operation.kind === 'read' ? 1 : 2
    expect(await costOf(server, operation), operation.name).toMatchObject({ trips })
    const samples = noSamples()
    await measure(server, operation.next, { requests: 8, concurrency: 4, atMost: 60_000 }, samples)
    expect(samples.latencies, operation.name).toHaveLength(8)
  }
  await end()
})

test('one without Bulk is filled one by one', async () => {
  const { server, end } = await start()
  const directory = emptyDirectory('test-')
  await fill(server, directory, 40, 0, quiet)
  expect(new Set(directory.users).size).toBe(40)
  expect([directory.groups, [...directory.teams.keys()]]).toEqual([2, [10]])
  const names = (await operationsOf(server, directory)).map(({ name }) => name)
  expect(names).not.toContain('page of 50 by cursor')
  await end()
})
