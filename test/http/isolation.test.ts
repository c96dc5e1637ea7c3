/** Credentials and namespaces: RFC 7644 §2, §6; RFC 6750 §3. */
import { describe, expect, test } from 'vitest'
import { d1 } from '../../src/store/d1.ts'
import type { Database } from '../../src/store/database.ts'
import { makeToken } from '../../src/tenancy/token.ts'
import { type Answer, Client } from '../support/client.ts'
import { createGroup, createUser, memberIds } from '../support/directory.ts'
import {
  binding,
  type Endpoint,
  freshNamespace,
  makeEndpoint,
  makeInterruptedEndpoint,
  makeTokenFor,
  OPERATOR_TOKEN,
  ORIGIN,
  tenant,
} from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { ENTERPRISE_USER, groupBody, userBody } from '../support/payload.ts'
import { type Route, routes } from '../support/routes.ts'
import { dump, query } from '../support/tables.ts'
import { copyDirectory } from '../support/twin.ts'

const someToken = () => makeToken((length) => crypto.getRandomValues(new Uint8Array(length)))

/**
 * An endpoint that counts the rows which come out of the database beside the decision about the
 * credential. A constant or a count of nothing is no row of anybody.
 */
function counting() {
  const counted = { rows: 0, statements: 0 }
  const inner = d1(binding)
  const database: Database = {
    async batch(mode, statements) {
      const results = await inner.batch(mode, statements)
      for (const rows of (results as unknown as object[][]).slice(1)) {
        counted.statements += 1
        counted.rows += rows.filter((row) => Object.values(row).some((value) => value !== 0)).length
      }
      return results
    },
  }
  return { endpoint: makeEndpoint(database), counted }
}

/** A namespace with one user in one group. */
async function populated(endpoint?: Endpoint) {
  const client = await tenant(endpoint === undefined ? {} : { endpoint })
  const user = await createUser(client, 'ada', { emails: [{ value: 'ada@x' }] })
  const group = await createGroup(client, 'G', [user.id])
  return { client, user, group }
}

function expectRefusal(route: Route, answer: Answer, status: number, messageId: string) {
  if (route.name.startsWith('HEAD')) {
    expect(answer).toMatchObject({ status, body: undefined })
  } else {
    expectError(answer, status, { messageId })
  }
}

describe('a credential', () => {
  type Target = Awaited<ReturnType<typeof populated>>
  const credentials: [
    string,
    (target: Target) => Promise<string | undefined> | string | undefined,
    number,
    string,
  ][] = [
    ['is missing', () => undefined, 401, 'api-key.missing'],
    ['is garbage', () => 'nonsense', 401, 'api-key.invalid'],
    [
      'has a wrong checksum',
      ({ client }) => `${client.token?.slice(0, -8)}00000000`,
      401,
      'api-key.invalid',
    ],
    ['is unknown', () => someToken(), 401, 'api-key.invalid'],
    [
      'has expired',
      async ({ client }) => {
        const soon = new Date(Date.now() + 1000).toISOString()
        const token = await makeTokenFor(client.endpoint, client.namespace, ['Admin'], soon)
        client.endpoint.clock.offset = 1000
        return token
      },
      401,
      'api-key.expired',
    ],
    [
      'was revoked',
      async ({ client }) => {
        const token = await makeTokenFor(client.endpoint, client.namespace, ['Admin'])
        const set = 'update token set revoked_at = 1 where namespace = ? and permissions <> ?'
        await query(set, client.namespace, 0)
        return token
      },
      401,
      'api-key.revoked',
    ],
    [
      'belongs to another namespace',
      async ({ client }) => (await tenant({ endpoint: client.endpoint })).token,
      403,
      'authn.invalid-namespace',
    ],
  ]

  test.each(credentials)('that %s opens no route and reads no row', async (_, make, status, id) => {
    const { endpoint, counted } = counting()
    const target = await populated(endpoint)
    const { client, user, group } = target
    const token = await make(target)
    const before = await dump(client.namespace)
    await endpoint.settled()
    counted.rows = 0
    endpoint.batches.length = 0
    for (const route of routes) {
      const answer = await route.send(client.withToken(token), user.id, group.id)
      expectRefusal(route, answer, status, id)
      const challenge = answer.headers.get('WWW-Authenticate')
      if (status === 401) expect(challenge).toMatch(/^Bearer /)
      if (id.match(/invalid$|expired|revoked/)) expect(challenge).toContain('error="invalid_token"')
      const text = JSON.stringify(answer.body ?? '').replaceAll(user.id, '')
      expect(text).not.toMatch(/ada|ext-/)
    }
    await endpoint.settled()
    expect(counted.rows).toBe(0)
    expect(endpoint.batches.filter(({ mode }) => mode === 'write')).toEqual([])
    // What can be told from the token alone does not reach the database.
    const asked = ['is missing', 'is garbage', 'has a wrong checksum'].includes(_) ? 0 : 1
    expect(endpoint.batches).toHaveLength(asked * routes.length)
    expect(await dump(client.namespace)).toBe(before)
  })

  const users = ['org.users:read', 'org.users:add', 'org.users:write', 'org.users:remove']
  const teams = ['teams:read', 'teams:create', 'teams:write', 'teams:delete']
  const roles: [string[], string[]][] = [
    [['Admin'], [...users, ...teams]],
    [['Editor'], [...users, ...teams]],
    [['Viewer'], ['org.users:read', 'teams:read']],
    [['User administration'], users],
    [['Teams'], teams],
    [['None'], []],
    [[], []],
    [['settings:read', 'settings:write'], []],
    ...[...users, ...teams].map((permission): [string[], string[]] => [[permission], [permission]]),
  ]

  test.each(roles)(
    'with %j may do what it grants and nothing else',
    async (permissions, granted) => {
      const { endpoint, counted } = counting()
      const { client } = await populated(endpoint)
      const token = await makeTokenFor(endpoint, client.namespace, permissions)
      const limited = client.withToken(token)
      await limited.get('/Schemas')
      await endpoint.settled()
      for (const [index, route] of routes.entries()) {
        const user = await createUser(client, `u${index}`)
        const group = await createGroup(client, `G${index}`, [user.id])
        const before = await dump(client.namespace)
        counted.rows = 0
        const answer = await route.send(limited, user.id, group.id)
        if (granted.includes(route.permission)) {
          expect({ route: route.name, status: answer.status }).toEqual({
            route: route.name,
            status: route.status,
          })
        } else {
          expectRefusal(route, answer, 403, 'accesscontrol.permission-denied')
          if (answer.body) expect(answer.body.detail).toContain(route.permission)
          expect(counted.rows).toBe(0)
          expect(await dump(client.namespace)).toBe(before)
        }
        // Room for the next route.
        await client.delete(`/Users/${user.id}`)
        await client.delete(`/Groups/${group.id}`)
      }
    },
  )

  test.each([
    ['bearer %s', 200],
    ['BEARER   %s ', 200],
    ['%s', 200],
    ['Basic <api_key:%s>', 200],
    ['Basic <admin:%s>', 401],
    ['Basic %s', 401],
    ['Token %s', 401],
    ['Bearer', 401],
    ['Bearer %s x', 401],
    ['Bearer x, Bearer %s', 401],
  ])('is taken as “%s”: %i', async (form, status) => {
    const client = await tenant()
    const header = form
      .replace('%s', String(client.token))
      .replace(/<(.*)>/, (_, text: string) => btoa(text))
    const anonymous = client.withToken(undefined)
    const answer = await anonymous.get('/Users', { Authorization: header })
    expect(answer.status).toBe(status)
    if (status === 401) expectError(answer, 401)
  })

  test('counts in the Authorization header only', async () => {
    const client = await tenant()
    const anonymous = client.withToken(undefined)
    const token = String(client.token)
    for (const answer of [
      await anonymous.get('/Users', { 'X-Api-Key': token }),
      await anonymous.get('/Users', { Cookie: `Authorization=Bearer ${token}; token=${token}` }),
      await anonymous.get(`/Users?access_token=${token}&token=${token}`),
      await anonymous.post('/Users', { ...userBody('a'), access_token: token }),
      await anonymous.get('/Users', { Authorization: '' }),
      await anonymous.get('/Users', { Authorization: '  ' }),
    ]) {
      expectError(answer, 401, { messageId: 'api-key.missing' })
    }
  })

  test('that expires or is revoked is refused from then on', async () => {
    const client = await tenant()
    const soon = new Date(Date.now() + 60_000).toISOString()
    const expiring = client.withToken(
      await makeTokenFor(client.endpoint, client.namespace, ['Viewer'], soon),
    )
    expect((await expiring.get('/Users')).status).toBe(200)
    client.endpoint.clock.offset = 60_000
    expectError(await expiring.get('/Users'), 401, { messageId: 'api-key.expired' })
    expect((await client.get('/Users')).status).toBe(200)
    await query('update token set revoked_at = 1 where namespace = ?', client.namespace)
    expectError(await client.get('/Users'), 401, { messageId: 'api-key.revoked' })
  })

  test('that is revoked between read and write stops the write', async () => {
    const { endpoint, interruption } = makeInterruptedEndpoint()
    const { client, user, group } = await populated(endpoint)
    const revive = () =>
      query('update token set revoked_at = null where namespace = ?', client.namespace)
    const before = await dump(client.namespace)
    for (const route of routes) {
      if (/^(GET|HEAD)/.test(route.name)) continue
      await revive()
      interruption.meanwhile = () =>
        query('update token set revoked_at = 1 where namespace = ?', client.namespace)
      const answer = await route.send(client, user.id, group.id)
      expectError(answer, 401, { messageId: 'api-key.revoked' })
    }
    await revive()
    expect(await dump(client.namespace)).toBe(before)
  })

  test('is noted as used after the response, once in five minutes', async () => {
    const client = await tenant()
    const used = async () => {
      const select = 'select last_used_at as at from token where namespace = ?'
      return Number((await query(select, client.namespace))[0]?.at)
    }
    const first = await used()
    expect(first).toBeGreaterThan(0)
    client.endpoint.clock.offset = 4 * 60_000
    await client.get('/Users')
    await client.endpoint.settled()
    expect(await used()).toBe(first)
    client.endpoint.clock.offset = 6 * 60_000
    await client.get('/Users')
    await client.endpoint.settled()
    expect(await used()).toBeGreaterThan(first)
  })
})

describe('a namespace', () => {
  test.each([
    ['stack-123', 'did you mean stacks-123?'],
    ['org-1', 'did you mean default?'],
    ['org-0', 'org-<n>'],
    ['orgs-5', 'did you mean org-5?'],
    ['stacks-007', 'did you mean stacks-7?'],
    ['stacks-0', 'stacks-<n>'],
    ['stacks-+7', 'did you mean stacks-7?'],
    ['stacks-%2B7', 'did you mean stacks-7?'],
    ['DEFAULT', 'did you mean default?'],
    ['Stacks-5', 'did you mean stacks-5?'],
    ['ORG-5', 'did you mean org-5?'],
    ['org-5%20', 'did you mean org-5?'],
    ['stacks-1e3', ''],
    ['stacks-1.0', ''],
    ['stacks--1', ''],
    ['stacks-٣', ''],
    ['stacks-99999999999999999999', ''],
    ['default%00', ''],
    ['default%0a', ''],
    ["default'--", ''],
    ['nowhere', ''],
  ])('called %s is 403 for a good token and 401 for a bad one', async (name, advice) => {
    const client = await tenant()
    const at = new Client(client.send, client.base.replace(client.namespace, name), client.token)
    for (const answer of [
      await at.get('/Users'),
      await at.get('/Users/x'),
      await at.post('/Users', userBody('a')),
      await at.get('/Groups'),
      await at.get('/Schemas'),
    ]) {
      expectError(answer, 403, { messageId: 'authn.invalid-namespace' })
      expect(answer.body.message).toBe('invalid namespace')
      expect(answer.body.detail).toContain('invalid namespace')
      expect(answer.body.detail).toContain(advice)
    }
    expectError(await at.withToken(undefined).get('/Users'), 401)
    expectError(await at.withToken(someToken()).get('/Users'), 401)
  })

  test('that does not exist looks like one that belongs to others', async () => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    const at = (namespace: string) =>
      new Client(client.send, client.base.replace(client.namespace, namespace), client.token)
    for (const route of routes) {
      const unknown = await route.send(at(freshNamespace()), 'x', 'y')
      const foreign = await route.send(at(other.namespace), 'x', 'y')
      expectRefusal(route, unknown, 403, 'authn.invalid-namespace')
      expect(withoutRequestId(foreign)).toEqual(withoutRequestId(unknown))
    }
  })

  test.each(['default', 'org-2', 'org-999999999999999', 'stacks-1'])(
    'called %s is well-formed',
    async (namespace) => {
      const client = await tenant({ namespace })
      expectList(await client.get('/Users'), 0)
      const { meta } = await createUser(client, 'ada')
      expect(meta.location).toContain(`${ORIGIN}/apis/scim.grafana.app/v0alpha1/namespaces/`)
      expect(meta.location).toContain(`/namespaces/${namespace}/Users/`)
    },
  )
})

/** An answer without what differs in any two: the request id. */
function withoutRequestId({ status, headers, body }: Answer) {
  const rest = [...headers].filter(([name]) => name !== 'x-request-id')
  return { status, headers: rest, body }
}

describe('twin namespaces', () => {
  /** Two namespaces on one endpoint, the second a copy of the first, ids and all. */
  async function twins() {
    const a = await populated()
    const boss = await createUser(a.client, 'boss', {
      displayName: 'Boss',
      emails: [{ value: 'boss@x', type: 'work' }],
    })
    await a.client.put(
      `/Users/${a.user.id}`,
      userBody('ada', {
        emails: [{ value: 'ada@x' }],
        [ENTERPRISE_USER]: { manager: { value: boss.id } },
      }),
    )
    const gone = await createUser(a.client, 'gone')
    await a.client.delete(`/Users/${gone.id}`)
    const other = await tenant({ endpoint: a.client.endpoint })
    await copyDirectory(a.client.namespace, other.namespace)
    return { ...a, boss, gone, other }
  }

  test('begin equal', async () => {
    const { client, other, user, group } = await twins()
    for (const path of ['/Users', '/Groups', `/Users/${user.id}`, `/Groups/${group.id}`]) {
      const [mine, theirs] = [await client.get(path), await other.get(path)]
      const text = JSON.stringify(theirs.body).replaceAll(other.base, client.base)
      expect(JSON.parse(text)).toEqual(mine.body)
      expect(JSON.stringify(theirs.body)).not.toContain(client.base)
    }
  })

  test.each(routes.filter(({ name }) => !/^(GET|HEAD)/.test(name)))(
    'stay apart: $name in one changes nothing in the other',
    async ({ send, status }) => {
      const { client, user, group, other } = await twins()
      const before = await dump(other.namespace)
      const own = await dump(client.namespace)
      const seen = (await other.get('/Users')).body
      expect((await send(client, user.id, group.id)).status).toBe(status)
      expect(await dump(client.namespace)).not.toBe(own)
      expect(await dump(other.namespace)).toBe(before)
      expect((await other.get('/Users')).body).toEqual(seen)
    },
  )

  test('stay apart in everything else that writes', async () => {
    const { client, user, boss, group, gone, other } = await twins()
    const before = await dump(other.namespace)
    const answers = [
      // Uniqueness, adoption, restoration.
      await client.post('/Users', userBody('ada')),
      await client.post('/Users', userBody('gone')),
      await client.put(`/Groups/${group.id}`, groupBody('All', [user.id, boss.id, gone.id])),
      await client.patch(`/Groups/${group.id}`, [{ op: 'remove', path: 'members' }]),
      await client.patch(`/Users/${boss.id}`, [
        { op: 'replace', path: 'displayName', value: 'New boss' },
        { op: 'replace', path: 'userName', value: 'Chief' },
      ]),
      await client.delete(`/Users/${boss.id}`),
      await client.delete(`/Users/${user.id}`),
      await client.delete(`/Users/${gone.id}`),
    ]
    expect(answers.map(({ status }) => status)).toEqual([409, 201, 200, 204, 200, 204, 204, 204])
    expect(await dump(other.namespace)).toBe(before)
    const { body } = await other.get(`/Users/${user.id}`)
    expect(body[ENTERPRISE_USER].manager.displayName).toBe('Boss')
    expect(await memberIds(other, group.id)).toEqual([user.id])
  })

  test('may hold the same names, and a new one shows in its own only', async () => {
    const a = await tenant()
    const b = await tenant({ endpoint: a.endpoint })
    const emails = { emails: [{ value: 'same@x', type: 'work' }] }
    const first = await createUser(a, 'same', emails)
    const second = await createUser(b, 'same', emails)
    expect(second.id).not.toBe(first.id)
    await createGroup(a, 'Same', [first.id])
    await createGroup(b, 'Same', [second.id])
    await createUser(a, 'more')
    expectList(await a.get('/Users'), 2)
    expect(expectList(await b.get('/Users'), 1)[0].id).toBe(second.id)
    for (const [client, own, foreign] of [
      [a, first.id, second.id],
      [b, second.id, first.id],
    ] as const) {
      for (const filter of [
        'userName eq "same"',
        'externalId eq "ext-same"',
        'emails.value eq "same@x"',
        'userName eq "same" or externalId eq "ext-same"',
        'not (userName eq "more")',
        `id eq "${own}" or id eq "${foreign}"`,
      ]) {
        const [only] = expectList(await client.find('/Users', filter), 1)
        expect(only.id).toBe(own)
      }
      for (const filter of [`id eq "${foreign}"`, `groups.value eq "${foreign}"`]) {
        expectList(await client.find('/Users', filter), 0)
      }
      expectList(await client.find('/Groups', `members eq "${own}"`), 1)
      expectList(await client.find('/Groups', `members eq "${foreign}"`), 0)
      expectList(await client.find('/Groups', 'displayName eq "same"'), 1)
    }
  })
})

describe('a foreign id', () => {
  test('is answered byte for byte like an unknown one', async () => {
    const { client: owner, user, group } = await populated()
    const stranger = await tenant({ endpoint: owner.endpoint })
    const before = await dump(owner.namespace)
    const own = await dump(stranger.namespace)
    const unknown = { user: user.id.replace(/.$/, '0'), group: group.id.replace(/.$/, '0') }
    expect(unknown).not.toEqual({ user: user.id, group: group.id })
    for (const route of routes.filter(({ name }) => name.includes('{id}'))) {
      const foreign = await route.send(stranger, user.id, group.id)
      const nobody = await route.send(stranger, unknown.user, unknown.group)
      expect(foreign.status).toBe(404)
      const text = JSON.stringify(withoutRequestId(foreign))
        .replaceAll(user.id, unknown.user)
        .replaceAll(group.id, unknown.group)
      expect(text).toBe(JSON.stringify(withoutRequestId(nobody)))
    }
    expect(await dump(owner.namespace)).toBe(before)
    expect(await dump(stranger.namespace)).toBe(own)
  })

  test('is skipped as a member', async () => {
    const { client: owner, user } = await populated()
    const stranger = await tenant({ endpoint: owner.endpoint })
    const before = await dump(owner.namespace)
    const group = await createGroup(stranger, 'G', [user.id])
    const value = [{ value: user.id }]
    for (const op of ['add', 'replace', 'remove']) {
      const answer = await stranger.patch(`/Groups/${group.id}`, [{ op, path: 'members', value }])
      expect(answer.status).toBe(204)
    }
    const put = await stranger.put(`/Groups/${group.id}`, groupBody('G', [user.id]))
    expect(put).toMatchObject({ status: 200, body: { members: [] } })
    expect(await dump(owner.namespace)).toBe(before)
  })
})

describe('a credential that no token was read from', () => {
  test.each([
    ['Token glsa_x', 'The scheme "Token" is not known here; send “Authorization: Bearer glsa_…”.'],
    ['SSWS 00abc', 'The scheme "SSWS" is not known here; send “Authorization: Bearer glsa_…”.'],
    [
      `Basic ${btoa('okta:secret')}`,
      'With the scheme Basic, the user name is api_key and the password is the token; or send ' +
        '“Authorization: Bearer glsa_…”.',
    ],
    // What may be part of a token is not repeated.
    ['glsa_abc def', 'The token is not valid here; check that it was copied whole.'],
    ['Bearer', 'The token is not valid here; check that it was copied whole.'],
    [`${'a'.repeat(21)} b`, 'The token is not valid here; check that it was copied whole.'],
  ])('is answered with what is wrong about it: %s', async (header, detail) => {
    const client = await tenant()
    const answer = await client.withToken(undefined).get('/Users', { Authorization: header })
    expectError(answer, 401, { messageId: 'api-key.invalid' })
    expect(answer.body.detail).toBe(detail)
    expect(client.endpoint.batches).toEqual([])
  })

  test("is told to be the operator's secret on a SCIM route, and nothing else is", async () => {
    const client = await tenant()
    for (const path of ['/Users', '/ServiceProviderConfig']) {
      const answer = await client.withToken(OPERATOR_TOKEN).get(path)
      expectError(answer, 401, { messageId: 'api-key.invalid' })
      expect(answer.body.detail).toBe(
        "This is the operator's secret, which opens no SCIM route; make a token of a service " +
          'account (token create), and send that.',
      )
      expect(JSON.stringify(answer.body)).not.toContain(OPERATOR_TOKEN)
    }
    const close = await client.withToken(`${OPERATOR_TOKEN}x`).get('/Users')
    expect(close.body.detail).toBe('The token is not valid here; check that it was copied whole.')
    expect(client.endpoint.batches).toEqual([])
  })
})
