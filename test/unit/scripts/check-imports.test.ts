/** The check that src sends no request, on source that does. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'

/** What the check says of a file of src, and its exit status. */
function check(file: string, source: string) {
  const folder = mkdtempSync(join(tmpdir(), 'scim-edge-'))
  try {
    mkdirSync(join(folder, dirname(file)), { recursive: true })
    writeFileSync(join(folder, file), source)
    const { status, stderr } = spawnSync(process.execPath, [resolve('scripts/check-imports.ts')], {
      cwd: folder,
      encoding: 'utf8',
    })
    return { status, told: stderr.includes('may send no request') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.each([
  ['src/scim/x.ts', "await fetch('https://example.com')"],
  ['src/http/x.ts', 'const send = fetch'],
  ['src/http/x.ts', 'await globalThis.fetch(url)'],
  ['src/store/x.ts', 'await self\n  .fetch (url)'],
  ['src/store/x.ts', "await globalThis['fetch'](url)"],
  ['src/worker.ts', 'await environment.SERVICE.fetch(request)'],
  ['src/worker.ts', 'connect({ hostname, port })'],
  ['src/node/x.ts', 'new WebSocket(url)'],
  ['src/node/x.ts', "import { request } from 'node:https'"],
  ['src/node/x.ts', "import * as net from 'node:net'"],
])('in %s, %s is refused', (file, source) => {
  expect(check(file, source)).toEqual({ status: 1, told: true })
})

test.each([
  ['src/worker.ts', 'export default { fetch(request: Request) { return app.fetch(request) } }'],
  ['src/store/remote.ts', 'const { batch } = connect()'],
  ['src/node/x.ts', "import type { Server } from 'node:http'"],
  ['src/http/x.ts', '// Rows that we fetch (in pages).\nconst fetched = rows.prefetch(1)'],
])('in %s, %s is let pass', (file, source) => {
  expect(check(file, source)).toEqual({ status: 0, told: false })
})
