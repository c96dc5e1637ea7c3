/** What is kept of a refused request: short, and without secrets. */
import { describe, expect, test } from 'vitest'
import {
  abridge,
  cut,
  withoutLongWords,
  withoutSecrets,
  withoutTokens,
} from '../../../src/http/abridge.ts'
import type { Json } from '../../../src/scim/json.ts'

const ROOM = 10_000
const TOKEN = 'glsa_iNValIdinValiDinvalidinvalidinva_5b582697'

describe('a body', () => {
  test.each<Json>([
    { userName: 'ada', active: true, emails: [{ value: 'a@x', primary: false }], n: 1.5, no: null },
    [1, 'two', { three: [] }],
    'text',
    7,
    null,
  ])('without a secret is kept as it is: %j', (body) => {
    expect(abridge(body, ROOM)).toEqual({ body, secrets: [] })
  })

  test.each<[Json, Json, readonly string[]]>([
    [{ userName: 'a', password: 'hunter2' }, { userName: 'a' }, ['hunter2']],
    [{ PassWord: 'hunter2', b: 1 }, { b: 1 }, ['hunter2']],
    [{ 'urn:x:User:password': 'hunter2' }, {}, ['hunter2']],
    [{ a: [{ b: { oldPassword: 1234 } }] }, { a: [{ b: {} }] }, ['1234']],
    [{ password: ['one', { value: 'two' }, true, null] }, {}, ['one', 'two']],
    [{ [TOKEN]: 'x', a: 'b' }, { a: 'b' }, ['x']],
    [{ note: `use ${TOKEN}` }, { note: '…' }, []],
    [{ note: 'the Password is x' }, { note: '…' }, []],
    [[TOKEN.toUpperCase()], ['…'], []],
    [{ clientSecret: 'x1', apiKey: 2, Authorization: 'x3' }, {}, ['x1', '2', 'x3']],
    [{ note: `see ${'JWT'}.` }, { note: 'see JWT.' }, []],
  ])('%j is kept without its secret', (body, kept, secrets) => {
    expect(abridge(body, ROOM)).toEqual({ body: kept, secrets })
  })

  test('of a PATCH is kept without the value, the path and all else of what aims at a password', () => {
    const Operations: Json = [
      { op: 'replace', path: 'password', value: 'hunter2' },
      { OP: 'add', Path: 'urn:x:User:PASSWORD', value: { value: 'tr0ub4dor' }, more: 5 },
      { op: 'add', path: 'x[password eq "c0rrect"]' },
      { op: 'replace', path: 'title', value: 'Countess' },
      { op: 'replace', path: 7, value: 'kept' },
      { op: 'replace', path: ['password'], value: 'kept' },
    ]
    expect(abridge({ Operations }, ROOM)).toEqual({
      body: {
        Operations: [
          { op: 'replace' },
          { OP: 'add' },
          { op: 'add' },
          { op: 'replace', path: 'title', value: 'Countess' },
          { op: 'replace', path: 7, value: 'kept' },
          // No path; but the word is left out.
          { op: 'replace', path: ['…'], value: 'kept' },
        ],
      },
      secrets: [
        'password',
        'hunter2',
        'urn:x:User:PASSWORD',
        'tr0ub4dor',
        '5',
        'x[password eq "c0rrect"]',
      ],
    })
  })

  test('gives up twenty secrets at most, and looks at twenty values of a list or an object', () => {
    const many = Array.from({ length: 30 }, (_, at) => `s${at}`)
    const twenty = many.slice(0, 20)
    expect(abridge({ password: many }, ROOM)).toEqual({ body: {}, secrets: twenty })
    const nulls = Array.from({ length: 20 }, () => null)
    expect(abridge({ password: [...nulls, 'late'] }, ROOM).secrets).toEqual([])
    expect(abridge({ password: { ...nulls, late: 'late' } }, ROOM).secrets).toEqual([])
    expect(abridge({ password: { ...nulls.slice(1), last: 'l' } }, ROOM).secrets).toEqual(['l'])
    const each = Object.fromEntries(many.map((value, at) => [`password${at}`, value]))
    expect(abridge(each, ROOM).secrets).toEqual(twenty)
  })

  test('is kept with its texts and names cut at 200 characters', () => {
    const [fits, long] = ['x'.repeat(200), 'y'.repeat(201)]
    const short = `${'y'.repeat(199)}…`
    expect(abridge({ a: fits, b: long, [fits]: 1, [long]: 2 }, ROOM).body).toEqual({
      a: fits,
      b: short,
      [fits]: 1,
      [short]: 2,
    })
  })

  test('that is long is kept up to the limit, and how much more there is', () => {
    // 2 for the brackets, 4 for each `"a",`.
    expect(abridge(['a', 'a', 'a', 'a', 'a'], 10).body).toEqual(['a', 'a', '… 3 more'])
    expect(abridge(['a', 'a', 'a', 'a', 'a'], 11).body).toEqual(['a', 'a', 'a', '… 2 more'])
    expect(abridge(['a'], 2).body).toEqual(['… 1 more'])
    expect(abridge(['a'], 3).body).toEqual(['a'])
    // 2 for the braces, 4 for `"a":` and 6 for a number, true or null.
    const object = { a: 1, b: true, c: null, d: 2 }
    expect(abridge(object, 22).body).toEqual({ a: 1, b: true, '…': '2 more' })
    expect(abridge(object, 23).body).toEqual({ a: 1, b: true, c: null, '…': '1 more' })
    expect(abridge({ a: [], b: 1 }, 8).body).toEqual({ a: [], '…': '1 more' })
    expect(abridge({ a: [], b: 1 }, 9).body).toEqual({ a: [], b: 1 })
  })

  test('of any length takes no more than about the limit', () => {
    const user = { userName: 'u'.repeat(300), emails: [{ value: 'e@x' }] }
    const { body } = abridge(Array.from({ length: 10_000 }, () => user) as Json, 2000)
    expect(JSON.stringify(body).length).toBeLessThan(2400)
  })
})

describe('the sentence of a refusal', () => {
  const LEFT_OUT = 'The sentence named a password or a token and is left out.'

  test.each<[string, readonly string[]]>([
    ['password must be a string.', []],
    [`"${TOKEN}" is no value.`, []],
    ['title must be a string, not "hunter2".', ['other', 'hunter2']],
    ['title is hunter2', ['hunter2']],
    // A sentence quotes as JSON does, and cuts what is long.
    ['not "say \\"hi\\"".', ['say "hi"']],
    [`not "${'p'.repeat(40)}…".`, ['p'.repeat(60)]],
  ])('that tells a secret is left out: %j', (detail, secrets) => {
    expect(withoutSecrets(detail, secrets)).toBe(LEFT_OUT)
  })

  test.each<[string, readonly string[]]>([
    ['userName is required.', []],
    ['userName is required.', ['hunter2']],
    ['userName is required.', ['']],
  ])('that tells none is kept: %j', (detail, secrets) => {
    expect(withoutSecrets(detail, secrets)).toBe(detail)
  })

  test('is cut at 500 characters', () => {
    expect(withoutSecrets('d'.repeat(500), [])).toBe('d'.repeat(500))
    expect(withoutSecrets('d'.repeat(501), [])).toBe(`${'d'.repeat(499)}…`)
  })
})

describe('a text', () => {
  const HEX = '4f1d8a07c2b95e3604f1d8a07c2b95e3'
  const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'

  test.each([
    [`/Users/${TOKEN}/x`, '/Users/…/x'],
    [`/Users/${TOKEN.toUpperCase()}`, '/Users/…'],
    ['glsa_', '…'],
    [`a ${JWT}, b`, 'a …, b'],
    [`a ${JWT.slice(0, 30)}`, 'a …'],
  ])('loses its tokens: %s', (text, kept) => {
    expect(withoutTokens(text)).toBe(kept)
    expect(withoutLongWords(text)).toBe(kept)
  })

  test.each([
    [`/v1/${HEX}/x`, '/v1/…/x'],
    [`${'aB3'.repeat(5)}%2b${'aB3'.repeat(5)}%3D%3D`, '…'],
    [`user-${'0b54b2a6-8d3c-4d0e-9c5a-7f1d2e3c4b5a'}-${HEX}`, '…'],
  ])('loses its long words, where none is expected: %s', (text, kept) => {
    expect(withoutTokens(text)).toBe(text)
    expect(withoutLongWords(text)).toBe(kept)
  })

  test.each([
    HEX.slice(1),
    '1'.repeat(40),
    'eyJhbGciOiJIUzI1NiJ9',
    'user-0b54b2a6-8d3c-4d0e-9c5a-7f1d2e3c4b5a',
    'platform-engineering-observability-team',
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber',
    'ada.lovelace+2024@subdomain.company.example.com',
  ])('keeps what is no token: %s', (text) => {
    expect(withoutLongWords(text)).toBe(text)
  })
})

test('what no database takes is replaced', () => {
  expect(cut('a\0b\nc\ud800d😀é', 100)).toBe('a�b�c�d😀é')
  // A pair that is cut in two, too.
  expect(cut('a😀bc', 3)).toBe('a�…')
})
