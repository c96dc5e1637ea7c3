/** Filters that no index serves (RFC 7644 §3.12, tooMany): what they scan, and when they may not. */
import { expect, test } from 'vitest'
import { crowd } from '../support/crowd.ts'
import { createUser } from '../support/directory.ts'
import { makeEndpoint, tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'

const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest'

/** An endpoint that tells what it costs, where a list may look through so many. */
const limitedEndpoint = (maxScanned: number) =>
  makeEndpoint(undefined, { serverTiming: true, maxScanned })

function rowsRead(headers: Headers): number {
  return Number(/rows-read;desc="(\d+)"/.exec(headers.get('Server-Timing') ?? '')?.[1])
}

const ask = { 'X-Server-Timing': '1' }
const unserved = [
  'filter=title+co+%22x%22',
  'filter=not+(userName+eq+%22x%22)',
  'filter=emails+pr',
  'sortBy=title',
  'sortBy=userName&sortOrder=descending&cursor',
]

test.each(unserved)('GET /Users?%s is refused with advice, and scans nothing', async (query) => {
  const { client } = await crowd(1000, limitedEndpoint(1000))
  client.endpoint.batches.length = 0
  const answer = await client.get(`/Users?${query}`, ask)
  expectError(answer, 400, { scimType: 'tooMany', messageId: 'scim.tooMany' })
  expect(answer.body.detail).toMatch(/1000 resources.*userName.*eq.*by cursor/)
  expect(client.endpoint.batches).toHaveLength(1)
  expect(rowsRead(answer.headers)).toBeLessThanOrEqual(20)
})

test.each(unserved)('GET /Users?%s says what it scanned where it may', async (query) => {
  const { client } = await crowd(1000, limitedEndpoint(1001))
  const answer = await client.get(`/Users?${query}`, ask)
  expect(answer.status).toBe(200)
  expect(rowsRead(answer.headers)).toBeGreaterThanOrEqual(1001)
})

test('POST /.search is refused like GET', async () => {
  const client = await tenant({ endpoint: limitedEndpoint(1) })
  await createUser(client, 'a')
  const search = (filter: string) => client.post('/Users/.search', { schemas: [SEARCH], filter })
  expectList(await search('title co "x"'), 0)
  await createUser(client, 'b')
  expectError(await search('title co "x"'), 400, { scimType: 'tooMany' })
  expectList(await search('userName eq "b"'), 1)
  expectList(await client.get('/Users'), 2)
})

test('a stranger is not told that there are too many', async () => {
  const client = await tenant({ endpoint: limitedEndpoint(1) })
  for (const name of ['a', 'b']) await createUser(client, name)
  const reader = await tenant({ endpoint: client.endpoint, permissions: ['teams:read'] })
  const path = '/Users?filter=title+pr'
  expectError(await client.withToken('nobody').get(path), 401)
  expectError(await client.withToken(reader.token).get(path), 403)
  expectError(await reader.get(path), 403)
})
