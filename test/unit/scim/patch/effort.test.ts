import { describe, expect, test } from 'vitest'
import { readFilter } from '../../../../src/scim/filter/bind.ts'
import { comparisonsOf } from '../../../../src/scim/patch/effort.ts'
import { userType } from '../../../../src/scim/schema/resource-type.ts'
import { ENTERPRISE, expectRefusal, patchUser } from '../support.ts'

test.each([
  ['title pr', 1],
  ['title eq "a" and not (title pr or userType pr)', 3],
  ['emails[type eq "a" and value pr]', 2],
  ['title eq "a" or title eq "b" or title eq "c"', 3],
])('%s takes %i comparisons', (text, comparisons) => {
  expect(comparisonsOf(readFilter(userType, text))).toBe(comparisons)
})

const emails = (length: number) => Array.from({ length }, (_, at) => ({ value: `u${at}` }))
const user = (length: number) => ({ userName: 'ada', emails: emails(length) })
const times = (length: number, operation: (at: number) => { op: string; path: string }) =>
  Array.from({ length }, (_, at) => operation(at))

test('a thousand operations on a list of ordinary length are no effort', () => {
  const changed = patchUser(
    user(20),
    ...times(1000, (at) => ({
      op: 'replace',
      path: `emails[value eq "u${at % 20}"].display`,
      value: `${at}`,
    })),
  )
  expect(changed.emails).toEqual(
    emails(20).map((email, at) => ({ ...email, display: `${980 + at}` })),
  )
})

test('a thousand operations on paths with a URN are no effort', () => {
  const path = `${ENTERPRISE}:employeeNumber`
  const changed = patchUser(
    user(1),
    ...times(1000, (at) => ({ op: 'replace', path, value: `${at}` })),
  )
  expect(changed[ENTERPRISE]).toEqual({ employeeNumber: '999' })
})

test('a thousand elements can be added one by one', () => {
  const changed = patchUser(
    { userName: 'ada' },
    ...times(1000, (at) => ({ op: 'add', path: 'emails', value: { value: `u${at}` } })),
  )
  expect(changed.emails).toEqual(emails(1000))
})

test.each([
  [
    'many comparisons',
    times(1000, () => ({ op: 'remove', path: 'emails[type eq "x" or display pr]' })),
  ],
  ['many changes', times(200, (at) => ({ op: 'replace', path: 'emails.type', value: `${at}` }))],
  [
    'many listed values of many kinds',
    times(1000, () => ({
      op: 'remove',
      path: 'emails',
      value: [{ value: 'x' }, { type: 'x' }, { display: 'x' }],
    })),
  ],
  [
    'long paths',
    times(1000, (at) => ({
      op: 'remove',
      path: `emails[${Array.from({ length: 40 }, () => `value eq "${at}"`).join(' or ')}]`,
    })),
  ],
  [
    'many values without a path',
    Array.from({ length: 1000 }, () => ({
      op: 'add',
      value: Object.fromEntries(
        Array.from({ length: 40 }, (_, at) => [`emails[value eq "u${at}"].display`, 'x']),
      ),
    })),
  ],
  [
    'a long text many times',
    [{ op: 'replace', path: 'emails.display', value: 'x'.repeat(100_000) }],
  ],
])('%s in a list of a thousand are refused', (_what, operations) => {
  expectRefusal(() => patchUser(user(1000), ...operations), 'tooMany', 'send fewer')
})

describe('long values', () => {
  const long = (length: number) => ({
    userName: 'ada',
    emails: emails(length).map((email) => ({ ...email, display: `${'x'.repeat(2000)}` })),
  })

  test('that a filter looks through are refused sooner than short ones', () => {
    const operations = times(100, () => ({ op: 'remove', path: 'emails[display co "y"]' }))
    expect(patchUser(user(300), ...operations)).toEqual(user(300))
    expectRefusal(() => patchUser(long(300), ...operations), 'tooMany', 'send fewer')
  })

  test('that are changed again and again are refused', () => {
    const operations = times(100, (at) => ({ op: 'replace', path: 'emails.type', value: `${at}` }))
    expect(patchUser(user(30), ...operations).emails).toHaveLength(30)
    expectRefusal(() => patchUser(long(30), ...operations), 'tooMany', 'send fewer')
  })
})

test('elements that are added one by one find their twins, also after other changes', () => {
  const changed = patchUser(
    { userName: 'ada', emails: [{ value: 'a' }, { value: 'b' }] },
    { op: 'add', path: 'emails', value: { value: 'c' } },
    { op: 'add', path: 'emails', value: [{ value: 'a' }, { value: 'c' }, { value: 'd' }] },
    { op: 'remove', path: 'emails[value eq "c"]' },
    { op: 'add', path: 'emails', value: { value: 'c' } },
    { op: 'add', path: 'emails', value: { value: 'e', primary: true } },
    { op: 'add', path: 'emails', value: { value: 'f', primary: true } },
    { op: 'add', path: 'emails', value: { value: 'c' } },
    { op: 'replace', path: 'emails', value: [{ value: 'a' }] },
    { op: 'add', path: 'emails', value: { value: 'b' } },
  )
  expect(changed.emails).toEqual([{ value: 'a' }, { value: 'b' }])
  const primary = patchUser(
    { userName: 'ada', emails: [{ value: 'a' }] },
    { op: 'add', path: 'emails', value: { value: 'e', primary: true } },
    { op: 'add', path: 'emails', value: { value: 'f', primary: true } },
    { op: 'add', path: 'emails', value: { value: 'e', primary: false } },
  )
  expect(primary.emails).toEqual([
    { value: 'a' },
    { value: 'e', primary: false },
    { value: 'f', primary: true },
  ])
})
