// Plays an identity provider against an endpoint and checks that both end with the same directory.
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { z } from 'zod'
import { count } from './admin/text.ts'
import { isLoopback } from './lib/address.ts'
import { program, run, terminal } from './lib/command.ts'
import { failure } from './lib/failure.ts'
import { openProgress } from './lib/progress.ts'
import { table } from './lib/table.ts'
import { findTenant, tenantOptions } from './lib/tenant.ts'
import { wireFetch } from './lib/wire.ts'
import {
  PROVIDERS,
  type ProviderName,
  type Report,
  type SimulationResult,
  simulate,
} from './simulate/simulate.ts'
import { summarize } from './simulate/summary.ts'

const optionsShape = z.object({
  idp: z.string(),
  oktaApp: z.string().optional(),
  users: z.string(),
  groups: z.string(),
  namespaceRun: z.string().optional(),
  keep: z.boolean().optional(),
  yes: z.boolean().optional(),
})

const root = tenantOptions(
  program(
    'simulate',
    'Plays the documented request sequence of an identity provider against a SCIM endpoint, then compares its own directory with what the endpoint returns. Any difference makes the exit status 1.',
    terminal,
  ),
  'the Tenant URL; an origin means its namespace default (default: SCIM_EDGE_URL, else the server that runs from this folder)',
)
  .requiredOption('--idp <name>', 'the provider to play: okta or entra')
  .option(
    '--okta-app <kind>',
    'the kind of Okta app: template or wizard (default: one after other)',
  )
  .option('--users <number>', 'how many users to provision', '200')
  .option('--groups <number>', 'how many groups to push', '20')
  .option(
    '--namespace-run <prefix>',
    'start every name with this, unused so far in the namespace (default: random)',
  )
  .option('--keep', 'leave what was made at the endpoint')
  .option('--yes', 'do not ask before a URL that is not of this machine')
  .addHelpText(
    'after',
    `
Example:
  npm run simulate -- --idp entra --users 50 --groups 5`,
  )
  .action(async () => {
    const options = optionsShape.parse(root.opts())
    const users = readNumber('--users', options.users, 1)
    const groups = readNumber('--groups', options.groups, 0)
    const providers = readProviders(options.idp, options.oktaApp)
    const { url: baseUrl, token } = await findTenant(root)
    if (!options.yes) await confirm(baseUrl, users, groups, options.keep ?? false)
    const { signal } = interruption()
    for (const provider of providers) {
      // With a prefix given, the two Okta apps still need names of their own.
      const prefix = options.namespaceRun ?? randomBytes(3).toString('hex')
      const run = providers.length > 1 ? `${prefix}-${provider}-` : `${prefix}-`
      const progress = reporting()
      const started = performance.now()
      try {
        const result = await simulate({
          provider,
          users,
          groups,
          baseUrl,
          token,
          fetch: wireFetch,
          run,
          keep: options.keep ?? false,
          signal,
          report: progress.report,
        })
        progress.close()
        if (options.keep) terminal.error(`What was made is kept; its names start with ${run}`)
        printResult(PROVIDERS[provider].title, run, result, performance.now() - started)
        if (result.differences.length > 0) process.exitCode = 1
      } finally {
        progress.close()
      }
    }
  })

/**
 * Asks before anything is made at an endpoint that is elsewhere.
 *
 * @throws Failure unless somebody says yes
 */
async function confirm(url: string, users: number, groups: number, keep: boolean): Promise<void> {
  if (isLoopback(new URL(url))) return
  const what =
    `${count(users, 'user')} and ${count(groups, 'group')} are about to be created at ${url}` +
    (keep ? '' : ' and removed at the end')
  if (!process.stdin.isTTY) throw failure(`${what}: add --yes to confirm that it is meant.`)
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await asking.question(`${what}. Go on? [y/N] `)
    if (!/^y(?:es)?$/i.test(answer.trim())) throw failure('Nothing was sent.')
  } finally {
    asking.close()
  }
}

/** A signal that the first Ctrl-C gives, so that what was made is removed; the second one ends it. */
function interruption(): AbortController {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130)
      terminal.error('\nStopping: what was made is removed; Ctrl-C again leaves it.')
      controller.abort()
    })
  }
  return controller
}

function readProviders(idp: string, oktaApp: string | undefined): ProviderName[] {
  if (oktaApp !== undefined && oktaApp !== 'template' && oktaApp !== 'wizard') {
    throw failure(`--okta-app is template or wizard, not '${oktaApp}'.`)
  }
  if (idp === 'okta') {
    return oktaApp ? [`okta-${oktaApp}`] : ['okta-template', 'okta-wizard']
  }
  if (idp !== 'entra') throw failure(`--idp is okta or entra, not '${idp}'.`)
  if (oktaApp) throw failure('--okta-app goes with --idp okta only.')
  return ['entra']
}

function readNumber(option: string, text: string, least: number): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < least) {
    throw failure(`${option} is a whole number from ${least}, not '${text}'.`)
  }
  return number
}

/** A bar where somebody watches, a line for every phase where the output goes to a file. */
function reporting(): { report: Report; close(): void } {
  const bar = openProgress(process.stderr)
  const report: Report = {
    phase(title, tasks) {
      bar.phase(title, tasks)
      if (!process.stderr.isTTY) terminal.error(`${title} (${tasks})`)
    },
    task: () => bar.advance(1),
    removed({ users, groups, left, reason }) {
      bar.close()
      terminal.error(
        `Removed: ${count(users, 'user')}, ${count(groups, 'group')}. The endpoint may keep a record of them for audit.`,
      )
      if (left.length === 0) return
      const [first = '', ...more] = left
      const which = more.length === 0 ? first : `${first} and ${more.length} more`
      terminal.error(`Not removed: ${which} (${reason}).`)
      process.exitCode = 1
    },
  }
  return { report, close: bar.close }
}

function printResult(
  title: string,
  run: string,
  { requests, differences }: SimulationResult,
  milliseconds: number,
): void {
  const seconds = (milliseconds / 1000).toFixed(1)
  terminal.out(`\n${title}: ${requests.length} requests in ${seconds} s, names start with ${run}\n`)
  terminal.out(
    table(
      ['REQUEST', 'STATUS', 'COUNT', 'P50 MS', 'P99 MS'],
      summarize(requests).map(({ kind, status, count, p50, p99 }) => [
        kind,
        String(status),
        String(count),
        p50.toFixed(1),
        p99.toFixed(1),
      ]),
      ['left', 'right', 'right', 'right', 'right'],
    ),
  )
  if (differences.length === 0) {
    terminal.out('\nThe endpoint holds exactly what the provider believes: no difference.')
    return
  }
  terminal.out(
    `\n${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}:\n`,
  )
  terminal.out(
    table(
      ['RESOURCE', 'ATTRIBUTE', 'EXPECTED', 'ACTUAL'],
      differences.map(({ resource, attribute, expected, actual }) => [
        resource,
        attribute,
        expected,
        actual,
      ]),
    ),
  )
}

const status = await run(root, process.argv.slice(2), terminal)
if (status !== 0) process.exitCode = status
