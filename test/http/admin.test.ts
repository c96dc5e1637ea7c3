/** What an operator does: namespaces, and the tokens of their service accounts. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { d1 } from '../../src/store/d1.ts'
import { defaultSettings } from '../../src/tenancy/settings.ts'
import { type Answer, Client } from '../support/client.ts'
import { createGroup, createUser } from '../support/directory.ts'
import {
  binding,
  freshNamespace,
  makeEndpoint,
  OPERATOR_TOKEN,
  ORIGIN,
  tenant,
} from '../support/endpoint.ts'
import { expectError } from '../support/expect.ts'
import { dump, query, unmanage } from '../support/tables.ts'

const NAMESPACES = '/apis/scim.grafana.app/v0alpha1/namespaces'
const ALL_EIGHT = [
  'org.users:read',
  'org.users:add',
  'org.users:write',
  'org.users:remove',
  'teams:read',
  'teams:create',
  'teams:write',
  'teams:delete',
]

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

/** Expects a refusal of the admin API: Grafana's members, as JSON, and no SCIM. */
function expectAdminError(answer: Answer, status: number, detail?: string | RegExp) {
  expect(answer).toMatchObject({ status, body: { statusCode: status } })
  expect(answer.headers.get('Content-Type')).toBe('application/json')
  expect(Object.keys(answer.body).sort()).toEqual(['detail', 'message', 'messageId', 'statusCode'])
  expect(answer.body.message).toMatch(/\S/)
  expect(answer.body.messageId).toMatch(/^[a-z][\w.-]+$/)
  if (detail !== undefined) expect(answer.body.detail).toMatch(detail)
}

const requests: [method: string, path: string, body?: object][] = [
  ['GET', ''],
  ['POST', '', { name: 'stacks-77' }],
  ['DELETE', '/stacks-77'],
  ['GET', '/stacks-77/tokens'],
  ['POST', '/stacks-77/tokens', {}],
  ['DELETE', '/stacks-77/tokens/x'],
]

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
        database: d1(binding),
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
    ['PATCH', '/stacks-77/tokens'],
    ['GET', '/stacks-77/tokens/x'],
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
    const { body } = await operator.get(`/${client.namespace}/tokens`)
    expect(body).toEqual({ items: [] })
  })

  test.each([
    ['unknown', 'stacks-999999999999', 404],
    ['malformed', 'stack-1', 400],
  ])('that is %s is refused', async (_, name, status) => {
    expectAdminError(await makeOperator().delete(`/${name}`), status)
  })
})

describe('a token', () => {
  test('is shown once, and only its hash is stored', async () => {
    const { operator, name } = await made()
    const { status, headers, body } = await operator.post(`/${name}/tokens`, {})
    expect(status).toBe(201)
    expect(headers.get('Content-Type')).toBe('application/json')
    expect(headers.get('Cache-Control')).toContain('no-store')
    const { token, ...info } = body
    expect(token).toMatch(/^glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}$/)
    expect(info).toEqual({
      id: expect.stringMatching(/^[a-z]\w+$/),
      namespace: name,
      account: 'scim',
      permissions: ALL_EIGHT,
      createdAt: expect.stringMatching(/Z$/),
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
    })
    expect((await operator.get(`/${name}/tokens`)).body).toEqual({ items: [info] })
    const stored = await dump(name)
    expect(stored).toContain(createHash('sha256').update(token).digest('hex'))
    expect(stored).not.toContain(token)
    expect(stored).not.toContain(token.slice(5, 37))
    expect(JSON.stringify(operator.endpoint.log)).not.toContain('glsa_')
  })

  test('is another each time', async () => {
    const { operator, name } = await made()
    const tokens = new Set<string>()
    for (let count = 0; count < 5; count++) {
      tokens.add((await operator.post(`/${name}/tokens`, {})).body.token)
    }
    expect(tokens.size).toBe(5)
    expect((await operator.get(`/${name}/tokens`)).body.items).toHaveLength(5)
    const accounts = await query('select name from service_account where namespace = ?', name)
    expect(accounts).toEqual([{ name: 'scim' }])
  })

  test.each([
    [['Editor'], ALL_EIGHT],
    [['Admin'], ALL_EIGHT],
    [['admin'], ALL_EIGHT],
    [['User administration'], ALL_EIGHT.slice(0, 4)],
    [['Teams'], ALL_EIGHT.slice(4)],
    [['Viewer'], ['org.users:read', 'teams:read']],
    [['None'], []],
    [[], []],
    [
      ['teams:read', 'org.users:read', 'teams:read'],
      ['org.users:read', 'teams:read'],
    ],
    [
      ['Viewer', 'settings:write'],
      ['org.users:read', 'teams:read', 'settings:write'],
    ],
  ])('with the permissions %j holds %j', async (permissions, expected) => {
    const { operator, name } = await made()
    const { status, body } = await operator.post(`/${name}/tokens`, { permissions })
    expect(status).toBe(201)
    expect(body.permissions).toEqual(expected)
  })

  test.each([
    ['an unknown permission', { permissions: ['Viewer', 'org.users:fly'] }, /org\.users:fly/],
    ['a permission called __proto__', { permissions: ['__proto__'] }, /__proto__/],
    ['a permission called constructor', { permissions: ['constructor'] }, /constructor/],
    ['permissions that are no list', { permissions: 'Viewer' }, /permissions/],
    ['an expiry in the past', { expiresAt: '2020-01-01T00:00:00Z' }, /expiresAt.*past/],
    ['an expiry that is no time', { expiresAt: 'tomorrow' }, /expiresAt/],
    ['an expiry without a zone', { expiresAt: '2099-01-01T00:00:00' }, /expiresAt/],
    ['a number for an expiry', { expiresAt: 5 }, /expiresAt/],
    ['an empty account', { account: '' }, /account/],
    ['an account of 191 characters', { account: 'x'.repeat(191) }, /account/],
    ['an unknown member', { secret: 'x' }, /secret/],
  ])('with %s is 400 that says so', async (_, body, detail) => {
    const { operator, name } = await made()
    expectAdminError(await operator.post(`/${name}/tokens`, body), 400, detail)
    expect((await operator.get(`/${name}/tokens`)).body).toEqual({ items: [] })
  })

  test('has an expiry in any zone, told in UTC', async () => {
    const { operator, name } = await made()
    const expiresAt = '2099-01-01T02:00:00+02:00'
    const { body } = await operator.post(`/${name}/tokens`, { account: 'okta', expiresAt })
    expect(body).toMatchObject({ account: 'okta', expiresAt: '2099-01-01T00:00:00.000Z' })
  })

  test('is refused from the next request on once it is revoked', async () => {
    const client = await tenant()
    const operator = makeOperator(client.endpoint)
    const path = `/${client.namespace}/tokens`
    const [{ id }] = (await operator.get(path)).body.items
    const other = client.withToken((await operator.post(path, {})).body.token)
    expect((await client.get('/Users')).status).toBe(200)
    expect(await operator.delete(`${path}/${id}`)).toMatchObject({ status: 204, body: undefined })
    expectError(await client.get('/Users'), 401, { messageId: 'api-key.revoked' })
    expectError(await client.get('/Schemas'), 401, { messageId: 'api-key.revoked' })
    expect((await other.get('/Users')).status).toBe(200)
    const [revoked] = (await operator.get(path)).body.items
    expect(revoked).toMatchObject({ id, revokedAt: expect.stringMatching(/Z$/) })
    expect(revoked.lastUsedAt).toMatch(/Z$/)
    // Revoking it again changes nothing.
    client.endpoint.clock.offset = 1000
    expect((await operator.delete(`${path}/${id}`)).status).toBe(204)
    expect((await operator.get(path)).body.items[0]).toEqual(revoked)
  })

  test('of another namespace is not revoked', async () => {
    const client = await tenant()
    const { operator, name } = await made()
    const [{ id }] = (await operator.get(`/${client.namespace}/tokens`)).body.items
    expectAdminError(await operator.delete(`/${name}/tokens/${id}`), 404)
    expectAdminError(await operator.delete(`/${name}/tokens/unknown`), 404, /unknown/)
    expect((await client.get('/Users')).status).toBe(200)
  })

  test('of an unknown namespace is 404, and of a malformed one 400', async () => {
    const operator = makeOperator()
    const unknown = freshNamespace()
    for (const [name, status] of [
      [unknown, 404],
      ['stack-5', 400],
    ] as const) {
      expectAdminError(await operator.get(`/${name}/tokens`), status)
      expectAdminError(await operator.post(`/${name}/tokens`, {}), status)
      expectAdminError(await operator.delete(`/${name}/tokens/x`), status)
    }
    expect(await query('select 1 from service_account where namespace = ?', unknown)).toEqual([])
  })
})
