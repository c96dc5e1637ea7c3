/**
 * Checks that every dependency has a licence that lets anybody use it. What ships to the Worker or
 * runs on Node is permissive; tools that only run here may also be under a licence that asks for
 * changes to be shared, or for the author to be named. `--audit` asks the registry for known
 * vulnerabilities as well.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { program, run, terminal } from './lib/command.ts'

const PERMISSIVE = new Set([
  'MIT',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
])
/** What tools may be under, too; CC-BY-4.0 asks that the author of data is named. */
const TOOLS = new Set(['MPL-2.0', 'LGPL-3.0-or-later', 'CC-BY-4.0'])

const lockShape = z.object({
  packages: z.record(
    z.string(),
    z.object({ license: z.string().optional(), dev: z.boolean().optional() }),
  ),
})

const root = program(
  'check-licences',
  'Checks that every dependency has a licence that lets anybody use it.',
  terminal,
)
  .option('--audit', 'ask the registry for known vulnerabilities as well')
  .action(check)

function check({ audit = false }: { readonly audit?: boolean }): void {
  checkLicences()
  if (audit) askRegistry()
}

/** Whether one choice of a licence expression has only allowed parts. */
function allows(expression: string, allowed: (name: string) => boolean): boolean {
  const choices = expression.replace(/[()]/g, '').split(' OR ')
  return choices.some((choice) => choice.split(' AND ').every((name) => allowed(name.trim())))
}

function checkLicences(): void {
  const { packages } = lockShape.parse(JSON.parse(readFileSync('package-lock.json', 'utf8')))
  for (const [path, { license = 'none', dev = false }] of Object.entries(packages)) {
    if (path === '') continue
    const allowed = (name: string) => PERMISSIVE.has(name) || (dev && TOOLS.has(name))
    if (allows(license, allowed)) continue
    console.error(`${path}: the licence ${license} is not among those that are allowed.`)
    process.exitCode = 1
  }
}

function askRegistry(): void {
  const { status, stderr } = spawnSync('npm', ['audit', '--omit=dev'], {
    encoding: 'utf8',
    // Silence is inherited from `npm run -s`, and an error that is not told looks like a clean audit.
    env: { ...process.env, npm_config_loglevel: 'error' },
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  if (/audit endpoint returned an error/.test(stderr)) {
    console.error('The registry answers no audit; ask one that does.')
    process.exitCode = 2
  } else {
    process.stderr.write(stderr)
    process.exitCode ||= status ?? 1
  }
}

const status = await run(root, process.argv.slice(2), terminal)
if (status !== 0) process.exitCode = status
