/** Versions and conditional requests: RFC 7644 §3.14; RFC 9110 §8.8.3, §13.1. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser, createUsers } from '../support/directory.ts'
import { makeInterruptedEndpoint, tenant } from '../support/endpoint.ts'
import { expectError } from '../support/expect.ts'
import { groupBody, userBody } from '../support/payload.ts'
import { dump } from '../support/tables.ts'

const TAG = /^(W\/)?"[^"]+"$/
const replace = (path: string, value: unknown) => [{ op: 'replace', path, value }]

/** A user and a group with versions, and how to write to each. */
async function resources() {
  const client = await tenant()
  const user = await createUser(client, 'ada')
  const group = await createGroup(client, 'G', await createUsers(client, ['member']))
  let count = 0
  const next = () => `T${count++}`
  const writes = {
    'PUT user': (headers: Record<string, string>) =>
      client.put(`/Users/${user.id}`, userBody('ada', { title: next() }), headers),
    'PATCH user': (headers: Record<string, string>) =>
      client.patch(`/Users/${user.id}`, replace('title', next()), headers),
    'DELETE user': (headers: Record<string, string>) => client.delete(`/Users/${user.id}`, headers),
    'PUT group': (headers: Record<string, string>) =>
      client.put(`/Groups/${group.id}`, groupBody(next()), headers),
    'PATCH group': (headers: Record<string, string>) =>
      client.patch(`/Groups/${group.id}`, replace('displayName', next()), headers),
    'PATCH members': (headers: Record<string, string>) =>
      client.patch(`/Groups/${group.id}`, replace('members', [{ value: user.id }]), headers),
    'DELETE group': (headers: Record<string, string>) =>
      client.delete(`/Groups/${group.id}`, headers),
  }
  return { client, user, group, writes }
}

type Write = keyof Awaited<ReturnType<typeof resources>>['writes']
const writeNames: readonly Write[] = [
  'PUT user',
  'PATCH user',
  'DELETE user',
  'PUT group',
  'PATCH group',
  'PATCH members',
  'DELETE group',
]

describe('a version', () => {
  test('is an entity tag, in the header and in meta', async () => {
    const { client, user, group } = await resources()
    for (const { meta } of [user, group]) {
      expect(meta.version).toMatch(TAG)
      const read = await client.get(meta.location.slice(client.base.length))
      expect(read.headers.get('ETag')).toBe(meta.version)
      expect(read.body.meta.version).toBe(meta.version)
    }
  })

  test.each(writeNames.filter((name) => !name.startsWith('DELETE')))(
    'is told by the answer to %s',
    async (name) => {
      const { client, user, group, writes } = await resources()
      const resource = name.endsWith('user') ? user : group
      const answer = await writes[name]({})
      const tag = answer.headers.get('ETag')
      expect(tag).toMatch(TAG)
      expect(tag).not.toBe(resource.meta.version)
      const path = name.endsWith('user') ? `/Users/${user.id}` : `/Groups/${group.id}`
      expect((await client.get(path)).headers.get('ETag')).toBe(tag)
    },
  )
})

describe('If-None-Match', () => {
  test('with the version is 304 without a body', async () => {
    const { client, user, group } = await resources()
    for (const [path, version] of [
      [`/Users/${user.id}`, user.meta.version],
      [`/Groups/${group.id}`, group.meta.version],
    ]) {
      const strong = version.replace(/^W\//, '')
      for (const header of [version, strong, '*', `"x", ${version}`, ` ${strong} , W/"y"`]) {
        for (const parameters of ['', '?attributes=displayName', '?excludedAttributes=members']) {
          const answer = await client.get(`${path}${parameters}`, { 'If-None-Match': header })
          expect(answer).toMatchObject({ status: 304, body: undefined })
          expect(answer.headers.get('ETag')).toBe(version)
        }
      }
    }
  })

  test.each(['W/"old"', '"old"', 'garbage', '', 'W/"'])(
    'with another tag is 200: %s',
    async (header) => {
      const { client, user } = await resources()
      const answer = await client.get(`/Users/${user.id}`, { 'If-None-Match': header })
      expect(answer).toMatchObject({ status: 200, body: user })
    },
  )

  test('sees a user whose groups have changed', async () => {
    const { client, user } = await resources()
    await createGroup(client, 'New', [user.id])
    const header = { 'If-None-Match': user.meta.version }
    expect((await client.get(`/Users/${user.id}`, header)).status).toBe(200)
  })
})

describe('If-Match', () => {
  test.each(writeNames)('lets %s pass with the current version', async (name) => {
    const { user, group, writes } = await resources()
    const { version } = (name.endsWith('user') ? user : group).meta
    const answer = await writes[name]({ 'If-Match': version })
    expect([200, 204]).toContain(answer.status)
    expect(answer.headers.get('ETag')).not.toBe(version)
  })

  test.each(writeNames)('lets %s pass with * and with a list', async (name) => {
    const { user, group, writes } = await resources()
    const { version } = (name.endsWith('user') ? user : group).meta
    const header = name.startsWith('DELETE') || name === 'PATCH members' ? '*' : `"x", ${version}`
    expect([200, 204]).toContain((await writes[name]({ 'If-Match': header })).status)
  })

  test.each(writeNames)('refuses %s with 412 for anything else', async (name) => {
    const { client, writes } = await resources()
    const before = await dump(client.namespace)
    for (const header of ['W/"old"', '"0"', 'garbage', '', 'W/"1', '"x", garbage']) {
      expectError(await writes[name]({ 'If-Match': header }), 412)
    }
    expect(await dump(client.namespace)).toBe(before)
  })

  test.each(writeNames)('and If-None-Match say which of them refused: %s', async (name) => {
    const { client, user, group, writes } = await resources()
    const { version } = (name.endsWith('user') ? user : group).meta
    const before = await dump(client.namespace)
    for (const [headers, failed] of [
      [{ 'If-Match': 'W/"old"' }, /than If-Match names/],
      [{ 'If-None-Match': '*' }, /^If-None-Match is \* or names the version/],
      [{ 'If-None-Match': version }, /^If-None-Match is \* or names the version/],
      [{ 'If-Match': '*', 'If-None-Match': version }, /^If-None-Match is/],
      [{ 'If-Match': 'W/"old"', 'If-None-Match': '*' }, /than If-Match names/],
    ] as const) {
      const answer = await writes[name](headers)
      expectError(answer, 412)
      expect(answer.body.detail).toMatch(failed)
    }
    expect(await dump(client.namespace)).toBe(before)
  })

  test.each(writeNames)('refuses %s with 412 after somebody else wrote', async (name) => {
    const { client, user, group, writes } = await resources()
    const { version } = (name.endsWith('user') ? user : group).meta
    const first = name.endsWith('user') ? 'PATCH user' : 'PATCH group'
    expect((await writes[first]({ 'If-Match': version })).status).toBeLessThan(300)
    const before = await dump(client.namespace)
    expectError(await writes[name]({ 'If-Match': version }), 412)
    expect(await dump(client.namespace)).toBe(before)
  })

  test('refuses a user whose groups have changed since', async () => {
    const { client, user, writes } = await resources()
    await createGroup(client, 'New', [user.id])
    for (const name of ['PUT user', 'PATCH user', 'DELETE user'] as const) {
      expectError(await writes[name]({ 'If-Match': user.meta.version }), 412)
    }
    expect((await client.get(`/Users/${user.id}`)).status).toBe(200)
  })

  test.each(['PUT', 'PATCH', 'DELETE'])(
    'refuses %s of a user whose groups change between read and write',
    async (method) => {
      const { endpoint, interruption } = makeInterruptedEndpoint()
      const client = await tenant({ endpoint })
      const user = await createUser(client, 'ada')
      const group = await createGroup(client, 'G', [user.id])
      const path = `/Users/${user.id}`
      const { version } = (await client.get(path)).body.meta
      const headers = { 'If-Match': version }
      interruption.meanwhile = () =>
        client.patch(`/Groups/${group.id}`, replace('displayName', 'Renamed'))
      const answer =
        method === 'PUT'
          ? await client.put(path, userBody('ada', { title: 'T' }), headers)
          : method === 'PATCH'
            ? await client.patch(path, replace('title', 'T'), headers)
            : await client.delete(path, headers)
      expectError(answer, 412)
      const { body } = await client.get(path)
      expect(body).not.toHaveProperty('title')
      expect(body.groups).toMatchObject([{ display: 'Renamed' }])
    },
  )

  test('lets a write that changes nothing pass and keeps the version', async () => {
    const { client, user } = await resources()
    const headers = { 'If-Match': user.meta.version }
    const answer = await client.patch(`/Users/${user.id}`, [], headers)
    expect(answer).toMatchObject({ status: 200, body: user })
  })

  test('does not turn an unknown id into anything but 404', async () => {
    const { client } = await resources()
    const headers = { 'If-Match': 'W/"1"' }
    expectError(await client.put('/Users/unknown', userBody('x'), headers), 404)
    expectError(await client.delete('/Groups/unknown', headers), 404)
  })

  test.each(['users', 'groups'])('lets one of ten parallel PUTs of %s through', async (kind) => {
    const { client, user, group } = await resources()
    const { version } = (kind === 'users' ? user : group).meta
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        kind === 'users'
          ? client.put(`/Users/${user.id}`, userBody('ada', { title: `T${index}` }), {
              'If-Match': version,
            })
          : client.put(`/Groups/${group.id}`, groupBody(`G${index}`), { 'If-Match': version }),
      ),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([200, ...Array(9).fill(412)])
    const winner = answers.find(({ status }) => status === 200)
    const path = kind === 'users' ? `/Users/${user.id}` : `/Groups/${group.id}`
    expect((await client.get(path)).body).toEqual(winner?.body)
    for (const answer of answers) if (answer.status !== 200) expectError(answer, 412)
  })

  test('lets one of ten parallel membership changes through', async () => {
    const { client, group } = await resources()
    const ids = await createUsers(
      client,
      Array.from({ length: 10 }, (_, n) => `p${n}`),
    )
    const answers = await Promise.all(
      ids.map((value) =>
        client.patch(`/Groups/${group.id}`, [{ op: 'add', path: 'members', value: [{ value }] }], {
          'If-Match': group.meta.version,
        }),
      ),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([204, ...Array(9).fill(412)])
    expect((await client.get(`/Groups/${group.id}`)).body.members).toHaveLength(2)
  })
})
