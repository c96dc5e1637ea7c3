import { describe, expect, test } from 'vitest'
import { attributeNamed, string } from '../../../../src/scim/schema/attribute.ts'
import {
  coreAttributes,
  groupType,
  pathName,
  type ResourceType,
  resolve,
  userType,
} from '../../../../src/scim/schema/resource-type.ts'
import { ENTERPRISE, GROUP, USER } from '../support.ts'

/** What a name stands for, as an administrator would read it. */
function meaning(type: ResourceType, name: string): string | undefined {
  const resolved = resolve(type, name)
  if (resolved?.kind === 'attribute') return pathName(resolved.path)
  return resolved?.schema.id
}

describe('a name', () => {
  test.each([
    ['userName', 'userName'],
    ['USERNAME', 'userName'],
    ['Name.FAMILYNAME', 'name.familyName'],
    ['emails', 'emails'],
    ['emails.Value', 'emails.value'],
    ['id', 'id'],
    ['externalid', 'externalId'],
    ['meta.lastmodified', 'meta.lastModified'],
    ['schemas', 'schemas'],
    ['groups.$REF', 'groups.$ref'],
    [`${USER}:userName`, 'userName'],
    [`${USER}:name.givenName`, 'name.givenName'],
    ['URN:ietf:params:SCIM:schemas:core:2.0:user:TITLE', 'title'],
    [`${USER}:externalId`, 'externalId'],
    [USER, USER],
    [ENTERPRISE, ENTERPRISE],
    [ENTERPRISE.toUpperCase(), ENTERPRISE],
    [`${ENTERPRISE}:employeeNumber`, `${ENTERPRISE}:employeeNumber`],
    [`${ENTERPRISE}:manager.value`, `${ENTERPRISE}:manager.value`],
    [`${ENTERPRISE}.manager`, `${ENTERPRISE}:manager`],
    ['manager', `${ENTERPRISE}:manager`],
    ['manager.displayName', `${ENTERPRISE}:manager.displayName`],
    ['department', `${ENTERPRISE}:department`],
  ])('%s of a user is %s', (name, meant) => {
    expect(meaning(userType, name)).toBe(meant)
  })

  test.each([
    'favouriteColour',
    '',
    'name.nope',
    'name.givenName.x',
    'userName.value',
    'emails.value.x',
    `${USER}:`,
    `${USER}:employeeNumber`,
    `${ENTERPRISE}:`,
    `${ENTERPRISE}:userName`,
    `${ENTERPRISE}x`,
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0User',
    `${GROUP}:displayName`,
    'members',
    '__proto__',
    'constructor',
    'toString',
    'name.__proto__',
  ])('%j names nothing that a user has', (name) => {
    expect(resolve(userType, name)).toBeUndefined()
  })

  test('means what its resource type knows', () => {
    expect(meaning(groupType, 'members.VALUE')).toBe('members.value')
    expect(meaning(groupType, 'externalId')).toBe('externalId')
    expect(meaning(groupType, GROUP)).toBe(GROUP)
    expect(meaning(groupType, 'userName')).toBeUndefined()
    expect(meaning(groupType, 'manager')).toBeUndefined()
    expect(meaning(groupType, ENTERPRISE)).toBeUndefined()
  })

  test('qualified by two URNs belongs to the longer one (RFC 7643 §10)', () => {
    const schema = (id: string, attribute: string) => ({
      id,
      name: id,
      description: id,
      attributes: [string(attribute, '')],
    })
    const widget: ResourceType = {
      name: 'Widget',
      endpoint: '/Widgets',
      description: '',
      schema: schema('urn:x:a', 'b'),
      extensions: [{ schema: schema('urn:x:a:c', 'd'), required: true }],
    }
    expect(meaning(widget, 'urn:x:a:b')).toBe('b')
    expect(meaning(widget, 'urn:x:a:c:d')).toBe('urn:x:a:c:d')
    expect(meaning(widget, 'urn:x:a:c')).toBe('urn:x:a:c')
    expect(meaning(widget, 'urn:x:a:d')).toBeUndefined()
  })
})

test('a resource has the common attributes once, and its externalId among them', () => {
  const names = coreAttributes(userType).map(({ name }) => name)
  expect(names.slice(0, 4)).toEqual(['schemas', 'id', 'externalId', 'meta'])
  expect(new Set(names).size).toBe(names.length)
  expect(coreAttributes(groupType).map(({ name }) => name)).toEqual([
    'schemas',
    'id',
    'externalId',
    'meta',
    'displayName',
    'members',
  ])
})

test('an attribute is found by name, without regard to case', () => {
  const attributes = [string('one', ''), string('Two', '')]
  expect(attributeNamed(attributes, 'ONE')).toBe(attributes[0])
  expect(attributeNamed(attributes, 'two')).toBe(attributes[1])
  expect(attributeNamed(attributes, 'three')).toBeUndefined()
})
