/** Operations that meet every fault; those that write by hand are in fault-cases-by-hand.ts. */
import type { Operation } from './fault-runs.ts'
import type { World } from './fault-world.ts'
import { groupBody, userBody } from './payload.ts'

const replace = (path: string, value: unknown) => ({ op: 'replace', path, value })
const add = (...ids: string[]) => ({
  op: 'add',
  path: 'members',
  value: ids.map((value) => ({ value })),
})
const remove = (...ids: string[]) => ({ ...add(...ids), op: 'remove' })

const settings = { apiVersion: 'scim.grafana.app/v0alpha1', kind: 'SCIMConfig' }

/** What identity providers write, and what concerns service accounts, settings and retained ones. */
export const provisioning: readonly Operation[] = [
  {
    name: 'the creation of a user',
    route: 'POST /:namespace/Users',
    send: ({ client }) => client.post('/Users', userBody('new', { emails: [{ value: 'new@x' }] })),
    status: 201,
    again: 409,
  },
  {
    name: 'the adoption of a user by POST',
    route: 'POST /:namespace/Users',
    send: ({ client }) => client.post('/Users', userBody('CID', { title: 'T', externalId: 'c' })),
    status: 201,
    again: 409,
  },
  {
    name: 'the restoration of a user',
    route: 'POST /:namespace/Users',
    send: ({ client }) => client.post('/Users', userBody('back', { externalId: 'ext-gone' })),
    status: 201,
    again: 409,
  },
  {
    name: 'PUT of a user',
    route: 'PUT /:namespace/Users/:id',
    send: ({ client, world }) => client.put(`/Users/${world.ada}`, userBody('ada', { title: 'T' })),
    status: 200,
  },
  {
    name: 'PATCH of a user',
    route: 'PATCH /:namespace/Users/:id',
    send: ({ client, world }) => client.patch(`/Users/${world.ada}`, [replace('active', false)]),
    status: 200,
  },
  {
    name: 'the adoption of a user by PATCH',
    route: 'PATCH /:namespace/Users/:id',
    send: ({ client, world }) => client.patch(`/Users/${world.cid}`, [replace('title', 'T')]),
    status: 200,
  },
  {
    name: 'a userName that is taken',
    route: 'PATCH /:namespace/Users/:id',
    send: ({ client, world }) => client.patch(`/Users/${world.ada}`, [replace('userName', 'BOB')]),
    status: 409,
  },
  {
    name: 'the deletion of a user',
    route: 'DELETE /:namespace/Users/:id',
    send: ({ client, world }) => client.delete(`/Users/${world.ada}`),
    status: 204,
    again: 404,
  },
  {
    name: 'the creation of a team',
    route: 'POST /:namespace/Groups',
    send: ({ client, world }) => client.post('/Groups', groupBody('New', [world.ada, 'nobody'])),
    status: 201,
    again: 409,
  },
  {
    name: 'the adoption of a team by POST',
    route: 'POST /:namespace/Groups',
    send: ({ client, world }) => client.post('/Groups', groupBody('HAND', [world.ada])),
    status: 201,
    again: 409,
  },
  {
    name: 'the addition and removal of members',
    route: 'PATCH /:namespace/Groups/:id',
    send: ({ client, world }) =>
      client.patch(`/Groups/${world.engines}`, [add(world.eve), remove(world.bob)]),
    status: 204,
  },
  {
    name: 'the removal of a member',
    route: 'PATCH /:namespace/Groups/:id',
    send: ({ client, world }) => client.patch(`/Groups/${world.engines}`, [remove(world.bob)]),
    status: 204,
  },
  {
    name: 'the addition of a member who is one',
    route: 'PATCH /:namespace/Groups/:id',
    send: ({ client, world }) => client.patch(`/Groups/${world.engines}`, [add(world.bob)]),
    status: 204,
    silent: true,
  },
  {
    name: 'the addition of a member to an adopted team',
    route: 'PATCH /:namespace/Groups/:id',
    send: ({ client, world }) => client.patch(`/Groups/${world.hand}`, [add(world.ada)]),
    status: 204,
  },
  {
    name: 'PATCH of a team that answers with a body',
    route: 'PATCH /:namespace/Groups/:id',
    send: ({ client, world }) =>
      client.patch(`/Groups/${world.engines}?attributes=members`, [add(world.eve)]),
    status: 200,
  },
  {
    name: 'PUT of a team',
    route: 'PUT /:namespace/Groups/:id',
    send: ({ client, world }) =>
      client.put(`/Groups/${world.engines}`, groupBody('Looms', [world.eve])),
    status: 200,
  },
  {
    name: 'PUT of a team under If-Match',
    route: 'PUT /:namespace/Groups/:id',
    send: ({ client, world }) =>
      client.put(`/Groups/${world.engines}`, groupBody('Looms', [world.eve]), {
        'If-Match': world.version,
      }),
    status: 200,
    again: 412,
  },
  {
    name: 'the new name of a team',
    route: 'PATCH /:namespace/Groups/:id',
    send: ({ client, world }) =>
      client.patch(`/Groups/${world.engines}`, [replace('displayName', 'Looms')]),
    status: 204,
  },
  {
    name: 'the deletion of a team',
    route: 'DELETE /:namespace/Groups/:id',
    send: ({ client, world }) => client.delete(`/Groups/${world.engines}`),
    status: 204,
    again: 404,
  },
  {
    name: 'new settings',
    route: 'PUT /:namespace/config/default',
    send: ({ operator }) =>
      operator.put('/config/default', { ...settings, spec: { enableUserSync: true } }),
    status: 200,
  },
  {
    name: 'the reset of the settings',
    route: 'DELETE /:namespace/config/default',
    send: ({ operator }) => operator.delete('/config/default'),
    status: 200,
    again: 404,
  },
  {
    name: 'the creation of a service account',
    route: 'POST /:namespace/serviceaccounts',
    send: ({ operator }) => operator.post('/serviceaccounts', { name: 'new', role: 'Viewer' }),
    status: 201,
    again: 400,
  },
  {
    name: 'the change of a service account',
    route: 'PATCH /:namespace/serviceaccounts/:account',
    send: ({ operator, world }) =>
      operator.request('PATCH', `/serviceaccounts/${world.account}`, { isDisabled: true }),
    status: 200,
  },
  {
    name: 'the deletion of a service account',
    route: 'DELETE /:namespace/serviceaccounts/:account',
    send: ({ operator, world }) => operator.delete(`/serviceaccounts/${world.account}`),
    status: 200,
    again: 404,
  },
  {
    name: 'the creation of a token',
    route: 'POST /:namespace/serviceaccounts/:account/tokens',
    send: ({ operator, world }) =>
      operator.post(`/serviceaccounts/${world.account}/tokens`, { name: 'new' }),
    status: 200,
    again: 400,
  },
  {
    name: 'the rotation of a token',
    route: 'POST /:namespace/serviceaccounts/:account/tokens/:token/rotate',
    send: ({ operator, world }) =>
      operator.post(`/serviceaccounts/${world.account}/tokens/${world.first}/rotate`, {
        overlapSeconds: 60,
      }),
    status: 200,
    repeats: true,
  },
  {
    name: 'the revocation of a token',
    route: 'DELETE /:namespace/serviceaccounts/:account/tokens/:token',
    send: ({ operator, world }) =>
      operator.delete(`/serviceaccounts/${world.account}/tokens/${world.first}`),
    status: 200,
    again: 404,
  },
  {
    name: 'the purge of a retained account',
    route: 'DELETE /:namespace/retained/:id',
    send: ({ operator, world }) => operator.delete(`/retained/${world.gone}`),
    status: 200,
    again: 404,
  },
  {
    name: 'the purge of old retained accounts',
    route: 'POST /:namespace/retained/purge',
    send: ({ operator }) => operator.post('/retained/purge', { olderThanDays: 0 }),
    status: 200,
  },
]

const get = (
  route: string,
  path: (world: World) => string,
  as: 'client' | 'operator' = 'client',
  status = 200,
): Operation => ({
  name: `GET ${route}`,
  route: `GET /:namespace${route}`.replace(/\/$/, ''),
  send: (copy) => copy[as].get(path(copy.world)),
  status,
})
const getAs = (as: 'client' | 'operator', path: string) =>
  get(path.replace(/\?.*/, ''), () => path, as)

const post = (route: string, body: object, as: 'client' | 'operator' = 'client'): Operation => ({
  name: `POST ${route}`,
  route: `POST /:namespace${route}`,
  send: (copy) => copy[as].post(route, body),
  status: 200,
})

const sought = { schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'], count: 2 }

/** What only reads, whatever its method says. */
export const reads: readonly Operation[] = [
  {
    name: 'the list of namespaces',
    route: 'GET /',
    send: async ({ registry }) => {
      const answer = await registry.get('')
      // Others make namespaces meanwhile.
      return answer.status === 200 ? { ...answer, body: 'the list' } : answer
    },
    status: 200,
  },
  {
    name: 'the history of namespaces',
    route: 'GET /history',
    send: async ({ registry }) => {
      const answer = await registry.get('/history')
      return answer.status === 200 ? { ...answer, body: 'the history' } : answer
    },
    status: 200,
  },
  get('/Users/:id', ({ ada }) => `/Users/${ada}`),
  get('/Groups/:id', ({ engines }) => `/Groups/${engines}`),
  { ...get('/Users/:id', () => '/Users/nobody', 'client', 404), name: 'GET of nobody' },
  getAs('client', '/Users?filter=emails.value+eq+%22ada@x%22'),
  getAs('client', '/Groups'),
  getAs('client', '/?sortBy=id'),
  {
    name: 'an export',
    route: 'GET /:namespace/export',
    send: async ({ operator: { send, base, token } }) => {
      const headers = { Authorization: `Bearer ${token}` }
      const response = await send(new Request(`${base}/export`, { headers }))
      const text = await response.text()
      const { status } = response
      // The checks depend on the name of the namespace.
      const body = status === 200 ? text.replace(/"check":"\w+"/g, '') : JSON.parse(text)
      return { status, headers: response.headers, body }
    },
    status: 200,
    // Table by table.
    alike: [1, 7],
  },
  ...['/ServiceProviderConfig', '/ResourceTypes', '/Schemas'].map((path) => getAs('client', path)),
  get('/ResourceTypes/:id', () => '/ResourceTypes/User'),
  get('/Schemas/:id', () => '/Schemas/urn:ietf:params:scim:schemas:core:2.0:User'),
  post('/.search', sought),
  post('/Users/.search', sought),
  post('/Groups/.search', sought),
  ...['/config/default', '/serviceaccounts', '/serviceaccounts/search', '/events', '/retained'].map(
    (path) => getAs('operator', path),
  ),
  ...[
    ...['/accounts', '/teams', '/conflicts', '/status', '/health', '/restore', '/login/denied'],
  ].map((path) => getAs('operator', path)),
  ...['/migration/status', '/migration/adoptions', '/migration/team-sync'].map((path) =>
    getAs('operator', path),
  ),
  get('/serviceaccounts/:account', ({ account }) => `/serviceaccounts/${account}`, 'operator'),
  get(
    '/serviceaccounts/:account/tokens',
    ({ account }) => `/serviceaccounts/${account}/tokens`,
    'operator',
  ),
  get('/accounts/:account', ({ cid }) => `/accounts/${cid}`, 'operator'),
  get('/teams/search', () => '/teams/search', 'operator', 400),
  get('/teams/:team', ({ hand }) => `/teams/${hand}`, 'operator'),
  get('/teams/:team/members', ({ hand }) => `/teams/${hand}/members`, 'operator'),
  post('/login/check', { userName: 'ada' }, 'operator'),
  post('/migration/preview', { users: [{ userName: 'cid' }] }, 'operator'),
]
