/** What a run of the tests prints: a real run, of tests that pass, fail and skip themselves. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** The lines that a run of test files prints, without colours. */
async function linesOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'scim-edge-summary-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), `import { expect, test } from 'vitest'\n${text}`)
  }
  const reporters = ['minimal', join(root, 'test/support/summary.ts')]
  writeFileSync(
    join(folder, 'vitest.config.ts'),
    `export default { test: { reporters: ${JSON.stringify(reporters)} } }`,
  )
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run']
  const env = { ...process.env, NO_COLOR: '1' }
  try {
    return await new Promise((done) =>
      execFile(process.execPath, args, { cwd: folder, env }, (_failed, out) =>
        done(out.trimEnd().split('\n')),
      ),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('the last line counts, skipped tests say why, and what passed is not listed', async () => {
  const lines = await linesOf({
    'a.test.ts': `
      test('that it holds', () => expect(1).toBe(1))
      test('that it is there', ({ skip }) => skip('no server here'))
      test.skip('that nobody asked for', () => undefined)`,
    'b.test.ts': "test('that it fails', () => expect(1).toBe(2))",
  })
  expect(lines.at(-1)).toBe('1 passed, 1 failed, 2 skipped')
  expect(lines).toContain('Skipped: that it is there: no server here')
  expect(lines.join('\n')).toContain('× that it fails')
  expect(lines.join('\n')).not.toContain('that it holds')
  expect(lines.join('\n')).not.toContain('nobody asked')
})

test('a run of many files says how far it is, in few lines', async () => {
  const files = Array.from({ length: 20 }, (_, at) => [
    `${at}.test.ts`,
    "test('holds', () => expect(1).toBe(1))",
  ])
  const lines = await linesOf(Object.fromEntries(files))
  expect(lines.at(-1)).toBe('20 passed, 0 failed')
  expect(lines.filter((line) => / of 20 files$/.test(line))).toEqual(
    Array.from({ length: 10 }, (_, at) => `${2 * (at + 1)} of 20 files`),
  )
  expect(lines.length).toBeLessThan(30)
})
