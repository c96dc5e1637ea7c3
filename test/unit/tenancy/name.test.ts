/** What service accounts and tokens may be called, and what an id looks like. */
import { describe, expect, test } from 'vitest'
import { faultOfId, faultOfName } from '../../../src/tenancy/name.ts'

describe('a name', () => {
  test.each([
    'okta',
    'Okta – Größe 東京',
    'the operator',
    'operators',
    'a'.repeat(190),
    '❤️ team',
    '1',
  ])('may be %j', (name) => {
    expect(faultOfName(name)).toBeUndefined()
  })

  test.each([
    ['a line end', 'a\nb'],
    ['a tab', 'a\tb'],
    ['NUL', 'a\0b'],
    ['an escape', 'a\u001b[2Jb'],
    ['a control of C1', 'a\u009bb'],
    ['a mark of direction', 'a\u202eb'],
    ['a space without width', 'a\u200bb'],
    ['a joiner', 'a\u200db'],
    ['a soft hyphen', 'opera\u00adtor'],
    ['a line separator', 'a\u2028b'],
    ['a paragraph separator', 'a\u2029b'],
    ['half of a surrogate pair', 'a\ud800'],
    ['the other half', '\udc00a'],
  ])('holds no such thing as %s', (_, name) => {
    expect(faultOfName(name)).toMatch(/control or format character/)
  })

  test.each(['', ' ', '\u00a0\u3000', '\u3164', '\u115f\ufe0f'])('is not blank like %j', (name) => {
    expect(faultOfName(name)).toBe('must not be empty')
  })

  test.each([
    'operator',
    'OPERATOR',
    ' Operator ',
    'ｏｐｅｒａｔｏｒ',
    'opera\ufe0ftor',
    '𝐨perator',
  ])('is not what looks like the operator, such as %j', (name) => {
    expect(faultOfName(name)).toMatch(/operator/)
  })

  test('ends after 190 characters', () => {
    expect(faultOfName('a'.repeat(191))).toMatch(/longer than 190/)
  })
})

describe('an id', () => {
  test.each(['s0mx46cfgq8gr0r1jpzr2aj706', 'u1', 'a-b_C'])('may be %j', (id) => {
    expect(faultOfId(id)).toBeUndefined()
  })

  test.each(['', '.', '..', 'a/b', 'a.b', '%2e', '12', '1a', '-a', 'a b', 'ä', 'a\n', 'a?', 'a#'])(
    'is not %j',
    (id) => {
      expect(faultOfId(id)).toMatch(/begin with a letter/)
    },
  )

  test('ends after 100 characters', () => {
    expect(faultOfId('a'.repeat(101))).toMatch(/longer than 100/)
  })
})
