/** The setting hideNonProvisionedUsers: lists without the accounts and teams that SCIM does not manage. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser } from '../support/directory.ts'
import { makeEndpoint, tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { handMade, handMadeTeam } from '../support/hand-made.ts'
import { operatorOf } from '../support/operator.ts'
import { groupBody, userBody } from '../support/payload.ts'
import { dump, userRow } from '../support/tables.ts'

const ON = { enableUserSync: true, enableGroupSync: true, hideNonProvisionedUsers: true }
const work = (value: string) => ({ emails: [{ value, type: 'work' }] })
const search = (more: object) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
  ...more,
})

/** A person and a team that SCIM manages, and one of each that was made by hand. */
async function directory(settings: object = ON) {
  const client = await tenant({ settings })
  const hand = await handMade(client, 'ada', { ...work('ada@example.com'), title: 'T' })
  const known = await createUser(client, 'bob', { title: 'T' })
  const team = await handMadeTeam(client, 'By hand', [known.id])
  const group = await createGroup(client, 'Group', [known.id, hand.id])
  const user = (await client.get(`/Users/${known.id}`)).body
  return { client, hand, user, team, group }
}

describe('with hideNonProvisionedUsers', () => {
  test('lists show and count what SCIM manages alone', async () => {
    const { client, user, group } = await directory()
    expect(expectList(await client.get('/Users'), 1)).toEqual([user])
    expect(expectList(await client.get('/Groups'), 1)).toEqual([group])
    const both = expectList(await client.get('/'), 2)
    expect(both).toEqual(expect.arrayContaining([user, group]))
    expect((await client.get('/Users?count=0')).body).toMatchObject({ totalResults: 1 })
    for (const [path, one] of [
      ['/Users', user],
      ['/Groups', group],
    ]) {
      for (const parameters of ['cursor', 'sortBy=id', 'cursor&sortBy=meta.created']) {
        const { status, body } = await client.get(`${path}?${parameters}`)
        expect(status).toBe(200)
        expect(body).toMatchObject({ totalResults: 1, Resources: [one] })
        expect(body).not.toHaveProperty('nextCursor')
      }
    }
  })

  test('searches do, too', async () => {
    const { client, user, group } = await directory()
    const found = await client.post('/Users/.search', search({ filter: 'title eq "t"' }))
    expect(expectList(found, 1)).toEqual([user])
    expect(expectList(await client.post('/Groups/.search', search({})), 1)).toEqual([group])
    expectList(await client.post('/.search', search({})), 2)
    expectList(await client.post('/.search', search({ filter: 'id pr', sortBy: 'id' })), 2)
  })

  test.each([
    ['/Users', 'userName eq "ADA"'],
    ['/Users', 'emails.value eq "ada@example.com"'],
    ['/Users', 'emails[type eq "work"].value eq "ada@example.com"'],
    ['/Users', 'userName sw "a"'],
    ['/Users', 'title eq "T" and userName ne "bob"'],
    ['/Users', 'not (userName eq "bob")'],
    ['/Groups', 'displayName eq "by hand"'],
    ['/Groups', 'displayName co "hand"'],
    ['/', 'userName eq "ada" or displayName eq "by hand"'],
  ])('a lookup finds nothing else: %s, %s', async (path, filter) => {
    const { client } = await directory()
    expect(expectList(await client.find(path, filter), 0)).toEqual([])
    const visible = await directory({ enableUserSync: true, enableGroupSync: true })
    expect((await visible.client.find(path, filter)).body.totalResults).toBeGreaterThan(0)
  })

  test('GET by id finds an account and a team that were made by hand', async () => {
    const { client, hand, team } = await directory()
    expect(await client.get(`/Users/${hand.id}`)).toMatchObject({ status: 200 })
    expect((await client.get(`/Groups/${team.id}`)).body).toEqual(team)
  })

  test('they stay among the members of groups and the groups of users', async () => {
    const { client, hand, user, team, group } = await directory()
    const [shown] = expectList(await client.get('/Groups'), 1)
    expect(shown.members).toHaveLength(2)
    expect(user.groups.map(({ value }: { value: string }) => value)).toContain(team.id)
    const byMember = await client.find('/Groups', `members.value eq "${hand.id}"`)
    expect(expectList(byMember, 1)).toEqual([group])
  })

  test('a POST that matches an account adopts it, and lists show it from then on', async () => {
    const { client, hand, team } = await directory()
    expectList(await client.find('/Users', 'userName eq "ada"'), 0)
    const adopted = await client.post('/Users', userBody('ada', { externalId: 'ext' }))
    expect(adopted).toMatchObject({ status: 201, body: { id: hand.id, externalId: 'ext' } })
    expectList(await client.get('/Users'), 2)
    expect(expectList(await client.find('/Users', 'userName eq "ada"'), 1)).toEqual([adopted.body])
    const group = await client.post('/Groups', groupBody('by HAND'))
    expect(group).toMatchObject({ status: 201, body: { id: team.id } })
    expectList(await client.get('/Groups'), 2)
  })

  test('PUT and PATCH of an id adopt as before', async () => {
    const { client, hand, team } = await directory()
    const put = await client.put(`/Users/${hand.id}`, userBody('ada', { externalId: 'ext' }))
    expect(put.status).toBe(200)
    const patch = [{ op: 'replace', path: 'displayName', value: 'Renamed' }]
    expect((await client.patch(`/Groups/${team.id}`, patch)).status).toBe(204)
    expectList(await client.get('/Users'), 2)
    expectList(await client.get('/Groups'), 2)
  })

  test('DELETE of an account that was made by hand is 403 as before', async () => {
    const { client, hand } = await directory()
    const before = await dump(client.namespace)
    expectError(await client.delete(`/Users/${hand.id}`), 403)
    expect(await dump(client.namespace)).toBe(before)
    expect((await userRow(client.namespace, hand.id))?.managed).toBe(0)
  })

  test('a client that deletes what it does not know ends its run without an error', async () => {
    const { client, hand, user } = await directory()
    const wanted = new Set(['nobody'])
    const listed = expectList(await client.get('/Users'), 1)
    for (const { id } of listed.filter(({ id }: { id: string }) => !wanted.has(id))) {
      expect((await client.delete(`/Users/${id}`)).status).toBe(204)
    }
    expect((await client.get(`/Users/${user.id}`)).status).toBe(404)
    expect((await client.get(`/Users/${hand.id}`)).status).toBe(200)
  })
})

describe('the setting', () => {
  test('is of one namespace, and applies with the next request', async () => {
    const endpoint = makeEndpoint()
    const open = { enableUserSync: true, enableGroupSync: true }
    const [one, other] = await Promise.all(
      [0, 1].map(async () => {
        const client = await tenant({ endpoint, settings: open })
        await handMade(client, 'ada')
        return client
      }),
    )
    if (one === undefined || other === undefined) throw new Error('No tenants')
    expectList(await one.get('/Users'), 1)
    expect((await operatorOf(one).put('/config/default', { spec: ON })).status).toBe(200)
    expectList(await one.get('/Users'), 0)
    expectList(await other.get('/Users'), 1)
    await operatorOf(one).put('/config/default', { spec: open })
    expectList(await one.get('/Users'), 0)
    const off = { ...open, hideNonProvisionedUsers: false }
    await operatorOf(one).put('/config/default', { spec: off })
    expectList(await one.get('/Users'), 1)
  })

  test('costs a list no further trip', async () => {
    const { client } = await directory()
    await client.endpoint.settled()
    client.endpoint.batches.length = 0
    expectList(await client.get('/Users'), 1)
    expect(client.endpoint.batches).toHaveLength(1)
  })
})
