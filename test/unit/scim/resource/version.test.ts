import { describe, expect, test } from 'vitest'
import { groupVersion, matchesVersion, userVersion } from '../../../../src/scim/resource/version.ts'

test('versions are weak entity tags (RFC 9110 §8.8.3)', () => {
  expect(groupVersion(7)).toBe('W/"7"')
  expect(userVersion(7, '[]')).toMatch(/^W\/"7-[0-9a-f]{16}"$/)
})

test("a user's version changes with the revision and with the groups, and with nothing else", () => {
  const version = userVersion(1, '[["g1","Engineering"]]')
  expect(userVersion(1, '[["g1","Engineering"]]')).toBe(version)
  expect(userVersion(2, '[["g1","Engineering"]]')).not.toBe(version)
  expect(userVersion(1, '[["g1","Design"]]')).not.toBe(version)
})

describe('a header with entity tags', () => {
  test.each([
    ['*', true],
    [' * ', true],
    ['W/"7"', true],
    ['"7"', true],
    ['W/"6", W/"7"', true],
    ['"6" ,"7"', true],
    ['W/"6"', false],
    ['W/"77"', false],
    ['W/"old","8"', false],
    ['"a,b", "7"', true],
  ])('%j names version 7: %j', (header, matched) => {
    expect(matchesVersion(header, 'W/"7"')).toBe(matched)
  })

  test.each(['', 'garbage', '7', 'w/"7"', '"7', 'W/7', 'W/"7" "7"', '"7",', 'W/ "7"', '*, "7"'])(
    'that is malformed matches nothing: %j',
    (header) => {
      expect(matchesVersion(header, 'W/"7"')).toBe(false)
    },
  )
})
