import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isObject, type Json, membersOf, parseJson } from '../../../src/scim/json.ts'
import { expectRefusal, reasonOf } from './support.ts'

describe('the text of a body', () => {
  test.each([
    ['{"userName":"ada","active":true}', { userName: 'ada', active: true }],
    [' \n[1, -2.5e3, null, "x"]\t', [1, -2500, null, 'x']],
    ['"text"', 'text'],
    ['null', null],
  ])('%s is read as JSON', (text, value) => {
    expect(parseJson(text)).toEqual(value)
  })

  test.each(['', ' ', '\r\n\t'])('is refused when there is none: %j', (text) => {
    expectRefusal(() => parseJson(text), 'invalidSyntax', 'no body')
  })

  test.each([
    '{"a":',
    '{"a":1,}',
    "{'a':1}",
    '{a:1}',
    '[1',
    '{"a":1}}',
    '{"a":1} {"b":2}',
    '"open',
    '"open\\"',
    'nul',
    '01',
    '{"a":"\\x"}',
    '{"\\x":1}',
    '"a\nb"',
    ']',
    '}',
    ',',
  ])('%j is not well-formed', (text) => {
    expectRefusal(() => parseJson(text), 'invalidSyntax', 'not well-formed JSON')
  })
})

describe('a member that is there twice', () => {
  test.each([
    ['{"active":true,"active":false}', 'active'],
    ['{"userName":"a","USERNAME":"b"}', 'USERNAME'],
    ['{"a":{"b":[{"c":1,"d":2,"C":3}]}}', 'C'],
    ['[[{"x":1,"y":[],"x":{}}]]', 'x'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"a":{"b":1},"A":{"b":1}}', 'A'],
    ['{"":1,"":2}', ''],
    ['{"a":"\\\\","b":1,"b":2}', 'b'],
    ['{"a":"\\\\\\"","b":1,"b":2}', 'b'],
    ['{"é":1,"É":2}', 'É'],
    ['{"__proto__":1,"__PROTO__":2}', '__PROTO__'],
    ['{"a":[1,{"z":1}],"b":"a","a":1}', 'a'],
  ])('is refused in %s', (text, name) => {
    expectRefusal(() => parseJson(text), 'invalidSyntax', `The member "${name}" is there twice`)
  })

  test.each([
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":2}]',
    '{"a":"a","b":["a","a","b"],"c":{"a":1,"b":2}}',
    '{"a":"\\"a\\":1,\\"a\\":2"}',
    '{"a":"}{","b":"\\\\","c":"\\\\\\"","d":"[,"}',
    '{"a\\"b":1,"a":2,"b":3}',
    '{"a":[{},{}],"b":[[],[]],"c":{}}',
    '{ "a" : 1 , "b" : "a" , "c" : [ "a" , "b" ] }',
  ])('is not seen in %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text))
  })
})

describe('what is too deep or too wide', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

  test('sixty-four levels are read', () => {
    expect(parseJson(nested(64))).toEqual(JSON.parse(nested(64)))
    expect(parseJson(`${'{"a":'.repeat(64)}1${'}'.repeat(64)}`)).toEqual(
      JSON.parse(`${'{"a":'.repeat(64)}1${'}'.repeat(64)}`),
    )
  })

  test.each([
    ['arrays', nested(65)],
    ['objects', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`],
    ['arrays that do not end', '['.repeat(100_000)],
    ['both', `${'[{"a":'.repeat(33)}1${'}]'.repeat(33)}`],
  ])('sixty-five levels of %s are refused', (_what, text) => {
    expectRefusal(() => parseJson(text), 'invalidSyntax', 'deeper than 64 levels')
  })

  test('brackets inside strings and brackets side by side are no levels', () => {
    const text = JSON.stringify(['['.repeat(100), '{"'.repeat(100), ...Array(100).fill([])])
    expect(parseJson(text)).toEqual(JSON.parse(text))
  })

  test('an object has at most a thousand members', () => {
    const object = (size: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: size }, (_, at) => [`m${at}`, at])))
    expect(parseJson(object(1000))).toEqual(JSON.parse(object(1000)))
    expectRefusal(() => parseJson(object(1001)), 'invalidSyntax', 'more than 1000 members')
  })
})

describe('whatever the text', () => {
  const hasTwins = (value: Json): boolean => {
    if (Array.isArray(value)) return value.some(hasTwins)
    if (!isObject(value)) return false
    const names = Object.keys(value).map((name) => name.toLowerCase())
    return new Set(names).size < names.length || Object.values(value).some(hasTwins)
  }
  const isTooDeep = (value: Json, depth = 0): boolean =>
    typeof value === 'object' &&
    value !== null &&
    (depth === 64 || Object.values(value).some((inner) => isTooDeep(inner, depth + 1)))
  const json = fc.jsonValue({ stringUnit: 'binary' }) as fc.Arbitrary<Json>

  test('JSON without repeated members comes back as it was', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 2), (value, indent) => {
        fc.pre(!hasTwins(value) && !isTooDeep(value))
        const text = JSON.stringify(value, null, indent)
        expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  test('a repeated member is refused wherever it stands and however it is written', () => {
    const spelling = fc.constantFrom(
      (name: string) => JSON.stringify(name),
      (name: string) => JSON.stringify(name.toUpperCase()),
      (name: string) =>
        `"${[...name].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`,
    )
    const wrap = fc.array(
      fc.constantFrom(
        (inner: string) => `[0,${inner}]`,
        (inner: string) => `{"before":"\\"{","inner":${inner}}`,
        (inner: string) => `{"list":[{"x":"]"},${inner},"\\\\"]}`,
      ),
      { maxLength: 8 },
    )
    const name = fc.stringMatching(/^[a-z]{1,5}$/)
    fc.assert(
      fc.property(name, spelling, spelling, json, wrap, (member, first, second, value, wraps) => {
        fc.pre(!hasTwins(value) && !isTooDeep(value, 20))
        const twice = `{${first(member)}:${JSON.stringify(value)},${second(member)}:0}`
        const text = wraps.reduce((inner, wrapper) => wrapper(inner), twice)
        expectRefusal(() => parseJson(text), 'invalidSyntax', 'twice')
      }),
    )
  })

  test('nothing but a ProtocolError is ever thrown', () => {
    const pieces = fc.constantFrom(...'{}[]",:\\ua1e0 \0\u{1f600}'.split(''), 'true', '"a":', '\\"')
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const text = parts.join('')
        let value: Json
        try {
          value = JSON.parse(text)
        } catch {
          expect(reasonOf(() => parseJson(text)).scimType).toBe('invalidSyntax')
          return
        }
        try {
          expect(parseJson(text)).toEqual(value)
        } catch (error) {
          expect(
            reasonOf(() => {
              throw error
            }).detail,
          ).toContain('twice')
        }
      }),
      { numRuns: 500 },
    )
  })
})

test('members are found by lower-cased name, and __proto__ is a name like any other', () => {
  const object = parseJson('{"UserName":1,"__proto__":{"x":2},"constructor":3}')
  if (!isObject(object)) throw new Error('No object.')
  expect([...membersOf(object)]).toEqual([
    ['username', 1],
    ['__proto__', { x: 2 }],
    ['constructor', 3],
  ])
  expect(membersOf({}).get('tostring')).toBeUndefined()
})

test('only objects are objects', () => {
  expect([{}, { a: 1 }].map(isObject)).toEqual([true, true])
  expect([null, undefined, [], 'x', 1, true].map(isObject)).toEqual(Array(6).fill(false))
})
