/** What every tool of package.json has in common: its help, its version, and what it refuses. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runTool } from '../support/serve.ts'

const root = resolve(import.meta.dirname, '../..')
const { scripts, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const TOOL = /node scripts\/run\.js ([\w/-]+)/g

/** The tools that package.json starts, under the names that they have there. */
const tools = [
  ...new Set(
    Object.values<string>(scripts).flatMap((line) =>
      [...line.matchAll(TOOL)].map(([, tool = '']) => tool),
    ),
  ),
]

const folder = mkdtempSync(join(tmpdir(), 'scim-edge-help-'))
const PARTS = ['src', 'drizzle', 'wrangler.toml', 'package.json', 'package-lock.json']

beforeAll(() => {
  for (const part of PARTS) cpSync(join(root, part), join(folder, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('package.json starts the tools that this is about', () => {
  expect(tools).toEqual(expect.arrayContaining(['dev', 'serve', 'admin', 'simulate', 'bundle']))
})

/** What `npx scim-edge` does, without a network and with an empty cache. */
function npx(...args: readonly string[]): Promise<{ out: string; error: string }> {
  const env = { ...process.env, npm_config_cache: join(folder, 'node_modules/.cache/npx') }
  return new Promise((done) => {
    execFile(
      'npx',
      ['--offline', 'scim-edge', ...args],
      { cwd: root, env },
      (_failed, out, error) => done({ out, error }),
    )
  })
}

test('npx scim-edge is the command line of the operator, and has the tools', async () => {
  expect(await npx('--version')).toEqual({ out: `${version}\n`, error: '' })
  expect((await npx('--help')).out).toMatch(/^Usage: scim-edge \[options\] \[command\]\n/)
  expect((await npx('token', 'create', '--help')).out).toMatch(/^Usage: scim-edge token create /)
  expect((await npx('serve', '--help')).out).toMatch(/^Usage: scim-edge serve /)
  expect((await npx()).error).toBe('A command is missing; npx scim-edge --help lists them.\n')
})

test('a tool whose reader has gone ends without a word', async () => {
  const tool = spawn(process.execPath, ['scripts/run.js', 'admin', '--help'], { cwd: root })
  tool.stdout.destroy()
  let said = ''
  tool.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const [status] = await once(tool, 'close')
  expect([status, said]).toEqual([0, ''])
})

test.each(tools)('%s --help prints a help and does nothing else', async (tool) => {
  const { status, out, error } = await runTool(folder, [tool, '--help'])
  expect([status, error]).toEqual([0, ''])
  expect(out).toMatch(/^Usage: \S+ /)
  expect(out).toMatch(/\n {2}-h, --help {2,}/)
  expect(readdirSync(folder).sort()).toEqual([...PARTS, 'node_modules'].sort())
})

test.each(tools)(
  '%s refuses an option that it does not know, and says its version',
  async (tool) => {
    const refused = await runTool(folder, [tool, '--no-such-option'])
    expect([refused.status, refused.out]).toEqual([1, ''])
    expect(refused.error).toMatch(
      /^(Unknown option '--no-such-option'|Required option '.*' not specified)\.\n$/,
    )
    expect(await runTool(folder, [tool, '--version'])).toEqual({
      status: 0,
      out: `${version}\n`,
      error: '',
    })
    expect(readdirSync(folder).sort()).toEqual([...PARTS, 'node_modules'].sort())
  },
)

test('simulate sends nothing to another machine before somebody says yes', async () => {
  const url = 'https://scim.invalid/apis/scim.grafana.app/v0alpha1/namespaces/default'
  const args = ['simulate', '--idp', 'entra', '--users', '3', '--groups', '1', '--url', url]
  const asked = await runTool(folder, args, { SCIM_EDGE_TOKEN: 'x' })
  expect([asked.status, asked.error]).toEqual([
    1,
    `3 users and 1 group are about to be created at ${url} and removed at the end: add --yes to confirm that it is meant.\n`,
  ])
  const sent = await runTool(folder, [...args, '--yes'], { SCIM_EDGE_TOKEN: 'x' })
  expect(sent.error).toContain('The host of https://scim.invalid is not known.')
})
