/**
 * Every operation meets every fault at every call of the database: it takes effect once and wholly
 * or not at all, the answer is the true one or a 503 that says when to try again, and whoever tries
 * again ends where an undisturbed request ends.
 */
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createApp } from '../../src/app.ts'
import { API } from '../../src/http/context.ts'
import { d1 } from '../../src/store/d1.ts'
import { oneForAll } from '../../src/store/databases.ts'
import { defaultSettings } from '../../src/tenancy/settings.ts'
import { hashToken, makeToken } from '../../src/tenancy/token.ts'
import { type Answer, Client } from '../support/client.ts'
import { createGroup, createUser } from '../support/directory.ts'
import { freshNamespace, OPERATOR_TOKEN, ORIGIN, tenant } from '../support/endpoint.ts'
import { type Fault, faults, makeFaultyBinding } from '../support/faults.ts'
import { isolated } from '../support/isolated.ts'
import { operatorOf } from '../support/operator.ts'
import { groupBody, PATCH_OP, userBody } from '../support/payload.ts'
import { copyNamespace, query, type Row, tablesOf, unmanage } from '../support/tables.ts'

const faulty = makeFaultyBinding()
/** A time after everything that was prepared; it stands still, so that runs can be compared. */
const NOW = Date.now() + 3_600_000
const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const app = createApp({
  databases: oneForAll(isolated(d1(faulty.binding))),
  settings: defaultSettings,
  operatorToken: OPERATOR_TOKEN,
  maxBulkOperations: 1000,
  now: () => NOW,
  randomBytes,
  log: () => undefined,
})
const context = {
  waitUntil: () => undefined,
  passThroughOnException: () => undefined,
  props: {},
}

/** What there is before each operation. */
interface World {
  readonly tables: Awaited<ReturnType<typeof tablesOf>>
  readonly ada: string
  readonly bob: string
  readonly eve: string
  /** An account and a team that SCIM does not manage. */
  readonly cid: string
  readonly hand: string
  readonly engines: string
  readonly version: string
  readonly gone: string
  readonly account: string
  readonly first: string
}

let world: World

beforeAll(async () => {
  const client = await tenant({ permissions: ['admin', 'settings:read'] })
  const { namespace } = client
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
  const account = await operator.post('/serviceaccounts', { name: 'okta', permissions: ['Editor'] })
  const path = `/serviceaccounts/${account.body.id}/tokens`
  const first = await operator.post(path, { name: 'first' })
  // The first use of a token is noted; let that not be a call of its own.
  await query('update token set last_used_at = ? where namespace = ?', NOW, namespace)
  world = {
    tables: await tablesOf(namespace),
    ada: ada.id,
    bob: bob.id,
    eve: eve.id,
    cid: cid.id,
    hand: hand.id,
    engines: engines.id,
    version: engines.meta.version,
    gone: gone.id,
    account: account.body.id,
    first: first.body.id,
  }
})

beforeEach(() => {
  // No pause takes any time.
  vi.spyOn(Math, 'random').mockReturnValue(0)
})

/** A copy of the world, with somebody who may everything, and the operator. */
async function makeRun() {
  const namespace = freshNamespace()
  const key = makeToken(randomBytes)
  await copyNamespace(world.tables, namespace, (name) =>
    name === 'first' ? `${namespace} ${name}` : hashToken(key),
  )
  const send = (request: Request) => Promise.resolve(app.fetch(request, {}, context))
  const base = `${ORIGIN}${API}/${namespace}`
  const client = new Client(send, base, key)
  return { namespace, client, operator: new Client(send, base, OPERATOR_TOKEN) }
}
const NAMES: Readonly<Record<string, string>> = {
  user: 'user_name_key',
  team: 'display_name_key',
  retained: 'user_name_key',
  service_account: 'name',
  token: 'name',
}

/** What is stored and what was answered, without what differs from run to run: ids and secrets. */
function comparable(namespace: string, tables: Readonly<Record<string, Row[]>>, answer?: Answer) {
  const known = new Map<string, string>([[namespace, 'NAMESPACE']])
  for (const [table, column] of Object.entries(NAMES)) {
    for (const row of tables[table] ?? []) {
      known.set(String(row.id), `<${table === 'retained' ? 'user' : table} ${row[column]}>`)
      if (row.hash !== undefined) known.set(String(row.hash), '<hash>')
    }
  }
  const named = (value: unknown) => {
    let text = JSON.stringify(value) ?? ''
    for (const [id, name] of known) text = text.replaceAll(id, name)
    return text
      .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<request>')
      .replace(/glsa_\w+/g, '<key>')
      .replace(/W\/\\?"[\w-]+\\?"/g, (version) => version.replace(/-\w+/, ''))
  }
  return {
    stored: Object.entries(tables).map(
      ([table, rows]) => `${table}: ${rows.map(named).sort().join('\n')}`,
    ),
    answered: answer && { status: answer.status, body: named(answer.body) },
  }
}

async function stateOf(namespace: string, answer?: Answer) {
  return comparable(namespace, await tablesOf(namespace), answer)
}

interface Operation {
  readonly name: string
  readonly send: (client: Client, operator: Client) => Promise<Answer>
  readonly status: number
  /** What a client is told that tries again what had taken effect; as the first time by default. */
  readonly again?: number
  /** It changes nothing and leaves no event, so that none tells what became of it. */
  readonly silent?: true
  /** Trying again what had taken effect does it once more. */
  readonly repeats?: true
}

const replace = (path: string, value: unknown) => ({ op: 'replace', path, value })
const add = (...ids: string[]) => ({
  op: 'add',
  path: 'members',
  value: ids.map((value) => ({ value })),
})
const remove = (...ids: string[]) => ({ ...add(...ids), op: 'remove' })

interface BulkOperation {
  readonly method: string
  readonly path: string
  readonly bulkId?: string
  readonly data?: object
}

const bulk = (Operations: readonly BulkOperation[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
  Operations,
})
const newUser = (name: string, more: object = {}): BulkOperation => ({
  method: 'POST',
  path: '/Users',
  bulkId: name,
  data: userBody(name, { emails: [{ value: `${name}@x` }], ...more }),
})
const newGroup = (name: string, members: readonly string[]): BulkOperation => ({
  method: 'POST',
  path: '/Groups',
  bulkId: name,
  data: groupBody(name, members),
})
const settings = { apiVersion: 'scim.grafana.app/v0alpha1', kind: 'SCIMConfig' }

const writes: readonly Operation[] = [
  {
    name: 'the creation of a user',
    send: (client) => client.post('/Users', userBody('new', { emails: [{ value: 'new@x' }] })),
    status: 201,
    again: 409,
  },
  {
    name: 'the adoption of a user by POST',
    send: (client) => client.post('/Users', userBody('CID', { title: 'T', externalId: 'c' })),
    status: 201,
    again: 409,
  },
  {
    name: 'the restoration of a user',
    send: (client) => client.post('/Users', userBody('back', { externalId: 'ext-gone' })),
    status: 201,
    again: 409,
  },
  {
    name: 'PUT of a user',
    send: (client) => client.put(`/Users/${world.ada}`, userBody('ada', { title: 'T' })),
    status: 200,
  },
  {
    name: 'PATCH of a user',
    send: (client) => client.patch(`/Users/${world.ada}`, [replace('active', false)]),
    status: 200,
  },
  {
    name: 'the adoption of a user by PATCH',
    send: (client) => client.patch(`/Users/${world.cid}`, [replace('title', 'T')]),
    status: 200,
  },
  {
    name: 'a userName that is taken',
    send: (client) => client.patch(`/Users/${world.ada}`, [replace('userName', 'BOB')]),
    status: 409,
  },
  {
    name: 'the deletion of a user',
    send: (client) => client.delete(`/Users/${world.ada}`),
    status: 204,
    again: 404,
  },
  {
    name: 'the creation of a team',
    send: (client) => client.post('/Groups', groupBody('New', [world.ada, 'nobody'])),
    status: 201,
    again: 409,
  },
  {
    name: 'the adoption of a team by POST',
    send: (client) => client.post('/Groups', groupBody('HAND', [world.ada])),
    status: 201,
    again: 409,
  },
  {
    name: 'the addition and removal of members',
    send: (client) => client.patch(`/Groups/${world.engines}`, [add(world.eve), remove(world.bob)]),
    status: 204,
  },
  {
    name: 'the removal of a member',
    send: (client) => client.patch(`/Groups/${world.engines}`, [remove(world.bob)]),
    status: 204,
  },
  {
    name: 'the addition of a member who is one',
    send: (client) => client.patch(`/Groups/${world.engines}`, [add(world.bob)]),
    status: 204,
    silent: true,
  },
  {
    name: 'the addition of a member to an adopted team',
    send: (client) => client.patch(`/Groups/${world.hand}`, [add(world.ada)]),
    status: 204,
  },
  {
    name: 'PATCH of a team that answers with a body',
    send: (client) => client.patch(`/Groups/${world.engines}?attributes=members`, [add(world.eve)]),
    status: 200,
  },
  {
    name: 'PUT of a team',
    send: (client) => client.put(`/Groups/${world.engines}`, groupBody('Looms', [world.eve])),
    status: 200,
  },
  {
    name: 'PUT of a team under If-Match',
    send: (client) =>
      client.put(`/Groups/${world.engines}`, groupBody('Looms', [world.eve]), {
        'If-Match': world.version,
      }),
    status: 200,
    again: 412,
  },
  {
    name: 'the new name of a team',
    send: (client) => client.patch(`/Groups/${world.engines}`, [replace('displayName', 'Looms')]),
    status: 204,
  },
  {
    name: 'the deletion of a team',
    send: (client) => client.delete(`/Groups/${world.engines}`),
    status: 204,
    again: 404,
  },
  {
    name: 'new settings',
    send: (_, operator) =>
      operator.put('/config/default', { ...settings, spec: { enableUserSync: true } }),
    status: 200,
  },
  {
    name: 'the reset of the settings',
    send: (_, operator) => operator.delete('/config/default'),
    status: 200,
    again: 404,
  },
  {
    name: 'the creation of a service account',
    send: (_, operator) => operator.post('/serviceaccounts', { name: 'new', role: 'Viewer' }),
    status: 201,
    again: 409,
  },
  {
    name: 'the change of a service account',
    send: (_, operator) =>
      operator.request('PATCH', `/serviceaccounts/${world.account}`, { isDisabled: true }),
    status: 200,
  },
  {
    name: 'the deletion of a service account',
    send: (_, operator) => operator.delete(`/serviceaccounts/${world.account}`),
    status: 200,
    again: 404,
  },
  {
    name: 'the creation of a token',
    send: (_, operator) =>
      operator.post(`/serviceaccounts/${world.account}/tokens`, { name: 'new' }),
    status: 200,
    again: 409,
  },
  {
    name: 'the rotation of a token',
    send: (_, operator) =>
      operator.post(`/serviceaccounts/${world.account}/tokens/${world.first}/rotate`, {
        overlapSeconds: 60,
      }),
    status: 200,
    repeats: true,
  },
  {
    name: 'the revocation of a token',
    send: (_, operator) =>
      operator.delete(`/serviceaccounts/${world.account}/tokens/${world.first}`),
    status: 200,
  },
  {
    name: 'the purge of a retained account',
    send: (_, operator) => operator.delete(`/retained/${world.gone}`),
    status: 200,
    again: 404,
  },
  {
    name: 'the purge of old retained accounts',
    send: (_, operator) => operator.post('/retained/purge', { olderThanDays: 0 }),
    status: 200,
  },
]

const get = (path: string, as: 'client' | 'operator' = 'client'): Operation => ({
  name: `GET ${path}`,
  send: (client, operator) => (as === 'client' ? client : operator).get(path),
  status: 200,
})

const reads: readonly Operation[] = [
  {
    name: 'GET of a user',
    send: (client) => client.get(`/Users/${world.ada}`),
    status: 200,
  },
  {
    name: 'GET of a team',
    send: (client) => client.get(`/Groups/${world.engines}`),
    status: 200,
  },
  { name: 'GET of nobody', send: (client) => client.get('/Users/nobody'), status: 404 },
  get('/Users?filter=emails.value+eq+%22ada@x%22'),
  get('/Groups'),
  get('/?sortBy=id'),
  get('/events', 'operator'),
  get('/retained', 'operator'),
  get('/config/default', 'operator'),
  get('/serviceaccounts', 'operator'),
  {
    name: 'the check of a login',
    send: (_, operator) => operator.post('/login/check', { userName: 'ada' }),
    status: 200,
  },
]

/** A 503 that says, as a whole number of seconds, when to try again, and nothing of the fault. */
function expectRetryable(answer: Answer) {
  expect(answer.status).toBe(503)
  expect(answer.headers.get('Retry-After')).toMatch(/^\d+$/)
  expect(answer.body.messageId).toBe('unavailable')
  expect(JSON.stringify(answer.body)).not.toContain('D1')
}

/** What an operation comes to without faults, and the modes of its calls. */
async function undisturbed({ send, status }: Operation) {
  const { namespace, client, operator } = await makeRun()
  const before = await stateOf(namespace)
  const answer = await faulty.during(() => send(client, operator))
  const modes = [...faulty.calls]
  expect(answer.status, JSON.stringify(answer.body)).toBe(status)
  return { before, after: await stateOf(namespace, answer), modes }
}

type Undisturbed = Awaited<ReturnType<typeof undisturbed>>

/** One operation with one fault at one call, and then once more without. */
async function disturbed(operation: Operation, fault: Fault, at: number, truth: Undisturbed) {
  const { send, status, again = status, repeats, silent } = operation
  const { before, after, modes } = truth
  const { namespace, client, operator } = await makeRun()
  const answer = await faulty.during(() => send(client, operator), fault, at)
  const found = await stateOf(namespace, answer)
  // Without an event a write is as good as a read.
  const mode = silent === true ? 'read' : (modes[at] ?? 'read')
  if (fault.outcome[mode] === 'truth' || answer.status !== 503) {
    expect(found).toEqual(after)
    return
  }
  expectRetryable(answer)
  expect([before.stored, after.stored]).toContainEqual(found.stored)
  const retried = await faulty.during(() => send(client, operator))
  const hadEffect = JSON.stringify(found.stored) !== JSON.stringify(before.stored)
  expect(retried.status).toBe(hadEffect ? again : status)
  const { stored } = await stateOf(namespace)
  if (repeats && hadEffect) expect(stored).not.toEqual(after.stored)
  else expect(stored).toEqual(after.stored)
}

describe.each(writes)('$name', (operation) => {
  let truth: Undisturbed
  beforeAll(async () => {
    truth = await undisturbed(operation)
  })

  test('reads and writes', () => {
    expect(truth.modes).toContain('read')
    expect(truth.modes).toContain('write')
  })

  test.each(faults)('meets $name', async (fault) => {
    for (const at of truth.modes.keys()) await disturbed(operation, fault, at, truth)
  })
})

describe.each(reads)('$name', (operation) => {
  test('meets every fault', async () => {
    const truth = await undisturbed(operation)
    expect(truth.modes).toEqual(['read'])
    for (const fault of faults) await disturbed(operation, fault, 0, truth)
  })
})

describe('a bulk request', () => {
  const bulks: readonly (readonly [name: string, operations: () => readonly BulkOperation[]])[] = [
    ['of new users', () => [newUser('n1'), newUser('n2'), newUser('n3')]],
    [
      'of users and groups that refer to each other',
      () => [
        newUser('n1'),
        newUser('n2', { emails: [] }),
        newUser('cid'),
        newGroup('New', ['bulkId:n1', world.ada]),
        {
          method: 'PATCH',
          path: `/Groups/${world.engines}`,
          data: { schemas: [PATCH_OP], Operations: [remove(world.bob)] },
        },
        { method: 'DELETE', path: `/Users/${world.eve}` },
      ],
    ],
  ]

  test.each(bulks)('%s meets every fault, and comes to its end', async (_, operations) => {
    const send = (client: Client) => client.post('/Bulk', bulk(operations()))
    const truth = await undisturbed({ name: 'bulk', status: 200, send })
    for (const fault of faults) {
      for (const [at, mode] of truth.modes.entries()) {
        const { namespace, client } = await makeRun()
        const answer = await faulty.during(() => send(client), fault, at)
        const { stored } = truth.after
        if (fault.outcome[mode] === 'truth' || !JSON.stringify(answer.body).includes('"503"')) {
          const found = await stateOf(namespace, answer)
          expect(found).toEqual(truth.after)
          continue
        }
        await comeToEnd(client, operations(), answer)
        expect(withoutOrder((await stateOf(namespace)).stored)).toEqual(withoutOrder(stored))
      }
    }
  })

  test('is not tried to its end where the database is down', async () => {
    const { client } = await makeRun()
    const many = Array.from({ length: 50 }, (_, at) => newGroup(`G${at}`, []))
    const down = faults.find(({ name }) => name.includes('before it ran Infinity'))
    const answer = await faulty.during(() => client.post('/Bulk', bulk(many)), down, 1)
    expect(answer.status).toBe(200)
    expect(answer.body.Operations.map(({ status }: { status: string }) => status)).toEqual(
      Array(50).fill('503'),
    )
    expect(faulty.calls.length).toBeLessThan(20)
  })
})

/**
 * What a client does about the operations that failed for the moment: it sends them again, refers to
 * what was created by its id, and looks that up where it is told that it is there already.
 */
async function comeToEnd(client: Client, operations: readonly BulkOperation[], first: Answer) {
  const ids = new Map<string, string>()
  let waiting = [...operations]
  let answer = first
  for (let round = 0; ; round++) {
    if (answer.status === 503) expectRetryable(answer)
    else {
      const next: BulkOperation[] = []
      for (const [index, result] of answer.body.Operations.entries()) {
        const operation = waiting[index]
        if (operation === undefined) throw new Error('More results than operations')
        const { bulkId } = operation
        if (/^20\d$/.test(result.status)) {
          if (bulkId !== undefined) ids.set(bulkId, result.location.split('/').at(-1))
        } else if (result.response.messageId === 'scim.uniqueness' && bulkId !== undefined) {
          const { body } = await client.find('/Users', `userName eq "${bulkId}"`)
          ids.set(bulkId, body.Resources[0]?.id)
        } else if (result.status !== '404') {
          expect(['unavailable', 'scim.unresolved-reference']).toContain(result.response.messageId)
          next.push(operation)
        }
      }
      waiting = next
    }
    if (waiting.length === 0) return
    expect(round).toBeLessThan(4)
    let text = JSON.stringify(waiting)
    for (const [bulkId, id] of ids) text = text.replaceAll(`"bulkId:${bulkId}"`, `"${id}"`)
    waiting = JSON.parse(text)
    answer = await faulty.during(() => client.post('/Bulk', bulk(waiting)))
  }
}

/** Operations of a bulk request that were tried again come later, and so do their events. */
function withoutOrder(stored: readonly string[]) {
  return stored.map((table) =>
    table
      .replace(/"seq":\d+/g, '')
      .replace(/<request>[/\d]*/g, '')
      .replace(/^\w+: /, '')
      .split('\n')
      .sort(),
  )
}
