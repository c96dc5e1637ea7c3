/**
 * `npm run dev`: the Worker on this machine, ready to be given to an identity provider.
 *
 * Brings the local database to the newest schema, makes the namespaces `default` and `stacks-1` and
 * a token for each, and only then starts `wrangler dev`. Needs no account and no network, and asks
 * nothing. The secrets it makes are kept in .dev.vars, so that they work after a restart, too.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { parseArgs } from 'node:util'
import { getPlatformProxy } from 'wrangler'
import type { Caller } from '../src/store/authority.ts'
import { d1 } from '../src/store/d1.ts'
import type { Database } from '../src/store/database.ts'
import { createNamespace } from '../src/store/registry.ts'
import {
  createServiceAccount,
  createToken,
  listServiceAccounts,
  listTokens,
} from '../src/store/service-accounts.ts'
import { type ParsedNamespace, parseNamespace } from '../src/tenancy/namespace.ts'
import { readPermissions } from '../src/tenancy/permission.ts'
import { defaultSettings } from '../src/tenancy/settings.ts'
import { hashToken, isToken, makeToken } from '../src/tenancy/token.ts'
import type { Environment } from '../src/worker.ts'
import { NAMESPACES } from './lib/admin-client.ts'
import { readVariable } from './lib/environment.ts'
import { failure, isFailure } from './lib/failure.ts'

const HOST = '127.0.0.1'
const ACCOUNT = 'dev'

/** The namespaces that are made, each with the variable that keeps its token. */
const TENANTS = [
  { name: 'default', variable: 'SCIM_TOKEN' },
  { name: 'stacks-1', variable: 'SCIM_TOKEN_STACKS_1' },
] as const

/** Neither statistics nor questions nor look-ups on the network. */
const QUIET = {
  ...process.env,
  CI: '1',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  FORCE_COLOR: '0',
}

const BROKEN_STATE =
  'The local database in .wrangler/state cannot be used; move or delete that folder and start again'

function readPort(): number {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '8787' } } })
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw failure(`--port must be a number from 1 to 65535, not ${values.port}`)
  }
  return port
}

/** Fails where something listens on the port already. */
function requireFreePort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? failure(
              `Port ${port} is taken; stop what listens there, or choose another one: ` +
                'npm run dev -- --port 8788',
            )
          : failure(`Port ${port} cannot be opened (${error.code})`),
      )
    })
    probe.listen(port, HOST, () => probe.close(() => resolve()))
  })
}

/** Remembers a secret in .dev.vars, which git ignores. */
function remember(name: string, value: string): void {
  try {
    const before = existsSync('.dev.vars') ? readFileSync('.dev.vars', 'utf8') : ''
    const separator = before === '' || before.endsWith('\n') ? '' : '\n'
    appendFileSync('.dev.vars', `${separator}${name}=${value}\n`, { mode: 0o600 })
  } catch (error) {
    throw failure(`The file .dev.vars cannot be written (${(error as NodeJS.ErrnoException).code})`)
  }
}

function wrangler(args: readonly string[]): ChildProcess {
  return spawn('wrangler', args, { env: QUIET, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Applies the migrations that the local database lacks. */
function migrate(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = wrangler(['d1', 'migrations', 'apply', 'DB', '--local'])
    let output = ''
    child.stdout?.on('data', (text) => {
      output += text
    })
    child.stderr?.on('data', (text) => {
      output += text
    })
    child.once('error', () => reject(failure('wrangler is not installed; run npm ci')))
    child.once('close', (code) => {
      if (code === 0) return resolve()
      const [, why = 'the migrations failed'] = /(?:ERROR\]?|Error:|✘)\s*(.*)/.exec(output) ?? []
      reject(failure(`${BROKEN_STATE} (${why.trim()})`))
    })
  })
}

/** Runs a task on the local database, outside of the Worker. */
async function withDatabase<T>(task: (database: Database) => Promise<T>): Promise<T> {
  process.env.CLOUDFLARE_CF_FETCH_ENABLED = 'false'
  const proxy = await getPlatformProxy<
    Record<string, unknown> & Required<Pick<Environment, 'DB'>>
  >()
  try {
    return await task(d1(proxy.env.DB))
  } finally {
    await proxy.dispose()
  }
}

/** Makes the namespaces and tokens that are not there yet; returns the token of each. */
async function prepare(database: Database): Promise<Map<string, string>> {
  const tokens = new Map<string, string>()
  const settings = { enableUserSync: true, enableGroupSync: true }
  for (const { name, variable } of TENANTS) {
    const parsed = parseNamespace(name)
    if (!parsed.ok) throw failure(parsed.advice)
    const { namespace } = parsed
    const now = Date.now()
    await createNamespace(database, namespace, settings, defaultSettings, now)
    const caller = operatorOf(database, parsed, now)
    const accounts = await listServiceAccounts(caller())
    if (!accounts.some(({ id }) => id === ACCOUNT)) {
      const permissions = Number(readPermissions(['Editor']))
      const form = { name: ACCOUNT, role: 'Editor', permissions, disabled: 0 } as const
      await createServiceAccount(caller(), ACCOUNT, { ok: true, value: form })
    }
    const known = await listTokens(caller(), ACCOUNT)
    const kept = readVariable(variable)
    const state = kept === undefined ? undefined : known.find(({ id }) => id === idOf(kept))
    const usable = kept !== undefined && isToken(kept) && (state?.revokedAt ?? null) === null
    const token = usable ? kept : makeToken(randomBytes)
    if (!usable) remember(variable, token)
    if (!usable || state === undefined) {
      const form = { id: idOf(token), name: idOf(token), hash: hashToken(token) }
      await createToken(caller(), ACCOUNT, { ok: true, value: form })
    }
    tokens.set(name, token)
  }
  return tokens
}

/** Makes callers that act as the operator, each for a request of its own. */
function operatorOf(database: Database, namespace: ParsedNamespace, now: number): () => Caller {
  return () => ({
    database,
    claim: { namespace, bearer: { kind: 'operator' } },
    fileSettings: defaultSettings,
    now,
    requestId: crypto.randomUUID(),
    newId: () => crypto.randomUUID(),
    later: () => undefined,
    recognized: () => undefined,
  })
}

/** The id under which a token of this script is listed; the same at every start. */
function idOf(token: string): string {
  return `${ACCOUNT}-${hashToken(token).slice(0, 12)}`
}

function announce(port: number, tokens: ReadonlyMap<string, string>): void {
  const tenantUrl = (name: string) => `http://${HOST}:${port}${NAMESPACES}/${name}`
  const url = tenantUrl('default')
  const token = tokens.get('default')
  const authorization = `-H 'Authorization: Bearer ${token}'`
  const body =
    '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com",' +
    '"externalId":"ada-1","name":{"givenName":"Ada","familyName":"Lovelace"},' +
    '"emails":[{"value":"ada@example.com","type":"work","primary":true}]}'
  console.log(`
scim-edge is ready. Give these two to the identity provider:

  Tenant URL  ${url}
  Token       ${token}

Create a user, and list all users:

curl -X POST '${url}/Users' ${authorization} -H 'Content-Type: application/scim+json' -d '${body}'
curl '${url}/Users' ${authorization}

A second namespace, for tests of its own:

  Tenant URL  ${tenantUrl('stacks-1')}
  Token       ${tokens.get('stacks-1')}

Play an identity provider:  npm run simulate -- --idp okta
Stop with Ctrl-C. What happens is logged below, a line a request.
`)
}

/** Lines of wrangler that help nobody here. */
const NOISE =
  /^(\s*$|─+|\[wrangler:info\]|⎔|Your Worker has access|Binding |env\.|Using (vars|secrets)|.*Request\.cf)/

/** Serves until it is stopped. */
function serve(port: number, tokens: ReadonlyMap<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = wrangler([
      'dev',
      ...['--ip', HOST, '--port', String(port), '--inspector-port', '0'],
      '--show-interactive-dev-session=false',
      // A test by hand may ask as often as it likes.
      ...['--var', `RATE_LIMITS:${readVariable('RATE_LIMITS') ?? 'off'}`],
    ])
    let ready = false
    const show = (line: string) => {
      if (!ready && line.includes('Ready on')) {
        ready = true
        announce(port, tokens)
      } else if (!NOISE.test(line)) {
        console.log(line)
      }
    }
    let rest = ''
    const read = (text: Buffer) => {
      const lines = (rest + text.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) show(line)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => child.kill(signal))
    }
    child.once('error', () => reject(failure('wrangler is not installed; run npm ci')))
    child.once('close', (code) => {
      if (ready) resolve(code ?? 0)
      else reject(failure('wrangler dev did not start; what it printed is above'))
    })
  })
}

try {
  const port = readPort()
  await requireFreePort(port)
  if (readVariable('OPERATOR_TOKEN') === undefined) {
    remember('OPERATOR_TOKEN', randomBytes(32).toString('hex'))
  }
  console.log('Preparing the local database …')
  await migrate()
  const tokens = await withDatabase(prepare).catch((error: unknown) => {
    throw isFailure(error) ? error : failure(`${BROKEN_STATE} (${String(error)})`)
  })
  process.exitCode = await serve(port, tokens)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
