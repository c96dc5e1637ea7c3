/**
 * What one namespace gave out is worth nothing in another: it is answered there, in status, headers
 * and body, as if nobody had ever given it out.
 */
import { expect, test } from 'vitest'
import { makeToken } from '../../src/tenancy/token.ts'
import { type Answer, Client } from '../support/client.ts'
import { type Body, createGroup, createUser } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { operatorOf, type Tenant } from '../support/operator.ts'
import { ENTERPRISE_USER, groupBody, PATCH_OP, userBody } from '../support/payload.ts'
import { dump, eventsOf, query } from '../support/tables.ts'

const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** What a namespace gave out. */
interface Given {
  readonly client: Tenant
  readonly user: Body
  readonly group: Body
  /** The id of a deleted user. */
  readonly gone: string
}

/** A namespace that has given out one of each. */
async function giving(): Promise<Given> {
  const client = await tenant({ permissions: ['admin'] })
  const more = { displayName: 'Ada', emails: [{ value: 'ada@x', type: 'work' }] }
  const user = await createUser(client, 'ada', more)
  const group = await createGroup(client, 'G', [user.id])
  const gone = await createUser(client, 'gone')
  await client.delete(`/Users/${gone.id}`)
  return { client, user, group, gone: gone.id }
}

/** A value of the same form that nobody ever gave out. */
const unknownId = (id: string) => id.replace(/.{10}$/, '0000000000')

async function column(name: string, table: string, namespace: string): Promise<string> {
  const [row] = await query(`select ${name} as it from ${table} where namespace = ?`, namespace)
  return String(row?.it)
}

/** An answer without what differs between any two: request ids, ids of what was made, and times. */
function plain({ status, headers, body }: Answer, sent: string, of: string) {
  const text = JSON.stringify({ status, headers: [...headers], body })
  return text
    .replaceAll(sent, '<sent>')
    .replaceAll(of, '<namespace>')
    .replace(/"x-request-id","[^"]*"/, '"x-request-id"')
    .replace(/\b[ug][0-9a-z]{25}\b/g, '<id>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
}

interface Case {
  /** The value that was given out, and one like it that was not. */
  readonly values: (given: Given) => Promise<readonly [string, string]> | readonly [string, string]
  readonly send: (stranger: Client, value: string) => Promise<Answer>
  readonly status: number
}

const user = ({ user: { id } }: Given) => [id, unknownId(id)] as const
const group = ({ group: { id } }: Given) => [id, unknownId(id)] as const
const gone = ({ gone: id }: Given) => [id, unknownId(id)] as const
const userName = () => ['ada', 'eve'] as const
const externalId = () => ['ext-ada', 'ext-eve'] as const
const account = async ({ client }: Given) => {
  const id = await column('id', 'service_account', client.namespace)
  return [id, id.replace(/.{6}$/, '000000')] as const
}
const tokenId = async ({ client }: Given) => {
  const id = await column('id', 'token', client.namespace)
  return [id, id.replace(/.{6}$/, '000000')] as const
}
const firstCursor = async ({ client }: Given, path: string) => {
  await createUser(client, 'second')
  await createGroup(client, 'Second')
  const { body } = await client.get(`${path}?count=1&cursor=`)
  const cursor = String(body.nextCursor)
  const garbage = Buffer.from(random(Buffer.from(cursor, 'base64url').length))
  return [cursor, garbage.toString('base64url')] as const
}
const bulk = (...Operations: object[]) => ({ schemas: [BULK], Operations })

const cases: Readonly<Record<string, Case>> = {
  'a cursor of /Users': {
    values: (given) => firstCursor(given, '/Users'),
    send: (stranger, cursor) => stranger.get(`/Users?count=1&cursor=${cursor}`),
    status: 400,
  },
  'a cursor of /Groups': {
    values: (given) => firstCursor(given, '/Groups'),
    send: (stranger, cursor) => stranger.get(`/Groups?count=1&cursor=${cursor}`),
    status: 400,
  },
  'a bulkId': {
    values: async ({ client }) => {
      const made = { method: 'POST', path: '/Users', bulkId: 'given', data: userBody('by-bulk') }
      await client.post('/Bulk', bulk(made))
      return ['given', 'never'] as const
    },
    send: (stranger, bulkId) =>
      stranger.post(
        '/Bulk',
        bulk({
          ...{ method: 'POST', path: '/Groups', bulkId: 'group' },
          data: groupBody('B', [`bulkId:${bulkId}`]),
        }),
      ),
    status: 200,
  },
  'an id in a bulk request': {
    values: user,
    send: (stranger, id) =>
      stranger.post(
        '/Bulk',
        bulk(
          { method: 'PUT', path: `/Users/${id}`, data: userBody('mine') },
          { method: 'PATCH', path: `/Users/${id}`, data: { schemas: [PATCH_OP], Operations: [] } },
          { method: 'DELETE', path: `/Users/${id}` },
        ),
      ),
    status: 200,
  },
  'an ETag with the id of a user': {
    values: user,
    send: async (stranger, id) =>
      stranger.put(`/Users/${id}`, userBody('mine'), { 'If-Match': 'W/"1"' }),
    status: 404,
  },
  'an ETag with the id of a user that is read': {
    values: user,
    send: (stranger, id) => stranger.get(`/Users/${id}`, { 'If-None-Match': '*' }),
    status: 404,
  },
  'an ETag with the id of a group': {
    values: group,
    send: (stranger, id) => stranger.delete(`/Groups/${id}`, { 'If-Match': '*' }),
    status: 404,
  },
  'a member of a new group': {
    values: user,
    send: (stranger, id) => stranger.post('/Groups', groupBody('New', [id])),
    status: 201,
  },
  'a group as a member': {
    values: group,
    send: (stranger, id) => stranger.post('/Groups', groupBody('New', [id])),
    status: 201,
  },
  'a manager': {
    values: user,
    send: (stranger, value) =>
      stranger.post('/Users', userBody('mine', { [ENTERPRISE_USER]: { manager: { value } } })),
    status: 201,
  },
  'a userName': {
    values: userName,
    send: (stranger, name) => stranger.post('/Users', userBody(name, { externalId: 'mine' })),
    status: 201,
  },
  'an externalId': {
    values: externalId,
    send: (stranger, id) => stranger.post('/Users', userBody('mine', { externalId: id })),
    status: 201,
  },
  'the externalId of a deleted user': {
    values: () => ['ext-gone', 'ext-never'] as const,
    send: (stranger, id) => stranger.post('/Users', userBody('mine', { externalId: id })),
    status: 201,
  },
  'a member in a filter': {
    values: user,
    send: (stranger, id) => stranger.find('/Groups', `members.value eq "${id}"`),
    status: 200,
  },
  'a group in a filter': {
    values: group,
    send: (stranger, id) => stranger.find('/Users', `groups.value eq "${id}" or id gt "${id}"`),
    status: 200,
  },
  'the subject of events': {
    values: user,
    send: (stranger, id) => stranger.get(`/events?subject=${id}`),
    status: 200,
  },
  'the actor of events': {
    values: async ({ client }) => {
      const [name] = [await column('name', 'service_account', client.namespace)]
      return [name, `${name}0`] as const
    },
    send: (stranger, name) => operatorOf(stranger).get(`/events?actor=${encodeURIComponent(name)}`),
    status: 200,
  },
  'a retained account': {
    values: gone,
    send: (stranger, id) => operatorOf(stranger).delete(`/retained/${id}`),
    status: 404,
  },
  'a retained account as the place in a list': {
    values: gone,
    send: (stranger, id) => operatorOf(stranger).get(`/retained?cursor=${id}`),
    status: 200,
  },
  'the login of an externalId': {
    values: externalId,
    send: (stranger, id) => operatorOf(stranger).post('/login/check', { externalId: id }),
    status: 200,
  },
  'the login of a deleted user': {
    values: () => ['ext-gone', 'ext-never'] as const,
    send: (stranger, id) => operatorOf(stranger).post('/login/check', { externalId: id }),
    status: 200,
  },
  'a service account': {
    values: account,
    send: (stranger, id) => operatorOf(stranger).get(`/serviceaccounts/${id}`),
    status: 404,
  },
  'a service account that shall get a token': {
    values: account,
    send: (stranger, id) =>
      operatorOf(stranger).post(`/serviceaccounts/${id}/tokens`, { name: 't' }),
    status: 404,
  },
  'a token that shall be revoked': {
    values: tokenId,
    send: async (stranger, id) => {
      const own = (await operatorOf(stranger).post('/serviceaccounts', { name: 'own' })).body.id
      expect(own).toMatch(/./)
      return operatorOf(stranger).delete(`/serviceaccounts/${own}/tokens/${id}`)
    },
    status: 404,
  },
  'an account by hand': {
    values: user,
    send: (stranger, id) => operatorOf(stranger).get(`/accounts/${id}`),
    status: 404,
  },
  'a team by hand': {
    values: group,
    send: (stranger, id) => operatorOf(stranger).delete(`/teams/${id}`),
    status: 404,
  },
}

test.each(Object.entries(cases))(
  '%s of another namespace is like an unknown one',
  async (_, { values, send, status }) => {
    const given = await giving()
    const [foreign, unknown] = await values(given)
    const before = await dump(given.client.namespace)
    const { endpoint } = given.client
    const [mine, like] = [await tenant({ endpoint }), await tenant({ endpoint })]
    const answer = await send(mine, foreign)
    const other = await send(like, unknown)
    expect(answer.status).toBe(status)
    const expected = plain(other, unknown, like.namespace)
    expect(plain(answer, foreign, mine.namespace)).toBe(expected)
    // What it leaves behind is the same, too.
    const left = async ({ namespace }: Tenant, sent: string) =>
      plain({ status: 0, headers: new Headers(), body: await eventsOf(namespace) }, sent, namespace)
    expect(await left(mine, foreign)).toBe(await left(like, unknown))
    expect(await dump(given.client.namespace)).toBe(before)
  },
)

test('a token of another namespace is told only that it belongs elsewhere', async () => {
  const { client } = await giving()
  const mine = await tenant({ endpoint: client.endpoint })
  const at = (token: string | undefined) => new Client(mine.send, mine.base, token)
  const answer = await at(client.token).get('/Users')
  expect(answer.status).toBe(403)
  expect(JSON.stringify(answer.body)).not.toContain(client.namespace)
  expect((await at(makeToken(random)).get('/Users')).status).toBe(401)
})

test('a bulkId of an earlier request of the same namespace is unknown, too', async () => {
  const client = await tenant()
  const made = { method: 'POST', path: '/Users', bulkId: 'one', data: userBody('a') }
  expect((await client.post('/Bulk', bulk(made))).body.Operations[0].status).toBe('201')
  const data = groupBody('B', ['bulkId:one'])
  const group = { method: 'POST', path: '/Groups', bulkId: 'g', data }
  expect((await client.post('/Bulk', bulk(group))).body.Operations[0].status).toBe('409')
})
