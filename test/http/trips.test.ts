/** How often a request asks the database: a read once, a write twice, whatever there is in it. */
import { describe, expect, test } from 'vitest'
import type { Client } from '../support/client.ts'
import { crowd } from '../support/crowd.ts'
import { createGroup } from '../support/directory.ts'
import type { tenant } from '../support/endpoint.ts'
import { groupBody, userBody } from '../support/payload.ts'
import { routes } from '../support/routes.ts'
import { unmanage } from '../support/tables.ts'

type Tenant = Awaited<ReturnType<typeof tenant>>

/** The modes of the batches that a request takes, bookkeeping included. */
async function tripsOf(client: Tenant, send: () => Promise<{ readonly status: number }>) {
  client.endpoint.batches.length = 0
  const { status } = await send()
  await client.endpoint.settled()
  return { status, trips: client.endpoint.batches.map(({ mode }) => mode).join(' ') }
}

describe.each([0, 1000])('with %i other users in the team', (count) => {
  test.each(routes)('$name', async ({ name, status, send }) => {
    const { client, user, group } = await crowd(count)
    const trips = /^(GET|HEAD)/.test(name) ? 'read' : 'read write'
    expect(await tripsOf(client, () => send(client, user.id, group.id))).toEqual({ status, trips })
  })

  test.each([
    '/Users?count=200',
    '/Users?startIndex=500&count=200',
    '/Users?filter=userName+co+%22seed%22&count=200',
    '/Users?filter=userName+eq+%22ada%22',
    '/Users?filter=emails+pr+or+title+co+%22x%22',
    '/Users?attributes=groups',
    '/Groups?excludedAttributes=members',
    '/Groups?filter=displayName+eq+%22g%22',
    '/Groups?filter=members.display+co+%22ada%22',
  ])('GET %s', async (path) => {
    const { client } = await crowd(count)
    expect(await tripsOf(client, () => client.get(path))).toEqual({ status: 200, trips: 'read' })
  })
})

test.each([
  ['/Users?count=50', 2],
  ['/Users?filter=userName+eq+%22ada%22', 2],
  ['/Groups?count=50', 3],
  ['/Groups?count=50&excludedAttributes=members', 2],
  ['/Groups/{group}', 3],
  ['/Groups/{group}?excludedAttributes=members', 2],
] as const)(
  'GET %s sends the credential and no statement but those that it needs',
  async (path, statements) => {
    const { client, group } = await crowd(1)
    client.endpoint.batches.length = 0
    expect((await client.get(path.replace('{group}', group.id))).status).toBe(200)
    expect(client.endpoint.batches).toEqual([{ mode: 'read', statements }])
  },
)

describe('a write', () => {
  const noOps: [string, (client: Client, user: string, group: string) => Promise<Answered>][] = [
    ['PUT of a user', (client, user) => client.put(`/Users/${user}`, userBody('ada'))],
    ['PATCH of a user', (client, user) => client.patch(`/Users/${user}`, [])],
    ['PATCH of a group', (client, _, group) => client.patch(`/Groups/${group}`, [])],
    [
      'PATCH of a name',
      (client, _, group) =>
        client.patch(`/Groups/${group}`, [{ op: 'replace', path: 'displayName', value: 'G' }]),
    ],
  ]
  test.each(noOps)('that changes nothing takes one trip: %s', async (_, send) => {
    const { client, user, group } = await crowd(1)
    const { status, trips } = await tripsOf(client, () => send(client, user.id, group.id))
    expect(status).toBeLessThan(300)
    expect(trips).toBe('read')
  })

  const refused: [string, (client: Client, user: string) => Promise<Answered>, number][] = [
    ['a body that makes no sense', (client) => client.post('/Users', '{'), 400],
    ['no externalId', (client) => client.post('/Users', userBody('x', { externalId: '' })), 400],
    ['a name that is taken', (client) => client.post('/Users', userBody('ADA')), 409],
    ['a group name that is taken', (client) => client.post('/Groups', groupBody('g')), 409],
    ['an unknown id', (client) => client.put('/Users/unknown', userBody('x')), 404],
    ['an unknown group', (client) => client.delete('/Groups/unknown'), 404],
    [
      'a stale version',
      (client, user) => client.delete(`/Users/${user}`, { 'If-Match': 'W/"0"' }),
      412,
    ],
    [
      'a bad operation',
      (client, user) => client.patch(`/Users/${user}`, [{ op: 'remove', path: 'userName' }]),
      400,
    ],
  ]
  test.each(refused)('that is refused takes one trip: %s', async (_, send, expected) => {
    const { client, user } = await crowd(1)
    expect(await tripsOf(client, () => send(client, user.id))).toEqual({
      status: expected,
      trips: 'read',
    })
  })

  test.each([
    ['another user has the name', (id: string) => [`/Users/${id}`, 'userName', 'SEED1']],
    [
      'another group has the name',
      (_: string, id: string) => [`/Groups/${id}`, 'displayName', 'H'],
    ],
  ])('finds out by writing that %s, and reads once more to say so', async (_, target) => {
    const { client, user, group } = await crowd(1)
    await createGroup(client, 'H')
    const [path = '', name = '', value = ''] = target(user.id, group.id)
    const operation = { op: 'replace', path: name, value }
    expect(await tripsOf(client, () => client.patch(path, [operation]))).toEqual({
      status: 409,
      trips: 'read write read',
    })
  })

  test('that adopts or restores takes two trips', async () => {
    const { client, user, group } = await crowd(1)
    await unmanage('user', client.namespace, user.id)
    await unmanage('team', client.namespace, group.id)
    const twice = { status: 201, trips: 'read write' }
    expect(await tripsOf(client, () => client.post('/Users', userBody('ada')))).toEqual(twice)
    expect(await tripsOf(client, () => client.post('/Groups', groupBody('G')))).toEqual(twice)
    await client.delete(`/Users/${user.id}`)
    expect(await tripsOf(client, () => client.post('/Users', userBody('ada')))).toEqual(twice)
  })

  test('that changes a thousand members takes two trips', async () => {
    const { client, group } = await crowd(1000)
    const ids = Array.from({ length: 1000 }, (_, n) => `useed${String(n + 1).padStart(6, '0')}`)
    const value = ids.map((id) => ({ value: id }))
    const path = `/Groups/${group.id}`
    for (const operations of [
      [{ op: 'remove', path: 'members', value }],
      value.map((one) => ({ op: 'add', path: 'members', value: [one] })),
      [{ op: 'replace', path: 'members', value }],
    ]) {
      expect(await tripsOf(client, () => client.patch(path, operations))).toEqual({
        status: 204,
        trips: 'read write',
      })
    }
    expect((await client.get(path)).body.members).toHaveLength(1000)
  })
})

interface Answered {
  readonly status: number
}
