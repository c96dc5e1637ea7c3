/** The check that no regular expression backtracks, on source where one would. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

/** The text of a template, in which only marks and dollars are escaped. */
const raw = ({ raw: [text = ''] }: TemplateStringsArray) => text.replace(/\\(?=[`$])/g, '')

/** What the check says of a file of src, line by line. */
function complaints(source: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'scim-edge-'))
  try {
    mkdirSync(join(folder, 'src/http'), { recursive: true })
    writeFileSync(join(folder, 'src/http/x.ts'), source)
    const script = resolve('scripts/check-regex.ts')
    const { stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' })
    return stderr.split('\n').filter((line) => line.startsWith('src/http/x.ts:'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('expressions that may take the square of a text are found, wherever they stand', () => {
  const source = raw`
const blanks = /^\s*(\S+)\s*(.*?)\s*$/s
const nested = text.replace(/^(?:a|aa)+$/, 'x')
const end = text.split(/\/+$/)
const made = new RegExp('^(a+)+$')
const templated = new RegExp(\`^\${API}(?:a*)*b\`)
`
  const found = complaints(source)
  expect(found.map((line) => line.split(':')[1])).toEqual(['2', '3', '4', '5', '6'])
  expect(found[0]).toContain('takes 2nd degree polynomial time')
  expect(found[1]).toContain('takes exponential time')
})

test('what is linear passes, also where it repeats', () => {
  const source = raw`
const half = total / 2 / 3
const path = '/a+a+$/'
// /(a+)+$/
const token = /^glsa_[0-9A-Za-z]{32}$/
const slashes = text.replace(/\/{2,}/g, '/')
const made = new RegExp(\`^\${API}/[^/]+$\`)
`
  expect(complaints(source)).toEqual([])
})

test('what is made from more than constants is not let pass', () => {
  expect(complaints('const found = new RegExp(name).exec(text)')).toEqual([
    'src/http/x.ts:1: RegExp is given more than constants.',
  ])
})
