/** Lists, pages and projections: RFC 7644 §3.4.2, §3.4.2.4, §3.4.2.5, §3.9, §3.10. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser, createUsers } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { ENTERPRISE_USER, fullUser, GROUP, USER } from '../support/payload.ts'
import { query } from '../support/tables.ts'

const idsOf = (resources: readonly { readonly id: string }[]) => resources.map(({ id }) => id)

/** Users by SQL, in a moment. */
async function seedUsers(namespace: string, count: number): Promise<void> {
  await query(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?2)
    insert into user (namespace, id, revision, managed, active, user_name_key, sessions_valid_from,
      created_at, last_modified, resource, folded)
    select ?1, printf('useed%06d', i), 1, 1, 1, 'seed' || i, 0, 0, 0,
      json_object('userName', 'seed' || i, 'active', json('true')),
      json_object('userName', 'seed' || i, 'active', json('true')) from n`,
    namespace,
    count,
  )
  await query('update namespace set users = ?2 where name = ?1', namespace, count)
}

describe('a list', () => {
  test('of an empty namespace is empty, with its members in place', async () => {
    const client = await tenant()
    for (const path of ['/Users', '/Groups', '/Users?startIndex=1&count=2']) {
      expect(expectList(await client.get(path), 0)).toEqual([])
    }
  })

  test('holds resources as complete as they are alone', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['a', 'b', 'c'])
    const group = await createGroup(client, 'G', ids)
    const users = expectList(await client.get('/Users'), 3)
    for (const user of users) {
      expect(user).toEqual((await client.get(`/Users/${user.id}`)).body)
      expect(user.groups).toHaveLength(1)
    }
    expect(expectList(await client.get('/Groups'), 1)).toEqual([group])
  })

  test('ignores unknown parameters', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['c', 'a', 'b'])
    const path = '/Users?foo=bar&aadOptscim062020'
    expect(idsOf(expectList(await client.get(path), 3))).toEqual(ids)
  })
})

describe('a parameter that is repeated', () => {
  test.each([
    ['attributes=userName&attributes=title', ['id', 'schemas', 'title', 'userName']],
    ['attributes=userName&Attributes=title', ['id', 'schemas', 'title', 'userName']],
    [
      'attributes=userName,active&attributes=title',
      ['active', 'id', 'schemas', 'title', 'userName'],
    ],
    ['attributes=&attributes=title', ['id', 'schemas', 'title']],
    ['attributes=title&attributes=title', ['id', 'schemas', 'title']],
    [
      'excludedAttributes=meta,externalId,groups&excludedAttributes=title&excludedAttributes=active',
      ['id', 'schemas', 'userName'],
    ],
  ])('is the union, where it is a list: %s', async (parameters, names) => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada', { title: 'x' })
    const [user] = expectList(await client.get(`/Users?${parameters}`), 1)
    expect(Object.keys(user).sort()).toEqual(names)
    const { status, body } = await client.get(`/Users/${id}?${parameters}`)
    expect(status).toBe(200)
    expect(Object.keys(body).sort()).toEqual(names)
  })

  test.each([
    ['filter', 'userName+eq+%22ada%22', 'userName+pr'],
    ['sortBy', 'userName', 'title'],
    ['sortOrder', 'ascending', 'descending'],
    ['count', '1', '2'],
    ['count', '1', '1'],
    ['startIndex', '1', '2'],
    ['cursor', '', ''],
  ])('is 400 that names it, where it has one value: %s', async (name, first, second) => {
    const client = await tenant()
    await createUser(client, 'ada')
    for (const again of [name, name.toUpperCase()]) {
      for (const path of ['/Users', '/Groups', '/']) {
        const answer = await client.get(`${path}?${name}=${first}&x=1&${again}=${second}`)
        expectError(answer, 400, { scimType: 'invalidValue' })
        expect(answer.body.detail).toBe(`The query has ${name} 2 times; give it once.`)
      }
    }
  })

  test('is told after the credential is decided', async () => {
    const client = await tenant()
    expectError(await client.withToken(undefined).get('/Users?count=1&count=2'), 401)
  })

  test('is ignored, where nobody knows it or it says nothing there', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    expectList(await client.get('/Users?_=1&_=2'), 1)
    expect((await client.get(`/Users/${id}?count=1&count=2`)).status).toBe(200)
  })
})

describe('a page', () => {
  test.each([
    ['startIndex=1&count=2', 1, [0, 1]],
    ['startIndex=3&count=2', 3, [2, 3]],
    ['startIndex=5&count=2', 5, [4]],
    ['startIndex=6&count=2', 6, []],
    ['startIndex=999999&count=2', 999_999, []],
    ['startIndex=0&count=2', 1, [0, 1]],
    ['startIndex=-5&count=2', 1, [0, 1]],
    ['startindex=3&COUNT=2', 3, [2, 3]],
    ['StartIndex=4', 4, [3, 4]],
    ['count=0', 1, []],
    ['count=-1', 1, []],
    ['count=', 1, [0, 1, 2, 3, 4]],
    ['startIndex=&count=1', 1, [0]],
    ['count=100000', 1, [0, 1, 2, 3, 4]],
    ['filter=userName+ne+%22u1%22&startIndex=2&count=2', 2, [2, 3]],
  ])('%s begins at %i', async (parameters, startIndex, expected) => {
    const client = await tenant()
    const ids = await createUsers(client, ['u0', 'u1', 'u2', 'u3', 'u4'])
    const total = parameters.startsWith('filter') ? 4 : 5
    const page = expectList(await client.get(`/Users?${parameters}`), total, startIndex)
    expect(idsOf(page)).toEqual(expected.map((index) => ids[index]))
  })

  test.each([
    ['startIndex=1&count=1', 1, true],
    ['startIndex=2&count=1', 2, false],
    ['count=0', 1, false],
  ])('of a lookup obeys %s too', async (parameters, startIndex, shown) => {
    const client = await tenant()
    const [id] = await createUsers(client, ['ada'])
    const filter = 'filter=userName+eq+%22ada%22'
    const page = expectList(await client.get(`/Users?${filter}&${parameters}`), 1, startIndex)
    expect(idsOf(page)).toEqual(shown ? [id] : [])
    const group = await createGroup(client, 'G')
    const path = `/Groups?filter=displayName+eq+%22g%22&${parameters}`
    expect(idsOf(expectList(await client.get(path), 1, startIndex))).toEqual(
      shown ? [group.id] : [],
    )
  })

  test.each([
    ['startIndex=99999999999999999999&count=1', 999_999_999_999_999, 0],
    [`startIndex=-${'9'.repeat(400)}&count=2`, 1, 2],
    [`count=${'9'.repeat(400)}`, 1, 5],
    ['count=-99999999999999999999', 1, 0],
  ])('%s is clamped', async (parameters, startIndex, count) => {
    const client = await tenant()
    await createUsers(client, ['u0', 'u1', 'u2', 'u3', 'u4'])
    const page = expectList(await client.get(`/Users?${parameters}`), 5, startIndex)
    expect(page).toHaveLength(count)
  })

  test.each(['startIndex=abc', 'count=1.5', 'count=1e3', 'startIndex=10.0'])(
    'is refused for %s',
    async (parameters) => {
      const client = await tenant()
      const answer = await client.get(`/Users?${parameters}`)
      expectError(answer, 400, { scimType: 'invalidValue' })
    },
  )

  test('holds 100 resources where nobody says how many, and 200 at most', async () => {
    const client = await tenant()
    await seedUsers(client.namespace, 250)
    expect(expectList(await client.get('/Users'), 250)).toHaveLength(100)
    expect(expectList(await client.get('/Users?count=150'), 250)).toHaveLength(150)
    expect(expectList(await client.get('/Users?count=100000'), 250)).toHaveLength(200)
    const { body } = await client.get('/ServiceProviderConfig')
    expect(body.filter.maxResults).toBe(200)
  })

  test.each([
    ['', 100],
    ['&count=100', 100],
    ['&count=37', 37],
    ['&filter=userName+sw+%22seed%22&count=100', 100],
  ])('after page%s reaches each of 250 users once', async (parameters, size) => {
    const client = await tenant()
    await seedUsers(client.namespace, 250)
    const seen: string[] = []
    const sizes: number[] = []
    while (seen.length < 250) {
      const startIndex = seen.length + 1
      const answer = await client.get(`/Users?startIndex=${startIndex}${parameters}`)
      const page = expectList(answer, 250, startIndex)
      sizes.push(page.length)
      seen.push(...idsOf(page))
    }
    expect(new Set(seen).size).toBe(250)
    const rest = 250 % size
    expect(sizes).toEqual([...Array(Math.floor(250 / size)).fill(size), rest])
  })

  test('does not shift when a user is created meanwhile', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['a', 'b', 'c'])
    const first = expectList(await client.get('/Users?count=2'), 3)
    client.endpoint.clock.offset = 1000
    await createUsers(client, ['aa'])
    const second = expectList(await client.get('/Users?startIndex=3&count=1'), 4, 3)
    expect(idsOf([...first, ...second])).toEqual(ids)
  })

  test('of groups counts all of them, with and without their members', async () => {
    const client = await tenant()
    const ids = await createUsers(client, ['a', 'b'])
    const groups = []
    for (const name of ['A', 'B', 'C']) groups.push(await createGroup(client, name, ids))
    const page = expectList(await client.get('/Groups?startIndex=2&count=1'), 3, 2)
    expect(page).toEqual([groups[1]])
    const without = '/Groups?startIndex=2&count=2&excludedAttributes=members'
    const rest = expectList(await client.get(without), 3, 2)
    expect(idsOf(rest)).toEqual(idsOf(groups).slice(1))
    for (const group of rest) expect(group).not.toHaveProperty('members')
  })
})

describe('attributes', () => {
  const everything = [...Object.keys(fullUser), 'id', 'meta']
  const projections: [query: string, expected: string[] | object][] = [
    ['attributes=userName', { userName: 'grace.hopper' }],
    ['ATTRIBUTES=USERNAME,%20active', { userName: 'grace.hopper', active: true }],
    ['attributes=+userName+,+', { userName: 'grace.hopper' }],
    ['attributes=id', {}],
    ['attributes=bogus', {}],
    ['attributes=password,userName', { userName: 'grace.hopper' }],
    ['attributes=externalId', { externalId: 'ext-full' }],
    ['attributes=name.givenName', { name: { givenName: 'Grace' } }],
    ['attributes=name', { name: fullUser.name }],
    [
      'attributes=emails.value',
      { emails: [{ value: 'Grace@Navy.example' }, { value: 'grace@home.example' }] },
    ],
    [
      'attributes=emails.value,emails.type',
      {
        emails: [
          { value: 'Grace@Navy.example', type: 'work' },
          { value: 'grace@home.example', type: 'home' },
        ],
      },
    ],
    ['attributes=emails%5Btype+eq+%22work%22%5D', { emails: fullUser.emails }],
    [`attributes=${USER}:userName`, { userName: 'grace.hopper' }],
    [`attributes=${USER.toUpperCase()}:USERNAME`, { userName: 'grace.hopper' }],
    [
      `attributes=${ENTERPRISE_USER}:department`,
      { [ENTERPRISE_USER]: { department: 'Tour Operations' } },
    ],
    [`attributes=${ENTERPRISE_USER}`, { [ENTERPRISE_USER]: fullUser[ENTERPRISE_USER] }],
    ['attributes=', everything],
    ['excludedAttributes=', everything],
    ['excludedAttributes=bogus', everything],
    ['excludedAttributes=id,schemas', everything],
    ['excludedAttributes=emails,name', everything.filter((n) => n !== 'emails' && n !== 'name')],
    ['excludedAttributes=meta', everything.filter((name) => name !== 'meta')],
    [`excludedAttributes=${ENTERPRISE_USER}`, everything.filter((n) => n !== ENTERPRISE_USER)],
  ]

  test.each(projections)('%s on a resource and on a list', async (parameters, expected) => {
    const client = await tenant()
    const created = (await client.post('/Users', fullUser)).body
    const one = await client.get(`/Users/${created.id}?${parameters}`)
    expect(one.status).toBe(200)
    if (Array.isArray(expected)) {
      expect(Object.keys(one.body).sort()).toEqual([...expected].sort())
      for (const name of expected) expect(one.body[name]).toEqual(created[name])
    } else {
      expect(one.body).toEqual({ schemas: created.schemas, id: created.id, ...expected })
    }
    expect(one.headers.get('ETag')).toBe(created.meta.version)
    expect(expectList(await client.get(`/Users?${parameters}`), 1)).toEqual([one.body])
    const search = `/Users?filter=userName+pr&${parameters}`
    expect(expectList(await client.get(search), 1)).toEqual([one.body])
  })

  test('excludedAttributes takes sub-attributes out of their attribute', async () => {
    const client = await tenant()
    const { id } = (await client.post('/Users', fullUser)).body
    const names = `emails.type,name.familyName,${ENTERPRISE_USER}:department`
    const { body } = await client.get(`/Users/${id}?excludedAttributes=${names}`)
    const { familyName: _, ...name } = fullUser.name
    expect(body.name).toEqual(name)
    expect(body.emails).toEqual([
      { value: 'Grace@Navy.example', display: 'Navy', primary: true },
      { value: 'grace@home.example' },
    ])
    expect(body[ENTERPRISE_USER]).not.toHaveProperty('department')
    expect(body[ENTERPRISE_USER]).toMatchObject({ costCenter: '4130' })
  })

  test('and excludedAttributes together are refused', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    for (const path of ['/Users', `/Users/${id}`, '/Groups']) {
      const answer = await client.get(`${path}?attributes=id&excludedAttributes=meta`)
      expectError(answer, 400, { scimType: 'invalidValue' })
    }
  })

  test('show what is asked for of every write', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada')
    const body = { schemas: [USER], userName: 'ada' }
    const minimum = { schemas: [USER], id: user.id, userName: 'ada' }
    const path = `/Users/${user.id}?attributes=userName`
    expect((await client.put(path, { ...body, title: 'T' })).body).toEqual(minimum)
    const operation = { op: 'replace', path: 'title', value: 'U' }
    expect((await client.patch(path, [operation])).body).toEqual(minimum)
    const group = await createGroup(client, 'G', [user.id])
    const groupPath = `/Groups/${group.id}?excludedAttributes=members,meta`
    const put = await client.put(groupPath, { schemas: [GROUP], displayName: 'H' })
    expect(put.body).toEqual({ schemas: [GROUP], id: group.id, displayName: 'H' })
  })

  test('of a lookup without members leaves them out', async () => {
    const client = await tenant()
    const group = await createGroup(client, 'x', await createUsers(client, ['a']))
    const path = '/Groups?excludedAttributes=members&filter=displayName+eq+%22x%22'
    const { members: _, ...rest } = group
    expect(expectList(await client.get(path), 1)).toEqual([rest])
    const alone = await client.get(`/Groups/${group.id}?excludedAttributes=members`)
    expect(alone.body).toEqual(rest)
  })

  test('of members can be single sub-attributes', async () => {
    const client = await tenant()
    const [a = ''] = await createUsers(client, ['a'])
    const group = await createGroup(client, 'x', [a])
    const path = `/Groups/${group.id}?attributes=members.value`
    expect((await client.get(path)).body).toEqual({
      schemas: [GROUP],
      id: group.id,
      members: [{ value: a }],
    })
  })
})
