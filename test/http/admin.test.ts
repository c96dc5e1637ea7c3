/** What only an operator does: namespaces. */
import { describe, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { d1 } from '../../src/store/d1.ts'
import { oneForAll } from '../../src/store/databases.ts'
import { expire } from '../../src/store/expiry.ts'
import { defaultSettings } from '../../src/tenancy/settings.ts'
import { Client } from '../support/client.ts'
import { createGroup, createUser } from '../support/directory.ts'
import {
  binding,
  freshNamespace,
  makeEndpoint,
  OPERATOR_TOKEN,
  ORIGIN,
  tenant,
} from '../support/endpoint.ts'
import { expectAdminError, expectError } from '../support/expect.ts'
import { operatorOf } from '../support/operator.ts'
import { dump, query, unmanage } from '../support/tables.ts'

const NAMESPACES = '/apis/scim.grafana.app/v0alpha1/namespaces'
function makeOperator(endpoint = makeEndpoint(), token: string | undefined = OPERATOR_TOKEN) {
  const client = new Client(endpoint.fetch, `${ORIGIN}${NAMESPACES}`, token)
  return Object.assign(client, { endpoint })
}

/** An operator and a namespace without settings. */
async function made() {
  const operator = makeOperator()
  const name = freshNamespace()
  const created = await operator.post('', { name })
  expect(created.status).toBe(201)
  return { operator, name, created }
}

const requests: [method: string, path: string, body?: object][] = [
  ['GET', ''],
  ['POST', '', { name: 'stacks-77' }],
  ['DELETE', '/stacks-77'],
  ['GET', '/history'],
]

describe('the history of namespaces', () => {
  const historyOf = async (operator: Client, search: string) => {
    const { status, headers, body } = await operator.get(`/history?${search}`)
    expect([status, headers.get('Content-Type')]).toEqual([200, 'application/json'])
    return body.changes
  }

  test('tells when one was created and deleted, by which request, also once it is gone', async () => {
    const { operator, name, created } = await made()
    expect(await historyOf(operator, `namespace=${name}`)).toEqual([
      {
        namespace: name,
        action: 'namespace.create',
        at: created.body.createdAt,
        completedAt: created.body.createdAt,
        actor: { operator: true },
        requestId: created.headers.get('X-Request-Id'),
      },
    ])
    operator.endpoint.clock.offset += 60_000
    const deleted = await operator.delete(`/${name}`)
    expect(deleted.status).toBe(204)
    const [last, first, ...rest] = await historyOf(operator, `namespace=${name}`)
    expect(rest).toEqual([])
    expect(first.action).toBe('namespace.create')
    expect(last).toMatchObject({
      action: 'namespace.delete',
      completedAt: expect.stringMatching(/Z$/),
      requestId: deleted.headers.get('X-Request-Id'),
    })
    expect(Date.parse(last.at)).toBeGreaterThanOrEqual(Date.parse(first.at) + 60_000)
    // Another of the name has records of its own, and one that is refused has none.
    operator.endpoint.clock.offset += 60_000
    expect((await operator.post('', { name })).status).toBe(201)
    expect((await operator.post('', { name })).status).toBe(409)
    const actions = (await historyOf(operator, `namespace=${name}`)).map(
      ({ action }: { action: string }) => action,
    )
    expect(actions).toEqual(['namespace.create', 'namespace.delete', 'namespace.create'])
    expect(await historyOf(operator, 'limit=1')).toMatchObject([{ namespace: name }])
  })

  test('tells of a deletion that was cut short, which the next one completes', async () => {
    const { operator, name } = await made()
    await query(
      `insert into namespace_change (namespace, incarnation, action, at, request_id)
        select n.name, n.incarnation, 'namespace.delete', 5, 'first' from namespace n
        where n.name = ?`,
      name,
    )
    const deletion = async () =>
      (await historyOf(operator, `namespace=${name}`)).find(
        ({ action }: { action: string }) => action === 'namespace.delete',
      )
    expect(await deletion()).toMatchObject({ completedAt: null, requestId: 'first' })
    expect((await operator.delete(`/${name}`)).status).toBe(204)
    expect(await deletion()).toMatchObject({
      at: '1970-01-01T00:00:00.005Z',
      completedAt: expect.stringMatching(/Z$/),
      requestId: 'first',
    })
  })

  test('goes with the events of its time', async () => {
    const { operator, name } = await made()
    expect((await operator.delete(`/${name}`)).status).toBe(204)
    const kept = () => historyOf(operator, `namespace=${name}`)
    await expire(d1(binding), Date.now(), undefined)
    await expire(d1(binding), Date.now(), 1000)
    expect(await kept()).toHaveLength(2)
    await query(
      "update namespace_change set at = 5 where namespace = ? and action like '%create'",
      name,
    )
    await expire(d1(binding), Date.now(), 1000)
    expect(await kept()).toMatchObject([{ action: 'namespace.delete' }])
  })

  test('is asked for with a limit, and a namespace that is well-formed', async () => {
    const operator = makeOperator()
    expectAdminError(await operator.get('/history?limit=0'), 400, /^limit: /)
    expectAdminError(await operator.get('/history?namespace=stack-5'), 400, /stacks-5/)
    expectAdminError(await operator.get('/history?limit=1&limit=2'), 400, /^limit: /)
  })
})

describe('the operator', () => {
  test.each(requests)('is needed: %s %s', async (method, path, body) => {
    const operator = makeOperator()
    const other = await tenant({ endpoint: operator.endpoint, permissions: ['Admin'] })
    operator.endpoint.batches.length = 0
    for (const token of [undefined, '', 'wrong', `${OPERATOR_TOKEN}x`, other.token]) {
      const answer = await operator.withToken(token).request(method, path, body)
      expectAdminError(answer, 401)
      expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Bearer /)
    }
    // Who is refused does not reach the database, nor has the body read.
    const text = await operator.withToken('wrong').request(method, path, body && '{')
    expectAdminError(text, 401)
    expect(operator.endpoint.batches).toEqual([])
  })

  test.each(requests)('is refused where no secret is set: %s %s', async (method, path, body) => {
    for (const operatorToken of [undefined, '']) {
      const app = createApp({
        databases: oneForAll(d1(binding)),
        settings: defaultSettings,
        operatorToken,
        now: () => Date.now(),
        randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
        maxBulkOperations: 1000,
        log: () => undefined,
      })
      const send = (request: Request) => Promise.resolve(app.fetch(request, {}))
      const client = new Client(send, `${ORIGIN}${NAMESPACES}`)
      for (const token of [undefined, 'undefined', '']) {
        expectAdminError(await client.withToken(token).request(method, path, body), 403)
      }
    }
  })

  test('is nobody to SCIM', async () => {
    const client = await tenant()
    const answer = await client.withToken(OPERATOR_TOKEN).get('/Users')
    expectError(answer, 401, { messageId: 'api-key.invalid' })
  })

  test.each([
    ['PUT', ''],
    ['POST', '/stacks-77/config/default'],
    ['PUT', '/stacks-77/serviceaccounts/x'],
    ['GET', '/stacks-77/serviceaccounts/x/tokens/y'],
    ['GET', '/stacks-77/login/check'],
  ])('finds nothing at %s %s', async (method, path) => {
    expectAdminError(await makeOperator().request(method, path), 404)
  })
})

describe('a namespace', () => {
  test('is created with the settings of the file and listed', async () => {
    const { operator, name, created } = await made()
    expect(created.headers.get('Content-Type')).toBe('application/json')
    expect(created.body).toEqual({
      name,
      settings: {
        enableUserSync: false,
        enableGroupSync: false,
        rejectNonProvisionedUsers: false,
        requireExternalId: true,
        hideNonProvisionedUsers: false,
      },
      users: 0,
      teams: 0,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    })
    const listed = await operator.get('')
    expect(listed.status).toBe(200)
    expect(listed.body.items).toContainEqual(created.body)
  })

  test('is created with settings of its own', async () => {
    const operator = makeOperator()
    const name = freshNamespace()
    const settings = { enableUserSync: true, requireExternalId: false }
    const { status, body } = await operator.post('', { name, settings })
    expect(status).toBe(201)
    expect(body.settings).toEqual({ ...defaultSettings, ...settings })
    const [row] = await query('select settings from namespace where name = ?', name)
    expect(JSON.parse(String(row?.settings))).toEqual(settings)
  })

  test('that exists is 409', async () => {
    const { operator, name } = await made()
    expectAdminError(await operator.post('', { name }), 409, name)
  })

  test.each([
    ['stack-123', /did you mean stacks-123\?/],
    ['org-1', /did you mean default\?/],
    ['DEFAULT', /did you mean default\?/],
    ['', /namespace/],
    ['x/y', /namespace/],
  ])('called %j is 400', async (name, detail) => {
    expectAdminError(await makeOperator().post('', { name }), 400, detail)
  })

  test.each([
    ['without a name', {}, /name/],
    ['with a number for a name', { name: 5 }, /name/],
    ['with an unknown member', { name: 'stacks-78', setings: {} }, /setings/],
    [
      'with an unknown setting',
      { name: 'stacks-78', settings: { enableUsers: true } },
      /enableUsers/,
    ],
    [
      'with a word for a setting',
      { name: 'stacks-78', settings: { enableUserSync: 'on' } },
      /enableUserSync/,
    ],
    ['that is a list', [], /body/i],
    ['that is cut off', '{', /JSON/],
    ['that is empty', '', /body/],
  ])('in a body %s is 400', async (_, body, detail) => {
    expectAdminError(await makeOperator().post('', body), 400, detail)
    expect(await query("select name from namespace where name = 'stacks-78'")).toEqual([])
  })

  test('in a body that is no JSON or too large is 415 or 413', async () => {
    const operator = makeOperator()
    const headers = { 'Content-Type': 'text/plain' }
    expectAdminError(await operator.post('', '{"name":"stacks-79"}', headers), 415)
    expectAdminError(await operator.post('', ' '.repeat(1024 * 1024 + 1)), 413)
  })

  test('counts its users and teams', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada')
    await createUser(client, 'bob')
    await createGroup(client, 'G')
    await client.delete(`/Users/${user.id}`)
    const { body } = await makeOperator(client.endpoint).get('')
    const found = body.items.find(({ name }: { name: string }) => name === client.namespace)
    expect(found).toMatchObject({ users: 1, teams: 1 })
  })
})

describe('the deletion of a namespace', () => {
  test('removes everything in it and nothing else, and its tokens stop working', async () => {
    const client = await tenant()
    const bystander = await tenant({ endpoint: client.endpoint })
    const operator = makeOperator(client.endpoint)
    for (const at of [client, bystander]) {
      const ada = await createUser(at, 'ada', { emails: [{ value: 'ada@x' }] })
      const bob = await createUser(at, 'bob')
      const team = await createGroup(at, 'G', [ada.id, bob.id])
      await unmanage('team', at.namespace, team.id)
      await at.post('/Groups', { displayName: 'G' })
      await at.delete(`/Users/${bob.id}`)
    }
    const before = await dump(bystander.namespace)
    const deleted = await operator.delete(`/${client.namespace}`)
    expect(deleted).toMatchObject({ status: 204, body: undefined })
    for (const rows of Object.values(JSON.parse(await dump(client.namespace)))) {
      expect(rows).toEqual([])
    }
    expect(await dump(bystander.namespace)).toBe(before)
    expectError(await client.get('/Users'), 401, { messageId: 'api-key.invalid' })
    expectError(await client.get('/Schemas'), 401)
    expect((await bystander.get('/Users')).status).toBe(200)
    expectAdminError(await operator.delete(`/${client.namespace}`), 404, client.namespace)
    // The name is free again, and begins empty.
    await operator.post('', { name: client.namespace })
    expectError(await client.get('/Users'), 401)
    const { body } = await operator.get(`/${client.namespace}/serviceaccounts`)
    expect(body).toMatchObject({ totalCount: 0, serviceAccounts: [] })
  })

  test.each([
    ['unknown', 'stacks-999999999999', 404],
    ['malformed', 'stack-1', 400],
  ])('that is %s is refused', async (_, name, status) => {
    expectAdminError(await makeOperator().delete(`/${name}`), status)
  })
})

test.each([
  '',
  '/config/default',
  '/serviceaccounts/unknown',
  '/serviceaccounts/unknown/tokens/unknown',
  '/retained/unknown',
  '/conflicts/unknown',
  '/migration/team-sync',
  '/migration/team-sync/unknown',
  '/accounts/unknown',
  '/teams/unknown',
  '/teams/unknown/members/unknown',
  '/restore',
])('a DELETE of %s with a query deletes nothing, and says what is wrong with it', async (path) => {
  const client = await tenant()
  const operator = operatorOf(client)
  await operator.put('/config/default', { spec: { enableUserSync: true } })
  const { id } = (await operator.post('/teams', { name: 'Crew' })).body
  await operator.put('/migration/team-sync', { mappings: [{ groupId: 'a', team: id }] })
  const before = await dump(client.namespace)
  const answer = await operator.delete(`${path}?groupId=a&x=`)
  expectAdminError(answer, 400, /^groupId: a DELETE has no query parameters, .*; leave it out\.$/)
  expect(await dump(client.namespace)).toBe(before)
})
