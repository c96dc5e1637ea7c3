/**
 * `npm run dev`: the Worker on this machine, ready to be given to an identity provider.
 *
 * Brings the local database to the newest schema, makes the namespaces `default` and `stacks-1` and
 * a token for each, and only then starts `wrangler dev`. Needs no account and no network, and asks
 * nothing. The secrets it makes are kept in .dev.vars, so that they work after a restart, too.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getPlatformProxy } from 'wrangler'
import { z } from 'zod'
import { weaknessOf } from '../src/configuration.ts'
import { credentialLines, curlLines } from '../src/node/announce.ts'
import { freePort, isFree } from '../src/node/http.ts'
import { noteRunning } from '../src/node/running.ts'
import { createEditor, createReady, namespaceOf, operatorOf } from '../src/node/tenant.ts'
import { d1 } from '../src/store/d1.ts'
import type { Database } from '../src/store/database.ts'
import { createToken, listServiceAccounts, listTokens } from '../src/store/service-accounts.ts'
import { defaultSettings } from '../src/tenancy/settings.ts'
import { hashToken, isToken, makeToken } from '../src/tenancy/token.ts'
import type { Environment } from '../src/worker.ts'
import { NAMESPACES } from './lib/admin-client.ts'
import { program, run, terminal } from './lib/command.ts'
import { readVariable } from './lib/environment.ts'
import { failure, isFailure } from './lib/failure.ts'
import { keptToken } from './lib/tenant.ts'

const HOST = '127.0.0.1'
const ACCOUNT = 'dev'

/** The namespaces that are made. */
const TENANTS = ['default', 'stacks-1'] as const

/** Where wrangler reads secrets from; git ignores it. */
const SECRETS = '.dev.vars'

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

/** The port that --port names, else PORT. */
async function readPort(option: string | undefined): Promise<number> {
  const [name, text] =
    option === undefined ? ['PORT', process.env.PORT || '8787'] : ['--port', option]
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw failure(`${name} must be a number from 0 to 65535, not '${text}'`)
  }
  if (port === 0) return freePort(HOST, 0)
  if (await isFree(HOST, port)) return port
  throw failure(
    `Port ${port} is taken; stop what listens there, or choose another one: ` +
      `npm run dev -- --port ${await freePort(HOST, port)}`,
  )
}

/** Remembers a secret in .dev.vars, in place of the one that stands there. */
function remember(name: string, value: string): void {
  try {
    const before = existsSync(SECRETS) ? readFileSync(SECRETS, 'utf8') : ''
    const others = before.split('\n').filter((line) => !isOf(name, line))
    while (others.at(-1) === '') others.pop()
    // An existing file keeps its mode.
    // In quotes, a number sign begins no comment.
    const line = `${name}=${/^\w+$/.test(value) ? value : `'${value}'`}`
    writeFileSync(SECRETS, `${[...others, line].join('\n')}\n`, { mode: 0o600 })
  } catch (error) {
    throw failure(`The file .dev.vars cannot be written (${(error as NodeJS.ErrnoException).code})`)
  }
}

function isOf(name: string, line: string): boolean {
  return (
    line
      .replace(/^\s*(?:export\s+)?/, '')
      .split('=')[0]
      ?.trim() === name
  )
}

/**
 * Sees to it that the Worker has a secret of the operator: the one that is given, else the one that
 * is kept, else a new one. Wrangler reads it from .dev.vars alone, and so do the tools.
 */
function prepareSecret(): void {
  const given = process.env.OPERATOR_TOKEN?.trim()
  const secret = given || readVariable('OPERATOR_TOKEN')
  const weakness = secret === undefined ? undefined : weaknessOf(secret)
  if (weakness !== undefined) {
    throw failure(`${given ? 'OPERATOR_TOKEN' : 'The OPERATOR_TOKEN in .dev.vars'} ${weakness}`)
  }
  if (given && !/^[\x21-\x26\x28-\x7e]+$/.test(given)) {
    throw failure(
      "OPERATOR_TOKEN may hold no blank, no ' and nothing beyond ASCII; make one: openssl rand -hex 32",
    )
  }
  if (given || secret === undefined) {
    remember('OPERATOR_TOKEN', given || randomBytes(32).toString('hex'))
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
  for (const name of TENANTS) {
    const namespace = namespaceOf(name)
    const now = Date.now()
    await createReady(database, namespace, defaultSettings, now)
    const caller = operatorOf(database, namespace, now)
    const accounts = await listServiceAccounts(caller())
    if (!accounts.some(({ id }) => id === ACCOUNT)) await createEditor(caller(), ACCOUNT)
    const known = await listTokens(caller(), ACCOUNT)
    const variable = keptToken(name) ?? ''
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

/** The id under which a token of this script is listed; the same at every start. */
function idOf(token: string): string {
  return `${ACCOUNT}-${hashToken(token).slice(0, 12)}`
}

function announce(origin: string, tokens: ReadonlyMap<string, string>): void {
  const tenantUrl = (name: string) => `${origin}${NAMESPACES}/${name}`
  const [token = '', other = ''] = TENANTS.map((name) => tokens.get(name))
  console.log(`
scim-edge is ready. Give these two to the identity provider:

${credentialLines(tenantUrl('default'), token)}

Create a user, and list all users:

${curlLines(tenantUrl('default'), token)}

A second namespace, for tests of its own:

${credentialLines(tenantUrl('stacks-1'), other)}

Play an identity provider:  npm run simulate -- --idp okta --url ${origin}
See what it has sent:       npm run -s admin -- --url ${origin} status --namespace default
Stop with Ctrl-C. What happens is logged below, a line a request.
`)
}

/** Lines of wrangler that help nobody here. */
const NOISE =
  /^(\s*$|─+|\[wrangler:info\]|⎔|Your Worker has access|Binding |env\.|Using (vars|secrets)|.*Request\.cf|.*Scheduled Workers are not|\s+To manually trigger|\s+curl "\S+\/cdn-cgi\/|\s+For more details, see \S*https:\S+cron)/

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
        const url = `http://${HOST}:${port}`
        noteRunning({
          url,
          pid: process.pid,
          command: 'dev',
          secrets: join(process.cwd(), SECRETS),
        })
        announce(url, tokens)
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

const root = program(
  'dev',
  'Serves the Worker on this machine, with a local database, until it is stopped. Makes two namespaces and a token for each, and keeps its secrets in .dev.vars.',
  terminal,
)
  .option(
    '--port <port>',
    'the port to listen on; 0 takes any that is free (default: PORT, else 8787)',
  )
  .addHelpText(
    'after',
    `
With OPERATOR_TOKEN set, that is the operator's secret from now on; else one is made.

Example:
  npm run dev -- --port 8911`,
  )
  .action(async () => {
    const options = z.object({ port: z.string().optional() }).parse(root.opts())
    const port = await readPort(options.port)
    prepareSecret()
    console.log('Preparing the local database …')
    await migrate()
    const tokens = await withDatabase(prepare).catch((error: unknown) => {
      throw isFailure(error) ? error : failure(`${BROKEN_STATE} (${String(error)})`)
    })
    process.exitCode = await serve(port, tokens)
  })

const status = await run(root, process.argv.slice(2), terminal)
if (status !== 0) process.exitCode = status
