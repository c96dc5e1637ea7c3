/**
 * What a write decided by what it read holds when it is written: whatever changes in between, the
 * outcome is as if the request had come afterwards.
 */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser, createUsers, memberIds } from '../support/directory.ts'
import { makeInterruptedEndpoint, tenant } from '../support/endpoint.ts'
import { expectAdminError } from '../support/expect.ts'
import { handMade, handMadeTeam } from '../support/hand-made.ts'
import { operatorOf } from '../support/operator.ts'
import { groupBody, userBody } from '../support/payload.ts'
import { eventsOf, query, userRow } from '../support/tables.ts'

const DAY = 24 * 60 * 60 * 1000
const MAPPINGS = '/migration/team-sync'

/** A namespace where something happens between the next read and its write. */
async function interrupted() {
  const { endpoint, interruption } = makeInterruptedEndpoint()
  const client = await tenant({ endpoint })
  const meanwhile = (task: () => Promise<unknown>) => {
    interruption.meanwhile = task
  }
  return { client, operator: operatorOf(client), meanwhile }
}

const mapping = (groupId: string, team: string) => ({ mappings: [{ groupId, team }] })

describe('a POST that takes a deleted account up again', () => {
  test('makes a new one where somebody else had the externalId meanwhile', async () => {
    const { client, meanwhile } = await interrupted()
    const { id } = await createUser(client, 'ada', { externalId: 'e1' })
    const other = await createUser(client, 'bob', { externalId: 'e2' })
    await client.delete(`/Users/${id}`)
    meanwhile(async () => {
      const set = (value: string) => [{ op: 'replace', path: 'externalId', value }]
      await client.patch(`/Users/${other.id}`, set('e1'))
      await client.patch(`/Users/${other.id}`, set('e2'))
    })
    const created = await client.post('/Users', userBody('ada', { externalId: 'e1' }))
    expect(created.status).toBe(201)
    expect(created.body.id).not.toBe(id)
  })

  test('goes on from the version that it then has', async () => {
    const { client, meanwhile } = await interrupted()
    const { id } = await createUser(client, 'ada')
    await client.delete(`/Users/${id}`)
    meanwhile(async () => {
      await client.post('/Users', userBody('ada'))
      await client.patch(`/Users/${id}`, [{ op: 'add', path: 'title', value: 'T' }])
      await client.delete(`/Users/${id}`)
    })
    const created = await client.post('/Users', userBody('ada'))
    expect(created).toMatchObject({ status: 201, body: { id } })
    // 1 created, 2 back, 3 with a title, 4 back again.
    expect(await userRow(client.namespace, id)).toMatchObject({ revision: 4 })
  })
})

describe('a purge', () => {
  test('by age leaves who came back and left again meanwhile', async () => {
    const { client, operator, meanwhile } = await interrupted()
    const { id } = await createUser(client, 'ada')
    await client.delete(`/Users/${id}`)
    client.endpoint.clock.offset += 10 * DAY
    meanwhile(async () => {
      await client.post('/Users', userBody('ada'))
      await client.delete(`/Users/${id}`)
    })
    const { status, body } = await operator.post('/retained/purge', { olderThanDays: 5 })
    expect([status, body]).toEqual([200, { purged: 0, more: false }])
    expect((await operator.get('/retained')).body).toMatchObject({ totalCount: 1 })
  })

  test('forgets the conflicts under the name that the account then has', async () => {
    const { client, operator, meanwhile } = await interrupted()
    const { id } = await createUser(client, 'ada', { externalId: 'e1' })
    await client.delete(`/Users/${id}`)
    meanwhile(async () => {
      const renamed = userBody('lovelace', { externalId: 'e1' })
      await client.post('/Users', renamed)
      expect((await client.post('/Users', renamed)).status).toBe(409)
      await client.endpoint.settled()
      await client.delete(`/Users/${id}`)
    })
    expect((await operator.delete(`/retained/${id}`)).status).toBe(200)
    expect((await operator.get('/conflicts')).body).toMatchObject({ conflicts: [] })
  })
})

describe('mappings', () => {
  test('that are loaded all hold, also one that was as asked for before', async () => {
    const { client, operator, meanwhile } = await interrupted()
    const a = await createGroup(client, 'A')
    const b = await createGroup(client, 'B')
    await operator.put(MAPPINGS, mapping('g1', 'A'))
    meanwhile(() => operator.put(MAPPINGS, mapping('g1', 'B')))
    const mappings = ['g1', 'g2'].map((groupId) => ({ groupId, team: 'A' }))
    const { body } = await operator.put(MAPPINGS, { mappings })
    expect(body.mappings).toMatchObject([{ team: { id: a.id } }, { team: { id: a.id } }])
    const [, moved, last] = await eventsOf(client.namespace, /^teamsync/)
    expect(moved?.changes).toMatchObject({ after: { mappings: [{ teamId: b.id }] } })
    expect(last?.changes).toMatchObject({
      before: { mappings: [{ groupId: 'g1', teamId: b.id }] },
      after: { mappings: [{ groupId: 'g1' }, { groupId: 'g2' }] },
    })
  })

  test('name the team that then has the name', async () => {
    const { client, operator, meanwhile } = await interrupted()
    const a = await createGroup(client, 'A')
    const b = await createGroup(client, 'B')
    const rename = (id: string, value: string) =>
      client.patch(`/Groups/${id}`, [{ op: 'replace', path: 'displayName', value }])
    meanwhile(async () => {
      await rename(a.id, 'C')
      await rename(b.id, 'A')
    })
    const { body } = await operator.put(MAPPINGS, mapping('g', 'A'))
    expect(body.mappings).toMatchObject([{ team: { id: b.id, name: 'A' } }])
  })

  test('that are removed are told as they were', async () => {
    const { client, operator, meanwhile } = await interrupted()
    await createGroup(client, 'A')
    const b = await createGroup(client, 'B')
    await operator.put(MAPPINGS, mapping('g', 'A'))
    meanwhile(() => operator.put(MAPPINGS, mapping('g', 'B')))
    expect((await operator.delete(`${MAPPINGS}/g`)).status).toBe(200)
    const last = (await eventsOf(client.namespace, /^teamsync/)).at(-1)
    expect(last).toMatchObject({
      action: 'teamsync.delete',
      changes: { before: { mappings: [{ groupId: 'g', teamId: b.id }] } },
    })
  })

  test('that are loaded while a group is pushed are heeded', async () => {
    const { client, operator, meanwhile } = await interrupted()
    const team = await handMadeTeam(client, 'Operations')
    meanwhile(() => operator.put(MAPPINGS, mapping('Ops', 'Operations')))
    const pushed = await client.post('/Groups', groupBody('Ops'))
    expect(pushed).toMatchObject({ status: 201, body: { id: team.id, displayName: 'Ops' } })
  })

  test('that are removed while a group is pushed are not', async () => {
    const { client, operator, meanwhile } = await interrupted()
    const team = await handMadeTeam(client, 'Operations')
    await operator.put(MAPPINGS, mapping('Ops', 'Operations'))
    meanwhile(() => operator.delete(`${MAPPINGS}/Ops`))
    const pushed = await client.post('/Groups', groupBody('Ops'))
    expect(pushed.status).toBe(201)
    expect(pushed.body.id).not.toBe(team.id)
  })
})

describe('a member by hand', () => {
  test('who is added by somebody else meanwhile is a member already', async () => {
    const { client, operator, meanwhile } = await interrupted()
    const [userId = ''] = await createUsers(client, ['ada'])
    const { id } = await handMadeTeam(client, 'Crew')
    const add = () => operator.post(`/teams/${id}/members`, { userId })
    meanwhile(add)
    expectAdminError(await add(), 400)
    expect(await memberIds(client, id)).toEqual([userId])
  })

  test('who is removed by somebody else meanwhile is none', async () => {
    const { client, operator, meanwhile } = await interrupted()
    const [userId = ''] = await createUsers(client, ['ada'])
    const { id } = await handMadeTeam(client, 'Crew', [userId])
    const remove = () => operator.delete(`/teams/${id}/members/${userId}`)
    meanwhile(remove)
    expectAdminError(await remove(), 404)
  })

  test.each(['POST', 'PUT'])('who is deleted meanwhile is unknown to a %s', async (method) => {
    const { client, operator, meanwhile } = await interrupted()
    const [userId = '', other = ''] = await createUsers(client, ['ada', 'bob'])
    const { id } = await handMadeTeam(client, 'Crew', [other])
    meanwhile(() => client.delete(`/Users/${userId}`))
    const body = method === 'POST' ? { userId } : { members: [userId] }
    expectAdminError(await operator.request(method, `/teams/${id}/members`, body), 404)
    expect(await memberIds(client, id)).toEqual([other])
  })
})

test('a filter judges who is taken up again while another listed user is deleted', async () => {
  const { client, meanwhile } = await interrupted()
  const a = await createUser(client, 'a', { displayName: 'A' })
  await client.patch(`/Users/${a.id}`, [{ op: 'add', path: 'title', value: 'T' }])
  const b = await createUser(client, 'b', { displayName: 'B' })
  const { id } = await createGroup(client, 'G')
  await client.delete(`/Users/${b.id}`)
  meanwhile(async () => {
    // As many users as before, with as many changes.
    await client.delete(`/Users/${a.id}`)
    await client.post('/Users', userBody('b', { displayName: 'B' }))
  })
  const answer = await client.patch(`/Groups/${id}`, [
    { op: 'add', path: 'members', value: [{ value: a.id }, { value: b.id }] },
    { op: 'remove', path: 'members[display eq "B"]' },
  ])
  expect(answer.status).toBe(204)
  expect(await memberIds(client, id)).toEqual([])
})

test('a conflict is settled with what occurs meanwhile, and the event counts it', async () => {
  const { client, operator, meanwhile } = await interrupted()
  await createUser(client, 'ada')
  const refuse = async () => {
    expect((await client.post('/Users', userBody('ada'))).status).toBe(409)
    await client.endpoint.settled()
  }
  await refuse()
  const [conflict] = (await operator.get('/conflicts')).body.conflicts
  meanwhile(refuse)
  expect((await operator.delete(`/conflicts/${conflict.id}`)).status).toBe(200)
  const [event] = await eventsOf(client.namespace, /^conflict/)
  expect(event?.changes).toMatchObject({ before: { count: 2 } })
})

describe('an import', () => {
  test.each([
    ['deleted', (path: string) => ({ method: 'DELETE', path, body: undefined }), ['ada']],
    [
      'renamed',
      (path: string) => ({ method: 'PATCH', path, body: { login: 'other' } }),
      ['ada', 'other'],
    ],
  ])('creates whoever is %s before it comes to them', async (_, change, left) => {
    const { client, operator, meanwhile } = await interrupted()
    const account = await handMade(client, 'ada')
    const { method, path, body: asked } = change(`/accounts/${account.id}`)
    meanwhile(() => operator.request(method, path, asked))
    const users = [{ login: 'ada', name: 'Ada' }]
    const { status, body } = await operator.post('/import', { users })
    expect(status).toBe(200)
    expect(body.users).toMatchObject([{ login: 'ada', outcome: 'created' }])
    expect(body.users[0].id).not.toBe(account.id)
    const names = await query(
      'select user_name_key as name from user where namespace = ? order by 1',
      client.namespace,
    )
    expect(names.map(({ name }) => name)).toEqual(left)
  })
})
