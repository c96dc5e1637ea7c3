import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../../src/scim/json.ts'
import {
  dependsOnMembers,
  listedIds,
  MAXIMUM_MEMBERS,
  type MemberChange,
  type MemberForm,
  noMemberChange,
  readMemberIds,
  reduceMemberChanges,
  separateMembers,
} from '../../../../src/scim/patch/members.ts'
import { readOperations } from '../../../../src/scim/patch/operation.ts'
import { resolveOperations } from '../../../../src/scim/patch/target.ts'
import { groupType } from '../../../../src/scim/schema/resource-type.ts'
import { expectRefusal, GROUP, patchBody } from '../support.ts'

function changes(...operations: readonly Json[]) {
  return separateMembers(resolveOperations(groupType, readOperations(patchBody(...operations))))
}

/** The net effect of operations, its sets as sorted lists. */
function effect(current: readonly MemberForm[], ...operations: readonly Json[]) {
  const { replace, add, remove } = reduceMemberChanges(changes(...operations).members, current)
  return { replace, add: [...add].sort(), remove: [...remove].sort() }
}

/** Who is a member once the change is carried out. */
function carriedOut(ids: readonly string[], { replace, add, remove }: MemberChange): string[] {
  const now = new Set(replace ? [] : ids)
  for (const id of add) now.add(id)
  for (const id of remove) now.delete(id)
  return [...now].sort()
}

const member = (value: string, display = ''): MemberForm => ({ value, type: 'user', display })
const add = (value: Json, path = 'members') => ({ op: 'add', path, value })
const replace = (value: Json, path = 'members') => ({ op: 'replace', path, value })
const remove = (path: string, value?: Json) => ({
  op: 'remove',
  path,
  ...(value === undefined ? {} : { value }),
})

describe('the ids in a value', () => {
  test.each<[Json, string[]]>([
    [
      [{ value: 'a' }, { value: 'b' }],
      ['a', 'b'],
    ],
    [{ value: 'a' }, ['a']],
    ['a', ['a']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [[{ $ref: null, value: 'a' }], ['a']],
    [[{ VALUE: 'a', display: 'x', type: 'Group', $ref: 'https://evil/x' }], ['a']],
    [[null, { value: 'a' }], ['a']],
    [[], []],
    [null, []],
  ])('%j', (value, ids) => {
    expect(readMemberIds(value, 'members')).toEqual(ids)
  })

  test.each<[Json, string]>([
    [[5], 'members[0] must be an object whose value is the id of a user, not 5'],
    [[{ value: 'a' }, {}], 'members[1]'],
    [[{ value: 5 }], 'members[0]'],
    [[{ value: null }], 'members[0]'],
    [[{ value: '' }], 'members[0]'],
    [[''], 'members[0]'],
    [[[{ value: 'a' }]], 'members[0]'],
    [true, 'members[0]'],
    [[{ value: 'a\0' }], 'members[0].value contains U+0000'],
    [['\ud800'], 'members[0].value contains half'],
  ])('are refused where there are none: %j', (value, detail) => {
    expectRefusal(() => readMemberIds(value, 'members'), 'invalidValue', detail)
  })

  test('are as many as a group may have', () => {
    const ids = Array.from({ length: 100_001 }, (_, at) => `u${at}`)
    expect(MAXIMUM_MEMBERS).toBe(100_000)
    expect(readMemberIds(ids.slice(1), 'members')).toHaveLength(100_000)
    expectRefusal(() => readMemberIds(ids, 'members'), 'invalidValue', '100001', '100000')
  })
})

test('changes of members are kept apart from all others', () => {
  const { members, others } = changes(
    { op: 'replace', value: { displayName: 'New', MEMBERS: [{ value: 'a' }] } },
    add([{ value: 'b' }], `${GROUP}:members`),
    { op: 'replace', path: 'externalId', value: 'e' },
    { op: 'add', path: GROUP, value: { members: [{ value: 'c' }] } },
    { op: 'add', value: { [`${GROUP}:members`]: ['d'] } },
  )
  expect(members.map(({ op, value }) => [op, value])).toEqual([
    ['replace', [{ value: 'a' }]],
    ['add', [{ value: 'b' }]],
    ['add', [{ value: 'c' }]],
    ['add', ['d']],
  ])
  expect(others.map((change) => 'value' in change && change.value)).toEqual(['New', 'e'])
})

describe('the net effect', () => {
  test.each<[string, JsonObject[], { replace: boolean; add: string[]; remove: string[] }]>([
    ['of nothing is nothing', [], { replace: false, add: [], remove: [] }],
    [
      'of add is the ids',
      [add([{ value: 'a' }, { value: 'b' }])],
      { replace: false, add: ['a', 'b'], remove: [] },
    ],
    [
      'of add of the same twice is one',
      [add('a'), add([{ value: 'a' }, 'a'])],
      { replace: false, add: ['a'], remove: [] },
    ],
    [
      'of add without a path is the same',
      [{ op: 'add', value: { members: [{ value: 'a' }] } }],
      { replace: false, add: ['a'], remove: [] },
    ],
    ['of add of nothing is nothing', [add([]), add(null)], { replace: false, add: [], remove: [] }],
    [
      'of remove with a list is the ids',
      [remove('members', [{ value: 'a' }, { value: 'b' }])],
      { replace: false, add: [], remove: ['a', 'b'] },
    ],
    [
      'of remove with one object is its id',
      [remove('members', { value: 'a' })],
      { replace: false, add: [], remove: ['a'] },
    ],
    [
      'of remove with bare ids is the ids',
      [remove('members', ['a'])],
      { replace: false, add: [], remove: ['a'] },
    ],
    [
      'of remove with [] is nothing',
      [remove('members', [])],
      { replace: false, add: [], remove: [] },
    ],
    [
      'of remove without a value is an empty group',
      [remove('members')],
      { replace: true, add: [], remove: [] },
    ],
    [
      'of remove with null is an empty group',
      [remove('members', null)],
      { replace: true, add: [], remove: [] },
    ],
    [
      'of remove by id is the id',
      [remove('members[value eq "a"]')],
      { replace: false, add: [], remove: ['a'] },
    ],
    [
      'of remove by one of several ids is all of them',
      [remove('members[value eq "a" or value eq "b"]')],
      { replace: false, add: [], remove: ['a', 'b'] },
    ],
    [
      'of replace is the ids',
      [replace([{ value: 'a' }, { value: 'b' }])],
      { replace: true, add: ['a', 'b'], remove: [] },
    ],
    ['of replace with [] is an empty group', [replace([])], { replace: true, add: [], remove: [] }],
    [
      'of add, then remove, is the removal',
      [add('a'), remove('members[value eq "a"]')],
      { replace: false, add: [], remove: ['a'] },
    ],
    [
      'of remove, then add, is the addition',
      [remove('members', ['a']), add('a')],
      { replace: false, add: ['a'], remove: [] },
    ],
    [
      'of replace, then add and remove, is what is left',
      [replace(['a', 'b']), add('c'), remove('members', ['a', 'x'])],
      { replace: true, add: ['b', 'c'], remove: [] },
    ],
    [
      'of add, then remove of all, is an empty group',
      [add('a'), remove('members'), add('b')],
      { replace: true, add: ['b'], remove: [] },
    ],
  ])('%s', (_what, operations, net) => {
    expect(dependsOnMembers(changes(...operations).members)).toBe(false)
    expect(effect([], ...operations)).toEqual(net)
  })

  test('is nothing where there are no changes', () => {
    expect(reduceMemberChanges([])).toEqual(noMemberChange)
  })

  test('of removing and adding in one request is both, as Okta does', () => {
    const net = reduceMemberChanges(
      changes(
        remove('members[value eq "b"]'),
        add([{ value: 'a', display: 'test.user@okta.local' }]),
      ).members,
    )
    expect(carriedOut(['b'], net)).toEqual(['a'])
  })

  test('of several removals is all of them, whatever their form', () => {
    const net = reduceMemberChanges(
      changes(remove('members[value eq "1"]'), remove('members[value eq "2"]'), {
        op: 'Remove',
        path: 'members',
        value: [{ value: '3' }, { value: '4' }],
      }).members,
    )
    expect(carriedOut(['1', '2', '3', '4', '5'], net)).toEqual(['5'])
  })
})

describe('a filter over members', () => {
  const current = [member('a', 'ada'), member('b', 'bob'), member('c', 'cid')]

  test.each<[JsonObject, boolean]>([
    [remove('members[value eq "a"]'), false],
    [remove('members[display eq "Ada"]'), true],
    [remove('members[value eq "a" and display eq "Ada"]'), true],
    [remove('members[value ne "a"]'), true],
    [remove('members[not (value eq "a")]'), true],
    [replace([{ value: 'x' }], 'members[value eq "a"]'), true],
    [add([{ value: 'x' }], 'members[value eq "a"]'), true],
    [replace([{ value: 'x' }]), false],
  ])('needs to know the members, or not: %j %j', (operation, needed) => {
    expect(dependsOnMembers(changes(operation).members)).toBe(needed)
  })

  test.each<[JsonObject[], { replace: boolean; add: string[]; remove: string[] }]>([
    [[remove('members[display eq "ADA"]')], { replace: false, add: [], remove: ['a'] }],
    [
      [remove('members[display sw "b" or value eq "c"]')],
      { replace: false, add: [], remove: ['b', 'c'] },
    ],
    [[remove('members[not (value eq "a")]')], { replace: false, add: [], remove: ['b', 'c'] }],
    [[remove('members[type eq "User"]')], { replace: false, add: [], remove: ['a', 'b', 'c'] }],
    [[remove('members[type eq "Group"]')], { replace: false, add: [], remove: [] }],
    [[remove('members[display eq "nobody"]')], { replace: false, add: [], remove: [] }],
    [
      [replace([{ value: 'x' }], 'members[value eq "a"]')],
      { replace: false, add: ['x'], remove: ['a'] },
    ],
    [
      [replace({ value: 'x' }, 'members[display eq "bob" or value eq "zz"]')],
      { replace: false, add: ['x'], remove: ['b'] },
    ],
    [
      [add('x'), remove('members[value ne "a"]')],
      { replace: false, add: [], remove: ['b', 'c', 'x'] },
    ],
    [
      [remove('members', ['b']), remove('members[display co "b"]')],
      { replace: false, add: [], remove: ['b'] },
    ],
    [
      [replace(['a', 'x']), remove('members[display eq "ada"]')],
      { replace: true, add: ['x'], remove: [] },
    ],
    [
      [replace(['x']), replace(['y'], 'members[value eq "x"]')],
      { replace: true, add: ['y'], remove: [] },
    ],
    [[add([{ value: 'x' }], 'members[value eq "a"]')], { replace: false, add: ['x'], remove: [] }],
    [
      [add([{ value: 'x' }], 'members[value eq "z"]')],
      { replace: false, add: ['x', 'z'], remove: [] },
    ],
  ])('selects those who are members by then: %j', (operations, net) => {
    expect(effect(current, ...operations)).toEqual(net)
  })

  test.each<JsonObject[][]>([
    [[replace([{ value: 'x' }], 'members[value eq "nobody"]')]],
    [[replace([{ value: 'x' }], 'members[display eq "nobody"]')]],
    [[remove('members', ['a']), replace(['x'], 'members[value eq "a"]')]],
    [[replace([]), replace(['x'], 'members[value eq "a"]')]],
  ])('that selects nobody cannot be replaced: %j', (operations) => {
    expectRefusal(() => effect(current, ...operations), 'noTarget', 'no member matches the filter')
  })
})

test.each<JsonObject>([
  replace('x', 'members[value eq "a"].display'),
  replace('x', 'members.value'),
  add('x', 'members[value eq "a"].type'),
  remove('members.display'),
])('a part of a member is immutable: %j', (operation) => {
  expectRefusal(
    () => effect([member('a')], operation),
    'mutability',
    'Operations[0]: members.',
    'immutable',
  )
})

test('one bad id spoils the request', () => {
  expectRefusal(() => effect([], add('a'), add([5])), 'invalidValue', 'Operations[1]: members[0]')
  expectRefusal(
    () => effect([], remove('members', [{}])),
    'invalidValue',
    'Operations[0]: members[0]',
  )
})

describe('the ids that changes list', () => {
  const listed = (...operations: readonly Json[]) => [...listedIds(changes(...operations).members)]

  test('are those that are added or put in place, each once', () => {
    const operations = [
      add([{ value: 'a' }, 'b']),
      replace([{ value: 'c' }, { value: 'a' }]),
      replace('d', 'members[value eq "x"]'),
      add(null),
    ]
    expect(listed(...operations)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('are not those that are removed', () => {
    expect(
      listed(remove('members', ['a']), remove('members'), remove('members[value eq "b"]')),
    ).toEqual([])
  })

  test('are refused where they are none', () => {
    expectRefusal(() => listed(add([7])), 'invalidValue', 'Operations[0]: members[0]')
  })
})

describe('a filter that looks at more than ids', () => {
  const net = (
    current: readonly MemberForm[],
    listed: readonly MemberForm[],
    ...operations: readonly Json[]
  ) => {
    const { members } = changes(...operations)
    const { add: added, remove: removed } = reduceMemberChanges(members, current, listed)
    return { add: [...added].sort(), remove: [...removed].sort() }
  }
  const ada = member('a', 'ada')
  const bob = member('b', 'bob')

  test('looks at whom an operation before it has added', () => {
    const operations = [add(['a', 'b']), remove('members[display eq "ada"]')]
    expect(net([], [ada, bob], ...operations)).toEqual({ add: ['b'], remove: ['a'] })
    expect(net([ada], [ada, bob], ...operations)).toEqual({ add: ['b'], remove: ['a'] })
  })

  test('takes an unknown id for a user without a name', () => {
    expect(net([], [], add('x'), remove('members[type eq "User"]')).add).toEqual([])
    expect(net([], [], add('x'), remove('members[display sw "s"]')).add).toEqual(['x'])
    expect(net([], [], add('x'), remove('members[display eq ""]')).add).toEqual([])
  })

  test('selects nobody where nobody is a member', () => {
    const { members } = changes(remove('members[not (display eq "ada")]'))
    expect(reduceMemberChanges(members)).toEqual(noMemberChange)
  })

  test('describes no id, whatever it compares', () => {
    const either = 'members[display eq "a" or display eq "b"]'
    expect(net([ada, bob], [], remove(either))).toEqual({ add: [], remove: [] })
    expect(net([ada], [member('c')], add('c', either))).toEqual({ add: ['c'], remove: [] })
    expect(net([ada], [], remove('members[value eq "b" or display eq "ada"]')).remove).toEqual([
      'a',
    ])
    expect(
      net([ada], [], remove('members[value eq "b" or (value eq "c" and display pr)]')),
    ).toEqual({
      add: [],
      remove: [],
    })
  })

  test('of ids alone selects these, however its terms are nested', () => {
    const nested = changes(
      remove('members[value eq "a" or (value eq "b" or value eq "c")]'),
    ).members
    expect(dependsOnMembers(nested)).toBe(false)
    expect([...reduceMemberChanges(nested).remove].sort()).toEqual(['a', 'b', 'c'])
  })

  test('takes work for each member, and for each whom the request has added', () => {
    const spent: number[] = []
    const { members } = changes(add(['c', 'd', 'e']), remove('members[display pr and type pr]'))
    reduceMemberChanges(members, [ada, bob], [], (work) => spent.push(work))
    expect(spent).toEqual([(2 + 3) * (3 + 2)])
  })
})

test('so many looks at so many members are refused', () => {
  const current = Array.from({ length: 50_000 }, (_, at) => member(`u${at}`))
  const looks = Array.from({ length: 200 }, () => remove('members[display eq "nobody"]'))
  expectRefusal(() => effect(current, ...looks), 'tooMany', 'send fewer')
  const byId = Array.from({ length: 1000 }, (_, at) => replace([], `members[value eq "u${at}"]`))
  expect(effect(current, ...byId).remove).toHaveLength(1000)
})

describe('whatever the operations', () => {
  const id = fc.constantFrom<string>('a', 'b', 'c', 'd', 'e')
  const ids: fc.Arbitrary<string[]> = fc.array(id, { maxLength: 3 })
  const filter = fc.oneof(
    id.map((one) => ({ text: `value eq "${one}"`, holds: (x: string) => x === one })),
    fc.tuple(id, id).map(([one, other]) => ({
      text: `value eq "${one}" or value eq "${other}"`,
      holds: (x: string) => x === one || x === other,
    })),
    id.map((one) => ({ text: `value gt "${one}"`, holds: (x: string) => x > one })),
    id.map((one) => ({ text: `not (value eq "${one}")`, holds: (x: string) => x !== one })),
  )
  /** An operation, and what it does to a list of members. */
  const step = fc.oneof(
    ids.map((given) => ({
      operation: add(given.map((value) => ({ value }))),
      apply: (now: string[]) => [...now, ...given],
    })),
    ids.map((given) => ({ operation: replace(given), apply: (_now: string[]) => [...given] })),
    ids.map((given) => ({
      operation: remove('members', given),
      apply: (now: string[]) => now.filter((one) => !given.includes(one)),
    })),
    fc.constant({ operation: remove('members'), apply: (_now: string[]): string[] => [] }),
    filter.map(({ text, holds }) => ({
      operation: remove(`members[${text}]`),
      apply: (now: string[]) => now.filter((one) => !holds(one)),
    })),
    fc.tuple(filter, ids).map(([{ text, holds }, given]) => ({
      operation: replace(given, `members[${text}]`),
      apply: (now: string[]) =>
        now.some(holds) ? [...now.filter((one) => !holds(one)), ...given] : 'noTarget',
    })),
  )

  test('the net effect is that of a list to which they are applied one by one', () => {
    fc.assert(
      fc.property(ids, fc.array(step, { maxLength: 8 }), (start, steps) => {
        let expected: string[] | string = start
        for (const { apply } of steps) {
          if (Array.isArray(expected)) expected = apply(expected)
        }
        const { members } = changes(...steps.map(({ operation }) => operation))
        const current = [...new Set(start)].map((one) => member(one))
        const reduce = () => reduceMemberChanges(members, current)
        if (!Array.isArray(expected)) {
          expectRefusal(reduce, 'noTarget')
          return
        }
        const net = reduce()
        expect(carriedOut(start, net)).toEqual([...new Set(expected)].sort())
        expect([...net.add].filter((one) => net.remove.has(one))).toEqual([])
        if (net.replace) expect(net.remove.size).toBe(0)
      }),
      { numRuns: 1000 },
    )
  })

  test('they need no members where they say that they need none', () => {
    fc.assert(
      fc.property(ids, fc.array(step, { maxLength: 6 }), (start, steps) => {
        const { members } = changes(...steps.map(({ operation }) => operation))
        fc.pre(!dependsOnMembers(members))
        const current = [...new Set(start)].map((one) => member(one))
        expect(reduceMemberChanges(members, [])).toEqual(reduceMemberChanges(members, current))
      }),
    )
  })
})
