/** How often every other route asks the database; trips.test.ts has those of users and groups. */
import { expect, test } from 'vitest'
import { API } from '../../src/http/context.ts'
import { deletionOrder } from '../../src/store/registry.ts'
import { recordTypes } from '../../src/tenancy/backup.ts'
import { emptyNamespace, exportPage, sendLines } from '../support/backup.ts'
import type { Answer, Client } from '../support/client.ts'
import { createGroup, createUser } from '../support/directory.ts'
import {
  freshNamespace,
  makeEndpoint,
  OPERATOR_TOKEN,
  ORIGIN,
  tenant,
} from '../support/endpoint.ts'
import { userBody } from '../support/payload.ts'

/** A namespace with one of everything. */
interface World {
  readonly namespace: string
  /** A client of the namespace with its token, and the operator. */
  readonly client: Client
  readonly operator: Client
  /** The operator at the collection of namespaces. */
  readonly registry: Client
  readonly ids: Readonly<
    Record<
      'account' | 'crew' | 'member' | 'retained' | 'managed' | 'service' | 'token' | 'conflict',
      string
    >
  >
  readonly managedTeam: string
}

async function world() {
  const client = await tenant()
  const { endpoint, namespace } = client
  const operator = client.withToken(OPERATOR_TOKEN)
  const managed = (await createUser(client, 'managed')).id
  const managedTeam = (await createGroup(client, 'Managed', [managed])).id
  const retained = (await createUser(client, 'gone')).id
  await client.delete(`/Users/${retained}`)
  const account = (await operator.post('/accounts', { login: 'hand' })).body.id
  const member = (await operator.post('/accounts', { login: 'member' })).body.id
  const crew = (await operator.post('/teams', { name: 'Crew' })).body.id
  await operator.post(`/teams/${crew}/members`, { userId: member })
  const service = (await operator.post('/serviceaccounts', { name: 'other' })).body.id
  const tokens = `/serviceaccounts/${service}/tokens`
  const token = (await operator.post(tokens, { name: 'first' })).body.id
  await operator.put('/migration/team-sync', { mappings: [{ groupId: 'g', team: 'Crew' }] })
  await client.post('/Users', userBody('managed'))
  await endpoint.settled()
  const conflict = (await operator.get('/conflicts')).body.conflicts[0].id
  const registry = operator.at(`${ORIGIN}${API}`)
  const ids = { account, crew, member, retained, managed, service, token, conflict }
  await endpoint.settled()
  return { endpoint, namespace, client, operator, registry, managedTeam, ids }
}

const none = ''
const one = 'read'
const two = 'read write'

type Send = (world: World) => Promise<Answer>

const spec = (apply: boolean) => ({
  apiVersion: 'scim.grafana.app/v0alpha1',
  kind: 'SCIMConfig',
  metadata: { name: 'default' },
  spec: { enableUserSync: apply, enableGroupSync: apply, rejectNonProvisionedUsers: false },
})

/** Every route below a namespace by its method and pattern: its trips, its status, a request. */
const routes: readonly [route: string, trips: string, status: number, send: Send][] = [
  ['GET /config/default', one, 200, ({ operator }) => operator.get('/config/default')],
  ['PUT /config/default', two, 200, ({ operator }) => operator.put('/config/default', spec(false))],
  ['DELETE /config/default', two, 200, ({ operator }) => operator.delete('/config/default')],
  ['GET /serviceaccounts', one, 200, ({ operator }) => operator.get('/serviceaccounts')],
  [
    'GET /serviceaccounts/search',
    one,
    200,
    ({ operator }) => operator.get('/serviceaccounts/search'),
  ],
  [
    'POST /serviceaccounts',
    two,
    201,
    ({ operator }) => operator.post('/serviceaccounts', { name: 'x' }),
  ],
  [
    'GET /serviceaccounts/:account',
    one,
    200,
    ({ operator, ids }) => operator.get(`/serviceaccounts/${ids.service}`),
  ],
  [
    'PATCH /serviceaccounts/:account',
    two,
    200,
    ({ operator, ids }) =>
      operator.request('PATCH', `/serviceaccounts/${ids.service}`, { name: 'y' }),
  ],
  [
    'DELETE /serviceaccounts/:account',
    two,
    200,
    ({ operator, ids }) => operator.delete(`/serviceaccounts/${ids.service}`),
  ],
  [
    'GET /serviceaccounts/:account/tokens',
    one,
    200,
    ({ operator, ids }) => operator.get(`/serviceaccounts/${ids.service}/tokens`),
  ],
  [
    'POST /serviceaccounts/:account/tokens',
    two,
    200,
    ({ operator, ids }) => operator.post(`/serviceaccounts/${ids.service}/tokens`, { name: 'x' }),
  ],
  [
    'POST /serviceaccounts/:account/tokens/:token/rotate',
    two,
    200,
    ({ operator, ids }) =>
      operator.post(`/serviceaccounts/${ids.service}/tokens/${ids.token}/rotate`, { name: 'x' }),
  ],
  [
    'DELETE /serviceaccounts/:account/tokens/:token',
    two,
    200,
    ({ operator, ids }) => operator.delete(`/serviceaccounts/${ids.service}/tokens/${ids.token}`),
  ],
  ['GET /events', one, 200, ({ operator }) => operator.get('/events')],
  ['GET /retained', one, 200, ({ operator }) => operator.get('/retained')],
  ['GET /teams/search', one, 400, ({ operator }) => operator.get('/teams/search')],
  [
    'DELETE /retained/:id',
    two,
    200,
    ({ operator, ids }) => operator.delete(`/retained/${ids.retained}`),
  ],
  [
    'POST /retained/purge',
    two,
    200,
    ({ operator }) => operator.post('/retained/purge', { olderThanDays: 0 }),
  ],
  [
    'POST /login/check',
    one,
    200,
    ({ operator }) => operator.post('/login/check', { userName: 'managed' }),
  ],
  ['GET /login/denied', one, 200, ({ operator }) => operator.get('/login/denied')],
  ['GET /accounts', one, 200, ({ operator }) => operator.get('/accounts')],
  ['POST /accounts', two, 201, ({ operator }) => operator.post('/accounts', { login: 'x' })],
  [
    'GET /accounts/:account',
    one,
    200,
    ({ operator, ids }) => operator.get(`/accounts/${ids.account}`),
  ],
  [
    'PATCH /accounts/:account',
    two,
    200,
    ({ operator, ids }) => operator.request('PATCH', `/accounts/${ids.account}`, { name: 'X' }),
  ],
  [
    'DELETE /accounts/:account',
    two,
    200,
    ({ operator, ids }) => operator.delete(`/accounts/${ids.account}`),
  ],
  [
    'POST /accounts/:account/release',
    two,
    200,
    ({ operator, ids }) => operator.post(`/accounts/${ids.managed}/release`, {}),
  ],
  ['GET /teams', one, 200, ({ operator }) => operator.get('/teams')],
  ['POST /teams', two, 201, ({ operator }) => operator.post('/teams', { name: 'x' })],
  ['GET /teams/:team', one, 200, ({ operator, ids }) => operator.get(`/teams/${ids.crew}`)],
  [
    'PATCH /teams/:team',
    two,
    200,
    ({ operator, ids }) => operator.request('PATCH', `/teams/${ids.crew}`, { name: 'y' }),
  ],
  ['DELETE /teams/:team', two, 200, ({ operator, ids }) => operator.delete(`/teams/${ids.crew}`)],
  [
    'POST /teams/:team/release',
    two,
    200,
    ({ operator, managedTeam }) => operator.post(`/teams/${managedTeam}/release`, {}),
  ],
  [
    'GET /teams/:team/members',
    one,
    200,
    ({ operator, ids }) => operator.get(`/teams/${ids.crew}/members`),
  ],
  [
    'POST /teams/:team/members',
    two,
    200,
    ({ operator, ids }) => operator.post(`/teams/${ids.crew}/members`, { userId: ids.account }),
  ],
  [
    'PUT /teams/:team/members',
    two,
    200,
    ({ operator, ids }) => operator.put(`/teams/${ids.crew}/members`, { members: [ids.account] }),
  ],
  [
    'DELETE /teams/:team/members/:user',
    two,
    200,
    ({ operator, ids }) => operator.delete(`/teams/${ids.crew}/members/${ids.member}`),
  ],
  [
    'POST /import',
    two,
    200,
    ({ operator }) =>
      operator.post('/import', {
        users: [{ login: 'i' }, { login: 'j' }],
      }),
  ],
  ['GET /status', one, 200, ({ operator }) => operator.get('/status')],
  ['GET /health', one, 200, ({ operator }) => operator.get('/health')],
  ['GET /conflicts', one, 200, ({ operator }) => operator.get('/conflicts')],
  [
    'DELETE /conflicts/:id',
    two,
    200,
    async ({ operator, ids }) => operator.delete(`/conflicts/${ids.conflict}`),
  ],
  [
    'POST /migration/preview',
    one,
    200,
    ({ operator }) => operator.post('/migration/preview', { users: [{ userName: 'hand' }] }),
  ],
  ['GET /migration/status', one, 200, ({ operator }) => operator.get('/migration/status')],
  ['GET /migration/adoptions', one, 200, ({ operator }) => operator.get('/migration/adoptions')],
  ['GET /migration/team-sync', one, 200, ({ operator }) => operator.get('/migration/team-sync')],
  [
    'PUT /migration/team-sync',
    two,
    200,
    ({ operator }) =>
      operator.put('/migration/team-sync', { mappings: [{ groupId: 'h', team: 'Managed' }] }),
  ],
  [
    'DELETE /migration/team-sync',
    two,
    200,
    ({ operator }) => operator.delete('/migration/team-sync'),
  ],
  [
    'DELETE /migration/team-sync/:group',
    two,
    200,
    ({ operator }) => operator.delete('/migration/team-sync/g'),
  ],
  ['GET /restore', one, 200, ({ operator }) => operator.get('/restore')],
  ['GET /', one, 200, ({ client }) => client.get('')],
  ['POST /.search', one, 200, ({ client }) => client.post('/.search', search)],
  ['POST /Users/.search', one, 200, ({ client }) => client.post('/Users/.search', search)],
  ['POST /Groups/.search', one, 200, ({ client }) => client.post('/Groups/.search', search)],
  // The credential of the whole, then a set of new users as if it were a request by itself.
  ['POST /Bulk', `${one} ${two}`, 200, ({ client }) => client.post('/Bulk', bulk)],
  ['GET /Schemas', none, 200, ({ client }) => client.withToken(undefined).get('/Schemas')],
  [
    'GET /Schemas/:id',
    none,
    200,
    ({ client }) =>
      client.withToken(undefined).get('/Schemas/urn:ietf:params:scim:schemas:core:2.0:User'),
  ],
  [
    'GET /ResourceTypes',
    none,
    200,
    ({ client }) => client.withToken(undefined).get('/ResourceTypes'),
  ],
  [
    'GET /ResourceTypes/:id',
    none,
    200,
    ({ client }) => client.withToken(undefined).get('/ResourceTypes/User'),
  ],
  [
    'GET /ServiceProviderConfig',
    none,
    200,
    ({ client }) => client.withToken(undefined).get('/ServiceProviderConfig'),
  ],
]

const search = { schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'] }

const bulk = {
  schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
  Operations: [
    { method: 'POST', path: '/Users', bulkId: 'b', data: userBody('bulk') },
    { method: 'POST', path: '/Users', bulkId: 'c', data: userBody('bulk2') },
  ],
}

test.each(routes)('%s takes these trips: %s', async (_route, trips, status, send) => {
  const { endpoint, ...rest } = await world()
  endpoint.batches.length = 0
  const answer = await send(rest)
  await endpoint.settled()
  const modes = endpoint.batches.map(({ mode }) => mode).join(' ')
  expect({ status: answer.status, trips: modes }).toEqual({ status, trips })
})

test('what goes through a namespace piece by piece takes a trip for each piece', async () => {
  const { endpoint, operator, client, ids } = await world()
  const trips = async () => {
    await endpoint.settled()
    return endpoint.batches
      .splice(0)
      .map(({ mode }) => mode)
      .join(' ')
  }
  const tripsOf = async (send: () => Promise<Answer>) => {
    await trips()
    const { status } = await send()
    expect(status).toBeLessThan(300)
    return trips()
  }
  // Each type of row is a trip; the settings come along with the first.
  await trips()
  const page = await exportPage(operator)
  const types = recordTypes.filter((type) => type !== 'settings')
  expect(await trips()).toBe(Array.from(types, () => one).join(' '))
  expect(page.nextCursor).toBeUndefined()
  // The adoption, who holds what comes back, and the account.
  const account = `/Users/${ids.account}`
  const adopt = [{ op: 'replace', path: 'title', value: 'Lead' }]
  expect((await client.patch(account, adopt)).status).toBe(200)
  const undo = { user: ids.account }
  const rollback = await tripsOf(() => operator.post('/migration/rollback', undo))
  expect(rollback).toBe('read read write')
  // A chunk is read and written; giving it up is noted, and then a trip for each table, and the end.
  const other = await emptyNamespace(operator, freshNamespace())
  expect(await tripsOf(() => sendLines(other, 0, page.lines.slice(0, 2)))).toBe(two)
  const tables = Array.from(deletionOrder, () => 'write').join(' ')
  expect(await tripsOf(() => other.delete('/restore'))).toBe(`${two} read ${tables} write`)
  // The tokens go first, and the namespace last.
  expect(await tripsOf(() => other.delete(''))).toBe(`read write ${tables} write`)
})

test('namespaces are listed in one trip and created in one', async () => {
  const { endpoint, registry } = await world()
  endpoint.batches.length = 0
  await registry.get('')
  await registry.post('', { name: `stacks-${Math.floor(Math.random() * 1e12) + 1}` })
  expect(endpoint.batches.map(({ mode }) => mode)).toEqual(['read', 'write'])
})

test('the path and the method are refused in one trip at most', async () => {
  const { endpoint, client } = await world()
  endpoint.batches.length = 0
  expect((await client.get('/Me')).status).toBe(501)
  expect(endpoint.batches.splice(0)).toHaveLength(1)
  expect((await client.request('PUT', '/Users', {})).status).toBe(405)
  expect((await client.get('/Nothing')).status).toBe(404)
  expect(endpoint.batches.splice(0)).toHaveLength(0)
})

test('every route has its trips counted, here or in trips.test.ts', () => {
  const base = `${API}/:namespace`
  const served = makeEndpoint().app.routes.flatMap(({ method, path }) =>
    path.startsWith(base) && !['ALL', 'OPTIONS'].includes(method)
      ? [`${method} ${path.slice(base.length).replace(/\/$/, '') || '/'}`]
      : [],
  )
  const counted = new Set([
    ...routes.map(([route]) => route),
    // What goes through a namespace piece by piece, above.
    ...['DELETE /', 'GET /export', 'POST /restore', 'DELETE /restore', 'POST /migration/rollback'],
    ...['/Users', '/Groups'].flatMap((path) => [
      `GET ${path}`,
      `POST ${path}`,
      ...['GET', 'PUT', 'PATCH', 'DELETE'].map((method) => `${method} ${path}/:id`),
    ]),
  ])
  const refusing = /^(?:GET|PUT|PATCH|DELETE) (?:\/Users|\/Groups)?\/\.search$/
  const uncounted = served.filter((route) => !counted.has(route) && !refusing.test(route))
  expect(uncounted).toEqual([])
})
