/** The Worker as it would be deployed, in Miniflare, with a D1 in memory. */
import { globSync, readFileSync } from 'node:fs'
import type { D1Database } from '@cloudflare/workers-types'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { withBundle } from '../lib/bundle.ts'

const contents = withBundle(({ file }) => readFileSync(file, 'utf8'))
const worker = new Miniflare(
  convertV4MiniflareOptions({
    host: '127.0.0.1',
    port: 0,
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents }],
    compatibilityDate: '2026-11-01',
    compatibilityFlags: ['nodejs_compat'],
    bindings: { OPERATOR_TOKEN: process.env.OPERATOR_TOKEN ?? '', SERVER_TIMING: 'true' },
    d1Databases: { DB: 'bench' },
    // A line a request, which nobody reads here.
    handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) => {
      stdout.resume()
      stderr.resume()
    },
  } as Parameters<typeof convertV4MiniflareOptions>[0]),
)
const url = await worker.ready
const database = (await worker.getD1Database('DB')) as unknown as D1Database
for (const file of globSync('drizzle/*.sql').sort()) {
  for (const statement of readFileSync(file, 'utf8').split('--> statement-breakpoint')) {
    await database.prepare(statement).run()
  }
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void worker.dispose().finally(() => process.exit(0)))
}
console.log(`The Worker serves ${url.origin}`)
