/**
 * What every route needs, by the one table: no route without an entry, no entry without a route, and
 * nothing answered that may not be read.
 */
import { describe, expect, test } from 'vitest'
import { API } from '../../src/http/context.ts'
import { needed } from '../../src/tenancy/needed.ts'
import { permissionBits } from '../../src/tenancy/permission.ts'
import { type Answer, Client } from '../support/client.ts'
import { type Body, createGroup, createUser, memberIds } from '../support/directory.ts'
import { makeEndpoint, makeInterruptedEndpoint, ORIGIN, tenant } from '../support/endpoint.ts'
import { expectAdminError, expectError, expectList } from '../support/expect.ts'
import { handMade, handMadeTeam } from '../support/hand-made.ts'
import { limitedTo, operatorOf, type Tenant } from '../support/operator.ts'
import { ENTERPRISE_USER, groupBody, PATCH_OP, userBody } from '../support/payload.ts'
import { dump, query } from '../support/tables.ts'

const ALL = Object.keys(permissionBits)
const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'
const table: readonly (readonly [string, readonly string[] | 'operator'])[] = Object.entries(needed)

/** What depends on the body, and has tests of its own. */
const BY_BODY = ['POST /Bulk', 'POST /import']

/** The routes below a namespace as they are registered, such as `GET /Users/:id`. */
function registered(): string[] {
  const prefix = `${API}/:namespace`
  const routes = makeEndpoint().app.routes.flatMap(({ method, path }) =>
    path.startsWith(prefix) && method !== 'ALL' && method !== 'OPTIONS'
      ? [`${method} ${path.slice(prefix.length) || '/'}`]
      : [],
  )
  return [...new Set(routes)]
}

/** Sends a request to a route, with a body or a place in the list that nobody can read. */
function send(client: Client, route: string): Promise<Answer> {
  const [method = '', path = ''] = route.split(' ')
  const filled = path === '/' ? '' : path.replaceAll(/:\w+/g, 'x')
  if (method === 'GET') return client.get(`${filled}?cursor=x`)
  return client.request(method, filled, '{')
}

const collection = (client: Client) => new Client(client.send, `${ORIGIN}${API}`, client.token)

describe('the table', () => {
  test('has every route that does something, and no other', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const missing = registered().filter((route) => !Object.hasOwn(needed, route))
    for (const route of missing.filter((one) => one !== 'DELETE /')) {
      expect((await send(operator, route)).status, route).toBe(405)
    }
    expect(table.map(([route]) => route).filter((one) => !registered().includes(one))).toEqual([])
    expect((await collection(client).delete(`/${client.namespace}`)).status).toBe(401)
  })

  test.each(table)('says that %s needs %j', async (route, permissions) => {
    const client = await tenant({ permissions: ALL })
    const before = await directory(client)
    if (permissions === 'operator') {
      expectAdminError(await send(client, route), 401, /operator/)
      expect([401, 403]).not.toContain((await send(operatorOf(client), route)).status)
      return
    }
    for (const permission of permissions) {
      const lacking = await limitedTo(client, ...ALL.filter((one) => one !== permission))
      const answer = await send(lacking, route)
      expect(answer.status, permission).toBe(403)
      expect(answer.body.message).toMatch(new RegExp(`: ${permission}$`))
    }
    const exact = await limitedTo(client, ...permissions)
    const { status } = await send(exact, route)
    if (!BY_BODY.includes(route)) expect([401, 403]).not.toContain(status)
    expect(await directory(client)).toEqual(before)
  })
})

describe('an import', () => {
  const users = [{ login: 'ada' }]
  const teams = [{ name: 'Crew' }]
  const members = [{ team: 'Crew', login: 'ada' }]
  test.each<[object, string[]]>([
    [{ users }, ['org.users:add', 'org.users:write']],
    [{ teams }, ['teams:create']],
    [{ members }, ['teams:write']],
    [
      { users, teams, members },
      ['org.users:add', 'org.users:write', 'teams:create', 'teams:write'],
    ],
    [{ dryRun: true, users, teams }, ['org.users:add', 'org.users:write', 'teams:create']],
  ])('of %j needs %j, and does nothing before it has all', async (body, permissions) => {
    const client = await tenant()
    const lacking: [string, Client][] = []
    for (const permission of permissions) {
      const others = ALL.filter((one) => one !== permission)
      lacking.push([permission, await limitedTo(client, ...others)])
    }
    const exact = await limitedTo(client, ...permissions)
    const before = await dump(client.namespace)
    for (const [permission, holder] of lacking) {
      expectAdminError(await holder.post('/import', body), 403, permission)
    }
    expect(await dump(client.namespace)).toBe(before)
    expect((await exact.post('/import', body)).status).toBe(200)
  })

  test('that cannot be read is 403 for who may import nothing, and 400 for others', async () => {
    const client = await tenant()
    const others = ['org.users:read', 'org.users:remove', 'teams:read', 'settings:write']
    expectAdminError(await (await limitedTo(client, ...others)).post('/import', '{'), 403)
    expectAdminError(await (await limitedTo(client, 'teams:create')).post('/import', '{'), 400)
  })
})

test('a token that may only add users does nothing else to accounts and teams', async () => {
  const client = await tenant()
  const account = await handMade(client, 'root', { emails: [{ value: 'root@x', type: 'work' }] })
  const team = await handMadeTeam(client, 'Crew', [account.id])
  const group = await createGroup(client, 'Managed')
  await operatorOf(client).put('/config/default', { spec: { enableUserSync: true } })
  const adder = await limitedTo(client, 'org.users:add')
  const before = await dump(client.namespace)
  const [one, crew, managed] = [
    `/accounts/${account.id}`,
    `/teams/${team.id}`,
    `/teams/${group.id}`,
  ]
  const attempts: [string, string, string, object?][] = [
    ['GET', '/accounts', 'org.users:read'],
    ['GET', one, 'org.users:read'],
    ['PATCH', one, 'org.users:write', { login: 'attacker', email: 'a@evil', externalId: 'mine' }],
    ['DELETE', one, 'org.users:remove'],
    ['GET', '/teams', 'teams:read'],
    ['POST', '/teams', 'teams:create', { name: 'New' }],
    ['PATCH', crew, 'teams:write', { name: 'New' }],
    ['GET', `${crew}/members`, 'org.users:read'],
    ['POST', `${managed}/members`, 'teams:write', { userId: account.id }],
    ['PUT', `${crew}/members`, 'teams:write', { members: [] }],
    ['DELETE', `${crew}/members/${account.id}`, 'teams:write'],
    ['DELETE', crew, 'teams:delete'],
    ['DELETE', managed, 'teams:delete'],
    ['POST', '/import', 'org.users:write', { users: [{ login: 'root', email: 'a@evil' }] }],
  ]
  for (const [method, path, permission, body] of attempts) {
    expectAdminError(await adder.request(method, path, body), 403, permission)
  }
  expect(await dump(client.namespace)).toBe(before)
})

test('what a token loses between read and write it does not do', async () => {
  const { endpoint, interruption } = makeInterruptedEndpoint()
  const client = await tenant({ endpoint })
  const { id } = await handMade(client, 'ada')
  const team = await handMadeTeam(client, 'Crew', [id])
  const writes: [string, string, string, object?][] = [
    ['POST', '/accounts', 'org.users:add', { login: 'eve' }],
    ['PATCH', `/accounts/${id}`, 'org.users:write', { name: 'Eve' }],
    ['DELETE', `/accounts/${id}`, 'org.users:remove'],
    ['POST', '/teams', 'teams:create', { name: 'New' }],
    ['PATCH', `/teams/${team.id}`, 'teams:write', { name: 'New' }],
    ['PUT', `/teams/${team.id}/members`, 'teams:write', { members: [] }],
    ['DELETE', `/teams/${team.id}`, 'teams:delete'],
    ['POST', '/import', 'org.users:add', { users: [{ login: 'eve' }] }],
  ]
  for (const [method, path, permission, body] of writes) {
    const holder = await limitedTo(client, ...ALL)
    const before = await directory(client)
    interruption.meanwhile = () =>
      query(
        'update token set permissions = permissions & ~? where namespace = ?',
        permissionBits[permission as keyof typeof permissionBits],
        client.namespace,
      )
    expectAdminError(await holder.request(method, path, body), 403, permission)
    expect(await directory(client)).toEqual(before)
  }
})

/** The stored users and teams. */
async function directory({ namespace }: Tenant) {
  const { user, team, membership, team_mapping } = JSON.parse(await dump(namespace))
  return { user, team, membership, team_mapping }
}

describe('what may not be read is not answered', () => {
  const stored = {
    displayName: 'Ada L',
    title: 'Countess',
    name: { familyName: 'Lovelace' },
    emails: [
      { value: 'ada@example.com', type: 'work', primary: true },
      { value: 'secret@home.example', type: 'home' },
    ],
  }

  /** All that an answer says of a resource which may not be read. */
  function expectWithheld({ status, headers, body }: Answer, expected: number, id: string): void {
    expect(status).toBe(expected)
    expect(Object.keys(body)).toEqual(['schemas', 'id', 'meta'])
    expect(body.id).toBe(id)
    expect(headers.get('Location')).toBe(body.meta.location)
    expect(headers.get('ETag')).toBe(body.meta.version)
  }

  async function world() {
    const client = await tenant()
    const user = await createUser(client, 'ada', stored)
    const team = await createGroup(client, 'Crew', [user.id])
    return { client, user, team }
  }

  test('a POST that adopts an account tells an adder only which one', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada', stored)
    const adder = await limitedTo(client, 'org.users:add')
    const answer = await adder.post('/Users', userBody('ada', { externalId: 'mine' }))
    expectWithheld(answer, 201, account.id)
    const fresh = await adder.post('/Users', userBody('bob'))
    expectWithheld(fresh, 201, fresh.body.id)
    expect((await client.get(`/Users/${account.id}`)).body).toMatchObject({ ...stored })
  })

  test('PUT and PATCH of a user, also of one that they leave alone', async () => {
    const { client, user } = await world()
    const writer = await limitedTo(client, 'org.users:write', 'teams:read')
    const path = `/Users/${user.id}`
    const body = userBody('ada', { externalId: user.externalId, ...stored })
    expectWithheld(await writer.put(path, body), 200, user.id)
    expectWithheld(await writer.patch(path, []), 200, user.id)
    const asked = await writer.patch(`${path}?attributes=emails`, [
      { op: 'replace', path: 'title', value: 'Lady' },
    ])
    expect(asked.status).toBe(200)
    expect(Object.keys(asked.body)).toEqual(['schemas', 'id'])
  })

  test('POST, PUT and PATCH of a group, whatever they ask for', async () => {
    const { client, user, team } = await world()
    const mapped = await handMadeTeam(client, 'Mapped', [user.id])
    const writer = await limitedTo(client, 'teams:create', 'teams:write', 'org.users:read')
    expectWithheld(await writer.post('/Groups', groupBody('mapped')), 201, mapped.id)
    const path = `/Groups/${team.id}`
    expectWithheld(await writer.put(path, groupBody('Crew', [user.id])), 200, team.id)
    for (const search of ['?attributes=members', '?excludedAttributes=displayName']) {
      const { status, body } = await writer.patch(`${path}${search}`, [])
      expect({ status, ...body, meta: undefined }).toEqual({
        ...{ status: 200, schemas: body.schemas, id: team.id, meta: undefined },
      })
    }
    expect(await memberIds(client, team.id)).toEqual([user.id])
  })

  test('the same in a bulk request', async () => {
    const { client, user, team } = await world()
    const writer = await limitedTo(client, 'org.users:write', 'teams:write')
    const data = { schemas: [PATCH_OP], Operations: [] }
    const { body } = await writer.post('/Bulk', {
      schemas: [BULK],
      Operations: [
        { method: 'PATCH', path: `/Users/${user.id}`, data },
        { method: 'PATCH', path: `/Groups/${team.id}`, data },
      ],
    })
    for (const operation of body.Operations) {
      expect(Object.keys(operation).sort()).toEqual(['location', 'method', 'status', 'version'])
    }
  })

  test('the groups of a user, and a filter or order by them, without teams:read', async () => {
    const { client, user } = await world()
    const reader = await limitedTo(client, 'User administration')
    expect((await client.get(`/Users/${user.id}`)).body.groups).toHaveLength(1)
    const [listed] = expectList(await reader.get('/Users'), 1)
    const put = await reader.put(`/Users/${user.id}`, user)
    for (const shown of [listed, (await reader.get(`/Users/${user.id}`)).body, put.body]) {
      expect(shown).toMatchObject({ userName: 'ada', displayName: 'Ada L' })
      expect(shown).not.toHaveProperty('groups')
    }
    for (const filter of ['groups pr', 'not (groups.display sw "C")', 'groups[value eq "g1"]']) {
      const refused = await reader.find('/Users', `userName pr and (title pr or ${filter})`)
      expectError(refused, 403, { messageId: 'accesscontrol.permission-denied' })
      expect(refused.body.detail).toMatch(/teams:read/)
      expectList(await client.find('/Users', `userName pr and (title pr or ${filter})`), 1)
    }
    expectError(await reader.get('/Users?sortBy=groups.display'), 403)
    const { body } = await reader.post('/login/check', { externalId: user.externalId })
    expect(body).toMatchObject({ decision: 'allow', user: { id: user.id } })
    expect(body).not.toHaveProperty('teams')
  })

  test('what members are called, and a filter or order by it, without org.users:read', async () => {
    const { client, user, team } = await world()
    const reader = await limitedTo(client, 'Teams')
    const member = { value: user.id, type: 'User', $ref: user.meta.location }
    const [listed] = expectList(await reader.get('/Groups'), 1)
    const put = await reader.put(`/Groups/${team.id}`, groupBody('Crew', [user.id]))
    const read = await reader.get(`/Groups/${team.id}`)
    for (const shown of [listed, read.body, put.body]) expect(shown.members).toEqual([member])
    expect((await client.get(`/Groups/${team.id}`)).body.members).toEqual([
      { ...member, display: 'Ada L' },
    ])
    for (const filter of ['members.display sw "A"', 'members[value pr and display eq "x"]']) {
      expectError(await reader.find('/Groups', filter), 403)
    }
    expectList(await reader.find('/Groups', `members.value eq "${user.id}"`), 1)
    expectError(await reader.get('/Groups?sortBy=members.display'), 403)
  })

  test('an account or team that is changed by hand', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada', stored)
    const team = await handMadeTeam(client, 'Crew', [account.id])
    const writer = await limitedTo(client, 'org.users:write', 'teams:write')
    for (const change of [{ name: 'Eve' }, {}]) {
      const answer = await writer.request('PATCH', `/accounts/${account.id}`, change)
      expect(answer).toMatchObject({ status: 200, body: { id: account.id } })
      expect(answer.body).toEqual({ id: account.id })
    }
    for (const change of [{ name: 'Crew B' }, {}]) {
      const answer = await writer.request('PATCH', `/teams/${team.id}`, change)
      expect(answer.body).toEqual({ id: team.id })
    }
  })

  test('settings and service accounts that are changed', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const { id } = (await operator.post('/serviceaccounts', { name: 'okta' })).body
    const first = (await operator.post(`/serviceaccounts/${id}/tokens`, { name: 'first' })).body
    const writer = await limitedTo(client, 'settings:write', 'serviceaccounts:write')
    const set = await writer.put('/config/default', { spec: { enableUserSync: true } })
    expect(set.status).toBe(200)
    expect(set.body).not.toHaveProperty('spec')
    const renamed = await writer.request('PATCH', `/serviceaccounts/${id}`, { name: 'entra' })
    expect(renamed.body).toEqual({ message: 'Service account updated', id })
    const rotated = await writer.post(`/serviceaccounts/${id}/tokens/${first.id}/rotate`, {})
    expect(rotated.status).toBe(200)
    expect(rotated.body).not.toHaveProperty('replaces')
  })

  test('nothing is left out for an identity provider', async () => {
    const client = await tenant({ permissions: ['User administration', 'Teams'] })
    const boss: Body = await createUser(client, 'boss', { displayName: 'Boss' })
    const more = { ...stored, [ENTERPRISE_USER]: { manager: { value: boss.id } } }
    const made = await client.post('/Users', userBody('ada', more))
    expect(made.body).toMatchObject({ userName: 'ada', ...stored })
    expect(made.body[ENTERPRISE_USER].manager.displayName).toBe('Boss')
    const group = await client.post('/Groups', groupBody('Crew', [made.body.id]))
    expect(group.body.members).toMatchObject([{ value: made.body.id, display: 'Ada L' }])
    const again = await client.patch(`/Users/${made.body.id}`, [])
    expect(again.body.groups).toMatchObject([{ value: group.body.id, display: 'Crew' }])
  })
})
