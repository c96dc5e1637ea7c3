import { describe, expect, test } from 'vitest'
import { listResponse, readPage } from '../../../src/scim/list.ts'
import { expectRefusal } from './support.ts'

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
  ])('startIndex %j and count %j', (startIndex, count, page) => {
    expect(readPage(startIndex, count)).toEqual(page)
  })

  test.each(['x', '1.5', '1e3', '0x10', 'NaN', '1 2', '1'.repeat(400)])(
    '%j is no integer',
    (text) => {
      expectRefusal(
        () => readPage(text, undefined),
        'invalidValue',
        'startIndex must be an integer',
      )
      expectRefusal(() => readPage(undefined, text), 'invalidValue', 'count must be an integer')
    },
  )
})

test('a ListResponse counts what it holds with JSON numbers', () => {
  expect(listResponse([{ id: 'a' }, { id: 'b' }], 7, 3)).toEqual({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: 7,
    startIndex: 3,
    itemsPerPage: 2,
    Resources: [{ id: 'a' }, { id: 'b' }],
  })
})

test('a ListResponse without results still has its Resources', () => {
  expect(listResponse([], 0, 1)).toEqual({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: 0,
    startIndex: 1,
    itemsPerPage: 0,
    Resources: [],
  })
})
