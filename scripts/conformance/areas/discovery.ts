// RFC 7643 §5 to §8 and RFC 7644 §4: what a service provider says of itself.
import { CANONICAL, SCHEMA_NAMES } from '../canonical.ts'
import { area, interop, must, should } from '../check.ts'
import { type Answer, resourcesOf } from '../client.ts'
import type { Context } from '../context.ts'
import { expectAnswer, expectEqual, expectMember, expectSame, expectThat } from '../expect.ts'
import {
  canonical,
  element,
  isObject,
  type Json,
  type JsonObject,
  objects,
  read,
  walk,
} from '../json.ts'
import {
  ENTERPRISE_USER,
  GROUP,
  LIST_RESPONSE,
  PATCH_OP,
  RESOURCE_TYPE,
  SCHEMA,
  SERVICE_PROVIDER_CONFIG,
  USER,
} from '../urns.ts'

const config = (t: Context) => t.once('the configuration', () => t.read('/ServiceProviderConfig'))
const types = (t: Context) => t.once('the resource types', () => t.read('/ResourceTypes'))
const allSchemas = (t: Context) => t.once('the schemas', () => t.read('/Schemas'))

async function authenticationSchemes(t: Context) {
  const answer = await config(t)
  const schemes = objects(read(answer.body, 'authenticationSchemes'))
  expectThat(answer, 'at least one authentication scheme', schemes.length > 0)
  return { answer, schemes }
}

async function schemaOf(t: Context, urn: string): Promise<{ answer: Answer; schema: JsonObject }> {
  const answer = await allSchemas(t)
  const schema = element(read(answer.body, 'Resources'), 'id', urn)
  expectThat(answer, `a schema ${urn}`, schema !== undefined, 'no such schema')
  return { answer, schema }
}

/** Visits every attribute and sub-attribute of every schema. */
function eachAttribute(answer: Answer, visit: (attribute: JsonObject, path: string) => void): void {
  for (const schema of resourcesOf(answer)) {
    for (const attribute of objects(schema.attributes)) {
      const path = `${schema.name}.${attribute.name}`
      visit(attribute, path)
      for (const sub of objects(attribute.subAttributes)) visit(sub, `${path}.${sub.name}`)
    }
  }
}

const CHARACTERISTICS: Readonly<Record<string, readonly string[]>> = {
  type: ['string', 'boolean', 'decimal', 'integer', 'dateTime', 'binary', 'reference', 'complex'],
  mutability: ['readOnly', 'readWrite', 'immutable', 'writeOnly'],
  returned: ['always', 'never', 'default', 'request'],
  uniqueness: ['none', 'server', 'global'],
}

const SCHEMES = ['oauth', 'oauth2', 'oauthbearertoken', 'httpbasic', 'httpdigest']

const supportFlags = ['patch', 'bulk', 'filter', 'changePassword', 'sort', 'etag'].map((feature) =>
  must(
    `configuration-tells-support-of-${feature.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`,
    'RFC 7643 §5',
    `/ServiceProviderConfig says with a boolean whether ${feature} is supported.`,
    async (t) => {
      const answer = await config(t)
      const value = read(answer.body, feature, 'supported')
      expectThat(
        answer,
        `a boolean ${feature}.supported`,
        typeof value === 'boolean',
        value ?? null,
      )
    },
  ),
)

const canonicalAttributes = Object.entries(CANONICAL).flatMap(([urn, attributes]) =>
  Object.entries(attributes).map(([name, expected]) =>
    must(
      `${SCHEMA_NAMES[urn]}-schema-declares-${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`,
      'RFC 7643 §8.7.1',
      `The schema ${urn} declares ${name} with the characteristics of the RFC and its errata.`,
      async (t) => {
        const { answer, schema } = await schemaOf(t, urn)
        const declared = element(schema.attributes, 'name', name)
        expectThat(answer, `an attribute ${name}`, declared !== undefined, 'none')
        compareAttribute(answer, name, declared, expected)
      },
    ),
  ),
)

function compareAttribute(
  answer: Answer,
  path: string,
  declared: JsonObject,
  expected: JsonObject,
): void {
  for (const [characteristic, value] of Object.entries(expected)) {
    if (characteristic === 'subAttributes') {
      for (const sub of objects(value)) {
        const subPath = `${path}.${sub.name}`
        const found = element(declared.subAttributes, 'name', sub.name ?? '')
        // What is left out by a service provider is not supported by it, which it may do.
        if (found !== undefined) compareAttribute(answer, subPath, found, sub)
      }
    } else {
      expectEqual(answer, `${path}: ${characteristic}`, declared[characteristic], value)
    }
  }
}

const READ_ONLY = [
  '/ServiceProviderConfig',
  '/ResourceTypes',
  '/ResourceTypes/User',
  '/Schemas',
  `/Schemas/${USER}`,
]

const writes = ['POST', 'PUT', 'PATCH', 'DELETE'].map((method) =>
  must(
    `discovery-refuses-${method.toLowerCase()}`,
    'RFC 7644 §4',
    `${method} on a discovery endpoint is answered with 405 and Allow.`,
    async (t) => {
      for (const path of READ_ONLY) {
        const answer = await t.send(method, path, method === 'DELETE' ? undefined : { schemas: [] })
        expectAnswer(answer, '405')
        const allow = answer.header('Allow') ?? '(absent)'
        const names = allow.split(',').map((name) => name.trim())
        expectThat(answer, 'Allow with GET', names.includes('GET'), allow)
        expectThat(answer, `Allow without ${method}`, !names.includes(method), allow)
      }
    },
  ),
)

export const discovery = area('discovery', 'Discovery', [
  must(
    'configuration-is-a-single-object',
    'RFC 7644 §4',
    '/ServiceProviderConfig is one resource, not a list.',
    async (t) => {
      const answer = await config(t)
      expectMember(answer, 'schemas', [SERVICE_PROVIDER_CONFIG])
      expectThat(answer, 'no list', read(answer.body, 'Resources') === undefined)
    },
  ),
  ...supportFlags,
  must(
    'configuration-tells-the-limits-of-bulk',
    'RFC 7643 §5',
    'bulk.maxOperations and bulk.maxPayloadSize are integers.',
    async (t) => {
      const answer = await config(t)
      for (const name of ['maxOperations', 'maxPayloadSize']) {
        const value = read(answer.body, 'bulk', name)
        expectThat(answer, `an integer bulk.${name}`, Number.isInteger(value), value ?? null)
      }
    },
  ),
  must(
    'configuration-tells-the-limit-of-lists',
    'RFC 7643 §5',
    'filter.maxResults is an integer.',
    async (t) => {
      const answer = await config(t)
      const value = read(answer.body, 'filter', 'maxResults')
      expectThat(answer, 'an integer filter.maxResults', Number.isInteger(value), value ?? null)
    },
  ),
  must(
    'authentication-schemes-are-described',
    'RFC 7643 §5',
    'authenticationSchemes is not empty; each has type, name and description.',
    async (t) => {
      const { answer, schemes } = await authenticationSchemes(t)
      for (const scheme of schemes) {
        for (const name of ['type', 'name', 'description']) {
          expectThat(answer, `a text ${name}`, typeof scheme[name] === 'string', scheme)
        }
      }
    },
  ),
  must(
    'authentication-schemes-have-a-known-type',
    'RFC 7643 §5',
    'The type of an authentication scheme is one of the five of the RFC.',
    async (t) => {
      const { answer, schemes } = await authenticationSchemes(t)
      for (const { type } of schemes) {
        const known = SCHEMES.includes(String(type))
        expectThat(answer, `a type of ${SCHEMES.join(', ')}`, known, type ?? null)
      }
    },
  ),
  must(
    'one-authentication-scheme-is-primary-at-most',
    'RFC 7643 §2.4',
    'At most one authentication scheme is primary.',
    async (t) => {
      const { answer, schemes } = await authenticationSchemes(t)
      const primary = schemes.filter((scheme) => scheme.primary === true)
      expectThat(answer, 'at most one primary scheme', primary.length <= 1)
    },
  ),
  should(
    'configuration-is-readable-without-credentials',
    'RFC 7643 §5',
    'Clients learn how to authenticate before they do.',
    async (t) => {
      expectAnswer(await t.withToken(undefined).get('/ServiceProviderConfig'), '200')
    },
  ),
  must(
    'configuration-has-meta',
    'RFC 7643 §5',
    'meta of /ServiceProviderConfig has its resourceType and location.',
    async (t) => {
      const answer = await config(t)
      expectMember(answer, 'meta.resourceType', 'ServiceProviderConfig')
      expectLocation(answer, answer.body, '/ServiceProviderConfig')
    },
  ),
  must(
    'resource-types-are-a-list',
    'RFC 7644 §4',
    '/ResourceTypes is a ListResponse with User and Group.',
    async (t) => {
      const answer = await types(t)
      expectMember(answer, 'schemas', [LIST_RESPONSE])
      expectMember(answer, 'totalResults', resourcesOf(answer).length)
      const names = resourcesOf(answer).map(({ name }) => String(name))
      expectThat(answer, 'User and Group', names.includes('User') && names.includes('Group'), names)
    },
  ),
  must(
    'user-resource-type-is-described',
    'RFC 7643 §6',
    'The resource type User has its endpoint, its schema and the enterprise extension.',
    async (t) => {
      const answer = await types(t)
      const type = element(read(answer.body, 'Resources'), 'name', 'User')
      expectThat(answer, 'a resource type User', type !== undefined)
      expectEqual(answer, 'schemas', type.schemas, [RESOURCE_TYPE])
      expectEqual(answer, 'endpoint', type.endpoint, '/Users')
      expectEqual(answer, 'schema', type.schema, USER)
      const extension = element(type.schemaExtensions, 'schema', ENTERPRISE_USER)
      expectThat(answer, 'the enterprise extension', extension !== undefined, type)
      expectEqual(answer, 'whether it is required', extension.required, false)
      expectEqual(answer, 'meta.resourceType', read(type, 'meta', 'resourceType'), 'ResourceType')
      expectLocation(answer, type, '/ResourceTypes/User')
    },
  ),
  must(
    'group-resource-type-is-described',
    'RFC 7643 §6',
    'The resource type Group has its endpoint and its schema.',
    async (t) => {
      const answer = await types(t)
      const type = element(read(answer.body, 'Resources'), 'name', 'Group')
      expectThat(answer, 'a resource type Group', type !== undefined)
      expectEqual(answer, 'endpoint', type.endpoint, '/Groups')
      expectEqual(answer, 'schema', type.schema, GROUP)
      expectLocation(answer, type, '/ResourceTypes/Group')
    },
  ),
  must(
    'resource-type-can-be-read-by-id',
    'RFC 7644 §4',
    'GET /ResourceTypes/{id} gives the one resource type.',
    async (t) => {
      const answer = await t.read('/ResourceTypes/User')
      expectMember(answer, 'schemas', [RESOURCE_TYPE])
      expectMember(answer, 'name', 'User')
    },
  ),
  must(
    'unknown-resource-type-is-not-found',
    'RFC 7644 §4',
    'An unknown resource type is answered with 404.',
    async (t) => expectAnswer(await t.get('/ResourceTypes/Nope'), '404'),
  ),
  should(
    'id-of-a-resource-type-is-its-name',
    'RFC 7643 §6',
    'Each resource type has its name as id.',
    async (t) => {
      const answer = await types(t)
      for (const type of resourcesOf(answer)) expectEqual(answer, 'id', type.id, type.name)
    },
  ),
  must(
    'schemas-are-a-list',
    'RFC 7644 §4',
    '/Schemas is a ListResponse of all schemas.',
    async (t) => {
      const answer = await allSchemas(t)
      expectMember(answer, 'schemas', [LIST_RESPONSE])
      expectMember(answer, 'totalResults', resourcesOf(answer).length)
    },
  ),
  ...[USER, GROUP, ENTERPRISE_USER].map((urn) =>
    must(
      `${SCHEMA_NAMES[urn]}-schema-is-listed`,
      'RFC 7644 §4',
      `/Schemas lists ${urn}.`,
      async (t) => void (await schemaOf(t, urn)),
    ),
  ),
  should(
    'schemas-of-discovery-are-listed',
    'RFC 7643 §7',
    '/Schemas also lists the schemas of the discovery resources.',
    async (t) => {
      for (const urn of [SERVICE_PROVIDER_CONFIG, RESOURCE_TYPE, SCHEMA]) await schemaOf(t, urn)
    },
  ),
  must(
    'schema-can-be-read-by-urn',
    'RFC 7644 §4',
    'GET /Schemas/{urn} gives the one schema.',
    async (t) => expectMember(await t.read(`/Schemas/${USER}`), 'id', USER),
  ),
  must(
    'schema-can-be-read-by-encoded-urn',
    'RFC 3986 §2.2',
    'The colons of a URN may be percent-encoded in a path.',
    async (t) => {
      expectMember(await t.read(`/Schemas/${encodeURIComponent(USER)}`), 'id', USER)
    },
  ),
  must(
    'unknown-schema-is-not-found',
    'RFC 7644 §4',
    'An unknown schema is answered with 404.',
    async (t) => expectAnswer(await t.get('/Schemas/urn:example:nope'), '404'),
  ),
  must(
    'message-schemas-are-not-discoverable',
    'RFC 7644 §3.1',
    'The schemas of messages are not listed in /Schemas.',
    async (t) => {
      const answer = await allSchemas(t)
      const ids = resourcesOf(answer).map(({ id }) => String(id))
      const message = ids.find((id) => id.startsWith('urn:ietf:params:scim:api:'))
      expectThat(answer, 'no message schema', message === undefined, message ?? null)
      expectAnswer(await t.get(`/Schemas/${PATCH_OP}`), '404')
    },
  ),
  must(
    'schema-resources-have-schemas-and-meta',
    'RFC 7643 §7',
    'Each schema has schemas, id and meta (errata 5999, 8417).',
    async (t) => {
      const answer = await allSchemas(t)
      for (const schema of resourcesOf(answer)) {
        expectEqual(answer, `schemas of ${schema.id}`, schema.schemas, [SCHEMA])
        expectEqual(answer, 'meta.resourceType', read(schema, 'meta', 'resourceType'), 'Schema')
        expectLocation(answer, schema, `/Schemas/${schema.id}`)
      }
    },
  ),
  must(
    'attributes-have-all-characteristics',
    'RFC 7643 §7',
    'Each attribute has name, type, multiValued, required, mutability and returned with known values.',
    async (t) => {
      const answer = await allSchemas(t)
      eachAttribute(answer, (attribute, path) => {
        for (const name of ['multiValued', 'required']) {
          const value = attribute[name]
          expectThat(answer, `a boolean ${name} of ${path}`, typeof value === 'boolean', attribute)
        }
        for (const name of ['type', 'mutability', 'returned']) {
          const known = CHARACTERISTICS[name]?.includes(String(attribute[name])) ?? false
          expectThat(answer, `a known ${name} of ${path}`, known, attribute)
        }
      })
    },
  ),
  must(
    'attributes-have-a-description',
    'RFC 7643 §7',
    'Each attribute has a description.',
    async (t) => {
      const answer = await allSchemas(t)
      eachAttribute(answer, ({ description }, path) => {
        const right = typeof description === 'string' && description !== ''
        expectThat(answer, `a description of ${path}`, right, description ?? null)
      })
    },
  ),
  must(
    'texts-have-case-and-uniqueness',
    'RFC 7643 §7',
    'Each attribute of type string has caseExact and uniqueness.',
    async (t) => {
      const answer = await allSchemas(t)
      eachAttribute(answer, (attribute, path) => {
        if (attribute.type !== 'string') return
        const { caseExact, uniqueness } = attribute
        const known = CHARACTERISTICS.uniqueness?.includes(String(uniqueness)) ?? false
        expectThat(answer, `caseExact of ${path}`, typeof caseExact === 'boolean', attribute)
        expectThat(answer, `a known uniqueness of ${path}`, known, attribute)
      })
    },
  ),
  must(
    'complex-attributes-have-sub-attributes',
    'RFC 7643 §7',
    'Each complex attribute lists its sub-attributes, which are not complex, save those of schemas.',
    async (t) => {
      const answer = await allSchemas(t)
      for (const schema of resourcesOf(answer)) {
        for (const attribute of objects(schema.attributes)) {
          if (attribute.type !== 'complex') continue
          const subs = objects(attribute.subAttributes)
          expectThat(answer, `sub-attributes of ${attribute.name}`, subs.length > 0, attribute)
          // Attributes of a schema have sub-attributes of their own: the one exception.
          if (schema.id === SCHEMA) continue
          const nested = subs.find(({ type }) => type === 'complex')
          expectThat(answer, `no complex inside ${attribute.name}`, nested === undefined, attribute)
        }
      }
    },
  ),
  must(
    'references-have-their-types',
    'RFC 7643 §7',
    'Each attribute of type reference has referenceTypes.',
    async (t) => {
      const answer = await allSchemas(t)
      eachAttribute(answer, (attribute, path) => {
        if (attribute.type !== 'reference') return
        const { referenceTypes } = attribute
        const right = Array.isArray(referenceTypes) && referenceTypes.length > 0
        expectThat(answer, `referenceTypes of ${path}`, right, attribute)
      })
    },
  ),
  should(
    'complex-attributes-have-no-uniqueness',
    'RFC 7643 §2.2',
    'uniqueness and caseExact do not apply to complex attributes (erratum 6004).',
    async (t) => {
      const answer = await allSchemas(t)
      eachAttribute(answer, (attribute, path) => {
        if (attribute.type !== 'complex') return
        const uniqueness = attribute.uniqueness ?? 'none'
        const right = uniqueness === 'none' && (attribute.caseExact ?? false) === false
        expectThat(answer, `no uniqueness and no caseExact of ${path}`, right, attribute)
      })
    },
  ),
  ...canonicalAttributes,
  must(
    'user-schema-has-no-other-attributes',
    'RFC 7643 §8.7.1',
    'The schema of users has the attributes of the RFC and no others, save common ones.',
    async (t) => {
      const { answer, schema } = await schemaOf(t, USER)
      const common = ['id', 'externalId', 'meta', 'schemas']
      const names = objects(schema.attributes).map(({ name }) => String(name))
      const others = names.filter((name) => !common.includes(name))
      expectSame(answer, 'the attributes', others, Object.keys(CANONICAL[USER] ?? {}))
    },
  ),
  must(
    'required-external-id-is-told',
    'RFC 7643 §2.2',
    'externalId of users is required in the schema where a POST without it is refused, and only there.',
    async (t) => {
      const { answer, schema } = await schemaOf(t, USER)
      const { externalId: _, ...body } = t.userBody()
      const posted = await t.post('/Users', body)
      expectAnswer(posted, '201', '400 invalidValue')
      const refused = posted.status === 400
      const attribute = element(schema.attributes, 'name', 'externalId')
      const told = attribute?.required === true
      expectThat(answer, `required: ${refused} of externalId`, told === refused, attribute ?? null)
    },
  ),
  must(
    'uniqueness-is-told',
    'RFC 7643 §2.2',
    'Where a second externalId of users or displayName of groups is refused, uniqueness says so.',
    async (t) => {
      const externalId = t.unique('unique')
      const displayName = t.unique('Unique')
      const twice = async (path: string, first: JsonObject, second: JsonObject) => {
        expectAnswer(await t.post(path, first), '201')
        const again = await t.post(path, second)
        expectAnswer(again, '201', '409 uniqueness')
        return again.status === 409
      }
      const asked = [
        [USER, 'externalId', '/Users', t.userBody({ externalId }), t.userBody({ externalId })],
        [
          GROUP,
          'displayName',
          '/Groups',
          t.groupBody({ displayName }),
          t.groupBody({ displayName }),
        ],
      ] as const
      for (const [urn, name, path, first, second] of asked) {
        if (!(await twice(path, first, second))) continue
        const { answer, schema } = await schemaOf(t, urn)
        const attribute = element(schema.attributes, 'name', name)
        const told = attribute !== undefined && attribute.uniqueness !== 'none'
        expectThat(answer, `a uniqueness of ${name}`, told, attribute ?? null)
      }
    },
  ),
  should(
    'addresses-and-members-declare-what-they-use',
    'RFC 7643 §8.2',
    'addresses.primary and members.display, which the examples use, are declared (erratum 6011).',
    async (t) => {
      const user = await schemaOf(t, USER)
      const addresses = element(user.schema.attributes, 'name', 'addresses')
      const primary = element(addresses?.subAttributes, 'name', 'primary')
      expectThat(user.answer, 'addresses.primary', primary?.type === 'boolean', primary ?? null)
      const group = await schemaOf(t, GROUP)
      const members = element(group.schema.attributes, 'name', 'members')
      const display = element(members?.subAttributes, 'name', 'display')
      expectThat(group.answer, 'members.display', display?.type === 'string', display ?? null)
    },
  ),
  should(
    'configuration-is-covered-by-its-schema',
    'RFC 7643 §5',
    'Every member of /ServiceProviderConfig is an attribute of its schema.',
    async (t) => {
      const answer = await config(t)
      const { schema } = await schemaOf(t, SERVICE_PROVIDER_CONFIG)
      const declared = objects(schema.attributes).map(({ name }) => name)
      const members = isObject(answer.body) ? Object.keys(answer.body) : []
      const common = ['schemas', 'id', 'externalId', 'meta']
      const missing = members.filter((name) => !common.includes(name) && !declared.includes(name))
      expectSame(answer, 'members that the schema lacks', missing, [])
    },
  ),
  must(
    'urns-of-resource-types-resolve',
    'RFC 7643 §6',
    'Every schema that a resource type names can be read at /Schemas/{urn}.',
    async (t) => {
      const answer = await types(t)
      const urns = resourcesOf(answer).flatMap(({ schema, schemaExtensions }) => [
        String(schema),
        ...objects(schemaExtensions).map((extension) => String(extension.schema)),
      ])
      for (const urn of new Set(urns)) await t.read(`/Schemas/${urn}`)
    },
  ),
  must(
    'discovery-ignores-paging',
    'RFC 7644 §4',
    'Paging and sorting parameters do not shorten /Schemas or /ResourceTypes.',
    async (t) => {
      for (const path of ['/Schemas', '/ResourceTypes']) {
        const whole = await t.read(path)
        const part = await t.get(`${path}?startIndex=2&count=1&sortBy=name`)
        expectAnswer(part, '200')
        expectEqual(part, 'Resources', read(part.body, 'Resources'), read(whole.body, 'Resources'))
      }
    },
  ),
  should(
    'discovery-refuses-filters',
    'RFC 7644 §4',
    'A filter on a discovery endpoint is answered with 403.',
    async (t) => {
      for (const path of ['/Schemas', '/ResourceTypes', '/ServiceProviderConfig']) {
        expectAnswer(await t.get(`${path}?filter=name%20eq%20%22User%22`), '403')
      }
    },
  ),
  ...writes,
  interop(
    'discovery-has-no-null',
    'RFC 7643 §2.5',
    'No member of /Schemas, /ResourceTypes or /ServiceProviderConfig is null.',
    async (t) => {
      for (const answer of [await allSchemas(t), await types(t), await config(t)]) {
        const nulls: string[] = []
        walk(answer.body, (_name, member, path) => {
          if (member === null) nulls.push(path)
        })
        expectSame(answer, 'members that are null', nulls, [])
      }
    },
  ),
  interop(
    'discovery-lists-count-with-integers',
    'RFC 7644 §3.4.2',
    'totalResults, startIndex and itemsPerPage of discovery lists, where given, are integers.',
    async (t) => {
      for (const answer of [await allSchemas(t), await types(t)]) {
        for (const name of ['totalResults', 'startIndex', 'itemsPerPage']) {
          const value: Json = read(answer.body, name) ?? 0
          expectThat(answer, `an integer ${name}`, Number.isInteger(value), value)
        }
      }
    },
  ),
  should(
    'discovery-is-conditional-where-it-has-etags',
    'RFC 7644 §3.14',
    'Where /Schemas has an ETag, If-None-Match with it is answered with 304.',
    async (t) => {
      const tag = (await allSchemas(t)).header('ETag')
      if (tag === undefined) return t.skip('/Schemas has no ETag.')
      expectAnswer(await t.get('/Schemas', { 'If-None-Match': tag }), '304')
    },
  ),
  should(
    'discovery-is-the-same-for-each-reader',
    'RFC 7644 §4',
    'What /ServiceProviderConfig says does not depend on who asks.',
    async (t) => {
      const anonymous = await t.withToken(undefined).get('/ServiceProviderConfig')
      if (anonymous.status !== 200) return t.skip('It is not readable without credentials.')
      const known = await config(t)
      expectEqual(anonymous, 'the configuration', anonymous.body, known.body)
    },
  ),
])

function expectLocation(answer: Answer, resource: Json | undefined, path: string): void {
  const location = read(resource, 'meta', 'location')
  const text = typeof location === 'string' ? decodeURIComponent(location) : canonical(location)
  const right = URL.canParse(text) && new URL(text).pathname.endsWith(path)
  expectThat(answer, `a meta.location that is a URI ending with ${path}`, right, text)
}
