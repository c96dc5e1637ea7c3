import { describe, expect, test } from 'vitest'
import {
  listResponse,
  readPage,
  readSearchRequest,
  SEARCH_REQUEST,
} from '../../../src/scim/list.ts'
import { expectRefusal } from './support.ts'

function given(parameters: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined))
}

describe('the page that a request asks for', () => {
  test.each([
    [undefined, undefined, { startIndex: 1, count: 100 }],
    ['', '', { startIndex: 1, count: 100 }],
    ['1', '2', { startIndex: 1, count: 2 }],
    ['3', undefined, { startIndex: 3, count: 100 }],
    ['0', '0', { startIndex: 1, count: 0 }],
    ['-5', '-1', { startIndex: 1, count: 0 }],
    ['+7', '200', { startIndex: 7, count: 200 }],
    [' 7 ', '201', { startIndex: 7, count: 200 }],
    ['101', '100000', { startIndex: 101, count: 200 }],
    ['999999999999999', '1', { startIndex: 999999999999999, count: 1 }],
    ['9999999999999999', '9999999999999999', { startIndex: 999999999999999, count: 200 }],
    ['-9999999999999999', '-9999999999999999', { startIndex: 1, count: 0 }],
    ['1'.repeat(400), '1'.repeat(400), { startIndex: 999999999999999, count: 200 }],
    [`-${'1'.repeat(400)}`, `-${'1'.repeat(400)}`, { startIndex: 1, count: 0 }],
    [`+${'0'.repeat(400)}7`, `${'0'.repeat(400)}3`, { startIndex: 7, count: 3 }],
  ])('startIndex %j and count %j', (startIndex, count, page) => {
    expect(readPage(given({ startIndex, count }))).toEqual({ kind: 'index', ...page })
  })

  test('a cursor, also an empty one, asks for pages by cursor', () => {
    expect(readPage({ cursor: '', startIndex: '7' })).toEqual({
      ...{ kind: 'cursor', cursor: '', count: 100 },
    })
    expect(readPage({ cursor: 'x', count: '-1' })).toEqual({
      ...{ kind: 'cursor', cursor: 'x', count: 0 },
    })
    expectRefusal(
      () => readPage({ cursor: '', count: 'x' }),
      'invalidCount',
      'count must be an integer',
    )
  })

  test.each([
    'x',
    '1.5',
    '1e3',
    '0x10',
    'NaN',
    '1 2',
    '10.0',
    '1e2',
    '--1',
    '+',
    `${'1'.repeat(400)}x`,
  ])('%j is no integer', (text) => {
    expectRefusal(
      () => readPage({ startIndex: text }),
      'invalidValue',
      'startIndex must be an integer',
    )
    expectRefusal(() => readPage({ count: text }), 'invalidValue', 'count must be an integer')
  })
})

test('a ListResponse counts what it holds with JSON numbers', () => {
  expect(listResponse([{ id: 'a' }, { id: 'b' }], 7, { startIndex: 3 })).toEqual({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: 7,
    startIndex: 3,
    itemsPerPage: 2,
    Resources: [{ id: 'a' }, { id: 'b' }],
  })
})

test('a ListResponse without results still has its Resources', () => {
  expect(listResponse([], 0, { startIndex: 1 })).toEqual({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: 0,
    startIndex: 1,
    itemsPerPage: 0,
    Resources: [],
  })
})

test('a page by cursor says where the next one is, and the last page does not', () => {
  expect(listResponse([{ id: 'a' }], 2, { nextCursor: 'x' })).toMatchObject({ nextCursor: 'x' })
  const last = listResponse([{ id: 'b' }], 2, { nextCursor: undefined })
  expect(last).not.toHaveProperty('nextCursor')
  expect(last).not.toHaveProperty('startIndex')
})

describe('a SearchRequest', () => {
  const schemas = [SEARCH_REQUEST]

  test('gives the same parameters as a query', () => {
    const body = {
      ...{ schemas, FILTER: 'title pr', sortBy: 'title', sortOrder: 'descending', startIndex: 2 },
      ...{ count: '5', attributes: ['userName', 'name'], excludedAttributes: null },
    }
    expect(readSearchRequest(body)).toEqual({
      ...{ filter: 'title pr', sortBy: 'title', sortOrder: 'descending', startIndex: '2' },
      ...{ count: '5', attributes: 'userName,name' },
    })
  })

  test.each([
    [1e15, 999999999999999, 200],
    [1e21, 999999999999999, 200],
    [1e300, 999999999999999, 200],
    [Number.POSITIVE_INFINITY, 999999999999999, 200],
    [-1e21, 1, 0],
    [Number.NEGATIVE_INFINITY, 1, 0],
  ])('clamps the number %d', (number, startIndex, count) => {
    const given = readSearchRequest({ schemas, startIndex: number, count: number })
    expect(readPage(given)).toEqual({ kind: 'index', startIndex, count })
  })

  test('is refused where it is none', () => {
    expectRefusal(() => readSearchRequest([]), 'invalidSyntax', 'SearchRequest object')
    expectRefusal(
      () => readSearchRequest({ schemas: ['urn:x'], count: 1 }),
      'invalidSyntax',
      'schemas must list',
    )
    expectRefusal(() => readSearchRequest({ schemas, filter: 1 }), 'invalidValue', 'filter')
    expectRefusal(
      () => readSearchRequest({ schemas, attributes: [1] }),
      'invalidValue',
      'attributes',
    )
  })

  test('may leave schemas out', () => {
    expect(readSearchRequest({ count: 1 })).toEqual({ count: '1' })
  })

  test('leaves it to the filter how long a filter may be', () => {
    const filter = ' '.repeat(16_385)
    expect(readSearchRequest({ schemas, filter })).toEqual({ filter })
  })

  test.each([
    ['attributes', 'a'.repeat(16_385)],
    ['attributes', Array(8194).fill('a')],
    ['excludedAttributes', ','.repeat(1_000_000)],
    ['sortBy', ' '.repeat(16_385)],
  ])('is refused where its %s is longer than a URL may be', (name, value) => {
    const wrong = () => readSearchRequest({ schemas, [name]: value })
    expectRefusal(wrong, 'invalidValue', `${name} is longer than 16384 characters`)
    const right = { schemas, [name]: 'a'.repeat(16_384) }
    expect(readSearchRequest(right)).toEqual({ [name]: 'a'.repeat(16_384) })
  })
})
