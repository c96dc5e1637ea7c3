/**
 * Races again, on a database that is slow now and then, so that requests overtake each other in ways
 * that differ from round to round: nothing is lost, nothing is there twice, and nobody is told of a
 * fault.
 */
import { describe, expect, test } from 'vitest'
import { expectConsistent, expectMembersAsTold } from '../support/consistent.ts'
import { createGroup, createUser, createUsers, memberIds } from '../support/directory.ts'
import { makeSlowEndpoint, tenant } from '../support/endpoint.ts'
import { expectList } from '../support/expect.ts'
import { accountWithToken, operatorOf } from '../support/operator.ts'
import { groupBody, userBody } from '../support/payload.ts'
import { eventsOf, query, unmanage } from '../support/tables.ts'

/** Rounds, each with a seed of its own. */
const rounds = [1, 2, 3, 4, 5]

const slow = (seed: number) => tenant({ endpoint: makeSlowEndpoint(seed) })
const add = (value: string) => ({ op: 'add', path: 'members', value: [{ value }] })
const remove = (value: string) => ({ op: 'remove', path: `members[value eq "${value}"]` })
const replace = (path: string, value: unknown) => ({ op: 'replace', path, value })
const names = (count: number) => Array.from({ length: count }, (_, index) => `u${index}`)
const statusesOf = (answers: readonly { readonly status: number }[]) =>
  answers.map(({ status }) => status).sort()

/** Expects that every answer has one of these statuses. */
function expectOnly(answers: readonly { readonly status: number }[], ...allowed: number[]) {
  for (const { status } of answers) expect(allowed).toContain(status)
}

describe.each(rounds)('round %i', (seed) => {
  test('members who come and go', async () => {
    const client = await slow(seed)
    const ids = await createUsers(client, names(6))
    const [first = '', second = '', ...others] = ids
    const group = await createGroup(client, 'G', [first])
    const path = `/Groups/${group.id}`
    const answers = await Promise.all([
      ...others.map((id) => client.patch(path, [add(id)])),
      client.patch(path, [remove(first)]),
      // The same member, to and fro.
      ...[add, remove, add, remove].map((change) => client.patch(path, [change(second)])),
    ])
    expectOnly(answers, 204)
    const members = await memberIds(client, group.id)
    expect(members.filter((id) => id !== second)).toEqual([...others].sort())
    await expectMembersAsTold(client.namespace, group.id)
    await expectConsistent(client.namespace)
  })

  test('a PATCH and a PUT of a team come out as one after the other', async () => {
    const client = await slow(seed)
    const [one = '', two = '', three = ''] = await createUsers(client, names(3))
    const group = await createGroup(client, 'G', [one])
    const path = `/Groups/${group.id}`
    const answers = await Promise.all([
      client.put(path, groupBody('H', [two])),
      client.patch(path, [add(three)]),
      client.patch(path, [replace('externalId', 'x')]),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 204, 204])
    const { body } = await client.get(path)
    expect(body.displayName).toBe('H')
    // What came before the PUT is gone with it.
    expect([undefined, 'x']).toContain(body.externalId)
    expect([[two], [two, three].sort()]).toContainEqual(await memberIds(client, group.id))
    await expectMembersAsTold(client.namespace, group.id)
    await expectConsistent(client.namespace)
  })

  test('a PATCH and a PUT of a user come out as one after the other', async () => {
    const client = await slow(seed)
    const { id } = await createUser(client, 'ada', { title: 'old' })
    const answers = await Promise.all([
      client.put(`/Users/${id}`, userBody('ada', { title: 'put' })),
      client.patch(`/Users/${id}`, [{ op: 'add', path: 'nickName', value: 'patched' }]),
      client.patch(`/Users/${id}`, [replace('active', false)]),
    ])
    expectOnly(answers, 200)
    const { title, nickName, active } = (await client.get(`/Users/${id}`)).body
    expect({ title, active }).toEqual({ title: 'put', active: false })
    expect([undefined, 'patched']).toContain(nickName)
    expect(await eventsOf(client.namespace)).toHaveLength(4)
    await expectConsistent(client.namespace)
  })

  test('a user who is deleted while teams take it in is in none', async () => {
    const client = await slow(seed)
    const [id = '', other = ''] = await createUsers(client, names(2))
    const teams = [await createGroup(client, 'G'), await createGroup(client, 'H', [id])]
    const answers = await Promise.all([
      ...teams.map((team) => client.patch(`/Groups/${team.id}`, [add(id), add(other)])),
      client.delete(`/Users/${id}`),
      ...teams.map((team) => client.put(`/Groups/${team.id}`, groupBody(team.id, [id, other]))),
    ])
    expectOnly(answers, 200, 204)
    for (const team of teams) {
      expect(await memberIds(client, team.id)).toEqual([other])
      await expectMembersAsTold(client.namespace, team.id)
    }
    await expectConsistent(client.namespace)
  })

  test('whoever looks a team up while it is renamed finds it by one name or not at all', async () => {
    const client = await slow(seed)
    const group = await createGroup(client, 'Old')
    const path = `/Groups/${group.id}`
    const find = (name: string) => client.find('/Groups', `displayName eq "${name}"`)
    const [renamed, ...found] = await Promise.all([
      client.patch(path, [replace('displayName', 'New')]),
      ...['Old', 'New', 'Old', 'New'].map(find),
      client.get(path),
    ])
    expect(renamed.status).toBe(204)
    for (const [index, answer] of found.entries()) {
      const wanted = ['Old', 'New', 'Old', 'New'][index]
      const resources = wanted === undefined ? [answer.body] : answer.body.Resources
      if (wanted !== undefined) expectList(answer, resources.length)
      for (const { id, displayName } of resources) {
        expect(id).toBe(group.id)
        expect([wanted ?? 'Old', wanted ?? 'New']).toContain(displayName)
      }
    }
    expectList(await find('Old'), 0)
    expectList(await find('New'), 1)
  })

  test('a name that is given up while others want it has one holder', async () => {
    const client = await slow(seed)
    const { id } = await createUser(client, 'wanted')
    const [renamed, ...others] = await Promise.all([
      client.patch(`/Users/${id}`, [replace('userName', 'freed')]),
      client.post('/Users', userBody('wanted', { externalId: 'x' })),
      client.post('/Users', userBody('WANTED', { externalId: 'y' })),
    ])
    expect(renamed.status).toBe(200)
    expectOnly(others, 201, 409)
    const created = others.filter(({ status }) => status === 201).length
    expect(created).toBeLessThanOrEqual(1)
    expectList(await client.find('/Users', 'userName eq "wanted"'), created)
    await expectConsistent(client.namespace)
  })

  test('of creations of one user, and of one team, one succeeds', async () => {
    const client = await slow(seed)
    const [users, teams] = await Promise.all([
      Promise.all(names(4).map(() => client.post('/Users', userBody('ada')))),
      Promise.all(names(4).map(() => client.post('/Groups', groupBody('G')))),
    ])
    expect(statusesOf(users)).toEqual([201, 409, 409, 409])
    expect(statusesOf(teams)).toEqual([201, 409, 409, 409])
    await expectConsistent(client.namespace)
  })

  test('an adoption and creations that want the same leave one holder of each', async () => {
    const client = await slow(seed)
    const account = await createUser(client, 'ada', { emails: [{ value: 'ada@x' }] })
    const team = await createGroup(client, 'G')
    await unmanage('user', client.namespace, account.id)
    await unmanage('team', client.namespace, team.id)
    const emails = [{ value: 'ada@x' }]
    const users = await Promise.all([
      client.post('/Users', userBody('ada', { emails })),
      client.post('/Users', userBody('other', { emails })),
      client.patch(`/Users/${account.id}`, [replace('title', 'T')]),
    ])
    const teams = await Promise.all([
      client.post('/Groups', groupBody('g')),
      client.patch(`/Groups/${team.id}`, [replace('externalId', 'x')]),
    ])
    expectOnly([...users.slice(0, 2), ...teams.slice(0, 1)], 201, 409)
    expect(users[2]?.status).toBe(200)
    expect(teams[1]?.status).toBe(204)
    expectList(await client.find('/Users', 'emails.value eq "ada@x"'), 1)
    expectList(await client.get('/Groups'), 1)
    const adopted = await query('select 1 from adoption where namespace = ?', client.namespace)
    expect(adopted).toHaveLength(2)
    await expectConsistent(client.namespace)
  })

  test('a token that is revoked in flight writes nothing afterwards', async () => {
    const { client, operator, path, token, holder } = await accountWithToken(
      ['Editor'],
      makeSlowEndpoint(seed),
    )
    const { id } = await createUser(client, 'ada')
    const group = await createGroup(client, 'G')
    const [revoked, ...answers] = await Promise.all([
      operator.delete(`${path}/tokens/${token.id}`),
      ...names(4).map((name) => holder.post('/Users', userBody(name))),
      holder.patch(`/Users/${id}`, [replace('title', 'T')]),
      holder.patch(`/Groups/${group.id}`, [add(id)]),
    ])
    expect(revoked.status).toBe(200)
    expectOnly(answers, 200, 201, 204, 401)
    const actions = (await eventsOf(client.namespace, /./)).map(({ action }) => action)
    expect(actions.at(-1)).toBe('token.revoke')
    const written = answers.filter(({ status }) => status !== 401).length
    // Two accounts with a token each, a user and a team were there before.
    expect(actions).toHaveLength(4 + 2 + written + 1)
    expect((await holder.get('/Users')).status).toBe(401)
    await expectConsistent(client.namespace)
  })

  test('settings that are switched in flight hold for whatever is written afterwards', async () => {
    const client = await slow(seed)
    const { id } = await createUser(client, 'ada')
    const spec = { enableUserSync: false, enableGroupSync: true }
    const [switched, grouped, ...answers] = await Promise.all([
      operatorOf(client).put('/config/default', {
        apiVersion: 'scim.grafana.app/v0alpha1',
        kind: 'SCIMConfig',
        spec,
      }),
      client.post('/Groups', groupBody('G', [id])),
      ...names(4).map((name) => client.post('/Users', userBody(name))),
      client.patch(`/Users/${id}`, [replace('title', 'T')]),
    ])
    expect([switched.status, grouped.status]).toEqual([200, 201])
    expectOnly(answers, 200, 201, 403)
    const events = await eventsOf(client.namespace, /^(user|settings)\./)
    expect(events.at(-1)?.action).toBe('settings.update')
    expect(events).toHaveLength(2 + answers.filter(({ status }) => status !== 403).length)
    await expectConsistent(client.namespace)
  })
})
