/** Whether somebody may sign in: Grafana's rules, one by one. */
import { describe, expect, test } from 'vitest'
import { judgeLogin, type Login, type LoginAccount } from '../../../src/tenancy/login.ts'
import { defaultSettings } from '../../../src/tenancy/settings.ts'

const ada: LoginAccount = {
  id: 'ada',
  managed: true,
  active: true,
  externalId: 'ext-a',
  succeeds: false,
  sessionsValidFrom: 0,
}
const bob: LoginAccount = { ...ada, id: 'bob', externalId: 'ext-b' }
const byHand: LoginAccount = { ...ada, id: 'hand', managed: false, externalId: undefined }

const ON = { ...defaultSettings, enableUserSync: true }
const STRICT = { ...ON, rejectNonProvisionedUsers: true }

const NO = { externalId: false, userName: false, email: false }

/** Judges the login of nobody, but for what is said otherwise. */
function judge(login: Partial<Login<LoginAccount>>) {
  return judgeLogin({
    externalId: undefined,
    issuedAt: undefined,
    source: undefined,
    settings: ON,
    byExternalId: undefined,
    byUserName: undefined,
    byEmail: undefined,
    retained: NO,
    ...login,
  })
}

const denied = (messageId: string, statusCode: number, message: string, reason: RegExp) => ({
  decision: 'deny',
  messageId,
  statusCode,
  message,
  reason: expect.stringMatching(reason),
})
const allowed = (reason: RegExp) => ({
  decision: 'allow',
  messageId: null,
  statusCode: 200,
  message: 'OK',
  reason: expect.stringMatching(reason),
})

const OWN = /^The account is active and the identity is its own\.$/
const NOBODY = /^Nobody is known by this identity, and nothing forbids a new account\.$/
const UNMANAGED = /^SCIM does not manage this account, and nothing forbids it to sign in\.$/

const emptyId = denied(
  'user.sync.empty-externalUID',
  401,
  'Empty externalUID',
  /must carry its ext.*map it in/,
)
const mismatch = denied(
  'user.sync.user-externalUID-mismatch',
  401,
  'User externalUID mismatch',
  /is not that of the account; send the same attribute in the sign-on as in provisioning\.$/,
)
const crossed = denied(
  'user.sync.mismatched-externalUID',
  401,
  'Mismatched provisioned identity',
  /belongs to one account, .* to another; wait for the next provisioning cycle or mend/,
)
const unprovisioned = denied(
  'user.sync.user-not-provisioned',
  403,
  'User is not provisioned',
  /rejectNonProvisionedUsers is on, .* assign them in the identity provider\.$/,
)
const inactive = denied('user.inactive', 401, 'User is disabled', /deactivated; activate it in/)
const revoked = denied('user.session-revoked', 401, 'Session is no longer valid', /sign in afresh/)
const gone = denied('user.deprovisioned', 403, 'User is deprovisioned', /deleted .* assign them/)
const successor = denied(
  'user.deprovisioned',
  403,
  'User is deprovisioned',
  /whom the identity provider deleted\. .* assign its person .* or purge the deleted account/,
)

describe('whom a login means', () => {
  test('is known by the externalId before the userName, and by that before the e-mail', () => {
    const off = { settings: defaultSettings }
    expect(judge({ ...off, byExternalId: ada, byUserName: bob, byEmail: byHand }).account).toBe(ada)
    expect(judge({ ...off, byUserName: bob, byEmail: byHand }).account).toBe(bob)
    expect(judge({ ...off, byEmail: byHand }).account).toBe(byHand)
    expect(judge(off).account).toBeUndefined()
  })

  test('is told also where the login is denied', () => {
    expect(judge({ byUserName: ada }).account).toBe(ada)
  })
})

describe('a managed account', () => {
  test('is let in by its externalId alone, and with its own userName and e-mail', () => {
    expect(judge({ externalId: 'ext-a', byExternalId: ada })).toEqual({
      ...allowed(OWN),
      account: ada,
    })
    const all = { externalId: 'ext-a', byExternalId: ada, byUserName: ada, byEmail: ada }
    expect(judge(all)).toMatchObject(allowed(OWN))
  })

  test('is denied without an externalId', () => {
    for (const externalId of [undefined, '']) {
      expect(judge({ externalId, byUserName: ada })).toMatchObject(emptyId)
      expect(judge({ externalId, byEmail: ada })).toMatchObject(emptyId)
    }
  })

  test('is denied with another externalId, to the letter', () => {
    for (const externalId of ['ext-b', 'EXT-A', 'ext-a ']) {
      expect(judge({ externalId, byUserName: ada })).toMatchObject(mismatch)
    }
    const without = { ...ada, externalId: undefined }
    expect(judge({ externalId: 'ext-a', byUserName: without })).toMatchObject(mismatch)
  })

  test('is denied where the userName, or else the e-mail, is that of somebody else', () => {
    const login = { externalId: 'ext-a', byExternalId: ada }
    expect(judge({ ...login, byUserName: bob })).toMatchObject(crossed)
    expect(judge({ ...login, byUserName: byHand })).toMatchObject(crossed)
    expect(judge({ ...login, byEmail: bob })).toMatchObject(crossed)
    // The userName says enough.
    expect(judge({ ...login, byUserName: ada, byEmail: bob })).toMatchObject(allowed(OWN))
  })

  test('that is deactivated is denied', () => {
    const left = { ...ada, active: false }
    expect(judge({ externalId: 'ext-a', byExternalId: left })).toEqual({
      ...inactive,
      account: left,
    })
  })

  test('is let in under rejectNonProvisionedUsers', () => {
    const login = { externalId: 'ext-a', byExternalId: ada, settings: STRICT }
    expect(judge(login)).toMatchObject(allowed(OWN))
  })
})

describe('a session', () => {
  const login = { externalId: 'ext-a', byExternalId: { ...ada, sessionsValidFrom: 1000 } }

  test('that began before the account was deactivated is denied', () => {
    expect(judge({ ...login, issuedAt: 999 })).toMatchObject(revoked)
    expect(judge({ ...login, issuedAt: 0 })).toMatchObject(revoked)
    const hand = { ...byHand, sessionsValidFrom: 1000 }
    expect(judge({ byUserName: hand, issuedAt: 999 })).toMatchObject(revoked)
  })

  test('that began then or later, or begins now, goes on', () => {
    for (const issuedAt of [1000, 1001, undefined]) {
      expect(judge({ ...login, issuedAt })).toMatchObject(allowed(OWN))
    }
    expect(judge({ issuedAt: 0 })).toMatchObject(allowed(NOBODY))
  })
})

describe('an account that SCIM does not manage', () => {
  test('is let in, whatever externalId the login carries', () => {
    for (const externalId of [undefined, 'x']) {
      expect(judge({ externalId, byUserName: byHand })).toMatchObject(allowed(UNMANAGED))
    }
  })

  test('is denied under rejectNonProvisionedUsers, as is nobody', () => {
    expect(judge({ byUserName: byHand, settings: STRICT })).toMatchObject(unprovisioned)
    expect(judge({ settings: STRICT })).toEqual({ ...unprovisioned, account: undefined })
  })

  test('that is deactivated is denied', () => {
    const left = { ...byHand, active: false }
    expect(judge({ byUserName: left })).toMatchObject(inactive)
    expect(judge({ byUserName: left, settings: STRICT })).toMatchObject(unprovisioned)
  })
})

describe('somebody who was deleted', () => {
  const everything = { externalId: true, userName: true, email: true }
  const everywhere: readonly Partial<Login<LoginAccount>>[] = [
    {},
    { source: 'grafana.com' },
    { settings: defaultSettings },
    { settings: STRICT },
  ]
  const values = ['externalId', 'userName', 'email'] as const
  const holders = { externalId: 'byExternalId', userName: 'byUserName', email: 'byEmail' } as const

  test.each(everywhere)('is denied by each value where nobody else has it: %j', (login) => {
    for (const value of values) {
      const answer = judge({ ...login, retained: { ...NO, [value]: true } })
      expect(answer).toEqual({ ...gone, account: undefined })
    }
  })

  test.each(everywhere)('is denied where an unmanaged account has the value: %j', (login) => {
    for (const value of values) {
      for (const holder of values) {
        const retained = { ...NO, [value]: true }
        const answer = judge({ ...login, externalId: 'x', retained, [holders[holder]]: byHand })
        expect(answer).toMatchObject({ ...successor, account: byHand })
      }
    }
  })

  test.each(everywhere)('is denied whichever name of such an account is given: %j', (login) => {
    const account = { ...byHand, succeeds: true }
    for (const value of values) {
      expect(judge({ ...login, [holders[value]]: account })).toMatchObject(successor)
    }
  })

  test.each(everywhere)('does not stop a person with their name whom SCIM manages: %j', (login) => {
    const next = { ...ada, succeeds: true }
    const own = { ...login, externalId: 'ext-a', byExternalId: next }
    const named = { byUserName: next, byEmail: next }
    expect(judge({ ...own, retained: everything, ...named })).toMatchObject(allowed(OWN))
    // Grafana ignores the other names of a provisioned person.
    expect(judge({ ...own, retained: everything })).toMatchObject(allowed(OWN))
  })

  const exempt = [{ source: 'portal' }, { settings: defaultSettings }]

  test.each(exempt)(
    'whose value somebody managed has is not meant without externalId: %j',
    (how) => {
      const retained = { ...NO, userName: true }
      expect(judge({ ...how, retained, byUserName: ada })).toMatchObject(allowed(OWN))
      const both = { ...how, retained: { ...retained, email: true }, byUserName: ada }
      expect(judge({ ...both, byEmail: ada })).toMatchObject(allowed(OWN))
      // The e-mail is that of the deleted person, and nobody else's.
      expect(judge(both)).toMatchObject(successor)
      expect(judge({ ...both, byEmail: byHand })).toMatchObject(successor)
    },
  )

  test.each(exempt)('is denied by their externalId beside the name of a managed one: %j', (how) => {
    const login = { ...how, externalId: 'ext-x', byUserName: ada, byEmail: ada }
    expect(judge({ ...login, retained: everything })).toMatchObject(successor)
  })

  test('is told apart from a sign-on that sends another attribute than provisioning', () => {
    const login = { externalId: 'ext-x', byUserName: ada, retained: everything }
    expect(judge(login)).toMatchObject(mismatch)
    expect(judge({ byUserName: ada, retained: everything })).toMatchObject(emptyId)
  })
})

describe('exempt from what asks for provisioning', () => {
  const portals = ['grafana.com', 'grafana_com', 'oauth_grafana_com', 'portal', 'Grafana.COM']
  const exempt: readonly Partial<Login<LoginAccount>>[] = [
    ...portals.map((source) => ({ source, settings: STRICT })),
    { settings: { ...STRICT, enableUserSync: false } },
  ]

  test.each(exempt)('%j', (login) => {
    expect(judge({ ...login, byUserName: ada })).toMatchObject(allowed(OWN))
    expect(judge({ ...login, externalId: 'x', byUserName: ada })).toMatchObject(allowed(OWN))
    const both = { externalId: 'ext-a', byExternalId: ada, byUserName: bob }
    expect(judge({ ...login, ...both })).toMatchObject(allowed(OWN))
    expect(judge({ ...login, byUserName: byHand })).toMatchObject(allowed(UNMANAGED))
    expect(judge(login)).toMatchObject(allowed(NOBODY))
  })

  test.each(exempt)('but not from being active: %j', (login) => {
    expect(judge({ ...login, byUserName: { ...ada, active: false } })).toMatchObject(inactive)
    const since = { ...ada, sessionsValidFrom: 5 }
    expect(judge({ ...login, byUserName: since, issuedAt: 4 })).toMatchObject(revoked)
  })

  test.each(['saml', 'oauth_azuread', '', 'grafana', undefined])('not %j', (source) => {
    expect(judge({ source, byUserName: ada })).toMatchObject(emptyId)
    expect(judge({ source, settings: STRICT })).toMatchObject(unprovisioned)
  })
})

test('nobody is let in while nothing forbids a new account', () => {
  expect(judge({})).toEqual({ ...allowed(NOBODY), account: undefined })
  expect(judge({ externalId: 'x' })).toEqual({ ...allowed(NOBODY), account: undefined })
})
