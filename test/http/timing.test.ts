/** What a request cost, told to those who ask and may know: W3C Server Timing §2. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser } from '../support/directory.ts'
import { makeEndpoint, makeTimedEndpoint, tenant } from '../support/endpoint.ts'
import { operatorOf } from '../support/operator.ts'
import { userBody } from '../support/payload.ts'

const ask = { 'X-Server-Timing': '1' }

/** The metrics of a header by name: a number of milliseconds, or what the description says. */
function metrics(header: string | null): Record<string, number> {
  const found: Record<string, number> = {}
  for (const metric of (header ?? '').split(', ')) {
    const [, name = '', value] = /^([\w-]+);(?:dur=|desc=")([\d.]+)"?$/.exec(metric) ?? []
    expect(value, metric).toBeDefined()
    found[name] = Number(value)
  }
  return found
}

describe('Server-Timing', () => {
  test('tells database time, trips, and rows read and written', async () => {
    const client = await tenant({ endpoint: makeTimedEndpoint() })
    const { id } = await createUser(client, 'ada')
    const read = await client.get(`/Users/${id}`, ask)
    expect(metrics(read.headers.get('Server-Timing'))).toEqual({
      db: expect.any(Number),
      trips: 1,
      // The token, the namespace, the token again for the condition, and the user.
      'rows-read': 4,
      'rows-written': 0,
    })
    const written = metrics(
      (await client.post('/Users', userBody('bob'), ask)).headers.get('Server-Timing'),
    )
    expect(written).toMatchObject({ trips: 2 })
    expect(written['rows-written']).toBeGreaterThan(0)
  })

  test('counts what a bulk request and a refused one cost', async () => {
    const client = await tenant({ endpoint: makeTimedEndpoint() })
    const operation = { method: 'DELETE', path: '/Users/nobody' }
    const bulk = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [operation, operation],
    }
    const answered = await client.post('/Bulk', bulk, ask)
    const trips = client.endpoint.batches.length
    expect(metrics(answered.headers.get('Server-Timing'))).toMatchObject({ trips })
    const refused = await client.get('/Users/nobody', ask)
    expect(refused.status).toBe(404)
    expect(metrics(refused.headers.get('Server-Timing'))).toMatchObject({ trips: 1 })
    const discovery = await client.withToken(undefined).get('/Schemas', ask)
    expect(metrics(discovery.headers.get('Server-Timing'))).toEqual({ db: 0, trips: 0 })
  })

  test('shows what a filter that no index serves has scanned', async () => {
    const client = await tenant({ endpoint: makeTimedEndpoint() })
    const scanned = async () => {
      const path = `/Users?filter=${encodeURIComponent('title co "x"')}`
      return metrics((await client.get(path, ask)).headers.get('Server-Timing'))['rows-read'] ?? 0
    }
    await createUser(client, 'a')
    const before = await scanned()
    for (const name of ['b', 'c', 'd']) await createUser(client, name)
    expect(await scanned()).toBeGreaterThanOrEqual(before + 3)
  })

  test('is there only where it is asked for, and nobody without a token is told', async () => {
    const client = await tenant({ endpoint: makeTimedEndpoint() })
    expect((await client.get('/Users')).headers.get('Server-Timing')).toBeNull()
    const other = await client.get('/Users', { 'X-Server-Timing': 'no' })
    expect(other.headers.get('Server-Timing')).toBeNull()
    const stranger = await client.withToken('nobody').get('/Users', ask)
    expect(stranger.status).toBe(401)
    expect(stranger.headers.get('Server-Timing')).toBeNull()
  })

  test('is told to the operator alone where the variable does not allow it to others', async () => {
    const client = await tenant({ endpoint: makeEndpoint() })
    const { id } = await createGroup(client, 'Crew')
    expect((await client.get('/Groups', ask)).headers.get('Server-Timing')).toBeNull()
    const told = await operatorOf(client).get(`/teams/${id}`, ask)
    expect(metrics(told.headers.get('Server-Timing'))).toMatchObject({
      trips: 1,
      'rows-written': 0,
    })
  })
})
