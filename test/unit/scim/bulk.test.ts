/** Bulk requests as messages: RFC 7644 §3.7, with errata 5050 and 7916. */
import { describe, expect, test } from 'vitest'
import {
  BULK_REQUEST,
  BULK_RESPONSE,
  type BulkOperation,
  bulkResponse,
  readBulkRequest,
  referencesOf,
  resolveReferences,
} from '../../../src/scim/bulk.ts'
import type { Json, JsonObject } from '../../../src/scim/json.ts'
import { groupType, userType } from '../../../src/scim/schema/resource-type.ts'
import { expectRefusal } from './support.ts'

const message = (Operations: Json, more: JsonObject = {}): JsonObject => ({
  schemas: [BULK_REQUEST],
  Operations,
  ...more,
})

const post = (bulkId: string): JsonObject => ({
  method: 'POST',
  path: '/Users',
  bulkId,
  data: { userName: bulkId },
})

/** Reads one operation. */
function entryOf(operation: Json) {
  const [entry] = readBulkRequest(message([operation]), 1000).entries
  if (entry === undefined) throw new Error('There is no entry.')
  return entry
}

/** What is wrong with one operation; the sentence where it is one. */
function mistakeOf(operation: Json): unknown {
  const entry = entryOf(operation)
  if (entry.ok) return undefined
  const { error, path: _path, ...rest } = entry.mistake
  expect(error).not.toBeInstanceOf(Error)
  if (error.kind !== 'protocol') return { ...rest, error }
  const { scimType, detail } = error
  return { ...rest, scimType, detail }
}

describe('the message', () => {
  test('is an object that lists the schema and has a list of operations', () => {
    expect(BULK_REQUEST).toBe('urn:ietf:params:scim:api:messages:2.0:BulkRequest')
    expect(readBulkRequest(message([]), 1000)).toEqual({ entries: [] })
    const upper = { SCHEMAS: [BULK_REQUEST.toUpperCase()], operations: [] }
    expect(readBulkRequest(upper, 1000)).toEqual({ entries: [] })
    for (const body of [[], 'x', null]) {
      expectRefusal(
        () => readBulkRequest(body, 1000),
        'invalidSyntax',
        'must be a BulkRequest object',
      )
    }
    for (const schemas of [{}, { schemas: null }, { schemas: [] }]) {
      expect(readBulkRequest({ ...schemas, Operations: [] }, 1000)).toEqual({ entries: [] })
    }
    for (const schemas of [[7], ['urn:x'], BULK_REQUEST] as Json[]) {
      const body = { Operations: [], schemas }
      expectRefusal(
        () => readBulkRequest(body, 1000),
        'invalidSyntax',
        `must list ${BULK_REQUEST}.`,
      )
    }
    for (const operations of [{}, 'x', null]) {
      const read = () => readBulkRequest(message(operations), 1000)
      expectRefusal(read, 'invalidSyntax', 'Operations must be a list of operations.')
    }
  })

  test('may say after how many errors to end', () => {
    const read = (failOnErrors: Json) => readBulkRequest(message([], { failOnErrors }), 1000)
    expect(read(1)).toEqual({ failOnErrors: 1, entries: [] })
    expect(read(null)).toEqual({ entries: [] })
    expect(read(0)).toEqual({ entries: [] })
    expect(readBulkRequest(message([], { FAILONERRORS: 2 }), 1000)).toMatchObject({
      failOnErrors: 2,
    })
    for (const wrong of [-1, 1.5, '1', true, [1]]) {
      expectRefusal(() => read(wrong), 'invalidSyntax', 'failOnErrors must be an integer')
    }
  })
})

describe('an operation', () => {
  test('is read with all it says', () => {
    const { entries } = readBulkRequest(
      message([
        { ...post('a'), version: 'W/"1"', more: 1 },
        { method: 'put', path: '/Groups/g1', version: 'W/"2"', data: { displayName: 'x' } },
        { METHOD: 'Patch', PATH: '/Users/u1/', Data: {}, bulkId: 'p' },
        { method: 'DELETE', path: '/Users/u2' },
      ]),
      4,
    )
    const [create, put, patch, remove] = entries.map((entry) => entry.ok && entry.operation)
    expect(create).toStrictEqual({
      method: 'POST',
      type: userType,
      bulkId: 'a',
      version: 'W/"1"',
      data: { userName: 'a' },
    })
    expect(put).toStrictEqual({
      method: 'PUT',
      type: groupType,
      id: 'g1',
      version: 'W/"2"',
      data: { displayName: 'x' },
    })
    expect(patch).toStrictEqual({
      method: 'PATCH',
      type: userType,
      id: 'u1',
      bulkId: 'p',
      data: {},
    })
    expect(remove).toStrictEqual({ method: 'DELETE', type: userType, id: 'u2' })
  })

  test('is not looked at where there are too many, and is no Error where it is wrong', () => {
    const unread = new Proxy(Array(5).fill(1), {
      get(list, name, receiver) {
        if (typeof name === 'string' && /^\d/.test(name)) throw new Error('It was looked at.')
        return Reflect.get(list, name, receiver)
      },
    })
    const reason = { kind: 'too-many-operations', message: 'Bulk', count: 5, limit: 4 }
    expect(() => readBulkRequest(message(unread), 4)).toThrow(expect.objectContaining({ reason }))
    expect(readBulkRequest(message([1, 1, 1, 1]), 4).entries).toHaveLength(4)
  })

  test('is refused by itself, and the others are read', () => {
    const { entries } = readBulkRequest(message([7, post('a'), post('a'), post('b')]), 1000)
    expect(entries.map(({ ok }) => ok)).toEqual([false, true, false, true])
  })

  test.each<[string, Json, object]>([
    ['no object', 'x', { method: '', detail: 'Operations[0] must be an object, not "x".' }],
    [
      'another method',
      { ...post('a'), method: 'get' },
      {
        method: 'GET',
        bulkId: 'a',
        detail: 'Operations[0].method must be POST, PUT, PATCH or DELETE, not "get".',
      },
    ],
    [
      'no path',
      { method: 'DELETE', path: 7 },
      { method: 'DELETE', detail: 'Operations[0].path is missing; write for example /Users.' },
    ],
    [
      'a bulkId that is no string',
      { ...post('a'), bulkId: 7 },
      { method: 'POST', detail: 'Operations[0].bulkId must be a string, not 7.' },
    ],
    [
      'a version that is no string',
      { method: 'DELETE', path: 'Users/1', version: ['x'] },
      {
        method: 'DELETE',
        detail: 'Operations[0].version must be a string, not ["x"].',
      },
    ],
    [
      'no data',
      { method: 'PUT', path: '/Users/1' },
      {
        method: 'PUT',
        detail: expect.stringMatching(/^Operations\[0\]\.data must be an object, /),
      },
    ],
    [
      'data that is no object',
      { method: 'PATCH', path: '/Users/1', data: [1] },
      { method: 'PATCH', detail: 'Operations[0].data must be an object, not [1].' },
    ],
  ])('with %s is refused', (_, operation, mistake) => {
    expect(mistakeOf(operation)).toStrictEqual({ scimType: 'invalidSyntax', ...mistake })
  })

  test('whose bulkId is there already is refused; without one, or with an empty one, it is not', () => {
    const { bulkId: _none, ...without } = post('a')
    for (const entry of [entryOf({ ...post('a'), bulkId: '' }), entryOf(without)]) {
      expect(entry.ok && entry.operation).not.toHaveProperty('bulkId')
    }
    const { entries } = readBulkRequest(message([post('a'), post('a')]), 1000)
    expect(entries[1]).toMatchObject({
      ok: false,
      mistake: {
        method: 'POST',
        bulkId: 'a',
        error: {
          scimType: 'invalidSyntax',
          detail: 'Operations[1].bulkId "a" is that of an earlier operation; make them unique.',
        },
      },
    })
    // Only a POST gives its bulkId a meaning.
    const change = { method: 'DELETE', path: '/Users/1', bulkId: 'a' }
    const twice = readBulkRequest(message([change, change, post('a')]), 1000)
    expect(twice.entries.every(({ ok }) => ok)).toBe(true)
  })

  test.each([
    '/Things',
    'x/Users',
    '/Users/1/2',
    '/Users//',
    '/',
    '',
    '//Users',
    '/users',
    'https://x/Users',
  ])('on the path %j names nothing', (path) => {
    const operation = { ...post('a'), path }
    expect(mistakeOf(operation)).toStrictEqual({
      method: 'POST',
      bulkId: 'a',
      error: { kind: 'unknown-path' },
    })
  })

  test('may leave out the slash at the beginning of its path', () => {
    expect(entryOf({ ...post('a'), path: 'Users' })).toEqual(entryOf(post('a')))
    const remove = { method: 'DELETE', path: 'Groups/g1' }
    expect(entryOf(remove)).toEqual(entryOf({ ...remove, path: '/Groups/g1' }))
  })

  test('that creates needs the path of a type, and every other that of a resource', () => {
    const wrong = { error: { kind: 'wrong-method' } }
    expect(mistakeOf({ ...post('a'), path: '/Users/1' })).toMatchObject(wrong)
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      expect(mistakeOf({ method, path: '/Users', data: {} })).toMatchObject(wrong)
      expect(mistakeOf({ method, path: '/Users/', data: {} })).toMatchObject(wrong)
      expect(mistakeOf({ method, path: '/Users/1', data: {} })).toBeUndefined()
    }
    expect(entryOf({ ...post('a'), path: '/Groups/' })).toMatchObject({
      operation: { type: groupType },
    })
  })
})

describe('references to bulkIds', () => {
  const operationOf = (data: Json, id?: string): BulkOperation => ({
    method: 'PATCH',
    type: groupType,
    ...(id !== undefined && { id }),
    data,
  })
  const found = (data: Json, id?: string) => [...referencesOf(operationOf(data, id))]
  const ids: Readonly<Record<string, string>> = { a: '1', eve: '2', '/': '3' }
  const resolved = (data: Json, id?: string) => {
    const { method, type, ...rest } = resolveReferences(
      operationOf(data, id),
      (bulkId) => ids[bulkId],
    )
    expect([method, type]).toEqual(['PATCH', groupType])
    return rest
  }

  test('are found in the path and at any depth of the data, each once', () => {
    const data = { members: [{ value: 'bulkId:a' }, { value: 'bulkId:b' }], x: 'bulkId:a', n: 1 }
    expect(found(data)).toEqual(['a', 'b'])
    expect(found({}, 'bulkId:c')).toEqual(['c'])
    expect(found({}, 'bulkId%3Ac%2F')).toEqual(['c/'])
    expect(found(null, '%')).toEqual([])
    expect(referencesOf({ method: 'DELETE', type: userType, id: 'bulkId:a' })).toEqual(
      new Set(['a']),
    )
    expect(referencesOf({ method: 'DELETE', type: userType, id: 'u1' }).size).toBe(0)
  })

  test('are whole values, or stand in quotes in the filter of a path', () => {
    expect(found({ path: 'members[value eq "bulkId:a" or value eq "bulkId:eve"]' })).toEqual([
      'a',
      'eve',
    ])
    expect(found(['bulkId:', 'xbulkId:a', 'BULKID:a', 'say bulkId:a', '"bulkId:"'])).toEqual([])
    expect(found(['bulkId:a\nb', 'bulkId:bulkId:c'])).toEqual(['a\nb', 'bulkId:c'])
    expect(found({}, 'xbulkId:a')).toEqual([])
  })

  test('are replaced by the ids, and all else stays as it is', () => {
    const data = {
      members: [{ value: 'bulkId:a', n: 1 }, { value: 'bulkId:z' }],
      path: 'members[value eq "bulkId:a"].x and "bulkId:z"',
      rest: [true, null, 'x'],
    }
    expect(resolved(data)).toEqual({
      data: {
        members: [{ value: '1', n: 1 }, { value: 'bulkId:z' }],
        path: 'members[value eq "1"].x and "bulkId:z"',
        rest: [true, null, 'x'],
      },
    })
    expect(resolved({}, 'bulkId:a')).toEqual({ id: '1', data: {} })
    expect(resolved({}, 'bulkId%3A%2F')).toEqual({ id: '3', data: {} })
    expect(resolved({}, 'bulkId:z')).toEqual({ id: 'bulkId:z', data: {} })
    expect(resolved({}, '%')).toEqual({ id: '%', data: {} })
    expect(resolved({}, 'u1')).toEqual({ id: 'u1', data: {} })
  })

  test('are replaced in a filter by a quoted id', () => {
    const { data } = resolveReferences(operationOf('x eq "bulkId:q"'), () => 'say "hi"')
    expect(data).toBe('x eq "say \\"hi\\""')
  })

  test('leave an operation without data without any', () => {
    const operation: BulkOperation = { method: 'DELETE', type: userType, id: 'bulkId:a' }
    expect(resolveReferences(operation, () => '1')).toStrictEqual({ ...operation, id: '1' })
    const { id: _none, ...bare } = operation
    expect(resolveReferences(bare, () => '1')).toStrictEqual(bare)
  })
})

test('a response lists the results under its schema', () => {
  const results = [{ method: 'POST', status: '201', bulkId: 'a' }]
  expect(BULK_RESPONSE).toBe('urn:ietf:params:scim:api:messages:2.0:BulkResponse')
  expect(bulkResponse(results)).toEqual({ schemas: [BULK_RESPONSE], Operations: results })
})
