/** POST to /.search (RFC 7644 §3.4.3) and queries at the base URL (§3.4.2.1). */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser } from '../support/directory.ts'
import { makeTokenFor, tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'

const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest'
const search = (more: object = {}) => ({ schemas: [SEARCH], ...more })

/** Three users and two groups, one name being that of a user and of a group. */
async function directory() {
  const client = await tenant()
  const ada = await createUser(client, 'ada', { displayName: 'Both', title: 'x' })
  const bob = await createUser(client, 'bob', { displayName: 'Bob' })
  const eve = await createUser(client, 'eve')
  const both = await createGroup(client, 'both', [ada.id, bob.id])
  const crew = await createGroup(client, 'crew')
  const idsOf = (resources: readonly { readonly id: string }[]) => resources.map(({ id }) => id)
  return { client, ada, bob, eve, both, crew, idsOf }
}

describe('POST /.search', () => {
  test('on a type selects, sorts, pages and projects as a GET does', async () => {
    const { client } = await directory()
    const answer = await client.post(
      '/Users/.search',
      search({
        ...{ filter: 'userName pr', sortBy: 'userName', sortOrder: 'descending' },
        ...{ startIndex: 2, count: 1, attributes: ['userName'] },
      }),
    )
    const resources = expectList(answer, 3, 2)
    expect(resources).toEqual([
      {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
        id: expect.any(String),
        userName: 'bob',
      },
    ])
  })

  test.each([
    'userName eq "ADA"',
    'title pr',
    'not (title pr)',
    'displayName sw "b"',
    'groups pr',
    'userName eq "ada" or userName eq "eve"',
  ])('finds the same as GET: %s', async (filter) => {
    const { client, idsOf } = await directory()
    const got = await client.find('/Users', filter)
    const posted = await client.post('/Users/.search', search({ filter }))
    expect(idsOf(posted.body.Resources)).toEqual(idsOf(got.body.Resources))
    expect(posted.body.totalResults).toBe(got.body.totalResults)
  })

  test('pages by cursor', async () => {
    const { client, idsOf } = await directory()
    const first = await client.post('/.search', search({ cursor: '', count: 4 }))
    const { nextCursor, Resources } = first.body
    const second = await client.post('/.search', search({ cursor: nextCursor, count: 4 }))
    expect(second.body).not.toHaveProperty('nextCursor')
    const all = await client.get('/')
    expect([...idsOf(Resources), ...idsOf(second.body.Resources)]).toEqual(
      idsOf(all.body.Resources),
    )
  })

  test('clamps numbers of any length', async () => {
    const { client } = await directory()
    for (const digits of ['9'.repeat(16), '9'.repeat(400)]) {
      const body = (sign: string) =>
        `{"schemas":["${SEARCH}"],"startIndex":${sign}${digits},"count":${sign}${digits}}`
      const above = await client.post('/Users/.search', body(''))
      expect(expectList(above, 3, 999_999_999_999_999)).toEqual([])
      expect(expectList(await client.post('/Users/.search', body('-')), 3, 1)).toEqual([])
    }
  })

  test('reads startIndex and count as a query does', async () => {
    const { client } = await directory()
    expectList(await client.post('/Users/.search', search({ startIndex: 0 })), 3, 1)
    const none = await client.post('/Users/.search', search({ count: -1 }))
    expect(none.body).toMatchObject({ totalResults: 3, itemsPerPage: 0, Resources: [] })
  })

  test.each([
    [[], 'invalidSyntax'],
    [{ schemas: ['urn:x'] }, 'invalidSyntax'],
    [{ schemas: [SEARCH], filter: 5 }, 'invalidValue'],
    [{ schemas: [SEARCH], filter: 'bogus pr' }, 'invalidFilter'],
    [{ schemas: [SEARCH], count: 'many' }, 'invalidValue'],
    ['{', 'invalidSyntax'],
  ])('refuses %j', async (body, scimType) => {
    const { client } = await directory()
    expectError(await client.post('/Users/.search', body), 400, { scimType })
  })

  test('is a read: a token that may read is enough', async () => {
    const { client } = await directory()
    const viewer = await makeTokenFor(client.endpoint, client.namespace, ['Viewer'])
    expectList(await client.withToken(viewer).post('/Groups/.search', search()), 2)
    const users = await makeTokenFor(client.endpoint, client.namespace, ['org.users:read'])
    expectList(await client.withToken(users).post('/Users/.search', search()), 3)
    const refused = await client.withToken(users).post('/Groups/.search', search())
    expectError(refused, 403)
    expect(refused.body.detail).toContain('teams:read')
  })
})

describe('a query at the base URL', () => {
  test('lists users and groups in the order of their creation', async () => {
    const { client, idsOf, ada, bob, eve, both, crew } = await directory()
    const resources = expectList(await client.get('/'), 5)
    // Ids begin with the letter of the type.
    expect(idsOf(resources)).toEqual([both.id, crew.id, ada.id, bob.id, eve.id])
    expect(resources[0]).toEqual((await client.get(`/Groups/${both.id}`)).body)
    expect(resources[2]).toEqual((await client.get(`/Users/${ada.id}`)).body)
  })

  test('can be restricted to a type', async () => {
    const { client, idsOf, both, crew } = await directory()
    const groups = await client.find('/', 'meta.resourceType eq "Group"')
    expect(idsOf(expectList(groups, 2))).toEqual([both.id, crew.id])
    const either = '(meta.resourceType eq "User") or (meta.resourceType eq "Group")'
    expectList(await client.find('/', either), 5)
  })

  test('compares attributes that both types have', async () => {
    const { client, idsOf, ada, both } = await directory()
    const answer = await client.post('/.search', search({ filter: 'displayName eq "both"' }))
    expect(idsOf(expectList(answer, 2))).toEqual([both.id, ada.id])
  })

  test('takes an attribute that a type lacks for unassigned', async () => {
    const { client, idsOf, ada, both, crew } = await directory()
    expect(idsOf(expectList(await client.find('/', 'title pr'), 1))).toEqual([ada.id])
    expectList(await client.find('/', 'not (title pr)'), 4)
    expectList(await client.find('/', 'title ne "x"'), 4)
    expectList(await client.find('/', 'title eq null'), 4)
    const members = await client.find('/', `members.value eq "${ada.id}" or userName eq "zoe"`)
    expect(idsOf(expectList(members, 1))).toEqual([both.id])
    const work = await client.find('/', 'not (emails[type eq "work"]) and not (userName pr)')
    expect(idsOf(expectList(work, 2))).toEqual([both.id, crew.id])
  })

  test('refuses an attribute that neither type has', async () => {
    const { client } = await directory()
    expectError(await client.find('/', 'bogus pr'), 400, { scimType: 'invalidFilter' })
  })

  test('sorts and pages across both types', async () => {
    const { client, idsOf, ada, bob, eve, both, crew } = await directory()
    const order = [bob.id, both.id, ada.id, crew.id, eve.id]
    const ids: string[] = []
    for (const startIndex of [1, 3, 5]) {
      const page = await client.get(`/?sortBy=displayName&count=2&startIndex=${startIndex}`)
      ids.push(...idsOf(expectList(page, 5, startIndex)))
    }
    expect(ids).toEqual(order)
  })

  test('leaves members out where they are excluded', async () => {
    const { client } = await directory()
    const { body } = await client.get('/?excludedAttributes=members')
    for (const resource of body.Resources) expect(resource).not.toHaveProperty('members')
  })

  test('needs both reads', async () => {
    const { client } = await directory()
    const users = await makeTokenFor(client.endpoint, client.namespace, ['org.users:read'])
    expectError(await client.withToken(users).get('/'), 403)
    expectError(await client.withToken(undefined).get('/'), 401)
  })

  test('is one trip to the database', async () => {
    const { client } = await directory()
    client.endpoint.batches.length = 0
    await client.get('/?filter=displayName+pr&sortBy=displayName')
    expect(client.endpoint.batches.map(({ mode }) => mode)).toEqual(['read'])
  })
})
