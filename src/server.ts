/** The entry on Node: the same application on an embedded libSQL file. */
import { resolve } from 'node:path'
import { createApp } from './app.ts'
import { configurationOf, expiryOf, weaknessOf } from './configuration.ts'
import { API } from './http/context.ts'
import { credentialLines, curlLines } from './node/announce.ts'
import { StartFailure } from './node/failure.ts'
import { type Files, openFiles } from './node/files.ts'
import { type Listening, listen } from './node/http.ts'
import { makeLog } from './node/log.ts'
import { noteRunning } from './node/running.ts'
import { keptSecret } from './node/secrets.ts'
import { createFirst, type FirstToken } from './node/tenant.ts'
import { expire } from './store/expiry.ts'

const HOUR = 60 * 60 * 1000

function portOf(name: string, text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new StartFailure(`${name} must be a number from 0 to 65535, not '${text}'.`)
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
        await database.emptyLog?.()
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

/** The namespace and the account that a server without any makes, so that it can be tried at once. */
const FIRST = { namespace: 'default', account: 'scim' } as const

function refuseWeak(name: string, secret: string): void {
  const weakness = weaknessOf(secret)
  if (weakness !== undefined) throw new StartFailure(`${name} ${weakness}`)
}

/** The operator's secret: the one that is given, else the one that is kept beside the database. */
function secretOf(given: string | undefined, database: string) {
  if (given) return { secret: given, file: undefined }
  const kept = keptSecret(database)
  refuseWeak(`The OPERATOR_TOKEN in ${kept.file}`, kept.secret)
  return kept
}

/** Where this machine reaches a server that may listen on all addresses. */
function localOf(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}

/** What to do next where there is no namespace yet and the operator brought a secret. */
function createLines(url: string): string {
  return `
There is no namespace yet. In a terminal where OPERATOR_TOKEN is set as here:

  npm run -s admin -- --url ${url} namespace create ${FIRST.namespace} --user-sync --group-sync
  npm run -s admin -- --url ${url} token create --namespace ${FIRST.namespace}
`
}

/** What somebody needs who starts this for the first time. */
function welcome(url: string, local: string, { token, expiresAt }: FirstToken): string {
  const tenantUrl = (origin: string) => `${origin}${API}/${FIRST.namespace}`
  const until = ` (until ${new Date(expiresAt).toISOString().slice(0, 10)}; shown this once)`
  return `
Give these two to the identity provider:

${credentialLines(tenantUrl(url), token, until)}

Create a user, and list all users:

${curlLines(tenantUrl(local), token)}

Another token:              npm run -s admin -- --url ${local} token create --namespace ${FIRST.namespace}
Play an identity provider:  SCIM_EDGE_TOKEN=${token} npm run simulate -- --idp okta --url ${local}
`
}

/**
 * Serves until a signal comes; a second one ends it at once.
 *
 * @param port the port as it was given, before the variable PORT
 * @throws StartFailure
 */
export async function serve(port: string | undefined): Promise<void> {
  // What is in the files is nobody else's business.
  process.umask(0o077)
  const host = process.env.HOST || '127.0.0.1'
  const number = portOf(
    port === undefined ? 'PORT' : '--port',
    port ?? (process.env.PORT || '8787'),
  )
  const file = process.env.DATABASE_FILE || 'data/scim-edge.db'
  // Whoever read the log may be gone, or its disk be full: that ends the log and not the service.
  process.stdout.on('error', () => undefined)
  const log = makeLog((text) => process.stdout.write(text))
  const given = process.env.OPERATOR_TOKEN?.trim()
  if (given) refuseWeak('OPERATOR_TOKEN', given)
  const { ENCRYPTION_KEY } = process.env
  if (ENCRYPTION_KEY) refuseWeak('ENCRYPTION_KEY', ENCRYPTION_KEY)
  const configuration = { ...configurationOf(process.env), log }
  const publicOrigin = originOf(process.env.PUBLIC_URL)
  // The port comes first, so that a second start by mistake does not touch the database.
  const opening = Promise.withResolvers<ReturnType<typeof createApp>>()
  const listening = await listen(host, number, async (request, bindings, context) => {
    const app = await opening.promise
    return app.fetch(request, bindings, context as never)
  })
  const files = await openFiles(file)
  const { databases } = files
  const operator = secretOf(given, file)
  const isNew = await files.isNew()
  const first =
    isNew && !given
      ? await createFirst(databases, FIRST.namespace, FIRST.account, configuration.settings)
      : undefined
  const { secret: operatorToken } = operator
  const sealingSecret = ENCRYPTION_KEY || operatorToken
  const app = { ...configuration, operatorToken, sealingSecret, publicOrigin, databases }
  opening.resolve(createApp(app))
  expireByTheHour(files, listening, log)
  const local = localOf(listening.url)
  noteRunning({
    url: local,
    pid: process.pid,
    command: 'serve',
    secrets: operator.file && resolve(operator.file),
  })
  // A signal may come as soon as somebody can read that it serves.
  const end = signalled()
  console.log(`scim-edge serves ${listening.url} from ${file}; stop with Ctrl-C.`)
  if (operator.file !== undefined) {
    console.log(`The operator's secret is in ${operator.file}; the command line finds it there.`)
  }
  if (first !== undefined) console.log(welcome(publicOrigin ?? local, local, first))
  else if (isNew) console.log(createLines(local))

  await end
  await listening.close()
  await files.close()
}
