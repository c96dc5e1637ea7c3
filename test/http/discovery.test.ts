/** Discovery: RFC 7644 §4; RFC 7643 §5, §6, §7; RFC 9865 §4. */
import { describe, expect, test } from 'vitest'
import {
  characteristicsOf,
  type Described,
  enterpriseCharacteristics,
  groupCharacteristics,
  userCharacteristics,
} from '../support/characteristics.ts'
import { Client } from '../support/client.ts'
import type { Body } from '../support/directory.ts'
import { freshNamespace, makeEndpoint, tenant } from '../support/endpoint.ts'
import { expectError, expectList } from '../support/expect.ts'
import { ENTERPRISE_USER, GROUP, PATCH_OP, USER, userBody } from '../support/payload.ts'

const CORE = 'urn:ietf:params:scim:schemas:core:2.0'
const BASE = 'https://scim.example/apis/scim.grafana.app/v0alpha1/namespaces'

/** A client without a token, of a namespace that nobody ever made. */
function anonymous(namespace = freshNamespace()) {
  const endpoint = makeEndpoint()
  return Object.assign(new Client(endpoint.fetch, `${BASE}/${namespace}`), { endpoint })
}

const paths = [
  '/ServiceProviderConfig',
  '/ResourceTypes',
  '/ResourceTypes/User',
  '/ResourceTypes/Group',
  '/Schemas',
  `/Schemas/${USER}`,
  `/Schemas/${GROUP}`,
  `/Schemas/${ENTERPRISE_USER}`,
  `/Schemas/${CORE}:ServiceProviderConfig`,
  `/Schemas/${CORE}:ResourceType`,
  `/Schemas/${CORE}:Schema`,
]

describe('discovery', () => {
  test.each(paths)('needs no credential and asks no database: %s', async (path) => {
    const client = anonymous()
    const answer = await client.get(path)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Content-Type')).toBe('application/scim+json')
    expect(client.endpoint.batches).toEqual([])
  })

  test.each(paths)('is the same for every well-formed namespace: %s', async (path) => {
    const known = await tenant()
    const expected = (await known.get(path)).body
    for (const namespace of ['default', 'org-2', 'stacks-1', freshNamespace()]) {
      const client = anonymous(namespace)
      const { status, body } = await client.get(path)
      expect(status).toBe(200)
      const text = JSON.stringify(body).replaceAll(client.base, known.base)
      expect(JSON.parse(text)).toEqual(expected)
      expect(client.endpoint.batches).toEqual([])
    }
  })

  test.each(paths)('with a credential reads it, and a bad one is 401: %s', async (path) => {
    const client = await tenant({ permissions: ['None'] })
    expect((await client.get(path)).status).toBe(200)
    expect(client.endpoint.batches).toEqual([{ mode: 'read', statements: 1 }])
    for (const token of ['', 'nonsense', `${client.token?.slice(0, -1)}x`]) {
      const answer = await client.withToken(token).get(path)
      expectError(answer, 401)
      expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Bearer /)
    }
    expect(client.endpoint.batches).toHaveLength(1)
  })

  test.each(['stack-1', 'org-1', 'org-0', 'DEFAULT', 'nowhere'])(
    'of a malformed namespace is 403: %s',
    async (namespace) => {
      const client = anonymous(namespace)
      for (const path of ['/ServiceProviderConfig', '/Schemas', '/ResourceTypes/User']) {
        expectError(await client.get(path), 403, { messageId: 'authn.invalid-namespace' })
      }
      expect(client.endpoint.batches).toEqual([])
    },
  )

  test.each(
    [
      '/ServiceProviderConfig',
      '/ResourceTypes',
      '/ResourceTypes/User',
      '/Schemas',
      `/Schemas/${USER}`,
    ].flatMap((path) => ['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [method, path])),
  )('is not written: %s %s is 405', async (method = '', path = '') => {
    const client = await tenant()
    const answer = await client.request(method, path, method === 'DELETE' ? undefined : {})
    expectError(answer, 405)
    const allowed = (answer.headers.get('Allow') ?? '').split(', ')
    expect(allowed).toContain('GET')
    for (const word of ['POST', 'PUT', 'PATCH', 'DELETE']) expect(allowed).not.toContain(word)
  })

  test('ignores paging, sorting and projection of what it lists', async () => {
    const client = anonymous()
    const all = (await client.get('/Schemas')).body
    const path = '/Schemas?startIndex=2&count=1&sortBy=id&sortOrder=descending'
    expect((await client.get(path)).body).toEqual(all)
  })

  test('has no null and no empty list in it', async () => {
    const client = anonymous()
    for (const path of paths) {
      const text = JSON.stringify((await client.get(path)).body)
      expect(text).not.toContain('null')
      expect(text).not.toContain('[]')
    }
  })
})

describe('/ServiceProviderConfig', () => {
  test('tells what is supported', async () => {
    const client = anonymous()
    const { body } = await client.get('/ServiceProviderConfig')
    expect(body.schemas).toEqual([`${CORE}:ServiceProviderConfig`])
    expect(body.meta).toMatchObject({
      resourceType: 'ServiceProviderConfig',
      location: `${client.base}/ServiceProviderConfig`,
    })
    expect(body).toMatchObject({
      patch: { supported: true },
      filter: { supported: true, maxResults: 200 },
      changePassword: { supported: false },
      etag: { supported: true },
    })
    for (const feature of ['bulk', 'sort']) {
      expect(typeof body[feature].supported, feature).toBe('boolean')
    }
    expect(Number.isInteger(body.bulk.maxOperations)).toBe(true)
    expect(Number.isInteger(body.bulk.maxPayloadSize)).toBe(true)
    expect(body.authenticationSchemes).toMatchObject([
      {
        type: 'oauthbearertoken',
        name: expect.stringMatching(/./),
        description: expect.stringMatching(/./),
      },
    ])
    expect(body.pagination).toMatchObject({
      cursor: expect.any(Boolean),
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: 100,
      maxPageSize: 200,
    })
  })

  test('holds what its schema lists, and nothing else', async () => {
    const client = anonymous()
    const { body } = await client.get('/ServiceProviderConfig')
    const schema = (await client.get(`/Schemas/${CORE}:ServiceProviderConfig`)).body
    const listed = new Set(schema.attributes.map(({ name }: Described) => name))
    const held = Object.keys(body).filter((name) => name !== 'schemas' && name !== 'meta')
    for (const name of held) expect(listed, name).toContain(name)
    for (const { name, required } of schema.attributes) if (required) expect(held).toContain(name)
  })

  test('agrees with what is answered 501', async () => {
    const client = await tenant()
    const { body } = await client.get('/ServiceProviderConfig')
    expect(body.bulk).toEqual({ supported: true, maxOperations: 1000, maxPayloadSize: 10_485_760 })
    expect(body.sort).toEqual({ supported: true })
    expect(body.pagination).toMatchObject({ cursor: true, index: true, cursorTimeout: 86_400 })
    for (const method of ['GET', 'POST', 'PATCH']) {
      const answer = await client.request(method, '/Me', method === 'GET' ? undefined : {})
      expectError(answer, 501)
    }
  })
})

describe('/ResourceTypes', () => {
  test('lists users and groups', async () => {
    const client = anonymous()
    const resources = expectList(await client.get('/ResourceTypes'), 2)
    const type = (name: string, schema: string, more: object = {}) => ({
      schemas: [`${CORE}:ResourceType`],
      id: name,
      name,
      endpoint: `/${name}s`,
      description: expect.stringMatching(/./),
      schema,
      ...more,
      meta: { resourceType: 'ResourceType', location: `${client.base}/ResourceTypes/${name}` },
    })
    const extension = { schemaExtensions: [{ schema: ENTERPRISE_USER, required: false }] }
    expect(resources).toEqual([type('User', USER, extension), type('Group', GROUP)])
    for (const one of resources) {
      expect((await client.get(`/ResourceTypes/${one.id}`)).body).toEqual(one)
      const urns = [one.schema, ...(one.schemaExtensions ?? []).map((e: Body) => e.schema)]
      for (const urn of urns) expect((await client.get(`/Schemas/${urn}`)).status).toBe(200)
    }
  })

  test('knows no others', async () => {
    const client = anonymous()
    for (const id of ['Nope', 'user', '__proto__', 'constructor', '%00', 'x'.repeat(2000)]) {
      expectError(await client.get(`/ResourceTypes/${id}`), 404)
    }
  })
})

describe('/Schemas', () => {
  test('lists every schema in use, and no message', async () => {
    const client = anonymous()
    const resources = expectList(await client.get('/Schemas'), 6)
    expect(resources.map(({ id }: Body) => id).sort()).toEqual(
      [
        USER,
        GROUP,
        ENTERPRISE_USER,
        `${CORE}:ServiceProviderConfig`,
        `${CORE}:ResourceType`,
        `${CORE}:Schema`,
      ].sort(),
    )
    for (const schema of resources) {
      expect(schema).toMatchObject({
        schemas: [`${CORE}:Schema`],
        name: expect.stringMatching(/./),
        description: expect.stringMatching(/./),
        meta: { resourceType: 'Schema', location: `${client.base}/Schemas/${schema.id}` },
      })
      const alone = await client.get(`/Schemas/${schema.id}`)
      expect(alone.body).toEqual(schema)
      const encoded = await client.get(`/Schemas/${schema.id.replaceAll(':', '%3A')}`)
      expect(encoded.body).toEqual(schema)
    }
    const names = Object.fromEntries(resources.map(({ id, name }: Body) => [id, name]))
    expect(names).toMatchObject({
      [USER]: 'User',
      [GROUP]: 'Group',
      [ENTERPRISE_USER]: 'EnterpriseUser',
    })
  })

  test('knows no others', async () => {
    const client = anonymous()
    for (const id of [PATCH_OP, `${USER}x`, 'User', '__proto__', '%00']) {
      expectError(await client.get(`/Schemas/${id}`), 404)
    }
  })

  test.each([
    [USER, userCharacteristics],
    [GROUP, groupCharacteristics],
    [ENTERPRISE_USER, enterpriseCharacteristics],
  ])('describes %s as RFC 7643 §8.7.1 does', async (urn, expected) => {
    const { body } = await anonymous().get(`/Schemas/${urn}`)
    const described = characteristicsOf(body.attributes)
    expect(described.toSorted()).toEqual(expected.toSorted())
  })

  test('tells whether a user must have externalId: by the token’s namespace, else by the file', async () => {
    const required = async (client: Client) => {
      const one = await client.get(`/Schemas/${USER}`)
      const all = await client.get('/Schemas')
      expect(all.body.Resources.find(({ id }: Described & { id: string }) => id === USER)).toEqual(
        one.body,
      )
      const told = one.body.attributes.find(({ name }: Described) => name === 'externalId')
      return told.required
    }
    for (const requireExternalId of [true, false]) {
      const client = await tenant({ settings: { enableUserSync: true, requireExternalId } })
      expect(await required(client)).toBe(requireExternalId)
      const { externalId: _none, ...body } = userBody('ada')
      expect((await client.post('/Users', body)).status).toBe(requireExternalId ? 400 : 201)
      // Without a token it is the same for every namespace, and nothing is read.
      client.endpoint.batches.length = 0
      expect(await required(client.withToken(undefined))).toBe(true)
      expect(client.endpoint.batches).toEqual([])
      const [group] = (await client.get('/Schemas')).body.Resources.filter(
        ({ id }: { id: string }) => id === GROUP,
      )
      expect(group.attributes[0]).toMatchObject({ name: 'externalId', required: false })
    }
  })

  test('says that of the e-mails the account e-mail alone is unique', async () => {
    const { body } = await anonymous().get(`/Schemas/${USER}`)
    const emails = body.attributes.find(({ name }: Described) => name === 'emails')
    const [value] = emails.subAttributes
    expect(value).toMatchObject({ name: 'value', uniqueness: 'none' })
    expect(value.description).toMatch(/The account e-mail alone is unique/)
  })

  test('describes every attribute in full (RFC 7643 §7)', async () => {
    const client = anonymous()
    const check = (attribute: Described, inside: boolean) => {
      expect(attribute).toMatchObject({
        name: expect.stringMatching(/^[$A-Za-z]\w*$/),
        type: expect.stringMatching(
          inside
            ? /^(string|boolean|decimal|integer|dateTime|binary|reference)$/
            : /^(string|boolean|decimal|integer|dateTime|binary|reference|complex)$/,
        ),
        multiValued: expect.any(Boolean),
        description: expect.stringMatching(/./),
        required: expect.any(Boolean),
        mutability: expect.stringMatching(/^(readOnly|readWrite|immutable|writeOnly)$/),
        returned: expect.stringMatching(/^(always|never|default|request)$/),
      })
      if (attribute.type === 'string') {
        expect(typeof attribute.caseExact).toBe('boolean')
        expect(attribute.uniqueness).toMatch(/^(none|server|global)$/)
      }
      if (attribute.type === 'reference') expect(attribute.referenceTypes).not.toHaveLength(0)
      expect(attribute.subAttributes !== undefined).toBe(attribute.type === 'complex')
      if (attribute.type === 'complex') {
        expect(attribute).not.toHaveProperty('caseExact')
        expect(attribute).not.toHaveProperty('uniqueness')
      }
      for (const sub of attribute.subAttributes ?? []) {
        // The schema of schemas describes itself: its subAttributes are complex, too.
        check(sub, sub.name !== 'subAttributes')
      }
    }
    for (const { attributes } of (await client.get('/Schemas')).body.Resources) {
      for (const attribute of attributes) check(attribute, false)
    }
  })
})

test('a filter on a discovery endpoint is refused, not ignored (RFC 7644 §4)', async () => {
  for (const path of ['/Schemas', '/ResourceTypes', '/ServiceProviderConfig']) {
    expectError(await anonymous().get(`${path}?filter=id+pr`), 403)
  }
})
