import { describe, expect, test } from 'vitest'
import { readFilter } from '../../../../src/scim/filter/bind.ts'
import type { Json } from '../../../../src/scim/json.ts'
import { applyChanges } from '../../../../src/scim/patch/apply.ts'
import {
  comparisonsOf,
  effortOfFilter,
  effortOfPath,
  newEffort,
} from '../../../../src/scim/patch/effort.ts'
import { readOperations } from '../../../../src/scim/patch/operation.ts'
import { resolveOperations } from '../../../../src/scim/patch/target.ts'
import { userType } from '../../../../src/scim/schema/resource-type.ts'
import { ENTERPRISE, expectRefusal, patchBody, patchUser, userResource } from '../support.ts'

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

describe('the count of the work', () => {
  test('reaches the maximum, and not one more', () => {
    const spend = newEffort(10)
    spend(4)
    spend(6)
    spend(0)
    expectRefusal(() => spend(1), 'tooMany', 'send fewer in each request')
  })

  test('begins with a path, by its length, also where it names nothing', () => {
    expect(effortOfPath('')).toBe(16)
    expect(effortOfPath('title')).toBe(31)
    const spent: number[] = []
    const operations = readOperations(
      patchBody({ op: 'add', path: 'shoeSize', value: 1 }, { op: 'add', value: { title: 'Dr' } }),
    )
    resolveOperations(userType, operations, (work) => spent.push(work))
    expect(spent).toEqual([40, 31])
  })

  // Ten elements that are 2,560 characters long together.
  test.each([
    ['title eq "a"', 20],
    ['title ne "a"', 20],
    ['title sw "a"', 20],
    ['title ew "a"', 20],
    ['title co "a"', 170],
    ['title gt "a"', 170],
    ['title ge "a"', 170],
    ['title lt "a"', 170],
    ['title le "a"', 170],
    ['title pr', 20],
    ['not (title co "a")', 170],
    ['title eq "a" or title eq "b" or title eq "c"', 60],
    ['title co "a" and title pr', 190],
    ['title co "a" or title pr', 190],
    ['emails[value co "a" and type pr]', 190],
  ])('goes on with a filter: %s', (text, work) => {
    expect(effortOfFilter(readFilter(userType, text), 10, 2560)).toBe(work)
  })

  test('counts what holds for all, or for none, as one comparison', () => {
    expect(comparisonsOf({ kind: 'constant', holds: true })).toBe(1)
    expect(effortOfFilter({ kind: 'constant', holds: false }, 10, 2560)).toBe(20)
  })

  test('is that of elements and of their length', () => {
    const spentOn = (operation: Json) => {
      const resource = { userName: 'ada', emails: emails(100) }
      let spent = 0
      const changes = resolveOperations(userType, readOperations(patchBody(operation)))
      applyChanges(userType, resource, changes, userResource(resource), (work) => {
        spent += work
      })
      return Math.round(spent)
    }
    // An element is such as `{"value":"u10"}`: 10 of them take 14 characters, the others 15.
    const characters = 10 * 14 + 90 * 15
    // To tell the elements apart by what their values, 10 of two and 90 of three, are compared by.
    const apart = 100 * 4 + (10 * 2 + 90 * 3) / 4
    // To apply a change at all.
    const change = 12
    // To find the elements, to write one with a value of three characters, and to settle the list.
    const find = 100 + 100 + characters / 256
    const write = 80 + 3 / 8 + 15 / 8
    expect(spentOn({ op: 'replace', path: 'emails[value eq "u10"].type', value: 'x' })).toBe(
      Math.round(change + find + write + apart + 4 * 100),
    )
    expect(spentOn({ op: 'remove', path: 'emails[value eq "u10"]' })).toBe(
      Math.round(change + find),
    )
    // To know the places of all once, and then to look two up.
    const two: Json = [{ value: 'v1' }, { value: 'v2' }]
    expect(spentOn({ op: 'add', path: 'emails', value: two })).toBe(
      Math.round(change + 100 + apart + 100 / 16 + 4 * 2 + 2 * (4 + 2 / 4)),
    )
    // Listed values that have the same parts are looked up together.
    expect(spentOn({ op: 'remove', path: 'emails', value: two })).toBe(
      Math.round(change + 2 * 100 + characters / 16),
    )
  })
})
