import { expect, test } from 'vitest'
import { errorBody, ProtocolError, quote } from '../../../src/scim/error.ts'

test('the body of an error has its status as a string', () => {
  expect(errorBody(404, 'There is no such user.')).toEqual({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status: '404',
    detail: 'There is no such user.',
  })
  expect(errorBody(409, 'userName is taken.', 'uniqueness')).toEqual({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status: '409',
    scimType: 'uniqueness',
    detail: 'userName is taken.',
  })
})

test('a ProtocolError carries its reason as data', () => {
  const error = new ProtocolError('invalidPath', 'The path is malformed.')
  expect(error).toBeInstanceOf(Error)
  expect(error.name).toBe('ProtocolError')
  expect(error.reason).toEqual({
    kind: 'protocol',
    scimType: 'invalidPath',
    detail: 'The path is malformed.',
  })
})

test('a quoted value is JSON, short and Unicode text', () => {
  expect(quote('a"b')).toBe('"a\\"b"')
  expect(quote(undefined)).toBe('nothing')
  expect(quote({ a: [null] })).toBe('{"a":[null]}')
  expect(quote('x'.repeat(78))).toBe(`"${'x'.repeat(78)}"`)
  expect(quote('x'.repeat(79))).toBe(`"${'x'.repeat(78)}…`)
  expect(quote(`${'x'.repeat(77)}😀`).isWellFormed()).toBe(true)
})
