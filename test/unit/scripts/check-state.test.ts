/** The check that nothing of a request stays in a module, on source where something would. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

/** Whether the check complains of `kept` in a file of src. */
function complains(source: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'scim-edge-'))
  try {
    mkdirSync(join(folder, 'src/http'), { recursive: true })
    writeFileSync(join(folder, 'src/http/x.ts'), source)
    const script = resolve('scripts/check-state.ts')
    const { status, stderr } = spawnSync(process.execPath, [script], {
      cwd: folder,
      encoding: 'utf8',
    })
    // The caches that it knows are not in this folder, which it says as well.
    expect(status).toBe(1)
    return stderr.includes('src/http/x.ts: kept ')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.each([
  'let kept = 0',
  'export let kept: string | undefined',
  'var kept',
  'const kept: string[] = []\nexport const f = () => kept.push("x")',
  'const kept = new Map()\nfunction f() {\n  kept.set(1, 2)\n}',
  'const kept = new WeakMap()\nfunction f(o: object) {\n  kept.delete(o)\n}',
  'const kept = { last: 1 }\nfunction f() {\n  kept.last = 2\n}',
  'const kept = { count: 1 }\nfunction f() {\n  kept.count += 2\n}',
  'const kept = { count: 1 }\nfunction f() {\n  kept.count++\n}',
  'const kept = [1]\nfunction f(at: number) {\n  kept[at] = 2\n}',
  'const kept = { list: [1] }\nfunction f() {\n  kept.list.push(2)\n}',
  'class C {\n  static kept = 1\n}',
])('a module may not keep %j', (source) => {
  expect(complains(source)).toBe(true)
})

test.each([
  'const kept = [1, 2]\nexport const f = () => kept.map((one) => one + 1)',
  'const kept = new Map([[1, 2]])\nexport const f = () => kept.get(1) === 2',
  'function f() {\n  let kept = 0\n  kept += 1\n  return kept\n}',
  'class C {\n  static readonly kept = 1\n}',
])('it may keep %j', (source) => {
  expect(complains(source)).toBe(false)
})
