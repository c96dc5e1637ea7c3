/** What a list can be sorted by: RFC 7644 §3.4.2.3. */
import { describe, expect, test } from 'vitest'
import {
  groupType,
  pathName,
  type ResourceType,
  userType,
} from '../../../src/scim/schema/resource-type.ts'
import { readSort } from '../../../src/scim/sort.ts'
import { ENTERPRISE, expectRefusal } from './support.ts'

/** The attribute that each type is sorted by. */
function sortedBy(sortBy: string, ...types: readonly ResourceType[]): Record<string, string> {
  const paths = readSort(types, sortBy, undefined)?.paths ?? new Map()
  return Object.fromEntries([...paths].map(([type, path]) => [type.name, pathName(path)]))
}

test('without sortBy nothing is sorted, whatever the order', () => {
  for (const sortBy of [undefined, '', ' ']) {
    expect(readSort([userType], sortBy, undefined)).toBeUndefined()
    expect(readSort([userType], sortBy, 'descending')).toBeUndefined()
  }
})

test('the order is ascending, unless it is said to be descending', () => {
  for (const order of [undefined, '', ' ', 'ascending', 'Ascending']) {
    expect(readSort([userType], 'userName', order)?.descending).toBe(false)
  }
  for (const order of ['descending', ' DESCENDING ']) {
    expect(readSort([userType], 'userName', order)?.descending).toBe(true)
  }
  for (const order of ['desc', 'up', 'ascending,descending']) {
    const read = () => readSort([userType], 'userName', order)
    expectRefusal(read, 'invalidValue', 'sortOrder must be ascending or descending')
    expectRefusal(() => readSort([userType], undefined, order), 'invalidValue', 'sortOrder')
  }
})

describe('a type is sorted by', () => {
  test.each([
    ['userName', 'userName'],
    [' USERNAME ', 'userName'],
    ['name.familyName', 'name.familyName'],
    ['meta.lastModified', 'meta.lastModified'],
    ['id', 'id'],
    [`${ENTERPRISE}:department`, `${ENTERPRISE}:department`],
    // A complex attribute by its value.
    ['emails', 'emails.value'],
    ['emails.type', 'emails.type'],
    [`${ENTERPRISE}:manager`, `${ENTERPRISE}:manager.value`],
  ])('%j', (sortBy, path) => {
    expect(sortedBy(sortBy, userType)).toEqual({ User: path })
  })

  test('what it has; a type that lacks the attribute is not sorted', () => {
    expect(sortedBy('displayName', userType, groupType)).toEqual({
      User: 'displayName',
      Group: 'displayName',
    })
    expect(sortedBy('userName', userType, groupType)).toEqual({ User: 'userName' })
  })
})

test.each(['shoeSize', 'name.shoeSize', ENTERPRISE, 'userName eq "a"', 'emails[type eq "work"]'])(
  '%j is no attribute to sort by',
  (sortBy) => {
    const read = () => readSort([userType], sortBy, undefined)
    expectRefusal(read, 'invalidPath', 'sortBy: ', 'is no attribute here.')
  },
)

test.each(['name', 'addresses', 'password', 'meta'])('nothing can be sorted by %s', (sortBy) => {
  const read = () => readSort([userType], sortBy, undefined)
  const sentence = `sortBy: nothing can be sorted by ${sortBy}; name an attribute with simple values.`
  expectRefusal(read, 'invalidPath', sentence)
})
