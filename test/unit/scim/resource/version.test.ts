import { describe, expect, test } from 'vitest'
import {
  type Condition,
  failedCondition,
  groupVersion,
  isConditional,
  matchesVersion,
  userVersion,
} from '../../../../src/scim/resource/version.ts'

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

describe('the condition of a write (RFC 9110 §13.1)', () => {
  const version = userVersion(12, '[]')
  const other = 'W/"12-0000000000000000"'

  test.each<[string, Parameters<typeof failedCondition>[0], Condition | undefined]>([
    ['none', {}, undefined],
    ['If-Match with the version', { ifMatch: version }, undefined],
    ['If-Match with it among others', { ifMatch: `${other}, "1", ${version}` }, undefined],
    ['If-Match with any version', { ifMatch: '*' }, undefined],
    ['If-Match with another version', { ifMatch: other }, 'If-Match'],
    ['a malformed If-Match', { ifMatch: 'garbage' }, 'If-Match'],
    ['an empty If-Match', { ifMatch: '' }, 'If-Match'],
    ['If-None-Match with another version', { ifNoneMatch: other }, undefined],
    ['If-None-Match with the version', { ifNoneMatch: version }, 'If-None-Match'],
    ['If-None-Match with any version', { ifNoneMatch: '*' }, 'If-None-Match'],
    ['both, and both hold', { ifMatch: version, ifNoneMatch: other }, undefined],
    ['both, and the second does not hold', { ifMatch: version, ifNoneMatch: '*' }, 'If-None-Match'],
    ['both, and the first does not hold', { ifMatch: other, ifNoneMatch: other }, 'If-Match'],
  ])('%s', (_, conditions, failed) => {
    expect(failedCondition(conditions, version)).toBe(failed)
  })

  test('is there with either header, be it empty', () => {
    expect(isConditional({})).toBe(false)
    expect(isConditional({ ifMatch: undefined, ifNoneMatch: undefined })).toBe(false)
    expect(isConditional({ ifMatch: '' })).toBe(true)
    expect(isConditional({ ifNoneMatch: '' })).toBe(true)
    expect(isConditional({ ifMatch: '*', ifNoneMatch: '*' })).toBe(true)
  })
})
