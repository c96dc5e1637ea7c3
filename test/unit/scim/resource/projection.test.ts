import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/scim/json.ts'
import { includes, projectorOf, readProjection } from '../../../../src/scim/resource/projection.ts'
import { renderGroup } from '../../../../src/scim/resource/render.ts'
import { groupType, userType } from '../../../../src/scim/schema/resource-type.ts'
import { BASE, ENTERPRISE, expectRefusal, GROUP, USER, userResource } from '../support.ts'

const resource = userResource({
  userName: 'ada',
  name: { givenName: 'Ada', familyName: 'Lovelace' },
  title: 'Countess',
  emails: [
    { value: 'ada@x', type: 'work', primary: true },
    { value: 'lovelace@x', type: 'home' },
    { display: 'nothing else' },
  ],
  [ENTERPRISE]: { department: 'D', employeeNumber: '1', manager: { value: 'u2' } },
})

const only = (attributes: string) =>
  projectorOf(userType, readProjection(userType, attributes, undefined))(resource)
const without = (excluded: string) =>
  projectorOf(userType, readProjection(userType, undefined, excluded))(resource)

function having(...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => names.includes(name)))
}

function minus(...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => !names.includes(name)))
}

describe('attributes', () => {
  test.each<[string, JsonObject]>([
    ['userName', { userName: 'ada' }],
    ['USERNAME, name', { userName: 'ada', name: { givenName: 'Ada', familyName: 'Lovelace' } }],
    [' , userName,, ', { userName: 'ada' }],
    ['name.givenName', { name: { givenName: 'Ada' } }],
    ['Name.GIVENNAME,name', { name: { givenName: 'Ada', familyName: 'Lovelace' } }],
    ['emails.value', { emails: [{ value: 'ada@x' }, { value: 'lovelace@x' }] }],
    ['emails.Type,emails.primary', { emails: [{ type: 'work', primary: true }, { type: 'home' }] }],
    ['name.honorificPrefix', {}],
    ['id', {}],
    ['schemas', {}],
    ['meta', having('meta')],
    ['meta.resourceType', { meta: { resourceType: 'User' } }],
    ['groups', having('groups')],
    ['groups.$ref', { groups: [{ $ref: `${BASE}/Groups/g1` }] }],
    [`${USER}:userName`, { userName: 'ada' }],
    [USER.toUpperCase().concat(':USERNAME'), { userName: 'ada' }],
    [`${ENTERPRISE}:department`, { [ENTERPRISE]: { department: 'D' } }],
    [`${ENTERPRISE.toLowerCase()}:Department`, { [ENTERPRISE]: { department: 'D' } }],
    [`${ENTERPRISE}:manager.value`, { [ENTERPRISE]: { manager: { value: 'u2' } } }],
    [`${ENTERPRISE}:manager.displayName`, { [ENTERPRISE]: { manager: { displayName: 'Grace' } } }],
    ['manager.value', { [ENTERPRISE]: { manager: { value: 'u2' } } }],
    [ENTERPRISE, having(ENTERPRISE)],
    [`${ENTERPRISE}:costCenter`, {}],
    ['bogus', {}],
    ['bogus,title', { title: 'Countess' }],
    ['nickName', {}],
    ['password,userName', { userName: 'ada' }],
    ['emails[type eq "work"]', having('emails')],
    ['emails[type eq "a,b"].value', having('emails')],
    ['__proto__,constructor', {}],
  ])('%j gives these and the minimum set', (attributes, given) => {
    expect(only(attributes)).toEqual({ ...having('schemas', 'id'), ...given })
  })

  test('of a whole core schema are all but the extensions', () => {
    expect(only(USER)).toEqual(minus(ENTERPRISE))
  })
})

describe('excludedAttributes', () => {
  test.each<[string, JsonObject]>([
    ['emails,name', minus('emails', 'name')],
    ['EMAILS', minus('emails')],
    ['id,schemas', resource],
    ['meta', minus('meta')],
    ['groups', minus('groups')],
    ['bogus', resource],
    [ENTERPRISE, minus(ENTERPRISE)],
    [`${USER}:title`, minus('title')],
    ['name.familyName', { ...resource, name: { givenName: 'Ada' } }],
    ['name.familyName,name.givenName', minus('name')],
    [
      'emails.type,emails.display',
      { ...resource, emails: [{ value: 'ada@x', primary: true }, { value: 'lovelace@x' }] },
    ],
    [
      `${ENTERPRISE}:manager,${ENTERPRISE}:employeeNumber`,
      { ...resource, [ENTERPRISE]: { department: 'D' } },
    ],
    ['manager,department,employeeNumber', minus(ENTERPRISE)],
  ])('%j takes these away and keeps the rest', (excluded, left) => {
    expect(without(excluded)).toEqual(left)
  })
})

test.each([undefined, '', ' ', ' , ,'])('an empty parameter asks for nothing: %j', (parameter) => {
  expect(readProjection(userType, parameter, parameter)).toBeUndefined()
  expect(projectorOf(userType, undefined)(resource)).toEqual(resource)
})

test('the two parameters exclude each other', () => {
  expectRefusal(
    () => readProjection(userType, 'userName', 'emails'),
    'invalidValue',
    'attributes',
    'excludedAttributes',
  )
  expectRefusal(() => readProjection(userType, 'bogus', 'bogus'), 'invalidValue')
  expect(readProjection(userType, 'userName', '')?.mode).toBe('only')
  expect(readProjection(userType, ' ', 'userName')?.mode).toBe('without')
})

describe('the members of a group', () => {
  const group = renderGroup(BASE, {
    id: 'g1',
    attributes: { displayName: 'G' },
    createdAt: 0,
    lastModified: 0,
    version: 'W/"1"',
    members: [{ id: 'u1', display: 'Ada' }],
  })

  test('are left out where they are excluded, as Entra ID asks', () => {
    const projection = readProjection(groupType, undefined, 'members')
    const { members: _members, ...rest } = group
    expect(projectorOf(groupType, projection)(group)).toEqual(rest)
  })

  test('are reduced to their parts', () => {
    expect(
      projectorOf(groupType, readProjection(groupType, 'members.value', undefined))(group),
    ).toEqual({ schemas: [GROUP], id: 'g1', members: [{ value: 'u1' }] })
  })

  test.each<[string | undefined, string | undefined, boolean]>([
    [undefined, undefined, true],
    ['members', undefined, true],
    ['Members.VALUE', undefined, true],
    [`${GROUP}:members`, undefined, true],
    [GROUP, undefined, true],
    ['displayName', undefined, false],
    ['bogus', undefined, false],
    [undefined, 'members', false],
    [undefined, 'members.display', true],
    [undefined, 'displayName', true],
    [undefined, GROUP, false],
  ])('are read only where attributes=%j, excludedAttributes=%j needs them', (some, no, needed) => {
    expect(includes(readProjection(groupType, some, no), 'members')).toBe(needed)
  })
})
