import { withoutEndSlashes } from '../lib/address.ts'
import { failure } from '../lib/failure.ts'
import type { Fetch } from '../lib/wire.ts'
import { type Client, createClient, inLanes, type RequestRecord } from './client.ts'
import {
  type Beliefs,
  compare,
  type Difference,
  isObject,
  type JsonObject,
  type Snapshot,
} from './compare.ts'
import { entra } from './entra.ts'
import { type Ledger, makeLedger, type Removal } from './ledger.ts'
import { okta } from './okta.ts'
import { foundCompany } from './people.ts'
import type { Provider } from './provider.ts'

/** The identity providers that can be played. */
export const PROVIDERS = {
  'okta-template': okta('template'),
  'okta-wizard': okta('wizard'),
  entra,
} as const satisfies Record<string, Provider>

/** The name of an identity provider that can be played. */
export type ProviderName = keyof typeof PROVIDERS

/** What a simulation is made of. */
export interface Simulation {
  provider: ProviderName
  users: number
  groups: number
  /** The tenant URL, as an administrator would give it to the provider. */
  baseUrl: string
  token: string
  fetch: Fetch
  /** Starts every userName and displayName; to be used once in a namespace. */
  run: string
  /** Leaves what was made at the endpoint. */
  keep?: boolean
  /** Ends the run early. */
  signal?: AbortSignal
  /** Told of the progress. */
  report?: Report
}

/** Hears how far a simulation is. */
export interface Report {
  phase(title: string, tasks: number): void
  task(): void
  /** What became of what the run has made, also after a failure. */
  removed(removal: Removal): void
}

/** What a simulation found. */
export interface SimulationResult {
  requests: RequestRecord[]
  differences: Difference[]
}

const LANES = 4

/**
 * Plays a provider's sequence of requests against an endpoint, compares the two directories, and
 * removes what it has made, whatever happens.
 *
 * @throws Failure as {@link play}
 */
export async function simulate(simulation: Simulation): Promise<SimulationResult> {
  const ledger = makeLedger()
  try {
    return await play(simulation, ledger)
  } finally {
    if (!simulation.keep && ledger.size > 0) {
      const { headers } = PROVIDERS[simulation.provider]
      simulation.report?.phase('Remove', 1)
      const removal = await ledger.remove({
        baseUrl: withoutEndSlashes(simulation.baseUrl),
        headers: { ...headers, Authorization: `Bearer ${simulation.token}` },
        fetch: simulation.fetch,
      })
      simulation.report?.task()
      simulation.report?.removed(removal)
    }
  }
}

/**
 * Plays a provider's sequence of requests against an endpoint, then reads everything back and
 * compares it with what the provider believes.
 *
 * @throws Failure when nobody answers, the token is refused, or the test of the connection fails
 */
async function play(simulation: Simulation, ledger: Ledger): Promise<SimulationResult> {
  const { run, report, signal } = simulation
  const provider: Provider = PROVIDERS[simulation.provider]
  const client = createClient({
    baseUrl: simulation.baseUrl,
    token: simulation.token,
    fetch: simulation.fetch,
    headers: provider.headers,
    alwaysContentType: provider.alwaysContentType,
    ledger,
  })
  const company = foundCompany(run, simulation.users, simulation.groups)
  const beliefs: Beliefs = { run, users: new Map(), groups: new Map() }
  const { baseUrl } = simulation

  const phases = provider.phases({ company, client, beliefs, baseUrl })
  for (const [position, { title, tasks }] of phases.entries()) {
    const waiting = tasks()
    report?.phase(title, waiting.length)
    const reporting = waiting.map((task) => () => task().then(() => report?.task()))
    await inLanes(reporting, LANES, signal)
    const [first] = client.differences
    // A provider does not start on a tenant whose test of the connection has failed.
    if (position === 0 && first) {
      throw failure(
        `The test of the connection to ${baseUrl} failed: ${first.attribute} of ${first.resource} should be ${first.expected}, not ${first.actual}`,
      )
    }
  }

  report?.phase('Read back', 1)
  const snapshot = await takeSnapshot(client, provider, beliefs)
  report?.task()
  if (snapshot) client.differences.push(...compare(beliefs, snapshot))
  return { requests: client.requests, differences: client.differences }
}

/** Reads every user and group page by page, and the members of the run's groups one by one. */
async function takeSnapshot(
  client: Client,
  provider: Provider,
  beliefs: Beliefs,
): Promise<Snapshot | undefined> {
  const users = await listAll(client, provider, 'Users')
  const listed = await listAll(client, provider, 'Groups')
  if (!users || !listed) return undefined
  const groups = [...listed]
  const tasks = listed.entries().map(([place, group]) => async () => {
    const about = String(group.displayName)
    if (!beliefs.groups.has(String(group.id))) return
    const kind = 'GET /Groups/{id}'
    const path = `/Groups/${group.id}`
    const read = await client.send({ kind, method: 'GET', path, expect: 200, about })
    if (!read) return
    client.check(`GET /Groups of ${about}`, 'displayName', read.displayName ?? null, about)
    groups[place] = read
  })
  await inLanes([...tasks], LANES)
  return { users, groups }
}

async function listAll(
  client: Client,
  provider: Provider,
  type: 'Users' | 'Groups',
): Promise<JsonObject[] | undefined> {
  const kind = `GET /${type}`
  const resources: JsonObject[] = []
  const ids = new Set<string>()
  for (let startIndex = 1; ; ) {
    const about = `the page from ${startIndex}`
    const path = provider.listPath(type, startIndex)
    const page = await client.send({ kind, method: 'GET', path, expect: 200, about })
    if (!page) return undefined
    const found = Array.isArray(page.Resources) ? page.Resources.filter(isObject) : []
    const resource = `${kind} of ${about}`
    client.check(resource, 'startIndex', startIndex, page.startIndex)
    client.check(resource, 'itemsPerPage', found.length, page.itemsPerPage)
    for (const one of found) {
      const id = String(one.id)
      client.check(resource, `${id} listed before`, false, ids.has(id))
      ids.add(id)
      resources.push(one)
    }
    startIndex += found.length
    const total = page.totalResults
    if (found.length === 0 || typeof total !== 'number' || startIndex > total) {
      client.check(resource, 'totalResults', resources.length, total)
      return resources
    }
  }
}
