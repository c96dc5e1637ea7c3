import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../../src/scim/json.ts'
import { PATCH_OP, readOperations } from '../../../../src/scim/patch/operation.ts'
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

  test.each<JsonObject>([{ Operations: [] }, { Operations: null }, {}])(
    'whose operations are empty, null or absent changes nothing (RFC 7643 §2.5): %j',
    (body) => {
      expect(readOperations({ schemas: [PATCH_OP], ...body })).toEqual([])
    },
  )

  test.each<JsonObject>([{}, { schemas: null }, { schemas: [] }])(
    'may leave schemas out, as a gateway does in all its requests: %j',
    (schemas) => {
      const Operations = [{ op: 'replace', path: 'active', value: false }]
      expect(readOperations({ ...schemas, Operations })).toEqual([
        { op: 'replace', path: 'active', value: false, where: 'Operations[0]' },
      ])
    },
  )

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
    { schemas: ['urn:x'], Operations: [] },
    { schemas: PATCH_OP, Operations: [] },
    { schemas: '', Operations: [] },
    { schemas: {}, Operations: [] },
    { schemas: [5], Operations: [] },
    { schemas: [null], Operations: [] },
  ])('that says to be something else is refused: %j', (body) => {
    expectRefusal(() => readOperations(body), 'invalidSyntax', `schemas must list ${PATCH_OP}`)
  })

  test.each<Json>([{ op: 'add', path: 'title', value: 'x' }, 'x', 0, false])(
    'whose operations are no list is refused: %j',
    (operations) => {
      const body = { schemas: [PATCH_OP], Operations: operations }
      expectRefusal(() => readOperations(body), 'invalidSyntax', 'Operations must be a list')
    },
  )

  test('holds twenty thousand operations at most', () => {
    const operations = (length: number): Json[] =>
      Array.from({ length }, () => ({ op: 'remove', path: 'title' }))
    expect(readOperations({ Operations: operations(20_000) })).toHaveLength(20_000)
    const reason = { kind: 'too-many-operations', message: 'PATCH', count: 20_001, limit: 20_000 }
    expect(() => readOperations({ Operations: operations(20_001) })).toThrow(
      expect.objectContaining({ reason }),
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
