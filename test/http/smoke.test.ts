import { expect, test } from 'vitest'
import { tenant } from '../support/endpoint.ts'

test('a user that is created can be read', async () => {
  const client = await tenant()
  const created = await client.post('/Users', { userName: 'ada', externalId: 'x' })
  expect(created.status).toBe(201)
  expect((await client.get(`/Users/${created.body.id}`)).body).toEqual(created.body)
  expect(client.endpoint.batches.map(({ mode }) => mode)).toEqual(['read', 'write', 'read'])
})

test('parallel changes of one team all take effect', async () => {
  const client = await tenant()
  const users = await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      client.post('/Users', { userName: `u${n}`, externalId: `e${n}` }),
    ),
  )
  const group = await client.post('/Groups', { displayName: 'G' })
  expect(group.status).toBe(201)
  const patched = await Promise.all(
    users.map((u) =>
      client.patch(`/Groups/${group.body.id}`, [
        { op: 'add', path: 'members', value: [{ value: u.body.id }] },
      ]),
    ),
  )
  expect(new Set(patched.map((p) => p.status))).toEqual(new Set([204]))
  const after = await client.get(`/Groups/${group.body.id}`)
  expect(after.body.members).toHaveLength(40)
  expect(after.body.meta.version).toBe('W/"41"')
  const wiped = await client.put(`/Groups/${group.body.id}`, {
    displayName: 'H',
    members: [{ value: users[0]?.body.id }, { value: 'nobody' }],
  })
  expect(wiped.body.members).toHaveLength(1)
  const del = await client.delete(`/Users/${users[0]?.body.id}`)
  expect(del.status).toBe(204)
  expect((await client.get(`/Groups/${group.body.id}`)).body.members).toEqual([])
  expect((await client.delete(`/Groups/${group.body.id}`)).status).toBe(204)
})

test('twenty identical posts give one user', async () => {
  const client = await tenant()
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => client.post('/Users', { userName: 'ada', externalId: 'x' })),
  )
  expect(answers.map((a) => a.status).sort()).toEqual([201, ...Array(19).fill(409)])
})
