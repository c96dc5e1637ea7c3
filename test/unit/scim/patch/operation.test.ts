import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../../src/scim/json.ts'
import {
  MAXIMUM_OPERATIONS,
  PATCH_OP,
  readOperations,
} from '../../../../src/scim/patch/operation.ts'
import { expectRefusal, patchBody } from '../support.ts'

const read = (...operations: readonly Json[]) => readOperations(patchBody(...operations))

describe('a PatchOp message (RFC 7644 §3.5.2)', () => {
  test('is read with its member names and operations in any case, as Entra ID writes them', () => {
    expect(
      readOperations({
        SCHEMAS: [PATCH_OP.toUpperCase()],
        operations: [
          { OP: 'Replace', Path: 'title', VALUE: 'x' },
          { op: 'ADD', value: { title: 'y' } },
          { op: 'Remove', path: 'title' },
        ],
      }),
    ).toStrictEqual([
      { op: 'replace', path: 'title', value: 'x', where: 'Operations[0]' },
      { op: 'add', value: { title: 'y' }, where: 'Operations[1]' },
      { op: 'remove', path: 'title', where: 'Operations[2]' },
    ])
  })

  test('without operations changes nothing', () => {
    expect(read()).toEqual([])
  })

  test('tells null from absent', () => {
    expect(
      read(
        { op: 'replace', path: 'title', value: null },
        { op: 'remove', path: 'title', value: null },
        { op: 'add', path: null, value: {} },
      ),
    ).toEqual([
      { op: 'replace', path: 'title', value: null, where: 'Operations[0]' },
      { op: 'remove', path: 'title', value: null, where: 'Operations[1]' },
      { op: 'add', value: {}, where: 'Operations[2]' },
    ])
  })

  test.each<Json>([[], 'x', null, 5])('that is no object is refused: %j', (body) => {
    expectRefusal(() => readOperations(body), 'invalidSyntax', 'PatchOp object')
  })

  test.each<JsonObject>([
    { Operations: [] },
    { schemas: [], Operations: [] },
    { schemas: ['urn:x'], Operations: [] },
    { schemas: PATCH_OP, Operations: [] },
    { schemas: [5], Operations: [] },
  ])('that does not say what it is is refused: %j', (body) => {
    expectRefusal(() => readOperations(body), 'invalidSyntax', `schemas must list ${PATCH_OP}`)
  })

  test.each<[Json | undefined]>([
    [undefined],
    [{ op: 'add', path: 'title', value: 'x' }],
    ['x'],
    [null],
  ])('without a list of operations is refused: %j', (operations) => {
    const body = {
      schemas: [PATCH_OP],
      ...(operations === undefined ? {} : { Operations: operations }),
    }
    expectRefusal(() => readOperations(body), 'invalidSyntax', 'Operations must be a list')
  })

  test('holds a thousand operations at most', () => {
    const operations = (length: number) =>
      Array.from({ length }, () => ({ op: 'remove', path: 'title' }))
    expect(MAXIMUM_OPERATIONS).toBe(1000)
    expect(read(...operations(1000))).toHaveLength(1000)
    expectRefusal(
      () => read(...operations(1001)),
      'invalidSyntax',
      'Operations',
      '1001',
      '1000',
      'send several',
    )
  })
})

describe('an operation', () => {
  test.each<Json>(['move', 'copy', 'test', '', 'add ', null, 5, ['add']])(
    'is add, remove or replace, not %j',
    (op) => {
      expectRefusal(
        () => read({ op, path: 'title', value: 'x' }),
        'invalidSyntax',
        'Operations[0].op must be add, remove or replace',
      )
    },
  )

  test('must say which it is', () => {
    expectRefusal(() => read({ path: 'title', value: 'x' }), 'invalidSyntax', 'Operations[0].op')
  })

  test.each<Json>(['x', null, 5, []])('is an object, not %j', (operation) => {
    expectRefusal(
      () => read({ op: 'remove', path: 'title' }, operation),
      'invalidSyntax',
      'Operations[1] must be an object',
    )
  })

  test.each<Json>([5, [], {}, true])('has a string for its path, not %j', (path) => {
    expectRefusal(() => read({ op: 'add', path, value: 1 }), 'invalidPath', 'Operations[0].path')
  })

  test.each<JsonObject>([
    { op: 'remove' },
    { op: 'remove', value: { a: 1 } },
    { op: 'Remove', path: null },
  ])('that removes must say what (RFC 7644 §3.5.2.2): %j', (operation) => {
    expectRefusal(() => read(operation), 'noTarget', 'Operations[0] removes')
  })

  test.each(['add', 'replace'])('that does %s needs a value', (op) => {
    expectRefusal(() => read({ op, path: 'title' }), 'invalidValue', 'Operations[0]', op)
    expectRefusal(() => read({ op }), 'invalidValue', 'Operations[0]', op)
  })
})
