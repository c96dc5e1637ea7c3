import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../../../src/scim/json.ts'
import { readMemberIds } from '../../../../src/scim/patch/members.ts'
import { canonicalText, sameValue } from '../../../../src/scim/resource/equality.ts'
import {
  MAXIMUM_ELEMENTS,
  readSingle,
  readValue,
  refuseUnstorable,
} from '../../../../src/scim/resource/value.ts'
import {
  type Attribute,
  binary,
  boolean,
  dateTime,
  integer,
  reference,
  string,
} from '../../../../src/scim/schema/attribute.ts'
import { resolve, userType } from '../../../../src/scim/schema/resource-type.ts'
import { expectRefusal } from '../support.ts'

function userAttribute(name: string): Attribute {
  const resolved = resolve(userType, name)
  if (resolved?.kind !== 'attribute') throw new Error(`No attribute ${name}.`)
  return resolved.path.attribute
}

const emails = userAttribute('emails')
const name = userAttribute('name')
const manager = userAttribute('manager')
const decimal: Attribute = { ...integer('a', ''), type: 'decimal' }
const read = (attribute: Attribute, value: Json) => readValue(attribute, value, 'here')

describe('a value of the right JSON type is kept', () => {
  test.each<[Attribute, Json, Json]>([
    [string('a', ''), '', ''],
    [string('a', ''), '  名前 𝒳 👩‍👩‍👧 ', '  名前 𝒳 👩‍👩‍👧 '],
    [string('a', ''), 'Bob@EXAMPLE.com', 'Bob@EXAMPLE.com'],
    [string('a', ''), 'e\u0301', 'e\u0301'],
    [reference('a', ['external'], ''), 'not a URI', 'not a URI'],
    [
      binary('a', ''),
      'MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAw==',
      'MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAw==',
    ],
    [boolean('a', ''), false, false],
    [integer('a', ''), -3, -3],
    [decimal, 1.5, 1.5],
    [dateTime('a', ''), '2021-09-23T19:35:41.8420572Z', '2021-09-23T19:35:41.8420572Z'],
  ])('%j %j', (attribute, value, kept) => {
    expect(read(attribute, value)).toBe(kept)
  })

  test.each<[Json, boolean]>([
    ['True', true],
    ['true', true],
    ['TRUE', true],
    ['False', false],
    ['false', false],
    ['FALSE', false],
    [['False'], false],
    [[true], true],
  ])('%j is a boolean, as Entra ID writes it', (value, kept) => {
    expect(read(boolean('active', ''), value)).toBe(kept)
  })

  test('a list of one stands for its value where there can be one only', () => {
    expect(read(string('a', ''), ['x'])).toBe('x')
    expect(read(name, [{ givenName: 'Ada' }])).toEqual({ givenName: 'Ada' })
  })

  test('one object stands for a list of one where there can be several', () => {
    expect(read(emails, { value: 'a@x' })).toEqual([{ value: 'a@x' }])
  })
})

describe('a value of another JSON type is refused, and the detail names it', () => {
  test.each<[Attribute, Json, string]>([
    [string('a', ''), 1, 'here must be a string, not 1'],
    [string('a', ''), { a: 1 }, 'here must be a string, not {"a":1}'],
    [string('a', ''), ['x', 'y'], 'here must be a string'],
    [string('a', ''), true, 'here must be a string, not true'],
    [reference('a', ['uri'], ''), 5, 'here must be a string'],
    [binary('a', ''), {}, 'here must be a string of base64'],
    [boolean('a', ''), 'maybe', 'here must be true or false, not "maybe"'],
    [boolean('a', ''), 1, 'here must be true or false'],
    [integer('a', ''), 1.5, 'here must be an integer'],
    [integer('a', ''), '1', 'here must be an integer'],
    [decimal, 'x', 'here must be a number'],
    [dateTime('a', ''), 'yesterday', 'here must be a date and time'],
    [dateTime('a', ''), 5, 'here must be a date and time'],
    [name, 'Barbara', 'here must be an object, not "Barbara"'],
    [name, { givenName: 5 }, 'here.givenName must be a string, not 5'],
    [emails, 5, 'here[0] must be an object, not 5'],
    [userAttribute('addresses'), 'a@x', 'here[0] must be an object, not "a@x"'],
    [emails, [{ value: 'a' }, { value: {} }], 'here[1].value must be a string'],
    [emails, [{ primary: 'maybe' }], 'here[0].primary must be true or false'],
    [manager, 5, 'here must be an object'],
  ])('%j %j', (attribute, value, detail) => {
    expectRefusal(() => read(attribute, value), 'invalidValue', detail)
  })
})

describe('“unassigned” is no value', () => {
  test.each<[Attribute, Json]>([
    [string('a', ''), null],
    [string('a', ''), [null]],
    [boolean('a', ''), ''],
    [integer('a', ''), ''],
    [dateTime('a', ''), ''],
    [name, {}],
    [name, { givenName: null, nickName: 'unknown' }],
    [emails, []],
    [emails, null],
    [emails, [null, {}, { value: null }]],
    [manager, { value: '' }],
    [manager, ''],
    [manager, { value: null }],
    [manager, { displayName: 'Grace', $ref: '' }],
    [manager, { value: '', $ref: '../Users/1' }],
  ])('%j %j', (attribute, value) => {
    expect(read(attribute, value)).toBeUndefined()
  })
})

describe('a complex value', () => {
  test('has its members under the names of the schema, and no others', () => {
    expect(
      read(emails, [{ VALUE: 'a@x', Type: 'work', PRIMARY: 'True', foo: 1, $ref: null }]),
    ).toEqual([{ value: 'a@x', type: 'work', primary: true }])
    expect(
      Object.keys(read(name, JSON.parse('{"__proto__":{"a":1},"givenName":"x"}')) ?? {}),
    ).toEqual(['givenName'])
  })

  test('has nothing that the server derives', () => {
    expect(read(manager, { value: 'u2', displayName: 'Fake', $ref: 'https://evil/x' })).toEqual({
      value: 'u2',
    })
  })

  test('that refers to another resource may be its bare id', () => {
    expect(read(manager, 'u2')).toEqual({ value: 'u2' })
    expect(read(manager, [{ $ref: 'http://x/Users/u2', value: 'u2' }])).toEqual({ value: 'u2' })
  })

  test('keeps empty strings of its parts', () => {
    expect(read(name, { givenName: 'Ada', middleName: '' })).toEqual({
      givenName: 'Ada',
      middleName: '',
    })
  })
})

describe('a list', () => {
  test('keeps its order, and one type and value once (RFC 7643 §2.4)', () => {
    const list = [{ value: 'b' }, { value: 'a' }, { value: 'b', type: 'work' }]
    expect(read(emails, [...list, { value: 'b' }, { value: 'a' }])).toEqual(list)
    expect(
      read(emails, [
        { value: 'a', type: 'work', display: 'A', primary: 'True' },
        { value: 'A', type: 'Work', primary: 'False' },
        { value: 'a', type: 'work', display: 'B', primary: true },
      ]),
    ).toEqual([{ value: 'a', type: 'work', display: 'B', primary: true }])
  })

  test('joins what has no value only where it is equal in all', () => {
    const addresses = userAttribute('addresses')
    const home = { type: 'home', locality: 'Delft' }
    const list = [home, { ...home, primary: false }, { ...home, country: 'NL' }, { type: 'home' }]
    expect(read(addresses, list)).toEqual([{ ...home, primary: false }, ...list.slice(2)])
    const empty = [{ value: '', type: 'work', display: 'A' }, { type: 'work' }]
    expect(read(emails, empty)).toEqual(empty)
  })

  test('has one primary element at most (RFC 7643 §2.4)', () => {
    expect(
      read(emails, [
        { value: 'a', primary: true },
        { value: 'b', primary: false },
      ]),
    ).toEqual([
      { value: 'a', primary: true },
      { value: 'b', primary: false },
    ])
    expectRefusal(
      () =>
        read(emails, [
          { value: 'a', primary: true },
          { value: 'b', primary: 'True' },
        ]),
      'invalidValue',
      'Two elements of here are primary',
    )
  })

  test('has a thousand elements at most', () => {
    const list = (length: number) => Array.from({ length }, (_, at) => ({ value: `${at}` }))
    expect(MAXIMUM_ELEMENTS).toBe(1000)
    expect(read(emails, list(1000))).toEqual(list(1000))
    expectRefusal(() => read(emails, list(1001)), 'invalidValue', 'More than 1000', 'here')
  })
})

test.each([
  ['a\0b', 'here contains U+0000'],
  ['\0', 'here contains U+0000'],
  ['\ud800', 'here contains half of a surrogate pair'],
  ['x\udc00y', 'here contains half of a surrogate pair'],
])('a string that no database holds is refused: %j', (text, detail) => {
  expectRefusal(() => read(string('a', ''), text), 'invalidValue', detail)
  expectRefusal(() => refuseUnstorable(text, 'here'), 'invalidValue', detail)
})

test('one element of a list is read alone', () => {
  expect(readSingle(emails, { VALUE: 'a' }, 'here')).toEqual({ value: 'a' })
  expectRefusal(() => readSingle(emails, [{ value: 'a' }], 'here'), 'invalidValue', 'an object')
})

describe('sameness', () => {
  test('does not look at the order of members, but at that of elements', () => {
    expect(sameValue({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true)
    expect(sameValue([1, 2], [2, 1])).toBe(false)
    expect(sameValue([{ value: 'a', primary: false }], [{ value: 'a' }])).toBe(true)
    expect(sameValue([{ value: 'a', primary: true }], [{ value: 'a' }])).toBe(false)
    expect(sameValue({ active: false }, {})).toBe(false)
    expect(sameValue({ a: 1 }, { a: 1, b: 1 })).toBe(false)
    expect(sameValue({ a: 1 }, { b: 1 })).toBe(false)
    expect(sameValue({ a: undefined as unknown as Json }, { b: 1 })).toBe(false)
    expect(sameValue([], {})).toBe(false)
    expect(sameValue(1, '1')).toBe(false)
    expect(sameValue(null, undefined)).toBe(false)
    expect(sameValue(undefined, undefined)).toBe(true)
    expect(sameValue(JSON.parse('{"__proto__":1}'), {})).toBe(false)
  })

  test('has one text for the same and different texts for others', () => {
    const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
    const shuffled = (value: Json): Json =>
      Array.isArray(value)
        ? value.map(shuffled)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([member, inner]) => [member, shuffled(inner)]),
            )
          : value
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(canonicalText(shuffled(a))).toBe(canonicalText(a))
        expect(sameValue(shuffled(a), a)).toBe(true)
        expect(canonicalText(a) === canonicalText(b)).toBe(
          sameValue(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))),
        )
      }),
    )
  })
})

describe('a reference without a value', () => {
  test.each([
    ['../Users/u1', 'u1'],
    ['Users/u1', 'u1'],
    ['/Users/u1', 'u1'],
    ['https://scim.example.com/v2/Users/u1', 'u1'],
    ['../Users/a%2Fb', 'a/b'],
  ])('%s leads to its id', (reference, id) => {
    expect(read(manager, { $ref: reference })).toEqual({ value: id })
    expect(read(manager, [{ $REF: reference, value: null }])).toEqual({ value: id })
    expect(readMemberIds([{ $ref: reference }, { value: 'b' }], 'members')).toEqual([id, 'b'])
  })

  test('may lead to a group where the attribute may', () => {
    expect(readMemberIds({ $ref: '../Groups/g1' }, 'members')).toEqual(['g1'])
  })

  test.each<Json>([
    '../Groups/g1',
    'https://example.com/people/u1',
    'u1',
    '../Users/',
    'Users',
    '/Users/u1/groups',
    '../users/u1',
    'https://x/MyUsers/u1',
    '../Users/u1?x=y',
    '../Users/u1#x',
    '../Users/%',
    '../Users/%00',
    5,
    ['../Users/u1'],
  ])('is refused where it leads elsewhere: %j', (reference) => {
    expectRefusal(() => read(manager, { $ref: reference }), 'invalidValue', 'here.$ref')
    if (reference === '../Groups/g1') return
    expectRefusal(() => readMemberIds([{ $ref: reference }], 'members'), 'invalidValue')
  })

  test('counts only where there is no value', () => {
    const both = { value: 'u2', $ref: 'https://example.com/x' }
    expect(read(manager, both)).toEqual({ value: 'u2' })
    expect(readMemberIds([both], 'members')).toEqual(['u2'])
  })
})
