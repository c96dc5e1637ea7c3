import { describe, expect, test } from 'vitest'
import { quoteFilter, tokenize } from '../../../../src/scim/filter/token.ts'
import { expectRefusal } from '../support.ts'

describe('the text of a filter', () => {
  test('splits at spaces, brackets and strings, and each token knows its place', () => {
    expect(tokenize('not (emails[type eq "a b"])')).toEqual([
      { kind: 'word', text: 'not', at: 0 },
      { kind: 'open', at: 4 },
      { kind: 'word', text: 'emails', at: 5 },
      { kind: 'openBracket', at: 11 },
      { kind: 'word', text: 'type', at: 12 },
      { kind: 'word', text: 'eq', at: 17 },
      { kind: 'string', value: 'a b', at: 20 },
      { kind: 'closeBracket', at: 25 },
      { kind: 'close', at: 26 },
    ])
  })

  test('may have any white space, or none where a bracket or quote separates', () => {
    expect(tokenize('\t a\n eq"x"')).toEqual([
      { kind: 'word', text: 'a', at: 2 },
      { kind: 'word', text: 'eq', at: 5 },
      { kind: 'string', value: 'x', at: 7 },
    ])
    expect(tokenize('  ')).toEqual([])
  })

  test.each([
    ['"back\\\\slash \\"quoted\\""', 'back\\slash "quoted"'],
    ['"\\u00e9\\n\\/"', 'é\n/'],
    ['"(a and b) or [c]"', '(a and b) or [c]'],
    ['"名前 𝒳"', '名前 𝒳'],
    ['"\\ud835\\udcb3"', '𝒳'],
    ['""', ''],
    ['"O\'Malley"', "O'Malley"],
  ])('reads the JSON string %s', (literal, value) => {
    expect(tokenize(literal)).toEqual([{ kind: 'string', value, at: 0 }])
  })

  test.each(['"x', '"x\\"', '"\\x"', '"a\nb"', '"\\u12"', '"'])('refuses %j', (literal) => {
    expectRefusal(() => tokenize(`a eq ${literal}`), 'invalidFilter', 'character 6', 'JSON string')
  })

  test.each(['"a\\u0000b"', '"\\ud800"', '"\ud800"'])(
    'refuses %j, which no database could hold',
    (literal) => {
      expectRefusal(() => tokenize(`a eq ${literal}`), 'invalidFilter', 'character 6', 'stored')
    },
  )

  test('has at most 16 KiB, counted in UTF-8', () => {
    expect(tokenize('é'.repeat(8 * 1024))).toHaveLength(1)
    expectRefusal(() => tokenize(`${'é'.repeat(8 * 1024)}x`), 'invalidFilter', '16384 bytes')
  })
})

describe('a filter is quoted without its values', () => {
  test.each([
    ['userName eq "ada"', 'userName eq "…"'],
    ['a eq "x\\"y" and b pr', 'a eq "…" and b pr'],
    ['userName eq "ada', 'userName eq "…"'],
    ["userName eq 'ada lovelace' and x", "userName eq '…' and x"],
    ["userName eq 'ada", "userName eq '…'"],
    ["userName eq ''", "userName eq '…'"],
    ['userName eq ada)', 'userName eq …)'],
    ['userName EQ  ada', 'userName EQ  …'],
    ['a ne x or b co y or c sw z or d ew w', 'a ne … or b co … or c sw … or d ew …'],
    ['a gt x or b ge y or c lt z or d le w', 'a gt … or b ge … or c lt … or d le …'],
    ['ada@example.com is here', '… is here'],
    ['find ada@ or @example', 'find … or …'],
    ['sweet dreams', 'sweet dreams'],
  ])('%j as %j', (filter, quoted) => {
    expect(quoteFilter(filter)).toBe(JSON.stringify(quoted))
  })
})
