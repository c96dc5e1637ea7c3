/** The Worker as it would be deployed, in Miniflare, and the floor beside it, with a D1 in memory. */
import { readFileSync } from 'node:fs'
import type { D1Database } from '@cloudflare/workers-types'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { withBundle } from '../lib/bundle.ts'
import { migrateD1 } from '../lib/d1.ts'

/** A Worker with an address of its own: the way through Miniflare's would cost as much as it does. */
function workerOf(name: string, entry: string | undefined) {
  const contents = withBundle(({ file }) => readFileSync(file, 'utf8'), entry)
  return {
    name,
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents }],
    compatibilityDate: '2026-11-01',
    compatibilityFlags: ['nodejs_compat'],
    bindings: { OPERATOR_TOKEN: process.env.OPERATOR_TOKEN ?? '', SERVER_TIMING: 'true' },
    d1Databases: { DB: 'bench' },
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  }
}

const worker = new Miniflare(
  convertV4MiniflareOptions({
    host: '127.0.0.1',
    port: 0,
    workers: [workerOf('scim-edge', undefined), workerOf('floor', 'scripts/bench/floor-worker.ts')],
    // A line a request, which nobody reads here.
    handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) => {
      stdout.resume()
      stderr.resume()
    },
  } as Parameters<typeof convertV4MiniflareOptions>[0]),
)
await worker.ready
await migrateD1((await worker.getD1Database('DB', 'scim-edge')) as unknown as D1Database)
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void worker.dispose().finally(() => process.exit(0)))
}
const [served, floor] = await Promise.all(
  ['scim-edge', 'floor'].map((name) => worker.unsafeGetDirectURL(name)),
)
console.log(`The floor has ${floor?.origin}, and the Worker serves ${served?.origin}`)
