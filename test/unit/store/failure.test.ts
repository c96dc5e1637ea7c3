/** What the drivers say when something goes wrong, and what is made of it. */
import { describe, expect, test } from 'vitest'
import {
  classify,
  type FailureKind,
  isDoubtful,
  isRefused,
  isTransient,
  StoreFailure,
} from '../../../src/store/failure.ts'

describe('what a database says is told apart', () => {
  test.each<[string, FailureKind, string | undefined]>([
    ['D1_ERROR: precondition failed: SQLITE_CONSTRAINT', 'stale', undefined],
    [
      'UNIQUE constraint failed: user.namespace, user.user_name_key: SQLITE_CONSTRAINT',
      'unique',
      'user.namespace, user.user_name_key',
    ],
    ['SQLITE_CONSTRAINT_PRIMARYKEY: PRIMARY KEY constraint failed', 'unique', undefined],
    ['FOREIGN KEY constraint failed: SQLITE_CONSTRAINT', 'foreign-key', 'SQLITE_CONSTRAINT'],
    ['FOREIGN KEY constraint failed', 'foreign-key', undefined],
    ['CHECK constraint failed: at_most (code 275)', 'check', 'at_most'],
    ['SQLITE_BUSY: cannot start', 'busy', undefined],
    ['SQLITE_LOCKED', 'busy', undefined],
    ['database is locked', 'busy', undefined],
    ['database table is locked', 'busy', undefined],
    ['no such table: namespace', 'absent', undefined],
    ['no such table: token: SQLITE_ERROR', 'absent', undefined],
    ['Server returned HTTP status 404', 'absent', undefined],
    ['no such table: tokens', 'unavailable', undefined],
    ['no such column: x', 'unavailable', undefined],
    ['D1 DB is overloaded. Too many requests queued.', 'unavailable', undefined],
    ['Too many requests queued', 'unavailable', undefined],
    ['D1 DB is overloaded. Requests queued for too long.', 'unavailable', undefined],
    ['D1 DB exceeded its CPU time limit and was reset.', 'exceeded', undefined],
    ["D1 DB's isolate exceeded its memory limit and was reset.", 'exceeded', undefined],
    [
      'D1 DB storage operation exceeded timeout which caused object to be reset.',
      'exceeded',
      undefined,
    ],
    ['Memory limit would be exceeded before EOF.', 'exceeded', undefined],
    ['SQLITE_ERROR: syntax error', 'unavailable', undefined],
    ['SQLITE_TOOBIG', 'unavailable', undefined],
    ['NOT NULL constraint failed: user.id', 'unavailable', undefined],
    ['D1_TYPE_ERROR: undefined is not supported', 'unavailable', undefined],
    ['Server returned HTTP status 401', 'unavailable', undefined],
    ['Server returned HTTP status 429', 'unavailable', undefined],
    ['RESPONSE_TOO_LARGE: Response is too large', 'unavailable', undefined],
    ['Exceeded maximum DB size', 'unavailable', undefined],
    ['Your account has exceeded D1 maximum account storage limit', 'unavailable', undefined],
    ['Network connection lost.', 'lost', undefined],
    ['Server returned HTTP status 502', 'lost', undefined],
    ['HTTP status 4040', 'lost', undefined],
    ['fetch failed', 'lost', undefined],
    ['', 'lost', undefined],
  ])('%j is %s', (message, kind, constraint) => {
    const error = new Error(message)
    const failure = classify(error)
    expect(failure).toBeInstanceOf(StoreFailure)
    expect(failure.name).toBe('StoreFailure')
    expect({ kind: failure.kind, constraint: failure.constraint }).toEqual({ kind, constraint })
    expect(failure.cause).toBe(error)
    expect(failure.message).toBe(constraint === undefined ? kind : `${kind}: ${constraint}`)
  })

  test('through all causes, the outermost that says something first', () => {
    const inner = new Error('database is locked')
    const error = new Error('Failed query', { cause: new Error('batch', { cause: inner }) })
    expect(classify(error)).toMatchObject({ kind: 'busy', cause: error })
    expect(classify(new Error('SQLITE_ERROR', { cause: inner })).kind).toBe('unavailable')
  })

  test('once only, and whatever was thrown', () => {
    const failure = new StoreFailure('busy', undefined, undefined)
    expect(classify(failure)).toBe(failure)
    expect(classify('database is locked').kind).toBe('lost')
    expect(classify(undefined).kind).toBe('lost')
  })
})

test('what is done about each kind follows from what is known of the batch', () => {
  const kinds: readonly FailureKind[] = [
    'stale',
    'unique',
    'check',
    'foreign-key',
    'busy',
    'absent',
    'unavailable',
    'lost',
    'exceeded',
  ]
  const those = (is: (failure: StoreFailure) => boolean) =>
    kinds.filter((kind) => is(new StoreFailure(kind, undefined, undefined)))
  expect(those(isDoubtful)).toEqual(['lost', 'exceeded'])
  expect(those(isTransient)).toEqual(['busy', 'lost'])
  expect(those(isRefused)).toEqual(['stale', 'unique', 'check', 'foreign-key'])
})
