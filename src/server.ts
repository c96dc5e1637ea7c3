/** The entry on Node: the same application on an embedded libSQL file. */
import { createApp } from './app.ts'
import { configurationOf, expiryOf } from './configuration.ts'
import { StartFailure } from './node/failure.ts'
import { type Files, openFiles } from './node/files.ts'
import { type Listening, listen } from './node/http.ts'
import { makeLog } from './node/log.ts'
import { expire } from './store/expiry.ts'

const HOUR = 60 * 60 * 1000

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new StartFailure(`PORT must be a number from 0 to 65535, not '${text}'.`)
}

/** The origin that clients use; behind a proxy a request does not say it. */
function originOf(text: string | undefined): string | undefined {
  if (!text) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isOrigin = url !== undefined && url.href === `${url.origin}/`
  if (isOrigin && /^https?:$/.test(url.protocol)) return url.origin
  throw new StartFailure(
    `PUBLIC_URL must be an http or https URL without a path, such as https://scim.example.com, not '${text}'.`,
  )
}

/** Lets go of what is older than it shall be kept, now and every hour. */
function expireByTheHour({ all }: Files, { track }: Listening, log: (line: object) => void): void {
  const expireAll = async () => {
    const now = Date.now()
    const line = { time: new Date(now).toISOString() }
    for (const database of await all()) {
      // A fault of one file is none of the others.
      try {
        const expired = await expire(database, now, expiryOf(process.env, now))
        if (expired.events + expired.conflicts > 0) log({ ...line, expired })
      } catch (error) {
        log({ ...line, error: String(error) })
      }
    }
  }
  track(expireAll())
  setInterval(() => track(expireAll()), HOUR).unref()
}

/** Waits for a signal to end; the next one ends the process at once. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        signals += 1
        if (signals > 1) process.exit(1)
        resolve()
      })
    }
  })
}

/** Serves until a signal comes; a second one ends it at once. */
async function serve(): Promise<void> {
  // What is in the files is nobody else's business.
  process.umask(0o077)
  const host = process.env.HOST || '127.0.0.1'
  const port = portOf(process.env.PORT || '8787')
  const file = process.env.DATABASE_FILE || 'data/scim-edge.db'
  // Whoever read the log may be gone, or its disk be full: that ends the log and not the service.
  process.stdout.on('error', () => undefined)
  const log = makeLog((text) => process.stdout.write(text))
  const configuration = { ...configurationOf(process.env), log }
  const publicOrigin = originOf(process.env.PUBLIC_URL)
  // The port comes first, so that a second start by mistake does not touch the database.
  const opening = Promise.withResolvers<ReturnType<typeof createApp>>()
  const listening = await listen(host, port, async (request, bindings, context) => {
    const app = await opening.promise
    return app.fetch(request, bindings, context as never)
  })
  const files = await openFiles(file)
  opening.resolve(createApp({ ...configuration, publicOrigin, databases: files.databases }))
  expireByTheHour(files, listening, log)
  console.log(`scim-edge serves ${listening.url} from ${file}; stop with Ctrl-C.`)
  if (!configuration.operatorToken) {
    console.log('No OPERATOR_TOKEN is set, so nobody can create namespaces and tokens.')
  }

  await signalled()
  await listening.close()
  await files.close()
}

try {
  await serve()
  process.exit(0)
} catch (error) {
  console.error(error instanceof StartFailure ? error.message : error)
  process.exit(1)
}
