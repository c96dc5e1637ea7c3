/** What a user is known by as an account, and what is stored beside its attributes. */
import { describe, expect, test } from 'vitest'
import type { Attributes } from '../../../src/scim/resource/resource.ts'
import {
  accountAddress,
  accountColumns,
  accountEmail,
  accountKeys,
  completed,
  describeChange,
  difference,
  MAXIMUM_RESOURCE,
  withoutEmptyExternalId,
} from '../../../src/store/account.ts'
import { ENTERPRISE } from '../scim/support.ts'

const withEmails = (...emails: readonly object[]) =>
  ({ userName: 'ada', emails }) as unknown as Attributes

describe('the account e-mail', () => {
  const home = { value: 'home@x', type: 'home' }
  const work = { value: 'work@x', type: 'work' }
  const work2 = { value: 'work2@x', type: 'Work', primary: true }
  const other = { value: 'other@x', primary: true }

  test.each([
    ['the primary work one', [home, work, other, work2], 'work2@x'],
    ['else the first work one', [home, other, work, { value: 'b@x', type: 'work' }], 'work@x'],
    ['else the primary', [home, other], 'other@x'],
    ['else the first', [home, { value: 'b@x' }], 'home@x'],
    ['a work one in full width letters', [home, { value: 'w@x', type: 'ｗｏｒｋ' }], 'w@x'],
    ['not one that is primary: false', [home, { value: 'b@x', primary: false }], 'home@x'],
  ])('is %s', (_, emails, expected) => {
    expect(accountEmail(withEmails(...emails))).toBe(expected)
    expect(accountAddress(withEmails(...emails))).toBe(
      emails.find(({ value }) => value === expected),
    )
  })

  test('is never an empty or a missing value', () => {
    const empty = { value: '', type: 'work', primary: true }
    expect(accountEmail(withEmails(empty, home))).toBe('home@x')
    expect(accountEmail(withEmails({ type: 'work', primary: true }, home))).toBe('home@x')
    expect(accountEmail(withEmails({ type: 'work' }, empty))).toBeUndefined()
    expect(accountEmail({ userName: 'ada' })).toBeUndefined()
  })
})

describe('the comparison keys of a user', () => {
  test('are folded, but for the externalId', () => {
    const attributes = withEmails(
      { value: 'Ada@X', type: 'work' },
      { value: 'ADA@x' },
      { value: '' },
      { type: 'other' },
    )
    expect(accountKeys({ ...attributes, userName: 'ＡdA', externalId: 'Ext' })).toEqual({
      userName: 'ada',
      email: 'ada@x',
      externalId: 'Ext',
      emails: ['ada@x', ''],
    })
  })

  test('are null where there is no value', () => {
    expect(accountKeys({ userName: 'ada' })).toEqual({
      userName: 'ada',
      email: null,
      externalId: null,
      emails: [],
    })
  })
})

describe('the columns of a user', () => {
  const ada = { userName: 'Ada', externalId: 'E', emails: [{ value: 'A@x' }] }

  test('are the attributes as they are returned and as they are compared', () => {
    const { resource, folded, active, keys } = accountColumns(ada)
    expect(JSON.parse(resource)).toEqual(ada)
    expect(JSON.parse(folded)).toMatchObject({ userName: 'ada', emails: [{ value: 'a@x' }] })
    expect(active).toBe(1)
    expect(keys).toEqual(accountKeys(ada))
  })

  test('say inactive only where active is false', () => {
    expect(accountColumns({ ...ada, active: false }).active).toBe(0)
    expect(accountColumns({ ...ada, active: true }).active).toBe(1)
  })

  test.each<[string, Attributes]>([
    ['with an e-mail and an externalId', ada],
    ['without', { userName: 'Ada' }],
  ])('are refused above the limit, counted in bytes of all columns: %s', (_, user) => {
    const bytesOf = (attributes: Attributes) => {
      const { resource, folded, keys } = accountColumns(attributes)
      const { userName, email, externalId } = keys
      const texts = [resource, folded, userName, email ?? '', externalId ?? '']
      return Buffer.byteLength(texts.join(''))
    }
    // `é` takes two bytes; the tail makes up for what is left.
    const long = (length: number, tail: string): Attributes => ({
      ...user,
      title: 'é'.repeat(30_000),
      nickName: 'n'.repeat(length),
      displayName: tail,
    })
    // A key is cut after 64 Ki characters, so that one more character is one more byte.
    const room = MAXIMUM_RESOURCE - bytesOf(long(70_000, ''))
    const refused = { reason: { kind: 'resource-too-large', limit: 1_900_000 } }
    expect(bytesOf(long(70_000 + room, ''))).toBe(MAXIMUM_RESOURCE)
    expect(() => accountColumns(long(70_001 + room, ''))).toThrow(expect.objectContaining(refused))
  })
})

test('an empty or blank externalId is none', () => {
  for (const externalId of ['', ' ', ' \t ']) {
    expect(withoutEmptyExternalId({ userName: 'a', externalId })).toEqual({ userName: 'a' })
  }
  const given = { userName: 'a', externalId: ' x ' }
  expect(withoutEmptyExternalId(given)).toBe(given)
  expect(withoutEmptyExternalId({ userName: 'a' })).toEqual({ userName: 'a' })
})

test('who is adopted keeps what is not given, in extensions as well', () => {
  const account = {
    userName: 'ada',
    title: 'Countess',
    [ENTERPRISE]: { department: 'Engines', costCenter: '1' },
  }
  expect(completed(account, { userName: 'Ada', [ENTERPRISE]: { costCenter: '2' } })).toEqual({
    userName: 'Ada',
    title: 'Countess',
    [ENTERPRISE]: { department: 'Engines', costCenter: '2' },
  })
  expect(completed(account, { userName: 'Ada' })).toEqual({ ...account, userName: 'Ada' })
  const { [ENTERPRISE]: extension, ...core } = account
  expect(completed(core, { userName: 'Ada' })).toEqual({ ...core, userName: 'Ada' })
  expect(completed(core, { userName: 'ada', [ENTERPRISE]: { costCenter: '2' } })).toEqual({
    ...core,
    [ENTERPRISE]: { costCenter: '2' },
  })
  expect(extension).toEqual({ department: 'Engines', costCenter: '1' })
})

describe('what an event says of a change', () => {
  test('are the attributes that differ, before and after', () => {
    const before = { userName: 'a', title: 'x', emails: [{ value: '1', type: 'work' }] }
    const after = { userName: 'a', nickName: 'y', emails: [{ type: 'work', value: '1' }] }
    expect(difference(before, after)).toStrictEqual({
      before: { title: 'x' },
      after: { nickName: 'y' },
    })
    expect(difference({ userName: 'a' }, { userName: 'b' })).toEqual({
      before: { userName: 'a' },
      after: { userName: 'b' },
    })
    expect(JSON.parse(describeChange(before, after))).toEqual(difference(before, after))
  })

  test('leaves out long values of before where it would be too large', () => {
    const [old, next] = ['é'.repeat(500_000), 'f'.repeat(899_950)]
    // In quotes, 998 characters are a thousand.
    const [short, longer] = ['s'.repeat(998), 'l'.repeat(999)]
    const before = { title: old, nickName: short, displayName: longer }
    expect(JSON.parse(describeChange(before, { title: next }))).toEqual({
      before: {
        title: { omitted: '500002 characters' },
        nickName: short,
        displayName: { omitted: '1001 characters' },
      },
      after: { title: next },
    })
  })

  test('leaves out nothing while it fits, to the byte', () => {
    const empty = Buffer.byteLength(describeChange({ title: '' }, { title: 'x' }))
    const fits = { title: `é${'x'.repeat(MAXIMUM_RESOURCE - empty - 2)}` }
    const text = describeChange(fits, { title: 'x' })
    expect(Buffer.byteLength(text)).toBe(MAXIMUM_RESOURCE)
    expect(JSON.parse(text).before).toEqual(fits)
    expect(JSON.parse(describeChange(fits, { title: 'xx' })).before.title).toHaveProperty('omitted')
  })
})
