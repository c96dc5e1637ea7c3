/** Bulk requests: RFC 7644 §3.7. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser, memberIds } from '../support/directory.ts'
import { binding, makeTokenFor, tenant } from '../support/endpoint.ts'
import { expectError, expectErrorBody } from '../support/expect.ts'
import { ENTERPRISE_USER, ERROR, groupBody, PATCH_OP, userBody } from '../support/payload.ts'

const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'

type Tenant = Awaited<ReturnType<typeof tenant>>

function bulk(client: Tenant, operations: readonly unknown[], more: object = {}) {
  return client.post('/Bulk', { schemas: [BULK], Operations: operations, ...more })
}

const postUser = (name: string, more: object = {}) => ({
  ...{ method: 'POST', path: '/Users', bulkId: name, data: userBody(name, more) },
})
const manager = (value: string) => ({ [ENTERPRISE_USER]: { manager: { value } } })
const patchOf = (...operations: object[]) => ({ schemas: [PATCH_OP], Operations: operations })

const statuses = (answer: { readonly body: { Operations: { status: string }[] } }) =>
  answer.body.Operations.map(({ status }) => status)

describe('a bulk request', () => {
  test('carries out POST, PUT, PATCH and DELETE on users and groups, and tells of each', async () => {
    const client = await tenant()
    const ada = await createUser(client, 'ada')
    const bob = await createUser(client, 'bob')
    const group = await createGroup(client, 'crew', [ada.id])
    const answer = await bulk(client, [
      postUser('eve'),
      { method: 'PUT', path: `/Users/${ada.id}`, data: userBody('ada', { title: 'Dr' }) },
      {
        ...{ method: 'patch', path: `/Groups/${group.id}`, version: group.meta.version },
        data: patchOf({ op: 'add', path: 'members', value: [{ value: bob.id }] }),
      },
      { method: 'DELETE', path: `/Users/${ada.id}` },
    ])
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Content-Type')).toBe('application/scim+json')
    const eve = await client.find('/Users', 'userName eq "eve"')
    const [created] = eve.body.Resources
    expect(answer.body).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkResponse'],
      Operations: [
        {
          ...{ method: 'POST', bulkId: 'eve', status: '201' },
          ...{ location: created.meta.location, version: created.meta.version },
        },
        {
          ...{ method: 'PUT', status: '200', location: ada.meta.location },
          version: expect.stringMatching(/^W\/"2-/),
        },
        { method: 'PATCH', status: '204', location: group.meta.location, version: 'W/"2"' },
        { method: 'DELETE', status: '204', location: ada.meta.location },
      ],
    })
    expect(await memberIds(client, group.id)).toEqual([bob.id])
  })

  test('goes on after an error, and tells what it was', async () => {
    const client = await tenant()
    await createUser(client, 'taken')
    const answer = await bulk(client, [
      postUser('taken'),
      { method: 'DELETE', path: '/Users/nobody' },
      postUser('fine'),
      { method: 'PATCH', path: '/Groups/nobody', data: patchOf() },
    ])
    expect(answer.status).toBe(200)
    expect(statuses(answer)).toEqual(['409', '404', '201', '404'])
    const [conflict] = answer.body.Operations
    expect(conflict).toEqual({
      ...{ method: 'POST', bulkId: 'taken', status: '409' },
      response: {
        ...{ schemas: [ERROR], status: '409', scimType: 'uniqueness' },
        detail: expect.stringContaining('userName'),
      },
    })
  })

  test('stops after as many errors as failOnErrors allows', async () => {
    const client = await tenant()
    const wrong = { method: 'DELETE', path: '/Users/nobody' }
    const answer = await bulk(client, [wrong, postUser('a'), wrong, postUser('b')], {
      failOnErrors: 2,
    })
    expect(statuses(answer)).toEqual(['404', '201', '404'])
    expect((await client.find('/Users', 'userName eq "b"')).body.totalResults).toBe(0)
    const taken = await bulk(client, [postUser('a'), postUser('c'), postUser('d')], {
      failOnErrors: 1,
    })
    expect(statuses(taken)).toEqual(['409'])
    expect((await client.get('/Users')).body.totalResults).toBe(1)
  })

  test('half-applies nothing', async () => {
    const client = await tenant()
    const ada = await createUser(client, 'ada', { title: 'old' })
    const data = patchOf(
      { op: 'replace', path: 'title', value: 'new' },
      { op: 'remove', path: 'userName' },
    )
    const answer = await bulk(client, [{ method: 'PATCH', path: `/Users/${ada.id}`, data }])
    expect(statuses(answer)).toEqual(['400'])
    expect((await client.get(`/Users/${ada.id}`)).body).toEqual(ada)
  })

  test('honours the version of an operation', async () => {
    const client = await tenant()
    const ada = await createUser(client, 'ada')
    const put = (version: string, title: string) => ({
      ...{ method: 'PUT', path: `/Users/${ada.id}`, version, data: userBody('ada', { title }) },
    })
    const { version } = ada.meta
    expect(statuses(await bulk(client, [put('W/"0"', 'x'), put(version, 'y')]))).toEqual([
      '412',
      '200',
    ])
    expect((await client.get(`/Users/${ada.id}`)).body.title).toBe('y')
  })
})

describe('a bulkId', () => {
  test('stands for the id of what is created, forwards and backwards', async () => {
    const client = await tenant()
    const answer = await bulk(client, [
      {
        ...{ method: 'POST', path: '/Groups', bulkId: 'g' },
        data: groupBody('crew', ['bulkId:a', 'bulkId:b']),
      },
      postUser('a'),
      postUser('b', manager('bulkId:a')),
      {
        method: 'PATCH',
        path: '/Users/bulkId:a',
        data: patchOf({ op: 'add', path: 'title', value: 'T' }),
      },
      {
        ...{ method: 'PATCH', path: '/Groups/bulkId:g' },
        data: patchOf({ op: 'remove', path: 'members[value eq "bulkId:b"]' }),
      },
    ])
    expect(statuses(answer)).toEqual(['201', '201', '201', '200', '204'])
    const { Resources } = (await client.get('/Users?sortBy=userName')).body
    const [a, b] = Resources
    expect(a.title).toBe('T')
    expect(b[ENTERPRISE_USER].manager.value).toBe(a.id)
    const [group] = (await client.get('/Groups')).body.Resources
    expect(await memberIds(client, group.id)).toEqual([a.id])
  })

  test('may be part of a circle', async () => {
    const client = await tenant()
    const answer = await bulk(client, [
      postUser('a', manager('bulkId:b')),
      postUser('b', manager('bulkId:c')),
      postUser('c', manager('bulkId:a')),
    ])
    expect(statuses(answer)).toEqual(['201', '201', '201'])
    const { Resources } = (await client.get('/Users?sortBy=userName')).body
    const managers = Resources.map(
      (user: Record<string, { manager: { value: string } }>) =>
        user[ENTERPRISE_USER]?.manager.value,
    )
    const [a, b, c] = Resources.map(({ id }: { id: string }) => id)
    expect(managers).toEqual([b, c, a])
  })

  test('in a circle also stands for an account that was adopted and has another id', async () => {
    const client = await tenant()
    const existing = await createUser(client, 'a')
    await binding
      .prepare('update user set managed = 0 where namespace = ? and id = ?')
      .bind(client.namespace, existing.id)
      .run()
    const answer = await bulk(client, [
      postUser('a', manager('bulkId:b')),
      postUser('b', manager('bulkId:a')),
    ])
    expect(statuses(answer)).toEqual(['201', '201'])
    const [a, b] = (await client.get('/Users?sortBy=userName')).body.Resources
    expect(a.id).toBe(existing.id)
    expect(a[ENTERPRISE_USER].manager.value).toBe(b.id)
    expect(b[ENTERPRISE_USER].manager.value).toBe(existing.id)
    expect(answer.body.Operations[1].version).toBe(b.meta.version)
  })

  test('may hold any character, also where a reference has to be mended', async () => {
    const client = await tenant()
    const gone = await createUser(client, 'gone')
    await client.delete(`/Users/${gone.id}`)
    const name = 'r"\\é'
    const itself = { ...postUser('gone', manager(`bulkId:${name}`)), bulkId: name }
    expect(statuses(await bulk(client, [itself]))).toEqual(['201'])
    const { body } = await client.get(`/Users/${gone.id}`)
    expect(body[ENTERPRISE_USER].manager.value).toBe(gone.id)
  })

  test('that stands for nothing, or for what failed, is a conflict', async () => {
    const client = await tenant()
    await createUser(client, 'taken')
    const answer = await bulk(client, [
      { method: 'POST', path: '/Groups', bulkId: 'g', data: groupBody('g', ['bulkId:nobody']) },
      { method: 'POST', path: '/Groups', bulkId: 'h', data: groupBody('h', ['bulkId:taken']) },
      postUser('taken'),
      { method: 'DELETE', path: '/Users/bulkId:nobody' },
    ])
    expect(statuses(answer)).toEqual(['409', '409', '409', '409'])
    expect((await client.get('/Groups')).body.totalResults).toBe(0)
  })

  test('may be left out, and must be unique', async () => {
    const client = await tenant()
    const { bulkId: _none, ...without } = postUser('x')
    const empty = { ...postUser('y'), bulkId: '' }
    const again = { ...postUser('b'), bulkId: 'a' }
    const answer = await bulk(client, [without, postUser('a'), again, empty])
    expect(statuses(answer)).toEqual(['201', '201', '400', '201'])
    const names = answer.body.Operations.map(({ bulkId }: { bulkId?: string }) => bulkId)
    expect(names).toEqual([undefined, 'a', 'a', undefined])
    expect((await client.get('/Users')).body.totalResults).toBe(3)
  })
})

describe('an operation that makes no sense', () => {
  test.each([
    [{ method: 'GET', path: '/Users/x' }, '400'],
    [{ method: 'FOO', path: '/Users' }, '400'],
    [{ path: '/Users', data: {} }, '400'],
    [{ method: 'POST', bulkId: 'a', data: {} }, '400'],
    [{ method: 'POST', path: '/Nope', bulkId: 'a', data: {} }, '404'],
    [{ method: 'POST', path: '/Users/x', bulkId: 'a', data: {} }, '405'],
    [{ method: 'PUT', path: '/Users', data: {} }, '405'],
    [{ method: 'POST', path: '/Users', bulkId: 'a' }, '400'],
    [{ method: 'PATCH', path: '/Users/x', data: [{ op: 'add' }] }, '400'],
    [{ method: 'PATCH', path: '/Users/x', data: { Operations: [] } }, '404'],
    ['nonsense', '400'],
    [null, '400'],
  ])('%j is answered %s, and the others go on', async (operation, status) => {
    const client = await tenant()
    const answer = await bulk(client, [operation, postUser('other')])
    expect(answer.status).toBe(200)
    expect(statuses(answer)).toEqual([status, '201'])
    expect(answer.body.Operations[0].response.status).toBe(status)
  })

  test.each([
    [{ method: 'PUT', path: '/Users/x' }, '400', '/Users/x'],
    [{ method: 'PATCH', path: 'Users/x', data: 1 }, '400', '/Users/x'],
    [{ method: 'DELETE', path: '/Nope/x' }, '404', '/Nope/x'],
    [{ method: 'DELETE', path: '/Users' }, '405', '/Users'],
    [{ method: 'FOO', path: '/Users/x' }, '400', '/Users/x'],
    [{ method: 'DELETE', path: '/Users/x', version: 5 }, '400', '/Users/x'],
    [{ method: 'DELETE', path: '/Users/x', version: ['x'] }, '400', '/Users/x'],
    [{ method: 'DELETE', path: '/Users/x', bulkId: 7 }, '400', '/Users/x'],
    [{ method: 'DELETE', path: '/Users/x' }, '404', '/Users/x'],
    [{ method: 'DELETE' }, '400', ''],
    [{ method: 'POST', path: '/Users/x', data: {} }, '405', undefined],
    [{ method: 'POST', path: '/Users', data: {}, bulkId: 7 }, '400', undefined],
  ])('%j has status %s and location %j', async (operation, status, path) => {
    const client = await tenant()
    const answer = await bulk(client, [operation])
    const location = path === undefined ? undefined : `${client.base}${path}`
    expect(answer.body.Operations).toMatchObject([{ method: operation.method, status }])
    expect(answer.body.Operations[0].location).toBe(location)
  })

  test('a version or a bulkId that is no string changes nothing', async () => {
    const client = await tenant()
    const { id } = await createUser(client, 'ada')
    const remove = { method: 'DELETE', path: `/Users/${id}` }
    const wrong = [
      { ...remove, version: 5 },
      { ...remove, bulkId: 7 },
    ]
    const answer = await bulk(client, wrong)
    for (const { status, response } of answer.body.Operations) {
      expect({ status, scimType: response.scimType }).toEqual({
        status: '400',
        scimType: 'invalidSyntax',
      })
    }
    expect((await client.get(`/Users/${id}`)).status).toBe(200)
    // Null is as good as absent, and the slash at the beginning may be left out.
    const right = { ...remove, path: `Users/${id}`, version: null, bulkId: null }
    expect(statuses(await bulk(client, [right], { failOnErrors: 0 }))).toEqual(['204'])
  })

  test('failOnErrors 0 ends nothing', async () => {
    const client = await tenant()
    const gone = { method: 'DELETE', path: '/Users/x' }
    const answer = await bulk(client, [gone, gone, postUser('a')], { failOnErrors: 0 })
    expect(statuses(answer)).toEqual(['404', '404', '201'])
  })

  test.each([
    [{}],
    [{ schemas: [BULK] }],
    [{ schemas: [BULK], Operations: {} }],
    [{ schemas: [BULK], Operations: [], failOnErrors: 'x' }],
    [{ schemas: [BULK], Operations: [], failOnErrors: -1 }],
    ['{'],
  ])('a message that is none is refused whole: %j', async (body) => {
    const client = await tenant()
    expectError(await client.post('/Bulk', body), 400, { scimType: 'invalidSyntax' })
  })
})

describe('the limits', () => {
  test('a thousand new users cost a handful of trips and fewer than a hundred statements', async () => {
    const client = await tenant()
    const names = Array.from({ length: 1000 }, (_, n) => `user${n}`)
    const operations = names.map((name) =>
      postUser(name, { emails: [{ value: `${name}@x.example`, type: 'work', primary: true }] }),
    )
    client.endpoint.batches.length = 0
    const answer = await bulk(client, operations)
    const { batches } = client.endpoint
    expect(batches.length).toBeLessThanOrEqual(6)
    expect(batches.reduce((sum, { statements }) => sum + statements, 0)).toBeLessThan(100)
    expect(new Set(statuses(answer))).toEqual(new Set(['201']))
    expect(answer.body.Operations.map(({ bulkId }: { bulkId: string }) => bulkId)).toEqual(names)
    expect((await client.get('/Users?count=0')).body.totalResults).toBe(1000)
    const found = await client.find('/Users', 'emails eq "USER500@x.example"')
    expect(found.body.Resources[0].userName).toBe('user500')
    const events = await binding
      .prepare('select count(*) as n, max(seq) as last from event where namespace = ?')
      .bind(client.namespace)
      .first()
    // The service account and the token of the test come first.
    expect(events).toEqual({ n: 1002, last: 1002 })
  })

  test('more operations than are advertised are refused before any is carried out', async () => {
    const client = await tenant()
    const operations = Array.from({ length: 1001 }, (_, n) => postUser(`u${n}`))
    const answer = await bulk(client, operations)
    expectError(answer, 413)
    expect(answer.body.detail).toContain('1000')
    expect((await client.get('/Users')).body.totalResults).toBe(0)
  })

  test('among users created together, the second of a name is refused', async () => {
    const client = await tenant()
    const answer = await bulk(client, [
      postUser('a'),
      { ...postUser('A'), bulkId: 'second' },
      { ...postUser('b'), data: userBody('b', { externalId: 'ext-a' }) },
      { ...postUser('c'), data: { userName: 'c' } },
    ])
    expect(statuses(answer)).toEqual(['201', '409', '409', '400'])
  })
})

describe('the order of operations', () => {
  test('counts: a name that an earlier operation frees can be taken', async () => {
    const client = await tenant()
    const x = await createUser(client, 'x')
    const answer = await bulk(client, [
      { method: 'PUT', path: `/Users/${x.id}`, data: userBody('y', { externalId: 'ext-x' }) },
      { ...postUser('x'), data: userBody('x', { externalId: 'other' }) },
      postUser('z'),
    ])
    expect(statuses(answer)).toEqual(['200', '201', '201'])
  })

  test('counts with failOnErrors: nothing behind the last error allowed is carried out', async () => {
    const client = await tenant()
    const again = { ...postUser('x'), bulkId: 'again' }
    const answer = await bulk(client, [postUser('x'), again, postUser('y')], { failOnErrors: 1 })
    expect(statuses(answer)).toEqual(['201', '409'])
    expect((await client.get('/Users')).body.totalResults).toBe(1)
  })

  test('counts among many that are adopted or taken up again', async () => {
    const client = await tenant()
    const names = ['a', 'b', 'c', 'd', 'e']
    for (const name of names) {
      const { id } = await createUser(client, name)
      await client.delete(`/Users/${id}`)
    }
    client.endpoint.batches.length = 0
    const answer = await bulk(
      client,
      names.map((name) => postUser(name)),
    )
    expect(statuses(answer)).toEqual(['201', '201', '201', '201', '201'])
    // The token, one set that leaves all of them, and two trips for each.
    expect(client.endpoint.batches.length).toBe(2 + 2 * names.length)
  })
})

test('operations share what one request may do, and those that find too little left fail', async () => {
  const client = await tenant()
  const emails = Array.from({ length: 300 }, (_, at) => ({ value: `u${at}` }))
  const { id } = await createUser(client, 'ada', { emails })
  const removals = Array.from({ length: 30 }, () => ({
    op: 'remove',
    path: 'emails[type eq "x"]',
  }))
  const patch = { method: 'PATCH', path: `/Users/${id}`, data: patchOf(...removals) }
  const answer = await bulk(client, Array(40).fill(patch))
  const seen = statuses(answer)
  expect(seen.slice(0, 20)).toEqual(Array(20).fill('200'))
  expect(seen.at(-1)).toBe('400')
  expect(answer.body.Operations.at(-1).response).toMatchObject({ scimType: 'tooMany' })
  // By itself, it is no effort.
  expect((await client.patch(`/Users/${id}`, removals)).status).toBe(200)
})

describe('permissions', () => {
  test('count for each operation, and a token that may do none is refused', async () => {
    const client = await tenant()
    const { endpoint, namespace } = client
    const operations = [
      postUser('a'),
      { method: 'POST', path: '/Groups', bulkId: 'g', data: groupBody('g') },
    ]
    const viewer = await makeTokenFor(endpoint, namespace, ['Viewer'])
    const body = { schemas: [BULK], Operations: operations }
    expectError(await client.withToken(viewer).post('/Bulk', body), 403)
    expectError(await client.withToken(undefined).post('/Bulk', body), 401)
    const teams = await makeTokenFor(endpoint, namespace, ['Teams'])
    const answer = await client.withToken(teams).post('/Bulk', body)
    expect(statuses(answer)).toEqual(['403', '201'])
    const [{ response }] = answer.body.Operations
    expectErrorBody(response, 403, 'accesscontrol.permission-denied')
  })

  test('with user sync off, every write of a user is refused', async () => {
    const client = await tenant({ settings: { enableUserSync: false, enableGroupSync: true } })
    const refused = await bulk(client, [postUser('a'), postUser('b')])
    expect(statuses(refused)).toEqual(['403', '403'])
    for (const { response } of refused.body.Operations) {
      expectErrorBody(response, 403, 'scim.user-sync-disabled')
    }
  })
})
