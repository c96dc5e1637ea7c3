/** Permissions by Grafana's names, and the roles that stand for sets of them. */
import { describe, expect, test } from 'vitest'
import {
  allPermissions,
  basicRoles,
  bitsOf,
  missingFrom,
  type Permission,
  permissionBits,
  permissionNames,
  readPermissions,
} from '../../../src/tenancy/permission.ts'

const USERS = ['org.users:read', 'org.users:add', 'org.users:write', 'org.users:remove'] as const
const TEAMS = ['teams:read', 'teams:create', 'teams:write', 'teams:delete'] as const
const OTHERS = [
  'settings:read',
  'settings:write',
  'serviceaccounts:read',
  'serviceaccounts:write',
  'serviceaccounts:delete',
] as const
const EVERY: readonly Permission[] = [...USERS, ...TEAMS, ...OTHERS]

/** The names of what a list of permissions and roles stands for. */
function granted(...names: readonly string[]): Permission[] {
  const bits = readPermissions(names)
  if (typeof bits !== 'number') throw new Error(`${bits.unknown} is unknown.`)
  return permissionNames(bits)
}

describe('the bits', () => {
  test('of a stored token never change their meaning', () => {
    expect(permissionBits).toEqual({
      'org.users:read': 1,
      'org.users:add': 2,
      'org.users:write': 4,
      'org.users:remove': 8,
      'teams:read': 16,
      'teams:create': 32,
      'teams:write': 64,
      'teams:delete': 128,
      'settings:read': 256,
      'settings:write': 512,
      'serviceaccounts:read': 1024,
      'serviceaccounts:write': 2048,
      'serviceaccounts:delete': 4096,
    })
  })

  test('of all permissions are what the operator has', () => {
    expect(allPermissions).toBe(0b1_1111_1111_1111)
    expect(permissionNames(allPermissions)).toEqual(EVERY)
  })

  test('of some are told as their names, in a fixed order', () => {
    expect(permissionNames(0)).toEqual([])
    expect(permissionNames(bitsOf(['teams:delete', 'org.users:read']))).toEqual([
      'org.users:read',
      'teams:delete',
    ])
    expect(bitsOf([])).toBe(0)
    expect(bitsOf(['org.users:read', 'org.users:read', 'teams:read'])).toBe(17)
    for (const one of EVERY) expect(permissionNames(bitsOf([one]))).toEqual([one])
  })
})

describe('a role stands for', () => {
  test.each<[string, readonly Permission[]]>([
    ['User administration', USERS],
    ['Teams', TEAMS],
    ['Admin', [...USERS, ...TEAMS, 'settings:read', 'settings:write']],
    ['Editor', [...USERS, ...TEAMS]],
    ['Viewer', ['org.users:read', 'teams:read']],
    ['None', []],
  ])('%s', (role, permissions) => {
    expect(granted(role)).toEqual(permissions)
    expect(granted(` ${role.toUpperCase()} `)).toEqual(permissions)
  })

  test('the basic roles of Grafana, each of which is known', () => {
    expect(basicRoles).toEqual(['None', 'Viewer', 'Editor', 'Admin'])
    for (const role of basicRoles) expect(readPermissions([role])).toBeTypeOf('number')
  })
})

describe('a list of permissions', () => {
  test.each(EVERY)('%s is that one alone', (permission) => {
    expect(granted(permission)).toEqual([permission])
    expect(granted(` ${permission} `)).toEqual([permission])
  })

  test('adds up, also with roles', () => {
    expect(granted()).toEqual([])
    expect(granted('teams:write', 'None', 'org.users:add')).toEqual([
      'org.users:add',
      'teams:write',
    ])
    expect(granted('Viewer', 'teams:read', 'settings:read')).toEqual([
      'org.users:read',
      'teams:read',
      'settings:read',
    ])
  })

  test.each([
    'users:read',
    'org.users',
    'ORG.USERS:READ',
    'teams: read',
    '*',
    '',
    'toString',
    'constructor',
    '__proto__',
    'Owner',
  ])('%j is unknown, and nothing is granted', (name) => {
    expect(readPermissions(['Viewer', name, 'Admin'])).toEqual({ unknown: name })
  })
})

describe('what is missing', () => {
  test('is the first permission that was not granted', () => {
    expect(missingFrom(0, ['teams:read', 'teams:write'])).toBe('teams:read')
    const read = bitsOf(['teams:read'])
    expect(missingFrom(read, ['teams:read', 'teams:write', 'teams:delete'])).toBe('teams:write')
  })

  test('is nothing where all were granted, or none is needed', () => {
    expect(missingFrom(0, [])).toBeUndefined()
    expect(missingFrom(allPermissions, EVERY)).toBeUndefined()
    expect(missingFrom(bitsOf(['teams:write']), ['teams:write'])).toBeUndefined()
  })

  test('is each permission where all others were granted', () => {
    for (const one of EVERY) {
      const others = EVERY.filter((other) => other !== one)
      expect(missingFrom(bitsOf(others), [one])).toBe(one)
      expect(missingFrom(bitsOf(others), others)).toBeUndefined()
      expect(missingFrom(bitsOf([one]), EVERY)).toBe(EVERY.find((other) => other !== one))
    }
  })
})
