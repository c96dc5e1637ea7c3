/** Refused provisioning requests, kept where an administrator sees them. */
import { describe, expect, test } from 'vitest'
import { API } from '../../src/http/context.ts'
import { d1 } from '../../src/store/d1.ts'
import handler from '../../src/worker.ts'
import { Client } from '../support/client.ts'
import { createGroup, createUser } from '../support/directory.ts'
import {
  binding,
  type Endpoint,
  isRecord,
  makeEndpoint,
  makeTokenFor,
  OPERATOR_TOKEN,
  ORIGIN,
  tenant,
} from '../support/endpoint.ts'
import { expectAdminError, expectError } from '../support/expect.ts'
import { expectGuarded } from '../support/guarded.ts'
import { accountWithToken, limitedTo, operatorOf, type Tenant } from '../support/operator.ts'
import { groupBody, userBody } from '../support/payload.ts'
import { eventsOf, query, recordsOf } from '../support/tables.ts'

const DAY = 24 * 60 * 60 * 1000

interface Shown {
  readonly id: string
  readonly subject: string
  readonly reason: string
  readonly count: number
}

interface Request {
  readonly request: { readonly path: string }
}

/** The open conflicts as the operator sees them, once everything is written down. */
async function conflictsOf(client: Tenant, search = '') {
  await client.endpoint.settled()
  const { status, body } = await operatorOf(client).get(`/conflicts${search}`)
  expect(status).toBe(200)
  return body.conflicts
}

async function briefly(client: Tenant, search = '') {
  const all: Shown[] = await conflictsOf(client, search)
  return all.map(({ subject, reason, count }) => ({ subject, reason, count }))
}

/** How many refusals were counted. */
async function counted(namespace: string) {
  const [row] = await query(
    'select sum(count) as count from refusal_count where namespace = ?',
    namespace,
  )
  return row?.count ?? 0
}

describe('a refused write', () => {
  test('is recorded with reason, request and remedy', async () => {
    const { client, holder } = await accountWithToken()
    await createUser(holder, 'ada')
    const body = userBody('ADA', { externalId: 'other', password: 'hunter2', title: 'Countess' })
    const answer = await holder.post('/Users', body)
    expectError(answer, 409, { scimType: 'uniqueness', messageId: 'scim.uniqueness' })
    const { password: _, ...kept } = body as Record<string, unknown>
    const path = new URL(`${client.base}/Users`).pathname
    expect(await conflictsOf(client)).toEqual([
      {
        id: expect.stringMatching(/^c[0-9a-z]+$/),
        subject: 'ada',
        reason: 'scim.uniqueness',
        status: 409,
        detail: answer.body.detail,
        remedy: expect.stringMatching(/\w.*\.$/),
        request: { method: 'POST', path, body: kept },
        account: 'okta',
        count: 1,
        first: expect.stringMatching(/^\d{4}-.*Z$/),
        last: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ])
    expect(await counted(client.namespace)).toBe(1)
  })

  const refused: [
    string,
    number,
    string,
    string,
    (client: Client, user: string, group: string) => Promise<{ readonly status: number }>,
  ][] = [
    [
      'a user without externalId',
      400,
      'scim.external-id-required',
      'new',
      (client) => client.post('/Users', userBody('New', { externalId: undefined })),
    ],
    [
      'a group whose name is taken',
      409,
      'scim.uniqueness',
      'g',
      (client) => client.post('/Groups', groupBody('g')),
    ],
    [
      'a bad PATCH',
      400,
      'scim.mutability',
      '{user}',
      (client, user) => client.patch(`/Users/${user}`, [{ op: 'replace', path: 'id', value: 'x' }]),
    ],
    [
      'a body that is no JSON',
      400,
      'scim.invalidSyntax',
      '/users',
      (client) => client.post('/Users', '{"userName":'),
    ],
    [
      'a PUT that is no JSON',
      400,
      'scim.invalidSyntax',
      '{user}',
      (client, user) => client.put(`/Users/${user}`, '['),
    ],
    [
      'a bulk request that is none',
      400,
      'scim.invalidSyntax',
      '/bulk',
      (client) => client.post('/Bulk', { schemas: [] }),
    ],
    [
      'a version that there is not',
      400,
      'scim.invalidVers',
      '/v1/users',
      (client) => client.post('/v1/Users', '{'),
    ],
  ]
  test.each(refused)('is recorded: %s', async (_, status, reason, subject, send) => {
    const client = await tenant()
    const user = await createUser(client, 'ada')
    const group = await createGroup(client, 'G')
    expect((await send(client, user.id, group.id)).status).toBe(status)
    expect(await briefly(client)).toEqual([
      { subject: subject.replace('{user}', user.id), reason, count: 1 },
    ])
  })

  test('is recorded: the deletion of an account that SCIM does not manage', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada')
    await query('update user set managed = 0 where id = ?', user.id)
    expectError(await client.delete(`/Users/${user.id}`), 403, { messageId: 'scim.unmanaged' })
    const [conflict] = await conflictsOf(client)
    expect(conflict).toMatchObject({ subject: user.id, reason: 'scim.unmanaged', status: 403 })
    expect(conflict.request).toEqual({
      method: 'DELETE',
      path: new URL(`${client.base}/Users/${user.id}`).pathname,
    })
  })

  test('is recorded: a sync that is off', async () => {
    const client = await tenant({ settings: {} })
    expect((await client.post('/Users', userBody('ada'))).status).toBe(403)
    expect((await client.post('/Groups', groupBody('G'))).status).toBe(403)
    expect((await briefly(client)).map(({ reason }) => reason).sort()).toEqual([
      'scim.group-sync-disabled',
      'scim.user-sync-disabled',
    ])
  })

  test('counts up in one row for each subject and reason', async () => {
    const client = await tenant()
    await createUser(client, 'ada')
    const send = (more: object) => client.post('/Users', userBody('ada', more))
    await send({ title: 'first' })
    const [before] = await conflictsOf(client)
    client.endpoint.clock.offset = 60_000
    await send({ title: 'second' })
    await send({ externalId: 'x', title: 'third' })
    const [after, ...others] = await conflictsOf(client)
    expect(others).toEqual([])
    expect(after).toMatchObject({ id: before.id, count: 3, first: before.first })
    expect(after.request.body.title).toBe('third')
    expect(Date.parse(after.last) - Date.parse(before.last)).toBeGreaterThanOrEqual(60_000)
    await client.post('/Users', userBody('ada', { userName: '' }))
    expect(await conflictsOf(client)).toHaveLength(2)
    expect(await counted(client.namespace)).toBe(4)
  })

  test('is recorded for each failed operation of a bulk request that answers 200', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada')
    const operations = [
      { method: 'POST', path: '/Users', bulkId: 'a', data: userBody('ada', { password: 'pw-1' }) },
      { method: 'POST', path: '/Users', bulkId: 'b', data: userBody('new') },
      { method: 'POST', path: '/Users', bulkId: 'c', data: userBody('x', { externalId: '' }) },
      { method: 'DELETE', path: '/Users/unknown' },
      { method: 'FETCH', path: '/Users' },
      {
        method: 'PATCH',
        path: `/Users/${user.id}`,
        data: { Operations: [{ op: 'remove', path: 'userName' }] },
      },
    ]
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest']
    const { status, body } = await client.post('/Bulk', { schemas, Operations: operations })
    expect(status).toBe(200)
    const statuses = body.Operations.map((operation: { status: string }) => operation.status)
    expect(statuses).toEqual(['409', '201', '400', '404', '400', '400'])
    const all: Shown[] = await conflictsOf(client)
    expect(all.map(({ subject }) => subject).sort()).toEqual(['/bulk', 'ada', user.id, 'x'].sort())
    const ada = all.find(({ subject }) => subject === 'ada')
    const path = new URL(`${client.base}/Users`).pathname
    expect(ada).toMatchObject({ reason: 'scim.uniqueness', request: { method: 'POST', path } })
    expect(await recordsOf(client.namespace)).not.toContain('pw-1')
    expect(client.endpoint.records).toHaveLength(1)
  })

  test('is recorded after the response, in one batch', async () => {
    const client = await tenant()
    await createUser(client, 'ada')
    client.endpoint.records.length = 0
    await client.post('/Users', userBody('ada'))
    await client.endpoint.settled()
    expect(client.endpoint.records.map(({ mode }) => mode)).toEqual(['write'])
    client.endpoint.records.length = 0
    await client.post('/Users', userBody('bob'))
    await client.get('/Users/unknown')
    await client.endpoint.settled()
    // What the success may have settled.
    expect(client.endpoint.records).toEqual([{ mode: 'write', statements: 1 }])
  })
})

describe('no record is made', () => {
  test('of what succeeds, of 404, 412, 413 and 415, and of reads that are 400', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada')
    const sent = [
      client.get(`/Users/${user.id}`),
      client.put('/Users/unknown', userBody('x')),
      client.delete(`/Users/${user.id}`, { 'If-Match': 'W/"0"' }),
      client.post('/Users', 'x'.repeat(1024 * 1024 + 1)),
      client.post('/Users', '<user/>', { 'Content-Type': 'text/xml' }),
      client.find('/Users', 'nonsense eq'),
      client.post('/Users/.search', { filter: 'nonsense eq' }),
      client.post('/.search', '{'),
      client.get('/Schemas?filter=id'),
      client.request('PUT', '/Users', '{}'),
      client.post('/nowhere', '{}'),
    ]
    const statuses = (await Promise.all(sent)).map(({ status }) => status)
    expect(statuses).toEqual([200, 404, 412, 413, 415, 400, 400, 400, 403, 405, 404])
    expect(await conflictsOf(client)).toEqual([])
    expect(await counted(client.namespace)).toBe(0)
  })

  test('of requests without a good token', async () => {
    const { client, operator, path, token, holder } = await accountWithToken()
    const other = await accountWithToken(['Admin'], client.endpoint)
    await operator.delete(`${path}/tokens/${token.id}`)
    await other.operator.request('PATCH', other.path, { isDisabled: true })
    for (const one of [
      client.withToken(undefined),
      client.withToken('glsa_x'),
      operator,
      holder,
      other.holder,
    ]) {
      expect((await one.post('/Users', '{')).status).toBe(401)
    }
    expect(await conflictsOf(client)).toEqual([])
    expect(await conflictsOf(other.client)).toEqual([])
  })
})

describe('a refused administrator', () => {
  const told: [method: string, path: string, permission: string][] = [
    ['GET', '/config/default', 'settings:read'],
    ['PUT', '/config/default', 'settings:write'],
    ['GET', '/serviceaccounts/search', 'serviceaccounts:read'],
    ['POST', '/serviceaccounts', 'serviceaccounts:create'],
    ['GET', '/accounts', 'org.users:read'],
    ['POST', '/accounts', 'org.users:add'],
    ['GET', '/teams/search', 'teams:read'],
    ['POST', '/teams', 'teams:create'],
    ['GET', '/events', 'org.users:read'],
    ['GET', '/conflicts', 'org.users:read'],
    ['GET', '/health', 'org.users:read'],
  ]
  test.each(told)('is recorded and counted, and health sees it: %s %s', async (method, path) => {
    const client = await tenant()
    const limited = await limitedTo(client)
    const body = method === 'GET' ? undefined : { name: 'n', email: 'ada@secret.example' }
    const answer = await limited.request(method, path, body)
    expectAdminError(answer, 403)
    const [conflict, ...others] = await conflictsOf(client)
    expect(others).toEqual([])
    const [, endpoint = ''] = /^(\/[^/]+)/.exec(path) ?? []
    expect(conflict).toMatchObject({
      subject: method === 'GET' ? endpoint : path,
      reason: 'accesscontrol.permission-denied',
      status: 403,
      detail: answer.body.detail,
    })
    // What an administrator sends tells of people, and is not kept.
    expect(conflict.request).not.toHaveProperty('body')
    expect(await counted(client.namespace)).toBe(1)
    const { body: health } = await operatorOf(client).get('/health')
    const check = health.checks.find(({ name }: { name: string }) => name === 'permissions')
    expect(check).toMatchObject({ status: 'fail', detail: expect.stringContaining('lack') })
  })

  test('is recorded where the body is wrong or a name is taken', async () => {
    const client = await tenant({ permissions: ['Admin', 'settings:write'] })
    expectAdminError(await client.put('/config/default', '{}'), 400)
    expectAdminError(await client.post('/teams', {}), 400)
    expect((await client.post('/teams', { name: 'sre' })).status).toBe(201)
    expectAdminError(await client.post('/teams', { name: 'SRE' }), 409)
    expect((await briefly(client)).map(({ subject, count }) => [subject, count]).sort()).toEqual([
      ['/config/default', 1],
      ['/teams', 1],
      ['/teams', 1],
    ])
    expect(await counted(client.namespace)).toBe(3)
  })

  test('is no conflict where it is the operator, or nobody', async () => {
    const client = await tenant()
    expectAdminError(await operatorOf(client).put('/config/default', '{}'), 400)
    expectAdminError(await client.withToken(undefined).get('/config/default'), 401)
    expect(await conflictsOf(client)).toEqual([])
  })
})

describe('what the credential is refused for', () => {
  test('is recorded with the permission that is missing', async () => {
    const { client, holder } = await accountWithToken(['org.users:read'])
    await holder.post('/Users', userBody('ada'))
    expect(await conflictsOf(client)).toMatchObject([
      {
        subject: 'ada',
        reason: 'accesscontrol.permission-denied',
        status: 403,
        detail: expect.stringContaining('org.users:add'),
        account: 'okta',
      },
    ])
  })

  test('is recorded of reads as well, in one row for each endpoint', async () => {
    const client = await tenant({ permissions: [] })
    const token = await makeTokenFor(client.endpoint, client.namespace, ['org.users:add'])
    const limited = client.withToken(token)
    for (const path of ['/Users?count=1', '/Users/a', '/Users/b', '/Groups']) {
      expect((await limited.get(path)).status).toBe(403)
    }
    expect((await limited.post('/Users/.search', {})).status).toBe(403)
    const reason = 'accesscontrol.permission-denied'
    const found = await briefly(client)
    expect(found.find(({ subject }) => subject === '/users')).toEqual({
      subject: '/users',
      reason,
      count: 4,
    })
    expect(found).toHaveLength(2)
  })

  test('is recorded in the namespace of the token where another one is named', async () => {
    const { client, holder } = await accountWithToken()
    const other = await tenant({ endpoint: client.endpoint })
    const stray = (base: string) => new Client(client.send, base, holder.token)
    const malformed = client.base.replace(/stacks-\d+/, 'stack-5')
    expectError(await stray(other.base).post('/Users', userBody('ada')), 403)
    expectError(await stray(malformed).post('/Users', userBody('bob')), 403)
    expectError(await stray(malformed).get('/Users'), 403)
    expect(await conflictsOf(other)).toEqual([])
    expect(await counted(other.namespace)).toBe(0)
    const found: Shown[] = await conflictsOf(client)
    expect(found).toHaveLength(3)
    expect(found.find(({ subject }) => subject === 'ada')).toMatchObject({
      reason: 'authn.invalid-namespace',
      account: 'okta',
      request: { path: new URL(`${other.base}/Users`).pathname },
    })
    expect(found.find(({ subject }) => subject === '/users')).toMatchObject({
      detail: expect.stringContaining('did you mean stacks-5?'),
    })
  })
})

describe('a success', () => {
  const missing = { externalId: '' }

  async function open(client: Tenant) {
    return (await briefly(client)).map(({ subject }) => subject).sort()
  }

  test('settles what was refused about the same person, and nothing else', async () => {
    const client = await tenant()
    for (const name of ['ada@example.com', 'bob@example.com']) {
      expect((await client.post('/Users', userBody(name, missing))).status).toBe(400)
    }
    await client.post('/Groups', { displayName: 7 })
    expect(await open(client)).toContain('ada@example.com')
    client.endpoint.records.length = 0
    await createUser(client, 'Ada@Example.com')
    expect(await open(client)).toEqual(['/groups', 'bob@example.com'].sort())
    expect(client.endpoint.records).toEqual([{ mode: 'write', statements: 1 }])
  })

  test.each<[string, (client: Tenant, id: string) => Promise<unknown>]>([
    ['PUT', (client, id) => client.put(`/Users/${id}`, userBody('ada'))],
    [
      'PATCH',
      (client, id) => client.patch(`/Users/${id}`, [{ op: 'replace', path: 'title', value: 'x' }]),
    ],
  ])('by %s of the person counts as well, by name and by id', async (_, succeed) => {
    const client = await tenant()
    const user = await createUser(client, 'ada')
    await client.post('/Users', userBody('ADA'))
    await client.patch(`/Users/${user.id}`, [{ op: 'remove', path: 'userName' }])
    expect(await open(client)).toEqual(['ada', user.id].sort())
    await succeed(client, user.id)
    expect(await open(client)).toEqual([])
  })

  test('of a group settles what was refused about it', async () => {
    const client = await tenant()
    const group = await createGroup(client, 'SRE')
    await client.post('/Groups', groupBody('sre'))
    await client.patch(`/Groups/${group.id}`, [{ op: 'remove', path: 'displayName' }])
    expect(await open(client)).toEqual([group.id, 'sre'].sort())
    await client.patch(`/Groups/${group.id}`, [{ op: 'add', path: 'members', value: [] }])
    expect(await open(client)).toEqual([])
  })

  test('settles a person who had no userName by the externalId', async () => {
    const client = await tenant()
    await client.post('/Users', userBody('', { externalId: 'E-1', userName: undefined }))
    await client.post('/Users', userBody('e-1', missing))
    expect(await open(client)).toEqual(['e-1', 'e-1'])
    await createUser(client, 'ada', { externalId: 'E-1' })
    // Somebody else is called by that name.
    expect((await briefly(client)).map(({ reason }) => reason)).toEqual([
      'scim.external-id-required',
    ])
  })

  test('to delete settles all about the id, and no success to write settles a deletion', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada')
    await query('update user set managed = 0 where id = ?', user.id)
    expect((await client.delete(`/Users/${user.id}`)).status).toBe(403)
    const title = [{ op: 'replace', path: 'title', value: 'x' }]
    expect((await client.patch(`/Users/${user.id}`, title)).status).toBe(200)
    expect(await open(client)).toEqual([user.id])
    await client.patch(`/Users/${user.id}`, [{ op: 'remove', path: 'userName' }])
    expect(await open(client)).toEqual([user.id, user.id])
    expect((await client.delete(`/Users/${user.id}`)).status).toBe(204)
    expect(await open(client)).toEqual([])
  })

  test('of one account settles what another lacked, but not what is in use for it', async () => {
    const client = await tenant()
    const limited = await limitedTo(client, 'org.users:read')
    const other = client.withToken(await makeTokenFor(client.endpoint, client.namespace))
    await limited.post('/Users', userBody('ada'))
    await createUser(client, 'eve')
    await other.post('/Users', userBody('eve'))
    expect(await open(client)).toEqual(['ada', 'eve'])
    const eve = await client.find('/Users', 'userName eq "eve"')
    await client.put(`/Users/${eve.body.Resources[0].id}`, userBody('eve', { title: 'x' }))
    await createUser(client, 'ada')
    expect(await open(client)).toEqual(['eve'])
    await other.put(`/Users/${eve.body.Resources[0].id}`, userBody('eve', { title: 'y' }))
    expect(await open(client)).toEqual([])
  })

  test('in a bulk request counts, and what fails in it stays', async () => {
    const client = await tenant()
    for (const name of ['a', 'b', 'c']) await client.post('/Users', userBody(name, missing))
    const operation = (name: string, more = {}) => ({
      method: 'POST',
      path: '/Users',
      bulkId: name,
      data: userBody(name, more),
    })
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest']
    await client.endpoint.settled()
    const Operations = [operation('a'), operation('b', missing)]
    expect((await client.post('/Bulk', { schemas, Operations })).status).toBe(200)
    expect(await open(client)).toEqual(['b', 'c'])
  })

  test('costs nothing where there are no conflicts, and a read settles none', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada')
    await client.put(`/Users/${user.id}`, userBody('ada', { title: 'x' }))
    await client.endpoint.settled()
    expect(client.endpoint.records).toEqual([])
    await client.post('/Users', userBody('ada'))
    await client.endpoint.settled()
    client.endpoint.records.length = 0
    await client.get(`/Users/${user.id}`)
    await client.post('/Users/.search', {})
    expect(await open(client)).toEqual(['ada'])
    expect(client.endpoint.records).toEqual([])
  })
})

describe('secrets', () => {
  const SECRET = 'hunter2-secret'
  const bodies: [string, unknown][] = [
    ['password', userBody('ada', { password: SECRET })],
    ['PassWord', { schemas: [], userName: 'ada', PassWord: SECRET }],
    ['a password at any depth', userBody('ada', { x: [{ y: { PASSWORD: { z: [SECRET] } } }] })],
    [
      'a password by its URN',
      userBody('ada', { 'urn:ietf:params:scim:schemas:core:2.0:User:password': SECRET }),
    ],
    ['a password of a strange type', userBody('ada', { password: { value: SECRET } })],
    ['a body in a text', userBody('ada', { title: `{"password":"${SECRET}"}` })],
    ['a token', userBody('ada', { title: `glsa_${SECRET}` })],
    ['what does not parse', `{"userName":"ada","password":"${SECRET}"`],
    ['what ends in the middle', `{"password":"${SECRET}`],
    ['what has a stray word', `{"password":${SECRET}}`],
    ['what the parser quotes', `{"password":["${'x'.repeat(40)}",${SECRET}]}`],
  ]
  test.each(bodies)('are never recorded: %s', async (_, body) => {
    const client = await tenant()
    await createUser(client, 'ada')
    expect([400, 409]).toContain((await client.post('/Users', body)).status)
    expect(await conflictsOf(client)).toHaveLength(1)
    const records = await recordsOf(client.namespace)
    expect(records).not.toContain('hunter2')
    expect(records).not.toContain(String(client.token).slice(5, 37))
    expect(records).not.toContain('Bearer')
  })

  const operations: [string, object][] = [
    ['a path', { op: 'replace', path: 'password', value: SECRET }],
    ['a path in another case', { OP: 'add', PATH: 'PassWord', VALUE: { a: SECRET } }],
    [
      'a path with a URN',
      {
        op: 'add',
        path: 'urn:ietf:params:scim:schemas:core:2.0:User:password',
        value: [SECRET],
      },
    ],
    ['a filter', { op: 'add', path: `emails[password eq "${SECRET}"].value`, value: 'x' }],
    ['a value without a path', { op: 'replace', value: { password: SECRET } }],
    ['a number', { op: 'replace', path: 'password', value: 8472916355 }],
  ]
  test.each(operations)('of a PATCH are never recorded: %s', async (_, operation) => {
    const client = await tenant()
    const user = await createUser(client, 'ada')
    const bad = { op: 'remove', path: 'userName' }
    const path = `/Users/${user.id}`
    expect((await client.patch(path, [operation, bad])).status).toBe(400)
    expect(await conflictsOf(client)).toHaveLength(1)
    const records = await recordsOf(client.namespace)
    expect(records).not.toContain('hunter2')
    expect(records).not.toContain('8472916355')
  })

  const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLWFkYQ'
  const HEX = '4f1d8a07c2b95e3604f1d8a07c2b95e36'
  const FORGED = `glsa_${'A'.repeat(32)}_d8dc8af3`
  const pasted = [
    FORGED,
    encodeURIComponent(`${HEX}+/=`),
    JWT,
    HEX,
    'ada@secret.example',
    'hunter2',
  ]

  test.each(pasted)('in the place of the namespace are never recorded: %s', async (text) => {
    const client = await tenant()
    const stray = client.at(`${ORIGIN}${API}/${text}`)
    expectError(await stray.post('/Users', userBody('ada')), 403)
    expectError(await stray.get('/Groups'), 403)
    expect((await conflictsOf(client)).map(({ request }: Request) => request.path)).toEqual([
      `${API}/…/Groups`,
      `${API}/…/Users`,
    ])
    const records = await recordsOf(client.namespace)
    for (const part of text.split('%')) expect(records).not.toContain(part)
  })

  test.each([FORGED, JWT, HEX])('in the rest of a path are never recorded: %s', async (text) => {
    const client = await tenant()
    const limited = await limitedTo(client, 'org.users:read')
    expect((await limited.request('PATCH', `/Users/${text}`, '{}')).status).toBe(403)
    expect((await client.post(`/v1/${text}`, '{}')).status).toBe(400)
    const found: Shown[] = await conflictsOf(client)
    expect(found.map(({ subject }) => subject)).toEqual(['/v1/…', '…'])
    expect(await recordsOf(client.namespace)).not.toContain(text)
  })

  test('of an operator who sends the secret along are never recorded', async () => {
    const client = await tenant()
    const limited = await limitedTo(client, 'org.users:read')
    expect((await limited.put(`/Users/${OPERATOR_TOKEN}`, {})).status).toBe(403)
    expect((await limited.post('/Users', userBody(OPERATOR_TOKEN))).status).toBe(403)
    expect(await conflictsOf(client)).toHaveLength(1)
    expect(await recordsOf(client.namespace)).not.toContain(OPERATOR_TOKEN)
  })

  test('that are none stay: an id, a UUID, an address, a long name', async () => {
    const client = await tenant()
    const limited = await limitedTo(client, 'org.users:read')
    const names = [
      'u0mb2x4k9a0123456789abcdef',
      '0b54b2a6-8d3c-4d0e-9c5a-7f1d2e3c4b5a',
      'ada.lovelace+2024@subdomain.company.example.com',
      'platform-engineering-observability-team-emea',
    ]
    for (const name of names) {
      await createUser(client, name)
      const taken = await client.post('/Users', userBody(name, { externalId: 'other' }))
      expect(taken.status).toBe(409)
      expect((await limited.put(`/Users/${name}`, '{')).status).toBe(403)
      const [denied, conflict] = await conflictsOf(client)
      expect(denied).toMatchObject({ subject: name })
      expect(denied.request.path).toBe(new URL(`${client.base}/Users/${name}`).pathname)
      expect(conflict).toMatchObject({ subject: name, detail: taken.body.detail })
    }
  })

  test('a long request is cut, and the rest of it stays readable', async () => {
    const client = await tenant()
    const members = Array.from({ length: 10_000 }, (_, n) => ({
      value: `u${n}`,
      x: 'y'.repeat(50),
    }))
    await createGroup(client, 'G')
    const body = { ...groupBody('G'), note: 'n'.repeat(5000), members, externalId: 'e' }
    expect((await client.post('/Groups', body)).status).toBe(409)
    const [row] = await query('select request from conflict where namespace = ?', client.namespace)
    expect(String(row?.request).length).toBeLessThan(5000)
    const [conflict] = await conflictsOf(client)
    expect(conflict.request.body).toMatchObject({ displayName: 'G' })
    expect(conflict.request.body.members[0]).toMatchObject({ value: 'u0' })
    expect(conflict.request.body.members.at(-1)).toMatch(/^… \d+ more$/)
  })

  test('names of any length and with any character are subjects', async () => {
    const client = await tenant()
    for (const userName of ['x'.repeat(100_000), 'a\u0000b', '\ud800', 'Å'.repeat(300)]) {
      await client.post('/Users', userBody(userName, { externalId: '' }))
      await client.endpoint.settled()
    }
    const found = await briefly(client)
    expect(found).toHaveLength(4)
    for (const { subject } of found) expect(subject.length).toBeLessThanOrEqual(256)
  })
})

describe('the record', () => {
  async function refuse(client: Tenant, ...names: string[]) {
    for (const name of names) {
      expect((await client.post('/Users', userBody(name, { externalId: '' }))).status).toBe(400)
      await client.endpoint.settled()
      client.endpoint.clock.offset += 1000
    }
  }

  /** So many conflicts of before, each a second after the one before it. */
  async function fill(client: Tenant, count: number, lastAt: number) {
    await query(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?2)
        insert into conflict (namespace, id, subject, reason, status, detail, request, account,
          share, count, first_at, last_at)
        select ?1, 'c' || i, 'seed' || i, 'scim.x', 400, 'No.',
          '{"method":"POST","path":"/x"}', 'okta', '', 1, ?3 + i * 1000, ?3 + i * 1000 from n`,
      client.namespace,
      count,
      lastAt,
    )
  }

  test('is listed by what was seen last, in pages, by reason and by subject', async () => {
    const client = await tenant()
    await createUser(client, 'ada')
    await refuse(client, 'a', 'b', 'c', 'd')
    await client.post('/Users', userBody('ADA'))
    client.endpoint.clock.offset += 1000
    await client.endpoint.settled()
    await refuse(client, 'B')
    const seen: string[] = []
    let cursor = ''
    do {
      const { body } = await client.get(`/conflicts?limit=2&cursor=${cursor}`)
      seen.push(...body.conflicts.map(({ subject }: Shown) => subject))
      cursor = body.nextCursor ?? ''
    } while (cursor !== '')
    expect(seen).toEqual(['b', 'ada', 'd', 'c', 'a'])
    const subjects = async (search: string) =>
      (await briefly(client, search)).map(({ subject }) => subject)
    expect(await subjects('?reason=scim.uniqueness')).toEqual(['ada'])
    expect(await subjects('?subject=B')).toEqual(['b'])
    expect(await subjects('?subject=nobody')).toEqual([])
  })

  test('keeps a thousand conflicts of a namespace, those that were seen last', async () => {
    const client = await tenant()
    await fill(client, 1000, Date.now() - DAY)
    await refuse(client, 'one', 'two')
    const all = await briefly(client, '?limit=1000')
    expect(all).toHaveLength(1000)
    expect(all.slice(0, 2).map(({ subject }) => subject)).toEqual(['two', 'one'])
    expect(all.at(-1)?.subject).toBe('seed3')
    const [{ count }] = (await query(
      'select count(*) as count from conflict where namespace = ?',
      client.namespace,
    )) as [{ count: number }]
    expect(count).toBe(1000)
  })

  /** Sends so many creations that are refused, each about somebody else, in bulk requests. */
  async function flood(client: Client, count: number, more: object = { externalId: '' }) {
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest']
    const Operations = Array.from({ length: count }, (_, n) => ({
      method: 'POST',
      path: '/Users',
      bulkId: `b${n}`,
      data: userBody(`flood${n}`, more),
    }))
    expect((await client.post('/Bulk', { schemas, Operations })).status).toBe(200)
  }

  test('leaves an account its conflicts, however often another one is refused', async () => {
    const client = await tenant()
    const other = client.withToken(await makeTokenFor(client.endpoint, client.namespace))
    await refuse(client, 'one', 'two')
    for (const _ of [1, 2]) await flood(other, 1000)
    const all = await briefly(client, '?limit=1000')
    expect(all).toHaveLength(1000)
    expect(all.slice(-2).map(({ subject }) => subject)).toEqual(['two', 'one'])
    // Whoever comes later finds room, too, and the share of each is the same.
    await flood(client, 700)
    const accounts = (await conflictsOf(client, '?limit=1000')) as { readonly account: string }[]
    const [first] = accounts
    expect(accounts.filter(({ account }) => account === first?.account)).toHaveLength(500)
    expect(accounts).toHaveLength(1000)
  })

  test('leaves them where the other one has no permission at all', async () => {
    const client = await tenant()
    const limited = await limitedTo(client)
    const third = await limitedTo(client)
    await third.post('/Users', userBody('third'))
    await refuse(client, ...Array.from({ length: 3 }, (_, n) => `kept${n}`))
    await fill(client, 997, Date.now() - DAY)
    for (let n = 0; n < 120; n += 1) {
      expect((await limited.post('/Users', userBody(`x${n}`))).status).toBe(403)
    }
    const all = await briefly(client, '?limit=1000')
    const denied = await briefly(client, '?limit=1000&reason=accesscontrol.permission-denied')
    expect(denied).toHaveLength(100)
    expect(denied.at(-1)?.subject).toBe('third')
    expect(denied[0]?.subject).toBe('x119')
    expect(all.filter(({ reason }) => !reason.startsWith('access'))).toHaveLength(900)
    const [{ count }] = (await query(
      "select count(*) as count from conflict where namespace = ? and reason not like 'access%'",
      client.namespace,
    )) as [{ count: number }]
    expect(count).toBe(1000)
  })

  test('of one account is not that of another about the same subject', async () => {
    const client = await tenant()
    const other = client.withToken(await makeTokenFor(client.endpoint, client.namespace))
    await refuse(client, 'ada')
    await other.post('/Users', userBody('ADA', { externalId: '', title: 'theirs' }))
    await client.endpoint.settled()
    client.endpoint.clock.offset += 1000
    await refuse(client, 'ada')
    const found = await conflictsOf(client, '?subject=Ada')
    expect(found.map(({ count }: Shown) => count)).toEqual([2, 1])
    expect(found[0].request.body).not.toHaveProperty('title')
    expect(found[0].account).not.toBe(found[1].account)
  })

  test('loses what was not seen for thirty days, whoever asks first', async () => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    await refuse(client, 'ada')
    await refuse(other, 'bob')
    const [old] = await conflictsOf(client)
    client.endpoint.clock.offset += 30 * DAY + 60_000
    // A list does not show it, and nobody settles it.
    expect(await conflictsOf(client)).toEqual([])
    expectAdminError(await operatorOf(client).delete(`/conflicts/${old.id}`), 404)
    // What happens again begins anew.
    await refuse(client, 'ada')
    expect(await conflictsOf(client)).toMatchObject([{ subject: 'ada', count: 1 }])
    expect((await query('select id from conflict where id = ?', old.id)).length).toBe(0)
    const hours = 'select hour from refusal_count where namespace = ?'
    expect(await query(hours, client.namespace)).toHaveLength(1)
    // Where nothing happens any more, the clock of the Worker does it.
    const left = async () => JSON.parse(await recordsOf(other.namespace))
    expect(await left()).toMatchObject([[{ about: 'bob' }], [{ count: 1 }]])
    const scheduled = (scheduledTime: number) =>
      handler.scheduled({ scheduledTime, cron: '', noRetry: () => undefined } as never, {
        DB: binding as never,
      })
    await scheduled(Date.now() + 29 * DAY)
    expect(await left()).toMatchObject([[{ about: 'bob' }], []])
    await scheduled(Date.now() + 31 * DAY)
    expect(await left()).toEqual([[], []])
  })

  test('is settled, with an event, and comes back when it happens again', async () => {
    const client = await tenant()
    await refuse(client, 'ada', 'bob')
    const [bob, ada] = await conflictsOf(client)
    const settled = await operatorOf(client).delete(`/conflicts/${ada.id}`)
    expect(settled).toMatchObject({ status: 200, body: { message: 'Conflict settled' } })
    expect(await conflictsOf(client)).toEqual([bob])
    expectAdminError(await operatorOf(client).delete(`/conflicts/${ada.id}`), 404, /conflict/)
    expect(await eventsOf(client.namespace, /^conflict/)).toEqual([
      {
        action: 'conflict.settle',
        subject: ada.id,
        changes: { before: { reason: ada.reason, count: 1 } },
      },
    ])
    await refuse(client, 'ada')
    const [again] = await conflictsOf(client)
    expect(again).toMatchObject({ subject: 'ada', count: 1 })
    expect(again.id).not.toBe(ada.id)
  })

  test('goes with the namespace, and forgets who is purged', async () => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    const emails = [{ value: 'Ada@Secret.example', type: 'work' }]
    const user = await createUser(client, 'ada', { emails, externalId: 'ext-ada' })
    await client.post('/Users', userBody('ADA'))
    await client.post('/Users', userBody('eve', { emails }))
    await client.patch(`/Users/${user.id}`, [{ op: 'remove', path: 'userName' }])
    await refuse(client, 'bob')
    await refuse(other, 'ada')
    await client.delete(`/Users/${user.id}`)
    expect(await conflictsOf(client)).toHaveLength(3)
    expect((await operatorOf(client).delete(`/retained/${user.id}`)).status).toBe(200)
    expect((await briefly(client)).map(({ subject }) => subject)).toEqual(['bob'])
    expect(await conflictsOf(other)).toHaveLength(1)
    expect((await operatorOf(client).delete('')).status).toBe(204)
    expect(await recordsOf(client.namespace)).toBe('[[],[]]')
    expect(await conflictsOf(other)).toHaveLength(1)
  })

  test('forgets who is purged, whatever the letters and however they were written', async () => {
    const client = await tenant()
    const emails = [{ value: 'Jörg@Müller.example', type: 'work' }]
    const user = await createUser(client, 'JÖRG"Q', { emails, externalId: 'ext"É1' })
    await client.post('/Users', userBody('jörg"q', { externalId: 'other' }))
    await client.post('/Users', userBody('eve', { externalId: 'ext"É1' }))
    await client.post('/Users', userBody('mal', { emails: [{ value: 'JÖRG@MÜLLER.example' }] }))
    await client.delete(`/Users/${user.id}`)
    expect(await conflictsOf(client)).toHaveLength(3)
    expect((await operatorOf(client).delete(`/retained/${user.id}`)).status).toBe(200)
    expect(await conflictsOf(client)).toEqual([])
  })

  test('that cannot be written changes no answer', async () => {
    const inner = d1(binding)
    const failing: { now: boolean; tried: number } = { now: false, tried: 0 }
    const endpoint: Endpoint = makeEndpoint({
      batch(mode, statements) {
        if (failing.now && isRecord(mode, statements)) {
          failing.tried += 1
          return Promise.reject(new Error('The database is gone.'))
        }
        return inner.batch(mode, statements)
      },
    })
    const client = await tenant({ endpoint })
    await createUser(client, 'ada')
    failing.now = true
    const answer = await client.post('/Users', userBody('ada'))
    expectError(answer, 409, { scimType: 'uniqueness', messageId: 'scim.uniqueness' })
    await endpoint.settled()
    expect(failing.tried).toBe(1)
    failing.now = false
    expect(await conflictsOf(client)).toEqual([])
    await client.post('/Users', userBody('ada'))
    expect(await conflictsOf(client)).toHaveLength(1)
  })

  test('of a token that is gone by then is not made', async () => {
    const inner = d1(binding)
    const endpoint = makeEndpoint({
      async batch(mode, statements) {
        if (isRecord(mode, statements)) await query('delete from token where namespace = ?', name)
        return inner.batch(mode, statements)
      },
    })
    const client = await tenant({ endpoint })
    const name = client.namespace
    expect((await client.post('/Users', '{')).status).toBe(400)
    expect(await conflictsOf(client)).toEqual([])
    expect(await counted(name)).toBe(0)
  })

  test.each(['limit=0', 'limit=x', 'cursor=x', 'cursor=1', 'cursor=.c1'])(
    'asked for with %s is 400 that says so',
    async (search) => {
      const client = await tenant()
      const [name = ''] = search.split('=')
      expectAdminError(await client.get(`/conflicts?${search}`), 400, new RegExp(`^${name}: `))
    },
  )
})

describe('every route', () => {
  const routes: [method: string, path: string, permissions: string[]][] = [
    ['GET', '/conflicts', ['org.users:read', 'teams:read']],
    ['DELETE', '/conflicts/{id}', ['settings:write']],
  ]

  test.each(routes)('%s %s needs its permission, and keeps to its namespace', async (...route) => {
    const [method, path, permissions] = route
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    for (const one of [client, other]) await one.post('/Users', '{')
    const [own] = await conflictsOf(client)
    const [foreign] = await conflictsOf(other)
    const before = await recordsOf(other.namespace)
    const at = (id: string) => (path.includes('{id}') ? path.replace('{id}', id) : undefined)
    await expectGuarded(client, other, {
      method,
      path: at(own.id) ?? path,
      unknownPath: at('cx'),
      foreignPath: at(foreign.id),
      permissions,
    })
    await client.endpoint.settled()
    expect(await briefly(client, '?reason=scim.invalidSyntax')).toHaveLength(
      method === 'DELETE' ? 0 : 1,
    )
    expect(await recordsOf(other.namespace)).toBe(before)
  })

  test('shows the conflicts of its namespace alone', async () => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    await other.post('/Users', '{')
    await client.post('/Groups', '{')
    expect((await briefly(client)).map(({ subject }) => subject)).toEqual(['/groups'])
    expect((await briefly(other)).map(({ subject }) => subject)).toEqual(['/users'])
  })

  test('asks for permission before it judges the query', async () => {
    const client = await tenant()
    const limited = await limitedTo(client, 'org.users:read')
    expectAdminError(await limited.get('/conflicts?limit=x'), 403, 'teams:read')
  })
})
