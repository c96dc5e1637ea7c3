import { describe, expect, test } from 'vitest'
import { type Json, type JsonObject, parseJson } from '../../../../src/scim/json.ts'
import {
  comparisonForm,
  isWritten,
  readResource,
  requireAttributes,
  schemasOf,
} from '../../../../src/scim/resource/resource.ts'
import {
  coreAttributes,
  groupType,
  type ResourceType,
  userType,
} from '../../../../src/scim/schema/resource-type.ts'
import { ENTERPRISE, expectRefusal, GROUP, USER } from '../support.ts'

const readUser = (body: JsonObject) => readResource(userType, { schemas: [USER], ...body })
const attributesOf = (body: JsonObject) => readUser(body).attributes

describe('a body', () => {
  test('has its attributes under the names of the schema, whatever their case', () => {
    const body = parseJson(
      `{"SCHEMAS":["${USER}"],"USERNAME":"u1","displayname":"D","NAME":{"FamilyName":"F"}}`,
    )
    expect(readResource(userType, body).attributes).toEqual({
      userName: 'u1',
      displayName: 'D',
      name: { familyName: 'F' },
    })
  })

  test.each<Json>([[], 'x', null, 5, true, [{ userName: 'a' }]])(
    'that is no object: %j',
    (body) => {
      expectRefusal(() => readResource(userType, body), 'invalidSyntax', 'one User')
    },
  )

  test('keeps all standard attributes of User and EnterpriseUser as they were sent', () => {
    const typed = { value: 'V', display: 'D', type: 'T', primary: true }
    const body = {
      externalId: 'E',
      userName: 'U',
      name: {
        formatted: 'a',
        familyName: 'b',
        givenName: 'c',
        middleName: 'd',
        honorificPrefix: 'e',
        honorificSuffix: 'f',
      },
      displayName: 'g',
      nickName: 'h',
      profileUrl: 'i',
      title: 'j',
      userType: 'k',
      preferredLanguage: 'da, en-gb;q=0.8',
      locale: 'en_US',
      timezone: 'America/Los_Angeles',
      active: false,
      emails: [typed],
      phoneNumbers: [{ value: '5555555555' }],
      ims: [typed],
      photos: [typed],
      addresses: [
        {
          formatted: 'a',
          streetAddress: 'b',
          locality: 'c',
          region: 'd',
          postalCode: 'e',
          country: 'USA',
          type: 'work',
          primary: false,
        },
      ],
      entitlements: [typed],
      roles: [typed],
      x509Certificates: [typed],
      [ENTERPRISE]: {
        employeeNumber: '1',
        costCenter: '2',
        organization: '3',
        division: '4',
        department: '5',
        manager: { value: 'm' },
      },
    }
    expect(attributesOf(body)).toEqual(body)
    expect(schemasOf(userType, body)).toEqual([USER, ENTERPRISE])
  })

  test('loses what only the server sets, what is secret and what is unknown', () => {
    expect(
      attributesOf({
        id: 'my-id',
        userName: 'u',
        groups: [{ value: 'g1' }],
        password: 'Pa55-word!x',
        meta: {
          resourceType: 'Group',
          created: '2001-01-01T00:00:00Z',
          location: 'http://evil',
          version: 'W/"x"',
        },
        favouriteColour: 'red',
        tenantId: 'other',
        employeeNumber: '1',
        manager: null,
        department: null,
        'name.givenName': 'x',
        [`${ENTERPRISE}:nope`]: 'x',
      }),
    ).toEqual({ userName: 'u' })
  })

  test('loses what is “unassigned” (RFC 7643 §2.5)', () => {
    expect(
      attributesOf({
        userName: 'u',
        title: null,
        emails: [],
        addresses: null,
        roles: [],
        name: {},
        [ENTERPRISE]: { department: null, manager: null },
      }),
    ).toEqual({ userName: 'u' })
    expect(attributesOf({ userName: 'u', [ENTERPRISE]: null })).toEqual({ userName: 'u' })
    expect(attributesOf({ userName: 'u', [ENTERPRISE]: {} })).toEqual({ userName: 'u' })
  })

  test('names attributes also with null, so that PUT tells null from absent', () => {
    const { named } = readUser({ USERNAME: 'u', active: null, externalId: '', id: 'x', foo: 1 })
    expect([...named].sort()).toEqual(['active', 'externalId', 'userName'])
  })

  test('may hold a secret of any type, since nobody looks at it', () => {
    expect(attributesOf({ userName: 'u', password: { a: 1 } })).toEqual({ userName: 'u' })
  })

  test('may hold the core attributes below the URN of their schema', () => {
    expect(attributesOf({ [USER]: { UserName: 'u', title: 'T' }, title: 'Outer' })).toEqual({
      userName: 'u',
      title: 'Outer',
    })
  })

  test('finds an extension by its URN in any case', () => {
    expect(
      attributesOf({ userName: 'u', [ENTERPRISE.toUpperCase()]: { DEPARTMENT: 'D' } }),
    ).toEqual({ userName: 'u', [ENTERPRISE]: { department: 'D' } })
  })

  test.each<[JsonObject, string]>([
    [{ userName: 'u', name: 'Barbara' }, 'name must be an object'],
    [{ userName: 'u', title: { a: 1 } }, 'title must be a string'],
    [{ userName: 5 }, 'userName must be a string'],
    [{ userName: 'u', active: 'notabool' }, 'active must be true or false'],
    [{ userName: 'u', emails: [{ value: 5 }] }, 'emails[0].value must be a string'],
    [{ userName: 'u', externalId: 5 }, 'externalId must be a string'],
    [{ userName: 'u', [ENTERPRISE]: 'x' }, `${ENTERPRISE} must be an object`],
    [{ userName: 'u', [ENTERPRISE]: [] }, `${ENTERPRISE} must be an object`],
    [{ userName: 'u', [ENTERPRISE]: { department: 5 } }, `${ENTERPRISE}:department must be`],
    [{ userName: 'a\0b' }, 'userName contains U+0000'],
    [{ userName: 'u', displayName: '\ud800' }, 'displayName contains half'],
    [
      {
        userName: 'u',
        emails: [
          { primary: true, value: 'a' },
          { primary: true, value: 'b' },
        ],
      },
      'Two elements of emails are primary',
    ],
  ])('of the wrong type is refused: %j', (body, detail) => {
    expectRefusal(() => readUser(body), 'invalidValue', detail)
  })
})

describe('what is required', () => {
  test.each<JsonObject>([{}, { userName: '' }, { userName: null }, { userName: '   ' }])(
    'a user without userName is refused: %j',
    (body) => {
      expectRefusal(() => readUser(body), 'invalidValue', 'userName is required')
    },
  )

  test.each<JsonObject>([{}, { displayName: '' }, { displayName: null }, { displayName: '\t' }])(
    'a group without displayName is refused (erratum 5368): %j',
    (body) => {
      expectRefusal(
        () => readResource(groupType, { schemas: [GROUP], ...body }),
        'invalidValue',
        'displayName is required',
      )
    },
  )

  test('an extension that its type requires must be there', () => {
    const strict: ResourceType = {
      ...userType,
      extensions: userType.extensions.map(({ schema }) => ({ schema, required: true })),
    }
    expectRefusal(() => readResource(strict, { userName: 'u' }), 'invalidValue', ENTERPRISE)
    expect(
      readResource(strict, { userName: 'u', [ENTERPRISE]: { department: 'D' } }).attributes,
    ).toEqual({ userName: 'u', [ENTERPRISE]: { department: 'D' } })
  })

  test('is checked of attributes alone, too', () => {
    expect(requireAttributes(groupType, { displayName: 'x' })).toBeUndefined()
    expectRefusal(() => requireAttributes(groupType, {}), 'invalidValue', 'displayName')
  })
})

describe('schemas', () => {
  const read = (schemas: Json | undefined) =>
    readResource(userType, {
      ...(schemas === undefined ? {} : { schemas }),
      userName: 'u',
      [ENTERPRISE]: { department: 'D' },
    }).attributes

  test.each<[Json | undefined]>([
    [[USER, ENTERPRISE]],
    [[ENTERPRISE, USER]],
    [[USER, USER, ENTERPRISE]],
    [[USER]],
    [[USER.toLowerCase()]],
    [USER],
    [[]],
    [null],
    [undefined],
    [[ENTERPRISE]],
    [[USER, 'urn:ietf:params:scim:schemas:extension:enterprise:2.0User']],
    [[USER, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/User']],
    // Names that only look like those of a type of ours are unknown ones.
    [[`${GROUP}s`]],
    [[`x-${GROUP}`]],
    [['urn:scim:schemas:core:2.0', 'urn:scim:schemas:extension:enterprise:2.0']],
    [[USER, GROUP]],
  ])('%j is taken, and what is returned follows from the attributes', (schemas) => {
    const attributes = read(schemas)
    expect(attributes).toEqual({ userName: 'u', [ENTERPRISE]: { department: 'D' } })
    expect(schemasOf(userType, attributes)).toEqual([USER, ENTERPRISE])
  })

  test('of another type mean that the body is misplaced', () => {
    expectRefusal(() => read([GROUP]), 'invalidValue', 'schemas', GROUP, USER)
    expectRefusal(() => read([GROUP.toUpperCase()]), 'invalidValue', 'schemas')
  })

  test.each<Json>([[5], {}, 5, [USER, null]])('%j lists no URNs', (schemas) => {
    expectRefusal(() => read(schemas), 'invalidSyntax', 'schemas must list URNs')
  })

  test('are only those that are used', () => {
    expect(schemasOf(userType, { userName: 'u' })).toEqual([USER])
    expect(schemasOf(groupType, { displayName: 'g' })).toEqual([GROUP])
  })
})

describe('a group', () => {
  test('has its members aside, still to be read', () => {
    const members = [{ value: 'u1', $ref: null }, { value: 'u2' }]
    const read = readResource(groupType, { displayName: 'G', externalId: 'e', MEMBERS: members })
    expect(read.attributes).toEqual({ displayName: 'G', externalId: 'e' })
    expect([...read.relations]).toEqual([['members', members]])
    expect([...read.named].sort()).toEqual(['displayName', 'externalId', 'members'])
  })

  test('says nothing of members where its body does not', () => {
    expect(readResource(groupType, { displayName: 'G' }).relations.size).toBe(0)
    expect([...readResource(groupType, { displayName: 'G', members: [] }).relations]).toEqual([
      ['members', []],
    ])
  })

  test("may name Microsoft's legacy schema, as Entra ID creates groups", () => {
    const read = readResource(groupType, {
      schemas: [GROUP, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
      externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
      displayName: 'displayName',
      meta: { resourceType: 'Group' },
    })
    expect(read.attributes).toEqual({
      externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
      displayName: 'displayName',
    })
    expect(schemasOf(groupType, read.attributes)).toEqual([GROUP])
  })
})

describe('the bodies of identity providers', () => {
  test('Okta creates a user with password and groups', () => {
    const { attributes } = readUser({
      userName: 'test.user@okta.local',
      name: { givenName: 'Test', familyName: 'User' },
      emails: [{ primary: true, value: 'test.user@okta.local', type: 'work' }],
      displayName: 'Test User',
      locale: 'en-US',
      externalId: '00ujl29u0le5T6Aj10h7',
      groups: [],
      password: '1mz050nq',
      active: true,
    })
    expect(attributes).toEqual({
      userName: 'test.user@okta.local',
      name: { givenName: 'Test', familyName: 'User' },
      emails: [{ primary: true, value: 'test.user@okta.local', type: 'work' }],
      displayName: 'Test User',
      locale: 'en-US',
      externalId: '00ujl29u0le5T6Aj10h7',
      active: true,
    })
  })

  test('Okta replaces a user with all that it was given', () => {
    const { attributes, named } = readUser({
      id: 'u1',
      userName: 'ada.lovelace@example.com',
      name: { givenName: 'Ada', middleName: '', familyName: 'Lovelace' },
      emails: [{ primary: true, value: 'a@example.com', type: 'work', display: 'a@example.com' }],
      active: false,
      groups: [],
      meta: { resourceType: 'User' },
    })
    expect(attributes).toEqual({
      userName: 'ada.lovelace@example.com',
      name: { givenName: 'Ada', middleName: '', familyName: 'Lovelace' },
      emails: [{ primary: true, value: 'a@example.com', type: 'work', display: 'a@example.com' }],
      active: false,
    })
    expect(named.has('externalId')).toBe(false)
  })

  test('Entra ID sends nulls and a malformed URN', () => {
    const { attributes } = readResource(userType, {
      schemas: [USER, 'urn:ietf:params:scim:schemas:extension:enterprise:2.0User'],
      externalId: 'jyoung',
      userName: 'jyoung@testuser.com',
      active: true,
      addresses: null,
      displayName: 'Joy Young',
      emails: [{ type: 'work', value: 'jyoung@Contoso.com', primary: true }],
      meta: { resourceType: 'User' },
      name: { familyName: 'Young', givenName: 'Joy' },
      phoneNumbers: null,
      preferredLanguage: null,
      title: null,
      department: null,
      manager: null,
    })
    expect(attributes).toEqual({
      externalId: 'jyoung',
      userName: 'jyoung@testuser.com',
      active: true,
      displayName: 'Joy Young',
      emails: [{ type: 'work', value: 'jyoung@Contoso.com', primary: true }],
      name: { familyName: 'Young', givenName: 'Joy' },
    })
    expect(schemasOf(userType, attributes)).toEqual([USER])
  })

  test('scimverify nests all of it below the core URN', () => {
    const nested = {
      userName: 'nested@example.com',
      name: { formatted: 'N' },
      emails: [{ value: 'n@example.com' }],
    }
    expect(attributesOf({ [USER]: nested })).toEqual(nested)
  })

  test('some qualify names by the URN of their schema, as paths do', () => {
    const read = readResource(userType, {
      [`${USER}:userName`]: 'ada',
      [`${USER.toUpperCase()}:externalId`]: 'e',
      [`${USER}:title`]: 'lost',
      title: 'kept',
      [USER]: { [`${USER}:nickName`]: 'N' },
      [`${ENTERPRISE}:department`]: 'D',
      [ENTERPRISE]: { [`${ENTERPRISE}:costCenter`]: 'C', division: 'V' },
      [`${USER}:department`]: 'lost',
      [`${ENTERPRISE}::division`]: 'lost',
    })
    expect(read.attributes).toEqual({
      userName: 'ada',
      externalId: 'e',
      title: 'kept',
      nickName: 'N',
      [ENTERPRISE]: { department: 'D', costCenter: 'C', division: 'V' },
    })
    expect(read.named).toContain('externalId')
    const members = [{ value: 'u1' }]
    const group = readResource(groupType, { displayName: 'G', [`${GROUP}:members`]: members })
    expect(group.relations.get('members')).toEqual(members)
  })

  test('Entra ID writes booleans as strings', () => {
    const attributes = attributesOf({
      userName: 'strbool@example.com',
      active: 'True',
      roles: [{ value: 'admin', primary: 'True', type: 'WindowsAzureActiveDirectoryRole' }],
    })
    expect(attributes).toEqual({
      userName: 'strbool@example.com',
      active: true,
      roles: [{ value: 'admin', primary: true, type: 'WindowsAzureActiveDirectoryRole' }],
    })
  })
})

describe('the form for comparison', () => {
  test('has the shape of the resource and its comparison keys', () => {
    expect(
      comparisonForm(userType, {
        userName: 'ÀDA',
        externalId: 'E1',
        active: false,
        name: { givenName: 'ADA' },
        emails: [{ value: 'A@X', type: 'Work', primary: true }, { value: '' }],
        photos: [{ value: 'http://X' }],
        [ENTERPRISE]: { department: 'R&D', manager: { value: 'U2' } },
      }),
    ).toEqual({
      schemas: [USER, ENTERPRISE],
      userName: 'àda',
      externalId: 'E1',
      active: false,
      name: { givenName: 'ada' },
      emails: [{ value: 'a@x', type: 'work', primary: true }, { value: '' }],
      photos: [{ value: 'http://X' }],
      [ENTERPRISE]: { department: 'r&d', manager: { value: 'U2' } },
    })
    expect(comparisonForm(groupType, { displayName: 'Tour' })).toEqual({
      schemas: [GROUP],
      displayName: 'tour',
    })
  })
})

test('what a client writes is kept, unless the server sets it or it is secret', () => {
  const names = (type: ResourceType, written: boolean) =>
    coreAttributes(type)
      .filter((attribute) => isWritten(attribute) === written)
      .map(({ name }) => name)
  expect(names(userType, false)).toEqual(['schemas', 'id', 'meta', 'password', 'groups'])
  expect(names(groupType, true)).toEqual(['externalId', 'displayName', 'members'])
})
