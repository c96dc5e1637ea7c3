/** The deployment, as far as it goes without an account. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

test('the Worker bundles for deployment as it stands, below 150 KiB gzip', () => {
  const out = mkdtempSync(join(tmpdir(), 'scim-edge-deploy-'))
  try {
    const printed = execFileSync('wrangler', ['deploy', '--dry-run', '--outdir', out], {
      cwd: root,
      env: {
        ...process.env,
        CI: '1',
        WRANGLER_SEND_METRICS: 'false',
        PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
      },
      encoding: 'utf8',
    })
    expect(printed).toContain('env.DB (scim-edge)')
    const size = gzipSync(readFileSync(join(out, 'worker.js'))).byteLength
    expect(size).toBeLessThan(150 * 1024)
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
})
