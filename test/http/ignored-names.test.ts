/** Attributes and paths that the schema lacks are ignored without an error, and shown to the administrator. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { operatorOf, type Tenant } from '../support/operator.ts'
import { groupBody, userBody } from '../support/payload.ts'
import { query } from '../support/tables.ts'

interface Shown {
  readonly resourceType: string
  readonly name: string
  readonly count: number
  readonly didYouMean: string | null
}

/** What the status shows, by name. */
async function ignoredBy(client: Tenant) {
  await client.endpoint.settled()
  client.endpoint.clock.offset += 11_000
  // Whoever comes next brings along what waits.
  await client.get('/Users')
  await client.endpoint.settled()
  const all: readonly Shown[] = (await operatorOf(client).get('/status')).body.ignoredAttributes
  return all
    .map(({ resourceType, name, count, didYouMean }) => [resourceType, name, count, didYouMean])
    .sort()
}

describe('what is sent in vain', () => {
  test('is shown by name and count, with what may be meant, and changes no answer', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', { shoeSize: 38, name: { nick: 'x' } })
    const rename = [{ op: 'replace', path: 'givenName', value: 'Countess' }]
    expect((await client.patch(`/Users/${id}`, rename)).status).toBe(200)
    expect((await client.patch(`/Users/${id}`, rename)).status).toBe(200)
    const object = [{ op: 'replace', value: { 'emails[type eq "a@x"].foo': 'v', title: 'T' } }]
    expect((await client.patch(`/Users/${id}`, object)).status).toBe(200)
    expect((await client.put(`/Users/${id}`, userBody('ada', { color: 'red' }))).status).toBe(200)
    const group = await createGroup(client, 'G')
    await client.put(`/Groups/${group.id}`, { ...groupBody('G'), description: 'x' })
    expect(await ignoredBy(client)).toEqual([
      ['Group', 'description', 1, null],
      ['User', 'color', 1, null],
      ['User', 'emails.foo', 1, null],
      ['User', 'givenName', 2, 'name.givenName'],
      ['User', 'name.nick', 1, null],
      ['User', 'shoeSize', 1, null],
    ])
    const [check] = (await operatorOf(client).get('/health')).body.checks.filter(
      ({ name }: { name: string }) => name === 'ignored-attributes',
    )
    expect(check.status).toBe('warn')
    expect(check.detail).toContain('givenName (did you mean name.givenName?)')
    expect(
      JSON.stringify(
        await query('select * from ignored_name where namespace = ?', client.namespace),
      ),
    ).not.toMatch(/Countess|a@x/)
  })

  test('is found in the operations of a bulk request, and not in what is refused', async () => {
    const client = await tenant()
    const Operations = [
      { method: 'POST', path: '/Users', bulkId: 'a', data: userBody('a', { hat: 1 }) },
    ]
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest']
    expect((await client.post('/Bulk', { schemas, Operations })).status).toBe(200)
    expect((await client.post('/Users', userBody('a', { refused: 1 }))).status).toBe(409)
    expect(await ignoredBy(client)).toEqual([['User', 'hat', 1, null]])
  })

  test('says nothing of what the schema has', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', {
      ...{ password: 'x', id: 'y', meta: {}, groups: [], manager: 'm', externalId: 'e' },
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'D' },
    })
    await client.patch(`/Users/${id}`, [
      { op: 'add', path: 'emails[type eq "work"].value', value: 'a@x.example' },
    ])
    expect(await ignoredBy(client)).toEqual([])
  })

  test('is bounded for a token that sends names at random, and hides what may be a value', async () => {
    const client = await tenant()
    const { endpoint } = client
    for (let turn = 0; turn < 4; turn += 1) {
      const names = Array.from({ length: 40 }, (_, n) => [`random${turn}-${n}`, 1])
      await createUser(client, `u${turn}`, Object.fromEntries(names))
      await endpoint.settled()
      endpoint.clock.offset += 11_000
    }
    await createUser(client, 'last', { 'ada@example.com': 1, ['x'.repeat(5000)]: 1 })
    const shown = await ignoredBy(client)
    expect(shown.length).toBeLessThanOrEqual(50)
    expect(shown).toContainEqual(['User', '…', 1, null])
    expect(JSON.stringify(shown)).not.toContain('ada@')
  })

  test('is written once in ten seconds, after the response', async () => {
    const client = await tenant()
    const { endpoint } = client
    const { id } = await createUser(client, 'ada')
    await endpoint.settled()
    endpoint.failures.length = 0
    endpoint.batches.length = 0
    for (let times = 0; times < 20; times += 1) {
      await client.patch(`/Users/${id}`, [{ op: 'add', path: 'hat', value: 'x' }])
    }
    await endpoint.settled()
    expect(endpoint.failures).toEqual([{ mode: 'write', statements: 2 }])
    expect(await ignoredBy(client)).toEqual([['User', 'hat', 20, null]])
  })
})
