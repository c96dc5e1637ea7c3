/**
 * Bad input: RFC 7644 §3.12. Every refusal has the exact status, a SCIM Error body and the media
 * type, and leaves everything as it was.
 */
import { describe, expect, test } from 'vitest'
import { StoreFailure } from '../../src/store/failure.ts'
import { type Answer, Client, readAnswer } from '../support/client.ts'
import { createGroup, createUser } from '../support/directory.ts'
import { makeEndpoint, tenant } from '../support/endpoint.ts'
import { expectAdminError, expectError, expectList } from '../support/expect.ts'
import { ENTERPRISE_USER, GROUP, groupBody, USER, userBody } from '../support/payload.ts'
import { dump } from '../support/tables.ts'

const MIB = 1024 * 1024
const encode = (text: string) => new TextEncoder().encode(text)

/** A namespace with one user in one group, and a check that requests leave it alone. */
async function populated() {
  const client = await tenant()
  const user = await createUser(client, 'ada')
  const group = await createGroup(client, 'G', [user.id])
  const before = await dump(client.namespace)
  const unchanged = async () => expect(await dump(client.namespace)).toBe(before)
  /** Sends one body by every route that takes one. */
  const everywhere = (body: unknown, headers: Record<string, string> = {}): Promise<Answer[]> =>
    Promise.all(
      [
        ['POST', '/Users'],
        ['POST', '/Groups'],
        ['PUT', `/Users/${user.id}`],
        ['PUT', `/Groups/${group.id}`],
        ['PATCH', `/Users/${user.id}`],
        ['PATCH', `/Groups/${group.id}`],
      ].map(([method = '', path = '']) => client.request(method, path, body, headers)),
    )
  return { client, user, group, unchanged, everywhere }
}

describe('a body', () => {
  test.each([
    ['is cut off', '{"a":'],
    ['is empty', ''],
    ['is blank', ' \n '],
    ['is no JSON', 'userName=ada'],
    ['is a list', '[]'],
    ['is a string', '"x"'],
    ['is null', 'null'],
    ['is a number', '5'],
    ['is true', 'true'],
    ['has two values', '{} {}'],
    ['has a trailing comma', '{"userName":"a",}'],
    ['has a comment', '{/* x */"userName":"a"}'],
    ['has single quotes', "{'userName':'a'}"],
    ['has a raw line break in a string', '{"userName":"a\nb"}'],
    ['has a member twice', '{"userName":"a","userName":"b"}'],
    ['has a member twice in another case', '{"userName":"a","USERNAME":"b"}'],
    ['has a member twice by an escape', '{"userName":"a","\\u0075serName":"b"}'],
    ['has a member twice inside', '{"userName":"a","name":{"givenName":"a","GivenName":"b"}}'],
    ['has a member twice inside a list', '{"userName":"a","emails":[{"value":"a","value":"b"}]}'],
    ['has __proto__ twice', '{"userName":"a","__proto__":1,"__proto__":2}'],
    ['nests 100,000 lists', `{"userName":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['nests 100,000 objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['opens 100,000 lists', '['.repeat(100_000)],
    ['is UTF-16', new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0])],
    [
      'has an invalid byte in a string',
      new Uint8Array([...encode('{"userName":"a'), 0xff, 0x22, 0x7d]),
    ],
    ['ends inside a character', new Uint8Array([...encode('{"userName":"a'), 0xc3])],
  ])('that %s is 400 invalidSyntax', async (_, body) => {
    const { everywhere, unchanged } = await populated()
    for (const answer of await everywhere(body)) {
      expectError(answer, 400, { scimType: 'invalidSyntax' })
    }
    await unchanged()
  })

  test('that is absent is 400 invalidSyntax', async () => {
    const { client, user, unchanged } = await populated()
    for (const [method, path] of [
      ['POST', '/Users'],
      ['POST', '/Groups'],
      ['PUT', `/Users/${user.id}`],
      ['PATCH', `/Users/${user.id}`],
    ] as const) {
      expectError(await client.request(method, path), 400, { scimType: 'invalidSyntax' })
    }
    await unchanged()
  })

  test('may begin with a byte order mark', async () => {
    const { client } = await populated()
    const bytes = new Uint8Array([0xef, 0xbb, 0xbf, ...encode(JSON.stringify(userBody('bom')))])
    expect(await client.post('/Users', bytes)).toMatchObject({
      status: 201,
      body: { userName: 'bom' },
    })
  })

  test.each([
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'text/json',
    'application/jsonx',
    'application/scim+json-patch',
    'garbage',
  ])('of media type %s is 415', async (type) => {
    const { everywhere, unchanged } = await populated()
    const headers = { 'Content-Type': type, Origin: 'https://evil.example' }
    for (const answer of await everywhere(userBody('bob'), headers)) expectError(answer, 415)
    await unchanged()
  })

  test.each([
    'application/scim+json',
    'application/scim+json; charset=utf-8',
    'application/scim+json;charset=UTF-8',
    'Application/SCIM+JSON',
    'application/json',
    'application/json; charset=utf-8',
    ' application/json ;x=y',
  ])('of media type %s is taken', async (type) => {
    const { client } = await populated()
    const answer = await client.post('/Users', userBody('bob'), { 'Content-Type': type })
    expect(answer.status).toBe(201)
  })

  test('without a media type is taken', async () => {
    const { client } = await populated()
    const request = new Request(`${client.base}/Users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${client.token}` },
      body: encode(JSON.stringify(userBody('bob'))),
    })
    expect(request.headers.has('Content-Type')).toBe(false)
    expect((await client.send(request)).status).toBe(201)
  })
})

describe('a body that is too large', () => {
  /** A user of exactly so many bytes. */
  const userOfSize = (size: number) => {
    const empty = JSON.stringify(userBody('big', { title: '' }))
    return JSON.stringify(userBody('big', { title: 'x'.repeat(size - empty.length) }))
  }
  const chunked = (text: string, chunk = 64 * 1024) => {
    const bytes = encode(text)
    let at = 0
    return new ReadableStream({
      pull(controller) {
        if (at >= bytes.length) return controller.close()
        controller.enqueue(bytes.slice(at, at + chunk))
        at += chunk
      },
    })
  }

  test('is 413 above 1 MiB, and taken at 1 MiB', async () => {
    const { client, user, unchanged } = await populated()
    const large = userOfSize(MIB + 1)
    for (const answer of [
      await client.post('/Users', large),
      await client.put(`/Users/${user.id}`, large),
      await client.request('PATCH', `/Users/${user.id}`, large),
    ]) {
      expectError(answer, 413)
      expect(answer.body.detail).toContain(String(MIB))
    }
    await unchanged()
    expect((await client.post('/Users', userOfSize(MIB))).status).toBe(201)
  })

  test('is 413 without Content-Length too, and is not read to its end', async () => {
    const { client, unchanged } = await populated()
    expectError(await client.post('/Users', chunked(userOfSize(MIB + 1))), 413)
    let sent = 0
    const endless = new ReadableStream({
      pull(controller) {
        sent += 64 * 1024
        controller.enqueue(encode(' '.repeat(64 * 1024)))
      },
    })
    expectError(await client.post('/Users', endless), 413)
    expect(sent).toBeLessThan(2 * MIB)
    await unchanged()
    expect((await client.post('/Users', chunked(userOfSize(MIB)))).status).toBe(201)
  })

  test('is 413 by a Content-Length that is too large, whatever follows', async () => {
    const { client, unchanged } = await populated()
    const headers = { 'Content-Length': String(20 * MIB) }
    expectError(await client.post('/Users', userBody('bob'), headers), 413)
    await unchanged()
  })

  test('is 413 by what comes, where Content-Length is too small', async () => {
    const { client, unchanged } = await populated()
    const headers = { 'Content-Length': '10' }
    expectError(await client.post('/Users', chunked(userOfSize(2 * MIB)), headers), 413)
    await unchanged()
  })

  test('is 413 for groups above 10 MiB only', async () => {
    const { client, group, unchanged } = await populated()
    const padded = (size: number) => {
      const text = JSON.stringify(groupBody('Large'))
      return text + ' '.repeat(size - text.length)
    }
    for (const answer of [
      await client.post('/Groups', padded(10 * MIB + 1)),
      await client.put(`/Groups/${group.id}`, padded(10 * MIB + 1)),
      await client.post('/Groups', chunked(padded(10 * MIB + 1), MIB)),
    ]) {
      expectError(answer, 413)
      expect(answer.body.detail).toContain(String(10 * MIB))
    }
    await unchanged()
    expect((await client.post('/Groups', padded(10 * MIB))).status).toBe(201)
  })
})

describe('a user', () => {
  test.each<[string, object]>([
    ['without userName', { userName: undefined }],
    ['with an empty userName', { userName: '' }],
    ['with a blank userName', { userName: ' \t ' }],
    ['with a null userName', { userName: null }],
    ['with a number for userName', { userName: 5 }],
    ['with an object for userName', { userName: { value: 'a' } }],
    ['with two userNames', { userName: ['a', 'b'] }],
    ['with a string for name', { name: 'Barbara' }],
    ['with a number for givenName', { name: { givenName: 1 } }],
    ['with an object for title', { title: { a: 1 } }],
    ['with a boolean for title', { title: true }],
    ['with a word for active', { active: 'yes' }],
    ['with a number for active', { active: 1 }],
    ['with numbers in emails', { emails: [5] }],
    ['with a list in emails', { emails: [['ada@example.com']] }],
    ['with a number for an address', { emails: [{ value: 5 }] }],
    ['with a word for primary', { emails: [{ value: 'a@x', primary: 'first' }] }],
    [
      'with two primary e-mails',
      {
        emails: [
          { value: 'a', primary: true },
          { value: 'b', primary: 'True' },
        ],
      },
    ],
    [
      'with two primary roles',
      {
        roles: [
          { value: 'a', primary: true },
          { value: 'b', primary: true },
        ],
      },
    ],
    ['with a number for externalId', { externalId: 5 }],
    ['with a string for the extension', { [ENTERPRISE_USER]: 'x' }],
    ['with a number for department', { [ENTERPRISE_USER]: { department: 5 } }],
    ['with the schemas of a group', { schemas: [GROUP] }],
    ['with a NUL in userName', { userName: 'a\u0000b' }],
    ['with a NUL in displayName', { displayName: '\u0000' }],
    ['with a NUL in externalId', { externalId: 'a\u0000' }],
    ['with a NUL in an e-mail', { emails: [{ value: 'a\u0000@x' }] }],
    ['with a lone surrogate in userName', { userName: 'a\ud800' }],
    ['with a lone surrogate in a title', { title: '\udc00x' }],
    ['with more than 1,000 e-mails', { emails: Array(1001).fill({ value: 'a@x' }) }],
  ])('%s is 400 invalidValue', async (_, more) => {
    const { client, user, unchanged } = await populated()
    const body = JSON.stringify({ ...userBody('new'), ...more })
    for (const answer of [
      await client.post('/Users', body),
      await client.put(`/Users/${user.id}`, body),
    ]) {
      expectError(answer, 400, { scimType: 'invalidValue' })
    }
    await unchanged()
  })

  test('with schemas that are no list of strings is 400 invalidSyntax', async () => {
    const { client, unchanged } = await populated()
    for (const schemas of [5, [5], [null], {}]) {
      const answer = await client.post('/Users', userBody('new', { schemas }))
      expectError(answer, 400, { scimType: 'invalidSyntax' })
    }
    await unchanged()
  })

  test('with __proto__ and constructor in it is created without them', async () => {
    const { client } = await populated()
    const evil = '"__proto__":{"title":"x","polluted":1},"constructor":{"prototype":{"polluted":1}}'
    const answer = await client.post(
      '/Users',
      `{"schemas":["${USER}"],${evil},"userName":"evil","externalId":"e","name":{${evil}},
        "emails":[{${evil},"value":"a@x"}],"hasOwnProperty":1,"toString":"x"}`,
    )
    expect(answer.status).toBe(201)
    expect(answer.body.emails).toEqual([{ value: 'a@x' }])
    expect(Object.keys(answer.body).sort()).toEqual(
      ['active', 'emails', 'externalId', 'id', 'meta', 'schemas', 'userName'].sort(),
    )
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test('called __proto__ is a user like any other', async () => {
    const { client } = await populated()
    for (const name of [
      '__proto__',
      'constructor',
      'null',
      "'; drop table user; --",
      '%00',
      '🏴',
    ]) {
      const user = await createUser(client, name, { displayName: name })
      const filter = `userName eq ${JSON.stringify(name)}`
      expect(expectList(await client.find('/Users', filter), 1)).toEqual([user])
      const group = await createGroup(client, name, [user.id])
      const members = (await client.get(`/Groups/${group.id}`)).body.members
      expect(members).toMatchObject([{ value: user.id, display: name }])
    }
  })
})

describe('an unknown id', () => {
  const ids = [
    '1',
    '010101001010101011001010101011',
    '00919288221112222',
    'nonexistent-id-000000',
    '3e59e27b-68ad-41f5-bb0e-dadf130e2ac8',
    '%00',
    'a%00b',
    '%27%3B--',
    "'",
    '%22',
    '"x"',
    '%0d%0aX-Evil:%201',
    '%2e%2e%2f',
    '..%2fGroups',
    'a%2Fb',
    '%3Cscript%3Ealert(1)%3C%2Fscript%3E',
    '%',
    '%ff',
    '%E0%A4%A',
    '*',
    'null',
    'undefined',
    '__proto__',
    'constructor',
    'x%20y',
    '🏴',
    'x'.repeat(2000),
  ]

  test.each(ids)('is 404 for every method: %s', async (id) => {
    const { client, unchanged } = await populated()
    for (const path of [`/Users/${id}`, `/Groups/${id}`]) {
      const operation = { op: 'replace', path: 'displayName', value: 'x' }
      for (const answer of [
        await client.get(path),
        await client.put(path, { ...userBody('x'), displayName: 'x', schemas: undefined }),
        await client.patch(path, [operation]),
        await client.delete(path),
      ]) {
        expectError(answer, 404)
        expect(answer.headers.get('X-Evil')).toBeNull()
        expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff')
      }
    }
    await unchanged()
  })

  test('of another type is 404', async () => {
    const { client, user, group } = await populated()
    expectError(await client.get(`/Users/${group.id}`), 404)
    expectError(await client.get(`/Groups/${user.id}`), 404)
    expectError(await client.get(`/Users/${user.id.toUpperCase()}`), 404)
  })
})

describe('a route', () => {
  test.each([
    '/Foo',
    '/users',
    '/Users/a/b',
    '/3e59e27b-68ad-41f5-bb0e-dadf130e2ac8',
    '/Users.json',
    '/serviceConfiguration',
    '/ServiceProviderConfigs',
    '/%00',
    '/%3Cscript%3E',
  ])('that does not exist is 404: %s', async (path) => {
    const { client, unchanged } = await populated()
    expectError(await client.get(path), 404)
    expectError(await client.post(path === '' || path === '/' ? '/Foo' : path, {}), 404)
    await unchanged()
  })

  test('outside of the API is 404 as well', async () => {
    const { client } = await populated()
    for (const base of ['https://scim.example', 'https://scim.example/scim/v2']) {
      expectAdminError(
        await new Client(client.send, base).get('/Users'),
        404,
        /nothing at this path/,
      )
    }
  })

  test.each([
    '',
    '/',
    '/api/teams',
    '/api/users/1?x',
    '/apis/scim.grafana.app/v0alpha1',
    '/apis/scim.grafana.app/v0alpha1/namespacesx/stacks-1/Users',
    '/APIS/scim.grafana.app/v0alpha1/namespaces/stacks-1/Users',
  ])('outside of the API is JSON, whatever Accept says: %s', async (path) => {
    const { client } = await populated()
    for (const Accept of ['application/json', 'application/scim+json', '*/*', 'text/html']) {
      const outside = new Client(client.send, 'https://scim.example')
      expectAdminError(await outside.get(path, { Accept }), 404, /nothing at this path/)
      expectAdminError(await outside.request('POST', path, {}, { Accept }), 404)
    }
  })

  test.each([
    ['PUT', '/Users', ['GET', 'POST']],
    ['PATCH', '/Users', ['GET', 'POST']],
    ['DELETE', '/Users', ['GET', 'POST']],
    ['PUT', '/Groups', ['GET', 'POST']],
    ['DELETE', '/Groups', ['GET', 'POST']],
    ['POST', '/Users/x', ['GET', 'PUT', 'PATCH', 'DELETE']],
    ['POST', '/Groups/x', ['GET', 'PUT', 'PATCH', 'DELETE']],
    ['PROPFIND', '/Users', ['GET', 'POST']],
  ])('refuses other methods with 405 and Allow: %s %s', async (method, path, allowed) => {
    const { client, unchanged } = await populated()
    const answer = await client.request(method, path, {})
    expectError(answer, 405)
    const listed = (answer.headers.get('Allow') ?? '').split(', ')
    for (const word of allowed) expect(listed).toContain(word)
    const others = ['POST', 'PUT', 'PATCH', 'DELETE'].filter((word) => !allowed.includes(word))
    for (const word of others) expect(listed).not.toContain(word)
    await unchanged()
  })

  test('answers OPTIONS and HEAD without a body', async () => {
    const { client, user } = await populated()
    for (const path of ['/Users', `/Users/${user.id}`, '/Schemas']) {
      const options = await client.withToken(undefined).request('OPTIONS', path)
      expect(options).toMatchObject({ status: 204, body: undefined })
      expect(options.headers.get('Allow')).toContain('GET')
      expect(await client.request('HEAD', path)).toMatchObject({ status: 200, body: undefined })
    }
    expect((await client.request('HEAD', '/Users/unknown')).status).toBe(404)
    expect((await client.withToken(undefined).request('HEAD', '/Users')).status).toBe(401)
  })

  test.each([
    '/Users',
    '/Users/',
    '//Users',
    '//Users//',
    '/Users?',
    '/Users?&',
    '/Users?count=5&',
    '/Users?foo=bar&foo=baz',
    '/Users?aadOptscim062020',
    '/Users?%',
    '/Users?count=%35',
  ])('is found without a redirect: %s', async (path) => {
    const { client, user } = await populated()
    const answer = await client.get(path)
    expect(expectList(answer, 1)[0].id).toBe(user.id)
    expect(answer.headers.get('Location')).toBeNull()
  })

  test('takes a slash, a question mark and an ampersand behind an id', async () => {
    const { client, user } = await populated()
    for (const suffix of ['/', '?', '?&', '/?', '//']) {
      const path = `/Users/${user.id}${suffix}`
      expect((await client.get(path)).body.id).toBe(user.id)
      expect((await client.put(path, userBody('ada', { title: suffix }))).status).toBe(200)
    }
    expect((await client.get(`//Users//${user.id}`)).body.id).toBe(user.id)
  })

  test('needs no User-Agent and no Accept, and takes any Accept', async () => {
    const { client } = await populated()
    for (const accept of [
      undefined,
      '*/*',
      'application/*',
      'application/json',
      'application/scim+json',
      'text/html, application/scim+json;q=0.5',
    ]) {
      const headers = { authorization: `Bearer ${client.token}`, ...(accept ? { accept } : {}) }
      const request = new Request(`${client.base}/Users`, { headers })
      expect(request.headers.has('User-Agent')).toBe(false)
      expectList(await readAnswer(await client.send(request)), 1)
    }
  })

  test('is never cached, sniffed or answered as HTML', async () => {
    const { client, user } = await populated()
    for (const path of ['/Users', `/Users/${user.id}`, '/Users/unknown', '/Foo', '/Schemas']) {
      const { headers } = await client.get(path)
      expect(headers.get('Content-Type')).toBe('application/scim+json')
      expect(headers.get('Cache-Control')).toContain('no-store')
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(headers.get('Strict-Transport-Security')).toMatch(/max-age=\d+/)
    }
  })

  test('lets no page of another origin read anything, or ask whether it may', async () => {
    const { client } = await populated()
    const foreign = { Origin: 'https://evil.example' }
    const preflight = { ...foreign, 'Access-Control-Request-Method': 'POST' }
    const paths = ['/Users', '/Schemas', '/Foo', '/config/default', '/export']
    for (const path of paths) {
      const asked = await client.request('OPTIONS', path, undefined, preflight)
      for (const { headers } of [asked, await client.get(path, foreign)]) {
        expect([...headers.keys()].filter((name) => /^access-control-/i.test(name))).toEqual([])
        expect(headers.get('Cross-Origin-Resource-Policy')).toBe('same-origin')
      }
    }
  })
})

describe('a credential that is not good enough', () => {
  const bad: [string, Parameters<Client['request']>[2], Record<string, string>][] = [
    ['400', '{', {}],
    ['413', 'x'.repeat(MIB + 1), {}],
    ['415', '{}', { 'Content-Type': 'text/plain' }],
  ]

  test.each(bad)('comes before %s', async (_, body, headers) => {
    const { client, user, group, unchanged } = await populated()
    const viewer = await tenant({ endpoint: client.endpoint, permissions: ['Viewer'] })
    for (const [method, path] of [
      ['POST', '/Users'],
      ['PUT', `/Users/${user.id}`],
      ['PATCH', `/Users/${user.id}`],
      ['POST', '/Groups'],
      ['PUT', `/Groups/${group.id}`],
      ['PATCH', `/Groups/${group.id}`],
    ] as const) {
      const nobody = client.withToken(undefined)
      expectError(await nobody.request(method, path, body, headers), 401)
      const wrong = client.withToken('glsa_x')
      expectError(await wrong.request(method, path, body, headers), 401)
      const foreign = client.withToken(viewer.token)
      expectError(await foreign.request(method, path, body, headers), 403)
      expectError(await viewer.request(method, path, body, headers), 403)
    }
    await unchanged()
  })

  test('comes before a bad filter, page or projection', async () => {
    const { client } = await populated()
    const none = await tenant({ endpoint: client.endpoint, permissions: ['None'] })
    for (const query of ['filter=x', 'count=x', 'attributes=a&excludedAttributes=b']) {
      for (const path of [`/Users?${query}`, `/Groups?${query}`]) {
        expectError(await client.withToken(undefined).get(path), 401)
        expectError(await client.withToken(none.token).get(path), 403)
        expectError(await none.get(path), 403)
      }
    }
  })
})

describe('a fault of the database', () => {
  test('is 503 with Retry-After in seconds, and tells nothing of itself', async () => {
    const { client, user } = await populated()
    const endpoint = makeEndpoint({
      batch: () => Promise.reject(new StoreFailure('unavailable', undefined, 'a secret')),
    })
    const broken = new Client(endpoint.fetch, client.base, client.token)
    for (const answer of [
      await broken.get('/Users'),
      await broken.post('/Users', userBody('bob')),
      await broken.patch(`/Users/${user.id}`, []),
    ]) {
      expectError(answer, 503)
      expect(answer.headers.get('Retry-After')).toMatch(/^\d+$/)
      expect(JSON.stringify(answer.body)).not.toContain('secret')
    }
  })
})
