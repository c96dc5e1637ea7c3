/** What happens at once: nothing is lost, nothing is there twice, nothing hangs in the air. */
import { expect, test } from 'vitest'
import { Client } from '../support/client.ts'
import { expectConsistent } from '../support/consistent.ts'
import { createGroup, createUser, createUsers, memberIds } from '../support/directory.ts'
import { makeInterruptedEndpoint, tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { groupBody, userBody } from '../support/payload.ts'
import { eventsOf, query, unmanage, userRow } from '../support/tables.ts'

const names = (count: number) => Array.from({ length: count }, (_, index) => `u${index}`)
const statusesOf = (answers: readonly { readonly status: number }[]) =>
  answers.map(({ status }) => status).sort()

test('forty parallel changes of one member each keep forty members', async () => {
  const client = await tenant()
  const ids = await createUsers(client, names(40))
  const group = await createGroup(client, 'G')
  const answers = await Promise.all(
    ids.map((value) =>
      client.patch(`/Groups/${group.id}`, [{ op: 'Add', path: 'members', value: [{ value }] }]),
    ),
  )
  expect(statusesOf(answers)).toEqual(Array(40).fill(204))
  expect(await memberIds(client, group.id)).toEqual(ids.sort())
  // Each change made a version of its own.
  expect(new Set(answers.map(({ headers }) => headers.get('ETag'))).size).toBe(40)
  await expectConsistent(client.namespace)
})

test('parallel additions and removals of different members all take effect', async () => {
  const client = await tenant()
  const ids = await createUsers(client, names(20))
  const group = await createGroup(client, 'G', ids.slice(0, 10))
  const answers = await Promise.all(
    ids.map((id, index) =>
      client.patch(`/Groups/${group.id}`, [
        index < 10
          ? { op: 'remove', path: `members[value eq "${id}"]` }
          : { op: 'add', path: 'members', value: [{ value: id }] },
      ]),
    ),
  )
  expect(statusesOf(answers)).toEqual(Array(20).fill(204))
  expect(await memberIds(client, group.id)).toEqual(ids.slice(10).sort())
  await expectConsistent(client.namespace)
})

test('a rename and member changes at once all take effect', async () => {
  const client = await tenant()
  const ids = await createUsers(client, names(10))
  const group = await createGroup(client, 'G')
  const path = `/Groups/${group.id}`
  const answers = await Promise.all([
    ...ids.map((value) => client.patch(path, [{ op: 'add', path: 'members', value }])),
    client.patch(path, [{ op: 'replace', path: 'displayName', value: 'H' }]),
    client.patch(path, [{ op: 'replace', path: 'externalId', value: 'x' }]),
  ])
  expect(statusesOf(answers)).toEqual(Array(12).fill(204))
  expect((await client.get(path)).body).toMatchObject({ displayName: 'H', externalId: 'x' })
  expect(await memberIds(client, group.id)).toEqual(ids.sort())
  await expectConsistent(client.namespace)
})

test('parallel changes of seven attributes of a user keep all seven', async () => {
  const client = await tenant()
  const { id } = await createUser(client, 'ada')
  const attributes = {
    displayName: 'D',
    title: 'T',
    nickName: 'N',
    userType: 'U',
    locale: 'en',
    timezone: 'UTC',
    preferredLanguage: 'nl',
  }
  const answers = await Promise.all(
    Object.entries(attributes).map(([path, value]) =>
      client.patch(`/Users/${id}`, [{ op: 'replace', path, value }]),
    ),
  )
  expect(statusesOf(answers)).toEqual(Array(7).fill(200))
  expect((await client.get(`/Users/${id}`)).body).toMatchObject(attributes)
  expect(await userRow(client.namespace, id)).toMatchObject({ revision: 8 })
  expect(await eventsOf(client.namespace)).toHaveLength(8)
})

test('twenty identical POSTs make one user', async () => {
  const client = await tenant()
  const body = userBody('ada', { emails: [{ value: 'ada@x', type: 'work' }] })
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.post('/Users', body)))
  expect(statusesOf(answers)).toEqual([201, ...Array(19).fill(409)])
  for (const answer of answers) {
    if (answer.status === 409) expectError(answer, 409, { scimType: 'uniqueness' })
  }
  expectList(await client.get('/Users'), 1)
  expect(await eventsOf(client.namespace)).toHaveLength(1)
})

test.each([
  ['userName', (n: number) => userBody('ADA', { externalId: `e${n}` })],
  ['externalId', (n: number) => userBody(`u${n}`, { externalId: 'same' })],
  ['e-mail', (n: number) => userBody(`u${n}`, { emails: [{ value: 'same@x' }] })],
])('twenty POSTs with one %s make one user', async (attribute, body) => {
  const client = await tenant()
  const answers = await Promise.all(names(20).map((_, index) => client.post('/Users', body(index))))
  expect(statusesOf(answers)).toEqual([201, ...Array(19).fill(409)])
  for (const { status, body: answer } of answers) {
    if (status === 409) expect(answer.detail).toContain(attribute)
  }
  expectList(await client.get('/Users'), 1)
})

test('twenty users that take one name by PATCH: one has it, the others keep theirs', async () => {
  const client = await tenant()
  const ids = await createUsers(client, names(20))
  const answers = await Promise.all(
    ids.map((id) =>
      client.patch(`/Users/${id}`, [{ op: 'replace', path: 'userName', value: 'the one' }]),
    ),
  )
  expect(statusesOf(answers)).toEqual([200, ...Array(19).fill(409)])
  expectList(await client.find('/Users', 'userName eq "the one"'), 1)
  expectList(await client.find('/Users', 'userName sw "u"'), 19)
})

test('twenty creations of one team name make one team', async () => {
  const client = await tenant()
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => client.post('/Groups', groupBody('Team'))),
  )
  expect(statusesOf(answers)).toEqual([201, ...Array(19).fill(409)])
  expectList(await client.get('/Groups'), 1)
  await expectConsistent(client.namespace)
})

test('a deleted user is in no team, whoever adds it meanwhile', async () => {
  const client = await tenant()
  const group = await createGroup(client, 'G')
  const ids = await createUsers(client, names(10))
  const answers = await Promise.all(
    ids.flatMap((id) => [
      client.patch(`/Groups/${group.id}`, [{ op: 'add', path: 'members', value: id }]),
      client.delete(`/Users/${id}`),
      client.patch(`/Groups/${group.id}`, [{ op: 'add', path: 'members', value: id }]),
    ]),
  )
  expect(new Set(statusesOf(answers))).toEqual(new Set([204]))
  expect(await memberIds(client, group.id)).toEqual([])
  await expectConsistent(client.namespace)
})

test('a deleted team has no members, whoever adds some meanwhile', async () => {
  const client = await tenant()
  const ids = await createUsers(client, names(10))
  const group = await createGroup(client, 'G', ids.slice(0, 5))
  const path = `/Groups/${group.id}`
  const answers = await Promise.all([
    ...ids.map((value) => client.patch(path, [{ op: 'add', path: 'members', value }])),
    client.delete(path),
    client.delete(path),
  ])
  const deletions = answers.slice(-2)
  expect(statusesOf(deletions)).toEqual([204, 404])
  for (const { status } of answers.slice(0, -2)) expect([204, 404]).toContain(status)
  expect(await query('select 1 from membership where namespace = ?', client.namespace)).toEqual([])
  for (const id of ids) {
    expect((await client.get(`/Users/${id}`)).body).not.toHaveProperty('groups')
  }
  await expectConsistent(client.namespace)
})

test('two deletions of one user: one is 204 and the other 404', async () => {
  const client = await tenant()
  const { id } = await createUser(client, 'ada')
  const answers = await Promise.all([client.delete(`/Users/${id}`), client.delete(`/Users/${id}`)])
  expect(statusesOf(answers)).toEqual([204, 404])
  await expectConsistent(client.namespace)
})

test('a deletion and a change of one user leave it deleted', async () => {
  const client = await tenant()
  const { id } = await createUser(client, 'ada')
  const answers = await Promise.all([
    client.patch(`/Users/${id}`, [{ op: 'replace', path: 'title', value: 'T' }]),
    client.delete(`/Users/${id}`),
    client.put(`/Users/${id}`, userBody('ada', { title: 'U' })),
  ])
  expect(answers[1]?.status).toBe(204)
  for (const answer of [answers[0], answers[2]]) expect([200, 404]).toContain(answer?.status)
  expectError(await client.get(`/Users/${id}`), 404)
  await expectConsistent(client.namespace)
})

test('a PATCH and a PUT of one user come out as one after the other', async () => {
  for (let round = 0; round < 5; round++) {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', { title: 'old' })
    const [put, patch] = await Promise.all([
      client.put(`/Users/${id}`, userBody('ada', { title: 'put' })),
      client.patch(`/Users/${id}`, [{ op: 'add', path: 'nickName', value: 'patched' }]),
    ])
    expect([put.status, patch.status]).toEqual([200, 200])
    const { title, nickName } = (await client.get(`/Users/${id}`)).body
    expect(title).toBe('put')
    expect([undefined, 'patched']).toContain(nickName)
    expect(await userRow(client.namespace, id)).toMatchObject({ revision: 3 })
  }
})

test('an account is adopted once, however many POSTs match it', async () => {
  const client = await tenant()
  const account = await createUser(client, 'ada', { title: 'T' })
  await unmanage('user', client.namespace, account.id)
  const answers = await Promise.all(
    names(10).map((_, index) => client.post('/Users', userBody('ADA', { nickName: `n${index}` }))),
  )
  expect(statusesOf(answers)).toEqual([201, ...Array(9).fill(409)])
  const winner = answers.find(({ status }) => status === 201)
  expect(winner?.body).toMatchObject({ id: account.id, title: 'T' })
  expect((await client.get(`/Users/${account.id}`)).body).toEqual(winner?.body)
  const adopted = await query('select 1 from adoption where namespace = ?', client.namespace)
  expect(adopted).toHaveLength(1)
})

test('an adoption and the creation of the same e-mail do not both succeed', async () => {
  const client = await tenant()
  const emails = [{ value: 'ada@x', type: 'work' }]
  const account = await createUser(client, 'ada')
  await unmanage('user', client.namespace, account.id)
  const answers = await Promise.all([
    client.post('/Users', userBody('ada', { emails })),
    client.post('/Users', userBody('another', { emails })),
  ])
  expect(statusesOf(answers)).toEqual([201, 409])
  expectList(await client.find('/Users', 'emails.value eq "ada@x"'), 1)
  await expectConsistent(client.namespace)
})

test('a team is adopted once, however many POSTs name it', async () => {
  const client = await tenant()
  const team = await createGroup(client, 'Team', await createUsers(client, names(3)))
  await unmanage('team', client.namespace, team.id)
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => client.post('/Groups', groupBody('TEAM'))),
  )
  expect(statusesOf(answers)).toEqual([201, ...Array(9).fill(409)])
  expect(await memberIds(client, team.id)).toHaveLength(3)
})

test('a retained account is taken up once, however many POSTs match it', async () => {
  const client = await tenant()
  const { id } = await createUser(client, 'ada')
  await client.delete(`/Users/${id}`)
  const answers = await Promise.all(names(10).map(() => client.post('/Users', userBody('ada'))))
  expect(statusesOf(answers)).toEqual([201, ...Array(9).fill(409)])
  expect(answers.find(({ status }) => status === 201)?.body.id).toBe(id)
  expect(await query('select 1 from retained where namespace = ?', client.namespace)).toEqual([])
  await expectConsistent(client.namespace)
})

test('a write is seen by whoever reads next', async () => {
  const client = await tenant()
  const { id } = await createUser(client, 'ada')
  const group = await createGroup(client, 'G')
  for (let round = 0; round < 20; round++) {
    const title = `T${round}`
    const member = round % 2 === 0 ? [{ value: id }] : []
    await client.patch(`/Users/${id}`, [{ op: 'replace', path: 'title', value: title }])
    await client.patch(`/Groups/${group.id}`, [{ op: 'replace', path: 'members', value: member }])
    expect((await client.get(`/Users/${id}`)).body.title).toBe(title)
    expectList(await client.find('/Users', `title eq "${title}"`), 1)
    expect((await client.get(`/Users/${id}`)).body.groups ?? []).toHaveLength(member.length)
    expectList(await client.find('/Groups', `members eq "${id}"`), member.length)
  }
})

test.each([
  ['PUT', 200],
  ['PATCH', 200],
])('a %s that is sent again changes nothing more', async (method, status) => {
  const client = await tenant()
  const { id } = await createUser(client, 'ada')
  const send = () =>
    method === 'PUT'
      ? client.put(`/Users/${id}`, userBody('ada', { title: 'T' }))
      : client.patch(`/Users/${id}`, [{ op: 'add', path: 'emails', value: [{ value: 'a@x' }] }])
  const first = await send()
  client.endpoint.clock.offset = 1000
  const second = await send()
  expect(first.status).toBe(status)
  expect(second).toMatchObject({ status, body: first.body })
})

test('a write is refused where its sync is turned off between read and write', async () => {
  const { endpoint, interruption } = makeInterruptedEndpoint()
  const client = await tenant({ endpoint })
  const { id } = await createUser(client, 'ada')
  const turn = (settings: object) => () =>
    query(
      'update namespace set settings = ? where name = ?',
      JSON.stringify(settings),
      client.namespace,
    )
  const on = { enableUserSync: true, enableGroupSync: true }
  for (const send of [
    () => client.post('/Users', userBody('new')),
    () => client.patch(`/Users/${id}`, [{ op: 'replace', path: 'title', value: 'T' }]),
    () => client.delete(`/Users/${id}`),
    () => client.post('/Groups', groupBody('G')),
  ]) {
    interruption.meanwhile = turn({})
    expectError(await send(), 403)
    await turn(on)()
  }
  expectList(await client.get('/Users'), 1)
  expectList(await client.get('/Groups'), 0)
})

test('a write finds its target gone between read and write: 404', async () => {
  const { endpoint, interruption } = makeInterruptedEndpoint()
  const client = await tenant({ endpoint })
  for (const [index, method] of ['PUT', 'PATCH', 'DELETE'].entries()) {
    const user = await createUser(client, `u${index}`)
    const group = await createGroup(client, `G${index}`)
    for (const [path, body] of [
      [`/Users/${user.id}`, userBody('renamed')],
      [`/Groups/${group.id}`, groupBody('Renamed')],
    ] as const) {
      interruption.meanwhile = () => client.delete(path)
      const operations = [{ op: 'replace', path: 'displayName', value: 'Renamed' }]
      const answer =
        method === 'PUT'
          ? await client.put(path, body)
          : method === 'PATCH'
            ? await client.patch(path, operations)
            : await client.delete(path)
      expectError(answer, 404)
    }
  }
  await expectConsistent(client.namespace)
})

test('a write that keeps losing gives up with 503 and says when to try again', async () => {
  const client = await tenant()
  const { id } = await createUser(client, 'ada')
  const { endpoint, interruption } = makeInterruptedEndpoint()
  const unlucky = new Client(endpoint.fetch, client.base, client.token)
  let changes = 0
  const interfere = async () => {
    changes += 1
    await client.patch(`/Users/${id}`, [{ op: 'replace', path: 'title', value: `T${changes}` }])
    interruption.meanwhile = interfere
  }
  interruption.meanwhile = interfere
  const answer = await unlucky.patch(`/Users/${id}`, [{ op: 'add', path: 'nickName', value: 'N' }])
  expectError(answer, 503)
  expect(answer.headers.get('Retry-After')).toMatch(/^\d+$/)
  // The first attempt and, at most, twenty more.
  expect(changes).toBeGreaterThanOrEqual(20)
  expect(changes).toBeLessThanOrEqual(21)
  expect((await client.get(`/Users/${id}`)).body).not.toHaveProperty('nickName')
})
