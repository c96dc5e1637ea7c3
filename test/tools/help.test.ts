/** What every tool of package.json has in common: its help, its version, and what it refuses. */
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
