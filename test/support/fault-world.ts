/**
 * A namespace with something of everything, copies of it, and what an operation makes of a copy when
 * the database fails. Copies are compared as wholes, so that nothing goes unnoticed.
 */
import { createApp } from '../../src/app.ts'
import { API } from '../../src/http/context.ts'
import { d1 } from '../../src/store/d1.ts'
import { oneForAll } from '../../src/store/databases.ts'
import { defaultSettings } from '../../src/tenancy/settings.ts'
import { hashToken, makeToken } from '../../src/tenancy/token.ts'
import { type Answer, Client } from './client.ts'
import { createGroup, createUser } from './directory.ts'
import { freshNamespace, OPERATOR_TOKEN, ORIGIN, tenant } from './endpoint.ts'
import { type Fault, makeFaultyBinding } from './faults.ts'
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
  /** The name of the token that is used. */
  readonly tokenName: string
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
  // Nothing that is done in the world settles it.
  await client.post('/Users', userBody('zoe', { externalId: '' }))
  await endpoint.settled()
  const conflicts = await operator.get('/conflicts')
  const account = await operator.post('/serviceaccounts', { name: 'okta', permissions: ['Editor'] })
  const path = `/serviceaccounts/${account.body.id}/tokens`
  const first = await operator.post(path, { name: 'first' })
  const [{ name: tokenName } = {}] = await query(
    `select name from token where namespace = ? and name <> 'first'`,
    namespace,
  )
  // The first use of a token is noted; let that not be a call of its own.
  await query('update token set last_used_at = ? where namespace = ?', NOW, namespace)
  // What nobody looks at need not be copied.
  await query(
    'delete from event where namespace = ? and subject not in (?, ?, ?)',
    ...[namespace, gone.id, dan.body.id, crew.body.id],
  )
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
    tokenName: String(tokenName),
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
    /** Makes copies of the world, or where nothing shall be there, the names of no namespaces. */
    async copies(world: World, count: number, isNew = false): Promise<Copy[]> {
      const made = Array.from({ length: count }, () => {
        const namespace = freshNamespace()
        const base = `${ORIGIN}${API}/${namespace}`
        const operator = new Client(send, base, OPERATOR_TOKEN)
        const registry = operator.at(`${ORIGIN}${API}`)
        const client = operator.withToken(makeToken(randomBytes))
        return { world, namespace, client, operator, registry }
      })
      if (isNew) return made
      await copyNamespace(
        world.namespace,
        made.map(({ namespace, client: { token = '' } }) => ({
          name: namespace,
          hashes: { [world.tokenName]: hashToken(token), first: `${namespace} first` },
        })),
      )
      return made
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

type Tables = Readonly<Record<string, readonly Row[]>>

/** Writes a text of a copy without ids and secrets. */
function namesIn({ namespace, world }: Copy, tables: Tables): (text: string) => string {
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
  return (given) => {
    let text = given
    for (const [id, name] of known) text = text.replaceAll(id, name)
    return text
      .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<request>')
      .replace(/glsa_\w+/g, '<key>')
      .replace(/W\/\\?"[\w-]+\\?"/g, (version) => version.replace(/-\w+/, ''))
  }
}

function comparable(copy: Copy, tables: Tables, answer?: Answer): State {
  const named = namesIn(copy, tables)
  // What refused requests leave behind is no part of what they do.
  const counts = (table: string, { id }: Row) => table !== 'conflict' || id === copy.world.conflict
  return {
    stored: Object.entries(tables).map(([table, rows]) => {
      const counted = rows.filter((row) => counts(table, row))
      const lines = named(counted.map((row) => JSON.stringify(row)).join('\n'))
      return `${table}: ${lines.split('\n').sort().join('\n')}`
    }),
    answered: answer && answeredOf(answer, named),
  }
}

function answeredOf({ status, body }: Answer, named: (text: string) => string) {
  return { status, body: named(JSON.stringify(body) ?? '') }
}

/** What copies hold, each with the answer to it. */
export async function statesOf(
  copies: readonly Copy[],
  answers: readonly (Answer | undefined)[] = [],
): Promise<State[]> {
  if (copies.length === 0) return []
  const rows = await rowsOf(copies.map(({ namespace }) => namespace))
  return copies.map((copy, at) => comparable(copy, rows[at] ?? {}, answers[at]))
}

/** Makes answers of a copy that does not change comparable. */
export async function answersOf(copy: Copy): Promise<(answer: Answer) => State['answered']> {
  const [tables = {}] = await rowsOf([copy.namespace])
  const named = namesIn(copy, tables)
  return (answer) => answeredOf(answer, named)
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
