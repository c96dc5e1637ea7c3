import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'

const root = resolve(import.meta.dirname, '../..')

/** The Worker as it would be deployed. */
export interface Bundle {
  /** What wrangler says, with the bindings. */
  printed: string
  /** Bytes after gzip. */
  size: number
  /** The file, an ECMAScript module that Node can import, too. */
  file: string
}

/**
 * Bundles the Worker as a deployment would, hands it on, and removes it again.
 *
 * @param entry the file of another Worker, from the root of the project
 */
export function withBundle<T>(use: (bundle: Bundle) => T, entry = 'src/worker.ts'): T {
  const out = mkdtempSync(join(tmpdir(), 'scim-edge-bundle-'))
  try {
    const printed = execFileSync('wrangler', ['deploy', entry, '--dry-run', '--outdir', out], {
      cwd: root,
      env: {
        ...process.env,
        CI: '1',
        WRANGLER_SEND_METRICS: 'false',
        PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
      },
      encoding: 'utf8',
    })
    const file = join(out, 'worker.mjs')
    renameSync(join(out, `${basename(entry, '.ts')}.js`), file)
    return use({ printed, size: gzipSync(readFileSync(file)).byteLength, file })
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

const MEASURE = `
  const before = process.cpuUsage()
  await import(process.argv[1])
  const { user, system } = process.cpuUsage(before)
  console.log((user + system) / 1000)`

/**
 * Measures how long a module computes until it is ready, in milliseconds of CPU time, beyond what an
 * empty one takes. Each run is a process of its own; the least of them is what the module needs.
 */
export function startUpOf(file: string, runs: number): number {
  const empty = `${file}.empty.mjs`
  writeFileSync(empty, '')
  const least = (module: string) => {
    const times = Array.from({ length: runs }, () => {
      const args = ['--input-type=module', '-e', MEASURE, pathToFileURL(module).href]
      return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
    })
    return Math.min(...times)
  }
  return Math.max(0, least(file) - least(empty))
}
