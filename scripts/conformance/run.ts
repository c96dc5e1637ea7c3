// Runs checks against a service provider, one after another, and removes what they made.
import { withoutEndSlashes } from '../lib/address.ts'
import { failure } from '../lib/failure.ts'
import { AREAS } from './areas/index.ts'
import type { Area, Check, Level, Need, Reference } from './check.ts'
import { type Answer, type Client, connect, isNoAnswer, type Send, type Sent } from './client.ts'
import { type Context, createContext, isSkipped, WHY_SKIPPED } from './context.ts'
import { isUnmet } from './expect.ts'
import { type Json, objects, read } from './json.ts'
import { SEARCH_REQUEST } from './urns.ts'

/** A service provider under test. */
export interface Target {
  /** The SCIM base URL. */
  readonly baseUrl: string
  /** A token that may read and write. */
  readonly token: string
  readonly send: Send
  readonly readOnlyToken?: string | undefined
  readonly expiredToken?: string | undefined
  readonly revokedToken?: string | undefined
  /** A second tenant, to which nothing of the first may leak. */
  readonly other?: { readonly baseUrl: string; readonly token: string } | undefined
}

/** What a check came to. */
export interface Result {
  readonly name: string
  readonly area: string
  readonly level: Level
  readonly reference: Reference
  readonly requirement: string
  readonly outcome: 'pass' | 'fail' | 'skip'
  /** Why it was skipped. */
  readonly reason?: string
  readonly failure?: Failure
}

/** How a requirement was not met. */
export interface Failure {
  readonly request?: Sent
  readonly expected: string
  readonly actual: string
}

/** A run in progress. */
export interface Run {
  readonly context: Context
  perform(area: string, check: Check): Promise<Result>
  /** Deletes what the run made. */
  close(): Promise<void>
}

/** The order of a run: areas as they stand, then what looks at the answers of all. */
export function plan(areas: readonly Area[]): { readonly area: Area; readonly check: Check }[] {
  const all = areas.flatMap((area) => area.checks.map((check) => ({ area, check })))
  return [...all.filter(({ check }) => !check.last), ...all.filter(({ check }) => check.last)]
}

/** Runs all checks, or those of some areas. */
export async function conform(
  target: Target,
  options: {
    readonly areas?: readonly string[] | undefined
    readonly heard?: (result: Result) => void
  } = {},
): Promise<Result[]> {
  const chosen = AREAS.filter(({ name }) => options.areas?.includes(name) ?? true)
  const run = await openRun(target)
  const results: Result[] = []
  try {
    for (const { area, check } of plan(chosen)) {
      const result = await run.perform(area.name, check)
      results.push(result)
      options.heard?.(result)
    }
  } finally {
    await run.close()
  }
  return results
}

/**
 * Prepares a run: reads what the server supports.
 *
 * @throws Failure when there is no service provider that takes the token
 */
export async function openRun(target: Target): Promise<Run> {
  const transcript: Answer[] = []
  const leftovers = new Map<string, { client: Client; path: string }>()
  const secrets = [
    target.token,
    target.readOnlyToken ?? '',
    target.expiredToken ?? '',
    target.revokedToken ?? '',
    target.other?.token ?? '',
  ]
  const heard = (client: Client, answer: Answer) => {
    transcript.push(answer)
    for (const path of createdPaths(client.base, answer)) {
      leftovers.set(`${client.base}${path}`, { client, path })
    }
    if (answer.request.method === 'DELETE' && answer.status < 300) {
      leftovers.delete(answer.request.url)
    }
  }
  const clientAt = (base: string, token: string | undefined) =>
    connect({ base: withoutEndSlashes(base), token, send: target.send, secrets, heard })
  const clientFor = (token: string | undefined) => clientAt(target.baseUrl, token)

  const client = clientFor(target.token)
  const config = await greet(client)
  const probe = await client.post('/.search', { schemas: [SEARCH_REQUEST], count: 0 })
  const root = await client.get('/?count=0')
  const { run, startedAt } = startOf(config)
  const context = createContext({
    client,
    run,
    startedAt,
    serviceProviderConfig: config.body,
    transcript,
    clientFor,
    tokens: {
      readOnly: target.readOnlyToken,
      expired: target.expiredToken,
      revoked: target.revokedToken,
    },
    other: target.other && clientAt(target.other.baseUrl, target.other.token),
  })

  const says = (feature: string) => read(config.body, feature, 'supported') !== false
  const present: Readonly<Record<Need, boolean>> = {
    bulk: says('bulk'),
    cursor: read(config.body, 'pagination', 'cursor') === true,
    etag: says('etag'),
    filter: says('filter'),
    patch: says('patch'),
    search: probe.status !== 501,
    sort: says('sort'),
    'root query': root.status !== 501,
    'no bulk': !says('bulk'),
    'no cursor': read(config.body, 'pagination', 'cursor') !== true,
    'no search': probe.status === 501,
    'no sort': !says('sort'),
    'read-only token': target.readOnlyToken !== undefined,
    'expired token': target.expiredToken !== undefined,
    'revoked token': target.revokedToken !== undefined,
    'other tenant': target.other !== undefined,
  }

  return {
    context,
    async perform(area, check) {
      const { name, level, reference, requirement } = check
      const about = { name, area, level, reference, requirement }
      const lacking = check.needs.find((need) => !present[need])
      if (lacking !== undefined) return { ...about, outcome: 'skip', reason: WHY_SKIPPED[lacking] }
      try {
        await check.body(context)
        return { ...about, outcome: 'pass' }
      } catch (error) {
        if (isSkipped(error)) return { ...about, outcome: 'skip', reason: error.message }
        return { ...about, outcome: 'fail', failure: failureOf(error) }
      }
    },
    async close() {
      // Groups first, so that no membership has to end one by one.
      const all = [...leftovers.values()].sort((a, b) => (a.path < b.path ? -1 : 1)).values()
      const lane = async () => {
        for (const { client, path } of all) await client.delete(path).catch(() => undefined)
      }
      await Promise.all([lane(), lane(), lane(), lane()])
    },
  }
}

/**
 * Makes sure that there is somebody to talk to, and gives the configuration.
 *
 * @throws Failure when nobody answers, the token is refused, or what answers is no service provider
 */
async function greet(client: Client): Promise<Answer> {
  try {
    const config = await client.get('/ServiceProviderConfig')
    const users = await client.get('/Users?count=1')
    if (users.status === 401) {
      const detail = read(users.body, 'detail')
      throw failure(`The service provider refuses the token: ${detail ?? users.status}`)
    }
    if (config.status === 200 || users.status === 200) return config
    throw failure(
      `There is no SCIM service provider at ${client.base}: /ServiceProviderConfig and /Users are answered with ${config.status} and ${users.status}.`,
    )
  } catch (error) {
    throw isNoAnswer(error) ? failure(error.message) : error
  }
}

/** A random id of letters, which have a case, and the time that the server tells. */
function startOf(answer: Answer): { run: string; startedAt: string } {
  const bytes = crypto.getRandomValues(new Uint8Array(6))
  const run = [...bytes].map((byte) => String.fromCharCode(97 + (byte % 26))).join('')
  const told = Date.parse(answer.header('Date') ?? '')
  const moment = Number.isNaN(told) ? Date.now() : told
  return { run, startedAt: new Date(moment - 60_000).toISOString() }
}

/** The paths of the resources that an answer says were created. */
function createdPaths(base: string, { request, status, body }: Answer): string[] {
  if (request.method !== 'POST' || status < 200 || status > 299) return []
  const path = request.url.slice(base.length).split('?')[0] ?? ''
  if (path === '/Bulk') {
    return objects(read(body, 'Operations'))
      .filter((operation) => operation.method === 'POST')
      .flatMap(({ location }) => pathOf(location))
  }
  if (!/^\/(Users|Groups)$/.test(path)) return []
  const id = read(body, 'id')
  return typeof id === 'string' ? [`${path}/${id}`] : pathOf(read(body, 'meta', 'location'))
}

function pathOf(location: Json | undefined): string[] {
  const found = /\/(Users|Groups)\/[^/]+$/.exec(typeof location === 'string' ? location : '')
  return found ? [found[0]] : []
}

function failureOf(error: unknown): Failure {
  if (isUnmet(error)) {
    const { request, expected, actual } = error
    return { ...(request && { request }), expected, actual }
  }
  if (isNoAnswer(error)) {
    return { request: error.request, expected: 'an answer', actual: `none: ${error.message}` }
  }
  // A fault of the check; it must not pass for a verdict on the server, but neither be hidden.
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { expected: 'the check to run', actual: what }
}
