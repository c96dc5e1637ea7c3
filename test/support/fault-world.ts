/**
 * A namespace with something of everything, copies of it, and what an operation makes of a copy when
 * the database fails. Copies are compared as wholes, so that nothing goes unnoticed.
 */
import { expect, vi } from 'vitest'
import { createApp } from '../../src/app.ts'
import { API } from '../../src/http/context.ts'
import { d1 } from '../../src/store/d1.ts'
import { oneForAll } from '../../src/store/databases.ts'
import { defaultSettings } from '../../src/tenancy/settings.ts'
import { hashToken, makeToken } from '../../src/tenancy/token.ts'
import { type Answer, Client } from './client.ts'
import { createGroup, createUser } from './directory.ts'
import { freshNamespace, OPERATOR_TOKEN, ORIGIN, tenant } from './endpoint.ts'
import { type Fault, faults, makeFaultyBinding } from './faults.ts'
import { isolated } from './isolated.ts'
import { operatorOf } from './operator.ts'
import { userBody } from './payload.ts'
import { copyNamespace, query, type Row, rowsOf, unmanage } from './tables.ts'

/** A time after everything that was prepared; it stands still, so that runs can be compared. */
const NOW = Date.now() + 3_600_000
const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** What there is before each operation. */
export interface World {
  readonly namespace: string
  readonly ada: string
  readonly bob: string
  readonly eve: string
  /** An account and a team that SCIM does not manage. */
  readonly cid: string
  readonly hand: string
  /** An account and a team that it has adopted. */
  readonly dan: string
  readonly crew: string
  readonly engines: string
  readonly version: string
  readonly gone: string
  readonly account: string
  readonly first: string
  readonly conflict: string
}

/** Makes the world, of which all copies are made. */
export async function makeWorld(): Promise<World> {
  const client = await tenant({ permissions: ['admin', 'settings:read'] })
  const { namespace, endpoint } = client
  const operator = operatorOf(client)
  const emails = [{ value: 'ada@x', type: 'work' }]
  const ada = await createUser(client, 'ada', { emails, title: 'Countess' })
  const [bob, eve, cid, gone] = [
    await createUser(client, 'bob'),
    await createUser(client, 'eve'),
    await createUser(client, 'cid', { emails: [{ value: 'cid@x' }] }),
    await createUser(client, 'gone'),
  ]
  const engines = await createGroup(client, 'Engines', [ada.id, bob.id])
  const hand = await createGroup(client, 'Hand', [bob.id, cid.id])
  await client.delete(`/Users/${gone.id}`)
  await unmanage('user', namespace, cid.id)
  await unmanage('team', namespace, hand.id)
  const dan = await operator.post('/accounts', { login: 'dan' })
  const crew = await operator.post('/teams', { name: 'Crew' })
  await operator.post(`/teams/${crew.body.id}/members`, { userId: bob.id })
  await operator.put('/migration/team-sync', { mappings: [{ groupId: 'g1', team: 'Crew' }] })
  await client.post('/Users', userBody('Dan', { title: 'T' }))
  await client.post('/Groups', { displayName: 'CREW', externalId: 'g1', members: [] })
  await client.post('/Users', userBody('ada', { externalId: 'other' }))
  await endpoint.settled()
  const conflicts = await operator.get('/conflicts')
  const account = await operator.post('/serviceaccounts', { name: 'okta', permissions: ['Editor'] })
  const path = `/serviceaccounts/${account.body.id}/tokens`
  const first = await operator.post(path, { name: 'first' })
  // The first use of a token is noted; let that not be a call of its own.
  await query('update token set last_used_at = ? where namespace = ?', NOW, namespace)
  return {
    namespace,
    ada: ada.id,
    bob: bob.id,
    eve: eve.id,
    cid: cid.id,
    hand: hand.id,
    dan: dan.body.id,
    crew: crew.body.id,
    engines: engines.id,
    version: engines.meta.version,
    gone: gone.id,
    account: account.body.id,
    first: first.body.id,
    conflict: conflicts.body.conflicts[0].id,
  }
}

/** A route as it is registered, below the collection of namespaces. */
export function routeOf(method: string, path: string): string {
  return `${method} ${path.slice(API.length).replace(/\/$/, '') || '/'}`
}

/** A copy of the world. */
export interface Copy {
  readonly world: World
  readonly namespace: string
  /** Somebody who may everything, and the operator, at the copy and at the collection of all. */
  readonly client: Client
  readonly operator: Client
  readonly registry: Client
}

/** An application of its own on a database that fails as it is told. */
export type Lane = ReturnType<typeof makeLane>

/** Makes an application that serves one request after the other. */
export function makeLane() {
  const faulty = makeFaultyBinding()
  const pending: Promise<unknown>[] = []
  const routes: string[] = []
  const app = createApp({
    databases: oneForAll(isolated(d1(faulty.binding))),
    settings: defaultSettings,
    operatorToken: OPERATOR_TOKEN,
    maxBulkOperations: 1000,
    now: () => NOW,
    randomBytes,
    log: ({ method, route }) => void routes.push(routeOf(method, route)),
  })
  const context = {
    waitUntil: (task: Promise<unknown>) => void pending.push(task),
    passThroughOnException: () => undefined,
    props: {},
  }
  const send = async (request: Request) => app.fetch(request, {}, context)
  return {
    calls: faulty.calls,
    /** The routes of the requests so far, as they were registered. */
    routes,
    /** Sends a request without faults, or with one that strikes at a call, and waits for its end. */
    send: (request: () => Promise<Answer>, fault?: Fault, at = 0): Promise<Answer> =>
      faulty.during(
        async () => {
          const answer = await request()
          await Promise.all(pending.splice(0))
          return answer
        },
        fault,
        at,
      ),
    /** Makes a copy of the world, or where nothing shall be there, the name of no namespace. */
    async copy(world: World, { isNew = false } = {}): Promise<Copy> {
      const namespace = freshNamespace()
      const key = makeToken(randomBytes)
      if (!isNew) await copyNamespace(world.namespace, namespace, 'first', hashToken(key))
      const base = `${ORIGIN}${API}/${namespace}`
      const operator = new Client(send, base, OPERATOR_TOKEN)
      const registry = operator.at(`${ORIGIN}${API}`)
      return { world, namespace, client: new Client(send, base, key), operator, registry }
    },
  }
}

/** The column by which a row is known in all copies, whatever its id. */
const NAMES: Readonly<Record<string, string>> = {
  user: 'user_name_key',
  team: 'display_name_key',
  retained: 'user_name_key',
  service_account: 'name',
  token: 'name',
}

/** What is stored and what was answered, without what differs from run to run: ids and secrets. */
export interface State {
  readonly stored: readonly string[]
  readonly answered: { readonly status: number; readonly body: string } | undefined
}

function comparable(
  { namespace, world }: Copy,
  tables: Readonly<Record<string, readonly Row[]>>,
  answer?: Answer,
): State {
  // A conflict tells of the world that was copied; its name may begin as that of the copy.
  const known = new Map([
    [world.namespace, 'NAMESPACE'],
    [namespace, 'NAMESPACE'],
  ])
  for (const [table, column] of Object.entries(NAMES)) {
    for (const row of tables[table] ?? []) {
      known.set(String(row.id), `<${table === 'retained' ? 'user' : table} ${row[column]}>`)
      if (row.hash !== undefined) known.set(String(row.hash), '<hash>')
    }
  }
  const named = (given: string) => {
    let text = given
    for (const [id, name] of known) text = text.replaceAll(id, name)
    return text
      .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<request>')
      .replace(/glsa_\w+/g, '<key>')
      .replace(/W\/\\?"[\w-]+\\?"/g, (version) => version.replace(/-\w+/, ''))
  }
  // What refused requests leave behind is no part of what they do.
  const counts = (table: string, { id }: Row) => table !== 'conflict' || id === world.conflict
  return {
    stored: Object.entries(tables).map(([table, rows]) => {
      const counted = rows.filter((row) => counts(table, row))
      const lines = named(counted.map((row) => JSON.stringify(row)).join('\n'))
      return `${table}: ${lines.split('\n').sort().join('\n')}`
    }),
    answered: answer && { status: answer.status, body: named(JSON.stringify(answer.body) ?? '') },
  }
}

/** What a copy holds, with an answer. */
export async function stateOf(copy: Copy, answer?: Answer): Promise<State> {
  return comparable(copy, await rowsOf(copy.namespace), answer)
}

/** What is stored, in no order: what was tried again comes later, and so do its events. */
export function withoutOrder(stored: readonly string[]) {
  return stored.map((table) =>
    table
      .replace(/"seq":\d+/g, '')
      .replace(/<request>[/\d]*/g, '')
      .replace(/^\w+: /, '')
      .split('\n')
      .sort(),
  )
}

/** Something that a client asks for. */
export interface Operation {
  readonly name: string
  /** The route, as it is registered, below the collection of namespaces. */
  readonly route: string
  readonly send: (copy: Copy) => Promise<Answer>
  readonly status: number
  /** What a client is told that tries again what had taken effect; as the first time by default. */
  readonly again?: number
  /** It changes nothing and leaves no event, so that none tells what became of it. */
  readonly silent?: true
  /** Trying again what had taken effect does it once more. */
  readonly repeats?: true
  /** It is made of several changes, in no order, each of which takes effect wholly or not at all. */
  readonly pieces?: true
  /** The first and the last of calls that a loop makes: each fault strikes at one, in turn. */
  readonly alike?: readonly [first: number, last: number]
  /** It makes the namespace. */
  readonly isNew?: boolean
}

/** A 503 that says, as a whole number of seconds, when to try again, and nothing of the fault. */
export function expectRetryable(answer: Answer) {
  expect(answer.status).toBe(503)
  expect(answer.headers.get('Retry-After')).toMatch(/^\d+$/)
  expect(answer.body.messageId).toBe('unavailable')
  expect(JSON.stringify(answer.body)).not.toContain('D1')
}

/** What an operation comes to without faults. */
export interface Undisturbed {
  readonly before: State
  readonly after: State
  /** The modes of the calls of the database. */
  readonly modes: readonly ('read' | 'write')[]
}

/** Carries an operation out without faults. */
export async function undisturbed(
  lane: Lane,
  world: World,
  { route, send, status, isNew = false }: Operation,
): Promise<Undisturbed> {
  const copy = await lane.copy(world, { isNew })
  const before = await stateOf(copy)
  lane.routes.length = 0
  const answer = await lane.send(() => send(copy))
  expect(lane.routes).toEqual([route])
  const modes = [...lane.calls]
  expect(answer.status, JSON.stringify(answer.body)).toBe(status)
  return { before, after: await stateOf(copy, answer), modes }
}

/**
 * One operation with one fault at one call, and then once more without.
 *
 * @returns what the copy then holds
 */
async function disturbed(
  lane: Lane,
  copy: Copy,
  operation: Operation,
  fault: Fault,
  at: number,
  { before, after, modes }: Undisturbed,
): Promise<readonly string[]> {
  const { send, status, again = status, repeats, silent, pieces } = operation
  const comparableOf = (stored: readonly string[]) => (pieces ? withoutOrder(stored) : stored)
  const answer = await lane.send(() => send(copy), fault, at)
  const found = await stateOf(copy, answer)
  // Without an event a write is as good as a read.
  const mode = silent === true ? 'read' : (modes[at] ?? 'read')
  if (fault.outcome[mode] === 'truth' || answer.status !== 503) {
    expect(found.answered).toEqual(after.answered)
    expect(comparableOf(found.stored)).toEqual(comparableOf(after.stored))
    return found.stored
  }
  expectRetryable(answer)
  if (!pieces) expect([before.stored, after.stored]).toContainEqual(found.stored)
  const retried = await lane.send(() => send(copy))
  const tookEffect = JSON.stringify(found.stored) !== JSON.stringify(before.stored)
  const whole = JSON.stringify(comparableOf(after.stored))
  const isWhole = JSON.stringify(comparableOf(found.stored)) === whole
  expect(retried.status).toBe(tookEffect && isWhole ? again : status)
  const { stored } = await stateOf(copy)
  if (repeats && tookEffect) expect(stored).not.toEqual(after.stored)
  else expect(comparableOf(stored)).toEqual(comparableOf(after.stored))
  return stored
}

/** How many requests are under way at once; while one waits for the database, another goes on. */
const LANES = 4

/** Runs an operation with every fault at every call, each on a copy of its own. */
export async function meetEveryFault(
  lanes: readonly Lane[],
  world: World,
  operation: Operation,
  truth: Undisturbed,
): Promise<void> {
  const [first, last] = operation.alike ?? [0, -1]
  const cases = faults.flatMap((fault, turn) =>
    [...truth.modes.keys()]
      .filter((at) => at < first || at > last || at === first + (turn % (last - first + 1)))
      .map((at) => ({ fault, at })),
  )
  const untouched = JSON.stringify(truth.before.stored)
  const ends = await Promise.allSettled(
    lanes.map(async (lane) => {
      let copy: Copy | undefined
      for (let next = cases.shift(); next !== undefined; next = cases.shift()) {
        const { fault, at } = next
        copy ??= await lane.copy(world, { isNew: operation.isNew ?? false })
        try {
          const stored = await disturbed(lane, copy, operation, fault, at, truth)
          // A copy that nothing has changed is as good as a new one.
          if (JSON.stringify(stored) !== untouched) copy = undefined
        } catch (error) {
          if (error instanceof Error) {
            error.message = `With ${fault.name} at call ${at}: ${error.message}`
          }
          throw error
        }
      }
    }),
  )
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** Makes the applications of a file. */
export function makeLanes(): readonly [Lane, ...Lane[]] {
  return [makeLane(), ...Array.from({ length: LANES - 1 }, makeLane)]
}

/** Lets no pause take any time. */
export function withoutPauses(): void {
  vi.spyOn(Math, 'random').mockReturnValue(0)
}
