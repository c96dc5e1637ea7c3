/**
 * `npm run bench`: how fast the endpoint is, and whether it stays so as the directory grows. Starts
 * what it measures, fills it through its API, and sets it against Hono and Drizzle on the same data
 * in the same run.
 */
import { randomBytes } from 'node:crypto'
import { cpus } from 'node:os'
import { Option } from 'commander'
import { z } from 'zod'
import { bulkLimitOf, emptyDirectory, fill } from './bench/fill.ts'
import { connect, measure, noSamples, type Samples, type Server } from './bench/measure.ts'
import { aimsOf, describe, describeWorst, FLOORS, figuresOf, type Result } from './bench/report.ts'
import { makeRunning, type Target, type TargetName } from './bench/targets.ts'
import { costOf, type Operation, operationsOf } from './bench/work.ts'
import { measureWorst } from './bench/worst.ts'
import { program, run, terminal } from './lib/command.ts'
import { failure } from './lib/failure.ts'
import { openProgress } from './lib/progress.ts'
import type { DatabaseCost } from './lib/server-timing.ts'
import { findTenant, tenantOptions } from './lib/tenant.ts'

const CONCURRENCIES = [1, 16] as const
/** Slices of an operation, so that a busy moment of the machine meets the floor as well. */
const ROUNDS = 4
/** Milliseconds of one slice at most. */
const SLICE = 2000
const MILLION = 1_000_000
/** A namespace has room for a million users, and what is measured creates some more. */
const MOST = 900_000

const optionsShape = z.object({
  users: z.string(),
  target: z.enum(['node', 'worker', 'all']),
  quick: z.boolean().optional(),
  json: z.boolean().optional(),
  million: z.boolean().optional(),
  url: z.string().optional(),
})
type Options = z.infer<typeof optionsShape>

const root = tenantOptions(
  program(
    'bench',
    'Measures the endpoint: throughput, latency, CPU time, trips and rows of each request, its growth with the directory, the floor of Hono and Drizzle in the same run, and the CPU time of the worst bodies.',
    terminal,
  ),
  'the Tenant URL of any SCIM server, in place of those started here',
)
  .option('--users <numbers>', 'how many users to fill, one size after the other', '2000,100000')
  .option('--target <name>', 'what to start: node, worker or all', 'all')
  .option('--quick', 'a quarter of the requests')
  .addOption(
    new Option('--million', 'a million users, on Node, and only what may not grow').conflicts([
      'users',
      'target',
      'url',
    ]),
  )
  .option('--json', 'print the results as JSON')
  .addHelpText(
    'after',
    `
Example:
  npm run bench -- --target node --users 2000`,
  )
  .action(async () => {
    const parsed = optionsShape.safeParse(root.opts())
    if (!parsed.success) throw failure('--target must be node, worker or all')
    const results = await bench(parsed.data)
    // They run in this process, so they say nothing of a server elsewhere.
    const worst = parsed.data.url === undefined ? measureWorst() : []
    const aims = aimsOf(results, 'Node, libSQL file')
    const machine = {
      processor: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      node: process.versions.node,
    }
    if (parsed.data.json) {
      terminal.out(JSON.stringify({ machine, results, aims, worst }, null, 2))
      return
    }
    terminal.out(`${machine.processor}, ${machine.cores} cores, Node ${machine.node}\n`)
    terminal.out(describe(results, aims))
    if (worst.length > 0) terminal.out(`\n${describeWorst(worst)}`)
  })

function sizesOf({ users, million }: Options): number[] {
  if (million) return [2000, MILLION]
  return users.split(',').map((text) => {
    const size = Number(text)
    if (Number.isInteger(size) && size >= 1100 && size <= MOST) return size
    throw failure(`--users must be numbers from 1100 to ${MOST}, separated by commas`)
  })
}

async function bench(options: Options): Promise<Result[]> {
  const sizes = sizesOf(options)
  if (options.url !== undefined) {
    const { url, token } = await findTenant(root)
    return benchTarget({ name: url, url, token }, sizes, options)
  }
  const all: readonly TargetName[] = options.million
    ? ['node']
    : options.target === 'all'
      ? ['node', 'worker']
      : [options.target]
  const results: Result[] = []
  for (const name of all) {
    const running = makeRunning()
    const interrupted = () => void running.end().finally(() => process.exit(130))
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted)
    try {
      results.push(...(await benchTarget(await running.start(name), sizes, options)))
    } finally {
      await running.end()
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupted)
    }
  }
  return results
}

/** Fills a target to one size after the other, and measures it at each. */
async function benchTarget(
  target: Target,
  sizes: readonly number[],
  options: Options,
): Promise<Result[]> {
  const progress = openProgress(process.stderr)
  const server = connect(target.url, target.token, Math.max(...CONCURRENCIES), target.cpu)
  const floor =
    target.floor && connect(target.floor.url, '', Math.max(...CONCURRENCIES), target.floor.cpu)
  const directory = emptyDirectory(`${randomBytes(3).toString('hex')}-`)
  const results: Result[] = []
  try {
    const bulk = await bulkLimitOf(server)
    for (const users of sizes) {
      await fill(server, directory, users, bulk, progress)
      const operations = (await operationsOf(server, directory)).filter(
        ({ large }) => large || !options.million,
      )
      const subjects: Subject[] = [
        ...(floor === undefined ? [] : floorsOf(floor, directory.users)),
        ...operations.map((operation) => ({ ...operation, server })),
      ]
      const costs = new Map<string, DatabaseCost>()
      for (const operation of operations) {
        costs.set(operation.name, await costOf(server, operation))
      }
      for (const concurrency of CONCURRENCIES) {
        const total = (concurrency === 1 ? 400 : 1600) / (options.quick ? 4 : 1)
        progress.phase(`concurrency ${concurrency}`, subjects.length * ROUNDS)
        const measured = await inRounds(subjects, total, concurrency, () => progress.advance(1))
        progress.close()
        for (const [{ name, kind }, samples] of measured) {
          const figures = figuresOf(samples)
          const cost = costs.get(name) ?? {}
          results.push({ target: target.name, users, concurrency, name, kind, figures, cost })
        }
      }
    }
  } finally {
    progress.close()
    server.close()
    floor?.close()
  }
  return results
}

/** An operation, or a floor, with the server that it is asked of. */
type Subject = Pick<Operation, 'name' | 'next'> & {
  readonly kind: Result['kind']
  readonly server: Server
}

function floorsOf(server: Server, ids: readonly string[]): Subject[] {
  let turn = 0
  const next = (path: string) => () => {
    turn += 1
    return { method: 'GET', path: `/${path}/${ids[(turn * 7919) % ids.length]}` }
  }
  return [
    { name: FLOORS.hello, kind: 'floor', server, next: () => ({ method: 'GET', path: '/hello' }) },
    { name: FLOORS.read, kind: 'floor', server, next: next('read') },
    { name: FLOORS.write, kind: 'floor', server, next: next('write') },
  ]
}

/** Measures all subjects slice by slice in turn; the first round warms up and does not count. */
async function inRounds(
  subjects: readonly Subject[],
  total: number,
  concurrency: number,
  advance: () => void,
): Promise<[Subject, Samples][]> {
  const measured = subjects.map((subject): [Subject, Samples] => [subject, noSamples()])
  const slice = { requests: Math.ceil(total / ROUNDS), concurrency, atMost: SLICE }
  for (const { server, next } of subjects) await measure(server, next, slice, noSamples())
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [{ server, next }, samples] of measured) {
      await measure(server, next, slice, samples)
      advance()
    }
  }
  return measured
}

process.exitCode = await run(root, process.argv.slice(2), terminal)
