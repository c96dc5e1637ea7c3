/** What HTTP asks of a server: RFC 9110, RFC 7240, and RFC 7644 §3.8, §3.13. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectError } from '../support/expect.ts'
import { userBody } from '../support/payload.ts'

describe('Accept', () => {
  test.each([
    'application/scim+json',
    'application/json',
    'Application/SCIM+JSON; charset=utf-8',
    '*/*',
    'application/*',
    'text/html, application/scim+json;q=0.5',
    '',
  ])('%j is served', async (accept) => {
    const client = await tenant()
    const answer = await client.get('/Users', { Accept: accept })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Content-Type')).toBe('application/scim+json')
  })

  test.each(['text/html', 'application/xml', 'application/json;q=0', 'image/*'])(
    '%j is answered 406, and nothing is written',
    async (accept) => {
      const client = await tenant()
      expectError(await client.post('/Users', userBody('a'), { Accept: accept }), 406)
      expect((await client.get('/Users')).body.totalResults).toBe(0)
    },
  )
})

describe('Prefer: return=minimal', () => {
  const minimal = { Prefer: 'respond-async, return=minimal' }

  test('answers writes without a body', async () => {
    const client = await tenant()
    const created = await client.post('/Users', userBody('a'), minimal)
    expect(created).toMatchObject({ status: 201, body: undefined })
    const location = String(created.headers.get('Location'))
    const path = location.slice(client.base.length)
    const { body } = await client.get(path)
    expect(body).toMatchObject({ userName: 'a', meta: { location } })
    expect(created.headers.get('ETag')).toBe(body.meta.version)
    const changed = await client.put(path, userBody('a', { title: 'x' }), minimal)
    expect(changed).toMatchObject({ status: 204, body: undefined })
    expect(changed.headers.get('ETag')).not.toBe(body.meta.version)
    expect((await client.get(path)).body.title).toBe('x')
  })

  test('return=representation and others answer as ever', async () => {
    const client = await tenant()
    const prefer = { Prefer: 'return=representation' }
    expect((await client.post('/Users', userBody('a'), prefer)).body.userName).toBe('a')
  })
})

describe('a version in the path', () => {
  test('v2 is the one there is', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'a')
    expect((await client.get(`/v2/Users/${id}`)).body.id).toBe(id)
  })

  test.each(['v1', 'v3', 'v20'])('%s is refused', async (version) => {
    const client = await tenant()
    expectError(await client.get(`/${version}/Users`), 400, { scimType: 'invalidVers' })
  })

  test('one of 16,000 digits is not repeated whole', async () => {
    const client = await tenant()
    const answer = await client.get(`/v${'9'.repeat(16_000)}/Users`)
    expectError(answer, 400, { scimType: 'invalidVers' })
    expect(answer.body.detail.length).toBeLessThan(200)
  })
})

describe('If-None-Match', () => {
  test.each(['PUT', 'DELETE'])('of the current version stops a %s', async (method) => {
    const client = await tenant()
    const user = await createUser(client, 'a')
    const headers = { 'If-None-Match': `W/"x", ${user.meta.version}` }
    const body = method === 'PUT' ? userBody('a', { title: 'x' }) : undefined
    expectError(await client.request(method, `/Users/${user.id}`, body, headers), 412)
    expect((await client.get(`/Users/${user.id}`)).body).toEqual(user)
  })

  test('of another version lets a write pass', async () => {
    const client = await tenant()
    const group = await createGroup(client, 'a')
    const headers = { 'If-None-Match': 'W/"99"' }
    expect((await client.delete(`/Groups/${group.id}`, headers)).status).toBe(204)
  })
})

test('OPTIONS tells the methods of every path', async () => {
  const client = await tenant()
  for (const [path, allow] of [
    ['/Users', 'GET, POST, HEAD, OPTIONS'],
    ['/Bulk', 'POST, OPTIONS'],
    ['/.search', 'POST, OPTIONS'],
    ['/Schemas', 'GET, HEAD, OPTIONS'],
  ] as const) {
    const answer = await client.withToken(undefined).request('OPTIONS', path)
    expect(answer).toMatchObject({ status: 204, body: undefined })
    expect(answer.headers.get('Allow')).toBe(allow)
  }
})

test.each([
  ['GET', '/Bulk', 'POST, OPTIONS'],
  ['GET', '/Users/.search', 'POST, OPTIONS'],
  ['POST', '', 'GET, HEAD, OPTIONS'],
])('%s %s is answered 405 with the methods that there are', async (method, path, allow) => {
  const client = await tenant()
  const answer = await client.request(method, path, method === 'POST' ? {} : undefined)
  expectError(answer, 405)
  expect(answer.headers.get('Allow')).toBe(allow)
})
