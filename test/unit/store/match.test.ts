/** Which account or team a new resource stands for, decided from the rows that were read. */
import { describe, expect, test } from 'vitest'
import { fold } from '../../../src/scim/comparison.ts'
import type { Attributes } from '../../../src/scim/resource/resource.ts'
import {
  accountToAdopt,
  clashOf,
  groupKeys,
  type Holder,
  holdersOf,
  type MappedTeam,
  matchTeam,
  matchUser,
  refuseTaken,
  type TeamHolder,
} from '../../../src/store/match.ts'
import { Refusal, type StoreReason } from '../../../src/store/refusal.ts'
import { defaultSettings } from '../../../src/tenancy/settings.ts'

/** A new user with all three unique values. */
const ada: Attributes = {
  userName: 'Ada',
  externalId: 'ext-a',
  emails: [{ value: 'Ada@X', type: 'work' }],
}

const holder = (id: string, more: Partial<Holder> = {}): Holder => ({
  id,
  managed: 1,
  userNameKey: id,
  emailKey: null,
  externalId: null,
  written: JSON.stringify({ userName: 'ADA', emails: [{ value: 'ada@X' }] }),
  ...more,
})
const byName = holder('n', { userNameKey: 'ada' })
const byEmail = holder('e', { emailKey: 'ada@x' })
const byExternalId = holder('x', { externalId: 'ext-a' })
const everybody = [byEmail, byExternalId, byName]
const unmanaged = (row: Holder): Holder => ({ ...row, managed: 0 })

/** Why something is refused; undefined where it is not. */
function refusalOf(act: () => unknown): StoreReason | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (error instanceof Refusal) return error.reason
    throw error
  }
}
const taken = (attribute: string, value: string) => ({ kind: 'taken', attribute, value })

describe('who holds the unique values', () => {
  test('is found by the folded userName and e-mail, and by the exact externalId', () => {
    const keys = { userName: 'ada', email: 'ada@x', externalId: 'ext-a' }
    expect(holdersOf(everybody, keys)).toEqual({
      userName: byName,
      externalId: byExternalId,
      emails: byEmail,
    })
    const others = { userName: 'bob', email: 'bob@x', externalId: 'EXT-A' }
    const nobody = { userName: undefined, externalId: undefined, emails: undefined }
    expect(holdersOf(everybody, others)).toEqual(nobody)
  })

  test('is nobody where there is no value, whoever has none either', () => {
    const none = { userName: null, email: null, externalId: null }
    const rows = [holder('a'), { ...holder('b'), userNameKey: null as unknown as string }]
    expect(holdersOf(rows, none)).toEqual({
      userName: undefined,
      externalId: undefined,
      emails: undefined,
    })
  })
})

describe('a value that somebody else holds', () => {
  test('is told in the order userName, externalId, e-mail, as it was sent', () => {
    expect(clashOf(everybody, ada, undefined)).toEqual({
      attribute: 'userName',
      value: 'Ada',
      holder: byName,
    })
    expect(clashOf([byEmail, byExternalId], ada, undefined)).toEqual({
      attribute: 'externalId',
      value: 'ext-a',
      holder: byExternalId,
    })
    expect(clashOf([byEmail], ada, undefined)).toEqual({
      attribute: 'emails',
      value: 'Ada@X',
      holder: byEmail,
    })
    expect(clashOf([holder('bob')], ada, undefined)).toBeUndefined()
  })

  test('is none of one’s own, but then somebody else may hold the next', () => {
    expect(clashOf([byName], ada, 'n')).toBeUndefined()
    expect(clashOf(everybody, ada, 'n')).toMatchObject({ attribute: 'externalId' })
    expect(clashOf([byName, byEmail], ada, 'n')).toMatchObject({ attribute: 'emails' })
  })

  test('is refused', () => {
    expect(refusalOf(() => refuseTaken(everybody, ada, undefined))).toEqual(
      taken('userName', 'Ada'),
    )
    expect(refusalOf(() => refuseTaken([byEmail], ada, 'e'))).toBeUndefined()
  })
})

describe('the account to adopt', () => {
  test('is the unmanaged one of the same userName, or else of the same e-mail', () => {
    const [name, email] = [unmanaged(byName), unmanaged(byEmail)]
    expect(accountToAdopt([email, name], ada)).toEqual({ account: name, by: 'userName' })
    expect(accountToAdopt([email], ada)).toEqual({ account: email, by: 'email' })
    expect(accountToAdopt([email, byName], ada)).toEqual({ account: email, by: 'email' })
  })

  test('is none that SCIM manages, nor one known by the externalId alone', () => {
    expect(accountToAdopt(everybody, ada)).toBeUndefined()
    expect(accountToAdopt([unmanaged(byExternalId)], ada)).toBeUndefined()
    expect(accountToAdopt([], ada)).toBeUndefined()
  })
})

describe('what only looks alike', () => {
  const kelvin = '\u212a'
  const lookAlike = (attribute: string, value: string) => ({ kind: 'look-alike', attribute, value })
  const account = (userName: string, email: string) =>
    unmanaged(
      holder('h', {
        ...{ userNameKey: fold(userName), emailKey: fold(email) },
        written: JSON.stringify({ userName, emails: [{ value: email, type: 'work' }] }),
      }),
    )
  const user = (userName: string, email: string): Attributes => ({
    ...{ userName, externalId: 'e', emails: [{ value: email }] },
  })
  const match = (row: Holder, attributes: Attributes) =>
    matchUser(defaultSettings, [row], attributes)

  test.each([
    ['the Kelvin sign', 'kim', `${kelvin}im`],
    ['full width', 'kim', '\uff4bim'],
    ['the case of other letters', '\u00e4da', '\u00c4da'],
    ['what is composed', 'ad\u00e1', 'ada\u0301'],
  ])('by %s is refused and not adopted', (_, one, other) => {
    for (const [held, given] of [
      [one, other],
      [other, one],
    ] as const) {
      const mine = [`${held}@x`, `${given}@x`] as const
      expect(refusalOf(() => match(account(held, 'a@x'), user(given, 'b@x')))).toEqual(
        lookAlike('userName', given),
      )
      expect(refusalOf(() => match(account('a', mine[0]), user('b', mine[1])))).toEqual(
        lookAlike('emails', mine[1]),
      )
      // The same text is the same, whatever its letters are.
      expect(match(account(held, 'a@x'), user(held, 'b@x'))).toMatchObject({ by: 'userName' })
      // Either value is enough, as everywhere.
      expect(match(account(held, 'a@x'), user(given, 'A@X'))).toMatchObject({ by: 'email' })
      expect(match(account('A', mine[0]), user('a', mine[1]))).toMatchObject({ by: 'userName' })
    }
  })

  test('is taken where SCIM manages the account', () => {
    const row = { ...account('kim', 'a@x'), managed: 1 }
    const given = `${kelvin}im`
    expect(refusalOf(() => match(row, user(given, 'b@x')))).toEqual(taken('userName', given))
  })

  test('is refused of a team, and of the group that it is mapped to', () => {
    const team = { id: 't', managed: 0, displayName: 'Kids', displayNameKey: 'kids' }
    const given = { displayName: `${kelvin}ids` }
    const reason = lookAlike('displayName', given.displayName)
    expect(refusalOf(() => matchTeam([team], [], given))).toEqual(reason)
    const others = { ...team, displayName: 'Others', displayNameKey: 'others' }
    const mapping = { ...others, groupKey: 'kids', groupId: 'Kids' }
    const none: TeamHolder[] = []
    expect(refusalOf(() => matchTeam(none, [mapping], given))).toEqual(reason)
    expect(matchTeam(none, [mapping], { displayName: 'kIDS' })).toMatchObject({ by: 'mapping' })
    expect(matchTeam([team], [], { displayName: 'KIDS' })).toMatchObject({ by: 'displayName' })
    expect(refusalOf(() => matchTeam([{ ...team, managed: 1 }], [], given))).toEqual(
      taken('displayName', given.displayName),
    )
  })
})

describe('a new user', () => {
  const match = (rows: readonly Holder[], attributes = ada, requireExternalId = true) =>
    matchUser({ ...defaultSettings, requireExternalId }, rows, attributes)

  test('needs an externalId, unless the settings say otherwise', () => {
    const { externalId: _none, ...without } = ada
    const reason = { kind: 'missing-external-id' }
    expect(refusalOf(() => match([], without))).toEqual(reason)
    // It comes before what is taken.
    expect(refusalOf(() => match(everybody, without))).toEqual(reason)
    expect(match([], without, false)).toBeUndefined()
    expect(match([], ada)).toBeUndefined()
  })

  test('becomes the account that it adopts', () => {
    const account = unmanaged(byName)
    expect(match([account])).toEqual({ account, by: 'userName' })
    expect(match([unmanaged(byEmail)])).toMatchObject({ by: 'email' })
    const same = holder('same', { managed: 0, userNameKey: 'ada', emailKey: 'ada@x' })
    expect(match([same])).toEqual({ account: same, by: 'userName' })
  })

  test('is refused where a managed account has one of the values', () => {
    expect(refusalOf(() => match([byName]))).toEqual(taken('userName', 'Ada'))
    expect(refusalOf(() => match([byExternalId]))).toEqual(taken('externalId', 'ext-a'))
    expect(refusalOf(() => match([byEmail]))).toEqual(taken('emails', 'Ada@X'))
    // Somebody of the same e-mail is no way around the userName.
    expect(refusalOf(() => match([byName, unmanaged(byEmail)]))).toEqual(taken('userName', 'Ada'))
  })

  test('is refused where the e-mail belongs to somebody else than who is adopted', () => {
    const name = unmanaged(byName)
    expect(refusalOf(() => match([name, byEmail]))).toEqual(taken('emails', 'Ada@X'))
    expect(refusalOf(() => match([name, unmanaged(byEmail)]))).toEqual(taken('emails', 'Ada@X'))
    expect(refusalOf(() => match([name, byExternalId]))).toEqual(taken('externalId', 'ext-a'))
  })
})

describe('the keys by which a group may be mapped', () => {
  test('are the externalId and then the displayName, folded, each once', () => {
    expect(groupKeys({ externalId: 'CN=Ops', displayName: 'Ops' })).toEqual(['cn=ops', 'ops'])
    expect(groupKeys({ displayName: 'Ops' })).toEqual(['ops'])
    expect(groupKeys({ externalId: 'OPS', displayName: 'Ops' })).toEqual(['ops'])
    expect(groupKeys({ externalId: 'x' })).toEqual(['x'])
  })
})

describe('a new group', () => {
  const ops: Attributes = { externalId: 'g-1', displayName: 'Ops' }
  const team = (id: string, managed = 0, displayNameKey = 'ops'): TeamHolder => ({
    ...{ id, managed, displayNameKey, displayName: displayNameKey.toUpperCase() },
  })
  const mapped = (groupKey: string, row: TeamHolder): MappedTeam => ({
    ...{ ...row, groupKey, groupId: groupKey.toUpperCase() },
  })
  const match = (named: readonly TeamHolder[], mapped: readonly MappedTeam[]) =>
    matchTeam(named, mapped, ops)
  const clash = taken('displayName', 'Ops')

  test('is new where nothing has its name and nothing is mapped', () => {
    expect(match([], [])).toBeUndefined()
    expect(match([team('t', 1, 'others')], [mapped('g-2', team('u'))])).toBeUndefined()
  })

  test('becomes the unmanaged team of the same name', () => {
    const namesake = team('t')
    const others = team('o', 1, 'others')
    expect(match([others, namesake], [])).toEqual({ team: namesake, by: 'displayName' })
  })

  test('is refused where SCIM manages the team of its name', () => {
    expect(refusalOf(() => match([team('t', 1)], []))).toEqual(clash)
    const target = mapped('g-1', team('u', 0, 'others'))
    expect(refusalOf(() => match([team('t', 1)], [target]))).toEqual(clash)
  })

  test('becomes the team that it is mapped to, by externalId before displayName', () => {
    const byId = mapped('g-1', team('u', 0, 'others'))
    const byGroupName = mapped('ops', team('v', 0, 'more'))
    expect(match([], [byGroupName, byId])).toEqual({ team: byId, by: 'mapping' })
    expect(match([], [byGroupName])).toEqual({ team: byGroupName, by: 'mapping' })
  })

  test('is refused where the team that it is mapped to cannot have its name', () => {
    const target = mapped('g-1', team('u', 0, 'others'))
    expect(refusalOf(() => match([team('t')], [target]))).toEqual(clash)
    const itself = mapped('g-1', team('t'))
    expect(match([team('t')], [itself])).toEqual({ team: itself, by: 'mapping' })
  })

  test('is not held by a mapping to a team that SCIM manages already', () => {
    const managed = mapped('g-1', team('u', 1, 'others'))
    expect(match([], [managed])).toBeUndefined()
    const namesake = team('t')
    expect(match([namesake], [managed])).toEqual({ team: namesake, by: 'displayName' })
    const next = mapped('ops', team('v', 0, 'more'))
    expect(match([], [managed, next])).toEqual({ team: next, by: 'mapping' })
  })
})
