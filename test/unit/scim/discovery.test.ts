import { describe, expect, test } from 'vitest'
import {
  resourceTypeResources,
  schemaResources,
  serviceProviderConfig,
} from '../../../src/scim/discovery.ts'
import type { Json, JsonObject } from '../../../src/scim/json.ts'
import { BASE, ENTERPRISE, GROUP, USER } from './support.ts'

const CAPABILITIES = { maxBulkOperations: 7, maxBulkPayload: 8, cursorLifetime: 9 }
const CORE = 'urn:ietf:params:scim:schemas:core:2.0'

/**
 * RFC 7643 §8.7 with its verified errata, one attribute a line: name, type, and what differs from
 * the defaults of §2.2. A `/` begins a sub-attribute, a `//` one of those.
 */
const EXPECTED: Readonly<Record<string, string>> = {
  [USER]: `
    externalId string exact server
    userName string required server
    name complex
    /formatted string
    /familyName string
    /givenName string
    /middleName string
    /honorificPrefix string
    /honorificSuffix string
    displayName string
    nickName string
    profileUrl reference to:external
    title string
    userType string
    preferredLanguage string
    locale string
    timezone string
    active boolean
    password string writeOnly never
    emails complex many
    /value string
    /display string
    /type string of:work,home,other
    /primary boolean
    phoneNumbers complex many
    /value string
    /display string
    /type string of:work,home,mobile,fax,pager,other
    /primary boolean
    ims complex many
    /value string
    /display string
    /type string of:aim,gtalk,icq,xmpp,msn,skype,qq,yahoo,other
    /primary boolean
    photos complex many
    /value reference to:external
    /display string
    /type string of:photo,thumbnail
    /primary boolean
    addresses complex many
    /formatted string
    /streetAddress string
    /locality string
    /region string
    /postalCode string
    /country string
    /type string of:work,home,other
    /primary boolean
    groups complex many readOnly
    /value string readOnly
    /$ref reference readOnly to:Group
    /display string readOnly
    /type string readOnly of:direct,indirect
    entitlements complex many
    /value string
    /display string
    /type string
    /primary boolean
    roles complex many
    /value string
    /display string
    /type string
    /primary boolean
    x509Certificates complex many
    /value binary
    /display string
    /type string
    /primary boolean`,
  [GROUP]: `
    externalId string exact
    displayName string required server
    members complex many
    /value string immutable
    /$ref reference immutable to:User,Group
    /type string immutable of:User,Group
    /display string immutable`,
  [ENTERPRISE]: `
    employeeNumber string
    costCenter string
    organization string
    division string
    department string
    manager complex
    /value string exact
    /$ref reference to:User
    /displayName string readOnly`,
  [`${CORE}:ServiceProviderConfig`]: `
    documentationUri reference readOnly to:external
    patch complex required readOnly
    /supported boolean required readOnly
    bulk complex required readOnly
    /supported boolean required readOnly
    /maxOperations integer required readOnly
    /maxPayloadSize integer required readOnly
    filter complex required readOnly
    /supported boolean required readOnly
    /maxResults integer required readOnly
    changePassword complex required readOnly
    /supported boolean required readOnly
    sort complex required readOnly
    /supported boolean required readOnly
    etag complex required readOnly
    /supported boolean required readOnly
    authenticationSchemes complex many required readOnly
    /type string required readOnly of:oauth,oauth2,oauthbearertoken,httpbasic,httpdigest
    /name string required readOnly
    /description string required readOnly
    /specUri reference readOnly to:external
    /documentationUri reference readOnly to:external
    /primary boolean readOnly
    pagination complex readOnly
    /cursor boolean required readOnly
    /index boolean required readOnly
    /defaultPaginationMethod string readOnly of:cursor,index
    /defaultPageSize integer readOnly
    /maxPageSize integer readOnly
    /cursorTimeout integer readOnly
    securityEvents complex readOnly
    /asyncRequest string readOnly of:none,long,request
    /eventUris string many exact readOnly`,
  [`${CORE}:ResourceType`]: `
    id string readOnly
    name string required readOnly server
    description string readOnly
    endpoint reference required readOnly server to:uri
    schema reference required readOnly to:uri
    schemaExtensions complex many readOnly
    /schema reference required readOnly to:uri
    /required boolean required readOnly`,
  [`${CORE}:Schema`]: `
    id string required readOnly
    name string required readOnly
    description string readOnly
    attributes complex many required readOnly
    /name string required exact readOnly
    /type string required readOnly of:string,boolean,decimal,integer,dateTime,binary,reference,complex
    /multiValued boolean required readOnly
    /description string exact readOnly
    /required boolean readOnly
    /canonicalValues string many exact readOnly
    /caseExact boolean readOnly
    /mutability string exact readOnly of:readOnly,readWrite,immutable,writeOnly
    /returned string exact readOnly of:always,never,default,request
    /uniqueness string exact readOnly of:none,server,global
    /referenceTypes string many exact readOnly
    /subAttributes complex many readOnly
    //name string required exact readOnly
    //type string required readOnly of:string,boolean,decimal,integer,dateTime,binary,reference
    //multiValued boolean required readOnly
    //description string exact readOnly
    //required boolean readOnly
    //canonicalValues string many exact readOnly
    //caseExact boolean readOnly
    //mutability string exact readOnly of:readOnly,readWrite,immutable,writeOnly
    //returned string exact readOnly of:always,never,default,request
    //uniqueness string exact readOnly of:none,server,global
    //referenceTypes string many exact readOnly`,
}

/** The attributes that a table describes, by name; their order has no meaning. */
function attributesOf(table: string): Record<string, Json> {
  const levels: Record<string, Json>[] = [{}]
  for (const line of table.trim().split('\n')) {
    const [, slashes = '', rest = ''] = /^\s*(\/*)(.*)$/.exec(line) ?? []
    const [name = '', type = '', ...more] = rest.split(' ')
    const listed = (prefix: string) =>
      more
        .find((word) => word.startsWith(prefix))
        ?.slice(prefix.length)
        .split(',')
    const pick = (words: readonly string[], otherwise: string) =>
      words.find((word) => more.includes(word)) ?? otherwise
    const isText = ['string', 'reference', 'binary', 'dateTime'].includes(type)
    const subAttributes: Record<string, Json> = {}
    const canonicalValues = listed('of:')
    const referenceTypes = listed('to:')
    levels.length = slashes.length + 1
    const level = levels[slashes.length] ?? {}
    level[name] = {
      type,
      multiValued: more.includes('many'),
      required: more.includes('required'),
      mutability: pick(['readOnly', 'immutable', 'writeOnly'], 'readWrite'),
      returned: pick(['never', 'always'], 'default'),
      ...(isText
        ? { caseExact: more.includes('exact') || ['reference', 'binary'].includes(type) }
        : {}),
      ...(isText || type === 'integer' ? { uniqueness: pick(['server'], 'none') } : {}),
      ...(canonicalValues ? { canonicalValues } : {}),
      ...(referenceTypes ? { referenceTypes } : {}),
      ...(type === 'complex' ? { subAttributes } : {}),
    }
    levels.push(subAttributes)
  }
  return levels[0] ?? {}
}

/** The attributes of a schema resource by name, without their descriptions. */
function byName(attributes: Json | undefined): Record<string, Json> {
  const list = attributes as readonly JsonObject[]
  const entries = list.map(({ name, description: _ours, subAttributes, ...rest }) => [
    name,
    { ...rest, ...(subAttributes === undefined ? {} : { subAttributes: byName(subAttributes) }) },
  ])
  expect(new Set(entries.map(([name]) => name)).size).toBe(list.length)
  return Object.fromEntries(entries)
}

const schemas = schemaResources(BASE, false)

describe('/Schemas', () => {
  test('lists every schema in use, those of the discovery resources included', () => {
    expect(schemas.map(({ id }) => id).sort()).toEqual(Object.keys(EXPECTED).sort())
  })

  test.each(Object.entries(EXPECTED))('has exactly the attributes of %s', (urn, table) => {
    const schema = schemas.find(({ id }) => id === urn)
    expect(byName(schema?.attributes)).toEqual(attributesOf(table))
  })

  test.each([
    [USER, 'User'],
    [GROUP, 'Group'],
    [ENTERPRISE, 'EnterpriseUser'],
    [`${CORE}:ServiceProviderConfig`, 'ServiceProviderConfig'],
    [`${CORE}:ResourceType`, 'ResourceType'],
    [`${CORE}:Schema`, 'Schema'],
  ])('has %s as a resource', (urn, name) => {
    const { attributes: _attributes, ...schema } = schemas.find(({ id }) => id === urn) ?? {}
    expect(schema).toEqual({
      schemas: [`${CORE}:Schema`],
      id: urn,
      name,
      description: expect.stringMatching(/\w/),
      meta: { resourceType: 'Schema', location: `${BASE}/Schemas/${urn}` },
    })
  })

  test('describes every attribute in words', () => {
    const walk = (attribute: JsonObject): void => {
      expect(attribute.description).toMatch(/\w.*\.$/)
      for (const sub of (attribute.subAttributes ?? []) as readonly JsonObject[]) walk(sub)
    }
    for (const { attributes } of schemas) for (const one of attributes as JsonObject[]) walk(one)
  })

  test('gives uniqueness and caseExact to no complex or boolean attribute', () => {
    const walk = (attribute: JsonObject): void => {
      if (attribute.type === 'complex' || attribute.type === 'boolean') {
        expect(Object.keys(attribute)).not.toContain('uniqueness')
        expect(Object.keys(attribute)).not.toContain('caseExact')
      }
      for (const sub of (attribute.subAttributes ?? []) as readonly JsonObject[]) walk(sub)
    }
    for (const { attributes } of schemas) for (const one of attributes as JsonObject[]) walk(one)
  })
})

describe('discovery as a whole', () => {
  const everything = [
    ...schemas,
    ...resourceTypeResources(BASE),
    serviceProviderConfig(BASE, CAPABILITIES),
  ]

  test('has no null, no undefined and nothing that only this server knows', () => {
    const walk = (value: Json | undefined): void => {
      expect(value).not.toBeNull()
      expect(value).toBeDefined()
      if (typeof value !== 'object' || value === null) return
      for (const [name, inner] of Object.entries(value)) {
        expect(['computed', 'relation', 'unfilterable']).not.toContain(name)
        walk(inner)
      }
    }
    everything.forEach(walk)
  })

  test('has a schema for every URN that a resource names, and none for messages', () => {
    const known = schemas.map(({ id }) => id)
    for (const { schemas: used } of everything)
      expect(known).toEqual(expect.arrayContaining(used as string[]))
    for (const { schema } of resourceTypeResources(BASE)) expect(known).toContain(schema)
    expect(known.filter((urn) => String(urn).includes(':api:'))).toEqual([])
  })
})

test('/ResourceTypes lists User with its extension, and Group', () => {
  expect(resourceTypeResources(BASE)).toEqual([
    {
      schemas: [`${CORE}:ResourceType`],
      id: 'User',
      name: 'User',
      endpoint: '/Users',
      description: 'User Account',
      schema: USER,
      schemaExtensions: [{ schema: ENTERPRISE, required: false }],
      meta: { resourceType: 'ResourceType', location: `${BASE}/ResourceTypes/User` },
    },
    {
      schemas: [`${CORE}:ResourceType`],
      id: 'Group',
      name: 'Group',
      endpoint: '/Groups',
      description: 'Group',
      schema: GROUP,
      meta: { resourceType: 'ResourceType', location: `${BASE}/ResourceTypes/Group` },
    },
  ])
})

describe('/ServiceProviderConfig', () => {
  test('tells of every feature whether it is supported', () => {
    expect(serviceProviderConfig(BASE, CAPABILITIES)).toEqual({
      schemas: [`${CORE}:ServiceProviderConfig`],
      patch: { supported: true },
      bulk: { supported: true, maxOperations: 7, maxPayloadSize: 8 },
      filter: { supported: true, maxResults: 200 },
      changePassword: { supported: false },
      sort: { supported: true },
      etag: { supported: true },
      authenticationSchemes: [
        {
          type: 'oauthbearertoken',
          name: expect.stringMatching(/\w/),
          description: expect.stringMatching(/\w/),
          specUri: 'https://www.rfc-editor.org/info/rfc6750',
          primary: true,
        },
      ],
      pagination: {
        cursor: true,
        index: true,
        defaultPaginationMethod: 'index',
        defaultPageSize: 100,
        maxPageSize: 200,
        cursorTimeout: 9,
      },
      meta: {
        resourceType: 'ServiceProviderConfig',
        location: `${BASE}/ServiceProviderConfig`,
      },
    })
  })

  test('has no member that its schema does not declare, and every required one', () => {
    const declared = (attributes: Json | undefined, value: JsonObject): void => {
      const list = attributes as readonly JsonObject[]
      expect(list.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(value)))
      for (const { name, required, subAttributes } of list) {
        const held = value[String(name)]
        if (required) expect(held).toBeDefined()
        if (held === undefined || subAttributes === undefined) continue
        for (const one of [held].flat()) declared(subAttributes, one as JsonObject)
      }
    }
    const { schemas: _schemas, meta: _meta, ...own } = serviceProviderConfig(BASE, CAPABILITIES)
    declared(schemas.find(({ name }) => name === 'ServiceProviderConfig')?.attributes, own)
  })
})
