/**
 * The application on the test database, with what tests want to see: every batch that it sends, and
 * a namespace with a token of its own for each test.
 */

import { env } from 'cloudflare:workers'
import { AsyncLocalStorage } from 'node:async_hooks'
import { createApp } from '../../src/app.ts'
import { API, type Dependencies } from '../../src/http/context.ts'
import { d1 } from '../../src/store/d1.ts'
import { type Database, render, type Statement } from '../../src/store/database.ts'
import { oneForAll } from '../../src/store/databases.ts'
import { defaultSettings, type StoredSettings } from '../../src/tenancy/settings.ts'
import { Client } from './client.ts'
import { isolated } from './isolated.ts'
import { inspect, OPERATOR_TOKEN, secretsOf } from './secrets.ts'

export { OPERATOR_TOKEN }
export const ORIGIN = 'https://scim.example'

/** The D1 binding of the test Worker. */
export const binding = (env as unknown as { readonly DB: D1Database }).DB

interface Batch {
  readonly mode: 'read' | 'write'
  readonly statements: number
}

/** Whether a batch records or settles refused requests, which is done after the response. */
export function isRecord(mode: 'read' | 'write', [first]: readonly Statement[]): boolean {
  if (mode !== 'write' || first === undefined) return false
  return /into refusal_count|^\s*with d \(/.test(render(first).sql)
}

/** Whether a batch counts failed credentials or names that were sent in vain, which is done after the response. */
function countsFailures([first]: readonly Statement[]): boolean {
  return (
    first !== undefined &&
    /as counted|'credential'|into ignored_name|into denied_login/.test(render(first).sql)
  )
}

/** The request that is being served. */
const served = new AsyncLocalStorage<Request>()

/** The namespace in its path. */
function namespaceServed(): string | undefined {
  const request = served.getStore()
  if (request === undefined) return undefined
  const [, name] = new RegExp(`${API}/+([^/]+)`).exec(new URL(request.url).pathname) ?? []
  // That of namespaces is the operator's, and no namespace.
  return name === 'history' ? undefined : name
}

/**
 * A database that notes the mode and size of every batch that goes through it; those that record
 * refused requests and failed credentials are noted apart.
 */
export function observed(database: Database) {
  const batches: Batch[] = []
  const records: Batch[] = []
  const failures: Batch[] = []
  const wrapped: Database = {
    batch(mode, statements, observe) {
      const record = isRecord(mode, statements) ? records : batches
      const noted = countsFailures(statements) ? failures : record
      noted.push({ mode, statements: statements.length })
      return database.batch(mode, statements, observe)
    },
  }
  return { database: wrapped, batches, records, failures }
}

/** An application of its own, which shares nothing with others but the database. */
export function makeEndpoint(
  database: Database = d1(binding),
  options: Partial<Dependencies> = {},
) {
  const { database: wrapped, batches, records, failures } = observed(database)
  const log: object[] = []
  const clock = { offset: 0 }
  const pending: Promise<unknown>[] = []
  const context = {
    waitUntil: (task: Promise<unknown>) => void pending.push(task),
    passThroughOnException: () => undefined,
    props: {},
  }
  const app = createApp({
    databases: oneForAll(isolated(wrapped, namespaceServed)),
    settings: defaultSettings,
    operatorToken: OPERATOR_TOKEN,
    sealingSecret: OPERATOR_TOKEN,
    maxBulkOperations: 1000,
    maxScanned: 100_000,
    now: () => Date.now() + clock.offset,
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    log: (line) => {
      const request = served.getStore()
      inspect('The log', JSON.stringify(line), request && secretsOf(request).inLogs)
      log.push(line)
    },
    ...options,
  })
  return {
    app,
    /** Every batch since the last time it was emptied. */
    batches,
    /** The batches that recorded refused requests. */
    records,
    /** The batches that counted failed credentials. */
    failures,
    log,
    clock,
    fetch: (request: Request) => served.run(request, async () => app.fetch(request, {}, context)),
    /** Waits for what runs after the responses. */
    settled: async () => void (await Promise.all(pending.splice(0))),
  }
}

/** An endpoint that tells everybody who asks what a request cost. */
export function makeTimedEndpoint() {
  return makeEndpoint(undefined, { serverTiming: true })
}

export type Endpoint = ReturnType<typeof makeEndpoint>

/**
 * An endpoint where something happens between the read and the write of a request: `meanwhile` runs
 * once, after the next read.
 */
export function makeInterruptedEndpoint() {
  const inner = d1(binding)
  const interruption: { meanwhile: (() => Promise<unknown>) | undefined } = { meanwhile: undefined }
  const endpoint = makeEndpoint({
    async batch(mode, statements) {
      const results = await inner.batch(mode, statements)
      const { meanwhile } = interruption
      if (mode === 'read' && meanwhile !== undefined) {
        interruption.meanwhile = undefined
        await meanwhile()
      }
      return results
    },
  })
  return { endpoint, interruption }
}

/** Random numbers below 1 that a seed decides: a linear congruential generator. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/**
 * An endpoint whose database is slow now and then: every other batch waits before it is carried out,
 * or its answer does, so that requests overtake each other.
 *
 * @param seed decides which, and for how long
 */
export function makeSlowEndpoint(seed: number) {
  const inner = d1(binding)
  const random = seeded(seed)
  const pause = async () => {
    if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 20))
  }
  return makeEndpoint({
    async batch(mode, statements) {
      await pause()
      const results = await inner.batch(mode, statements)
      await pause()
      return results
    },
  })
}

let counter = 0

/** The name of a namespace that no other test of this file uses. */
export function freshNamespace(): string {
  counter += 1
  return `stacks-${Math.floor(Math.random() * 1e9) * 1000 + counter}`
}

/** A client of a namespace that was just made for it. */
export async function tenant(
  options: {
    readonly endpoint?: Endpoint
    readonly namespace?: string
    readonly settings?: StoredSettings
    readonly permissions?: readonly string[]
  } = {},
): Promise<Client & { readonly endpoint: Endpoint; readonly namespace: string }> {
  const endpoint = options.endpoint ?? makeEndpoint()
  const namespace = options.namespace ?? freshNamespace()
  const operator = new Client(endpoint.fetch, `${ORIGIN}${API}`, OPERATOR_TOKEN)
  const settings = options.settings ?? { enableUserSync: true, enableGroupSync: true }
  const created = await operator.post('', { name: namespace, settings })
  if (created.status !== 201) throw new Error(`No namespace: ${JSON.stringify(created.body)}`)
  const token = await makeTokenFor(endpoint, namespace, options.permissions)
  const client = new Client(endpoint.fetch, `${ORIGIN}${API}/${namespace}`, token)
  // The first use of a token is noted after the response; get that over with.
  await client.get('/ServiceProviderConfig')
  await endpoint.settled()
  endpoint.batches.length = 0
  return Object.assign(client, { endpoint, namespace })
}

/** A token for a namespace, of a service account of its own, made by the operator. */
export async function makeTokenFor(
  endpoint: Endpoint,
  namespace: string,
  permissions: readonly string[] = ['Editor'],
  expiresAt: string | null = null,
): Promise<string> {
  counter += 1
  const base = `${ORIGIN}${API}/${namespace}/serviceaccounts`
  const operator = new Client(endpoint.fetch, base, OPERATOR_TOKEN)
  const name = `account ${counter}`
  const account = await operator.post('', { name, permissions })
  const ends = expiresAt === null ? Number.NaN : Date.parse(expiresAt)
  const left = Math.ceil((ends - Date.now() - endpoint.clock.offset) / 1000)
  const secondsToLive = Number.isNaN(left) ? 0 : left
  const made = await operator.post(`/${account.body.id}/tokens`, { name, secondsToLive })
  if (made.status !== 200) throw new Error(`No token: ${JSON.stringify([account, made])}`)
  return String(made.body.key)
}
