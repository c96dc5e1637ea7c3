/** What the checks of a namespace say, and when. */
import { describe, expect, test } from 'vitest'
import { CHANGES_SPAN, type HealthFacts, judgeHealth, RECENT } from '../../../src/tenancy/health.ts'
import { defaultSettings } from '../../../src/tenancy/settings.ts'

const NOW = 1_800_000_000_000
const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR
const SYNCED = { ...defaultSettings, enableUserSync: true, enableGroupSync: true }

const sound: HealthFacts = {
  namespace: 'stacks-7',
  tenantUrl: 'https://scim.example.com/apis/stacks-7',
  settings: SYNCED,
  users: 200,
  managedUsers: 150,
  refusals: [],
  failedCredentials: [],
  ignored: [],
  sampled: 150,
  emailLike: 0,
  changedExternalIds: 2,
  lastProvisionedAt: NOW - 3 * HOUR,
  longestPause: 0,
  tokens: [{ name: 'entra', account: 'provisioner', createdAt: NOW - DAY, provisions: true }],
}

/** The judgement of a sound namespace, but for what is said otherwise. */
const judge = (facts: Partial<HealthFacts> = {}) => judgeHealth({ ...sound, ...facts }, NOW)
const checkOf = (name: string, facts: Partial<HealthFacts> = {}) =>
  judge(facts).checks.find((check) => check.name === name)

const refusal = (reason: string, detail = 'd', count = 1, account = 'provisioner') => ({
  reason,
  detail,
  count,
  account,
})

test('a sound namespace passes every check', () => {
  expect(judge()).toEqual({
    status: 'ok',
    checks: [
      { name: 'database', status: 'ok', detail: 'The database answered.' },
      {
        name: 'token',
        status: 'ok',
        detail: 'There is a good token that may write users or teams: provisioner/entra.',
      },
      {
        name: 'contact',
        status: 'ok',
        detail:
          'The last request of an identity provider came at 2027-01-15T05:00:00.000Z, 3 hours ago.',
      },
      { name: 'credentials', status: 'ok', detail: 'Within a day, no credential failed.' },
      {
        name: 'namespace',
        status: 'ok',
        detail: 'No token of stacks-7 was used for another namespace within a day.',
      },
      { name: 'sync-switches', status: 'ok', detail: 'User sync is on. Group sync is on.' },
      {
        name: 'permissions',
        status: 'ok',
        detail: 'Within a day, no request lacked a permission.',
      },
      {
        name: 'ignored-attributes',
        status: 'ok',
        detail: 'Within a day, nobody sent an attribute in vain.',
      },
      {
        name: 'external-id-form',
        status: 'ok',
        detail: 'None of the newest 150 managed users has an e-mail as externalId.',
      },
      {
        name: 'external-id-changes',
        status: 'ok',
        detail: 'An externalId was changed 2 times within 30 days, in a namespace of 200 users.',
      },
      { name: 'token-age', status: 'ok', detail: 'No token is older than 90 days.' },
      {
        name: 'reject-non-provisioned',
        status: 'ok',
        detail: 'rejectNonProvisionedUsers is off.',
      },
    ],
  })
  expect([RECENT, CHANGES_SPAN]).toEqual([DAY, 30 * DAY])
})

test('the worst state of all is that of the namespace', () => {
  const old = [{ name: 'entra', account: 'provisioner', createdAt: 0, provisions: true }]
  expect(judge({ tokens: old }).status).toBe('warn')
  const strayed = [refusal('authn.invalid-namespace')]
  expect(judge({ refusals: strayed }).status).toBe('fail')
  expect(judge({ refusals: strayed, tokens: old }).status).toBe('fail')
})

test('a namespace without a token that may write fails', () => {
  const failing = {
    name: 'token',
    status: 'fail',
    detail: 'There is no good token of an enabled service account that may write users or teams.',
    remedy: 'Make one (token create), and give it to the identity provider.',
  }
  expect(checkOf('token', { tokens: [] })).toEqual(failing)
  const watching = { name: 'm', account: 'monitor', createdAt: NOW, provisions: false }
  expect(checkOf('token', { tokens: [watching] })).toEqual(failing)
})

test('a namespace that no identity provider ever called is a warning', () => {
  expect(checkOf('contact', { lastProvisionedAt: null })).toEqual({
    name: 'contact',
    status: 'warn',
    detail: 'No identity provider has sent a request yet.',
    remedy:
      'Put https://scim.example.com/apis/stacks-7 and a token into the identity provider, and let ' +
      'it test the connection.',
  })
})

test('silence is a warning after 48 hours, or half as long again as the longest pause', () => {
  const after = (hours: number, longestPause = 0) =>
    checkOf('contact', { lastProvisionedAt: NOW - hours * HOUR, longestPause })
  expect(after(48)?.status).toBe('ok')
  expect(after(49)).toEqual({
    name: 'contact',
    status: 'warn',
    detail:
      'The last request of an identity provider came at 2027-01-13T07:00:00.000Z, 49 hours ago. ' +
      'By the 14 days before, a pause of 48 hours would be usual.',
    remedy: 'See whether provisioning is on in the identity provider, and what its log says.',
  })
  // As one that comes once a week.
  expect(after(252, 7 * DAY)?.status).toBe('ok')
  expect(after(253, 7 * DAY)?.status).toBe('warn')
})

test('a provider whose token was good once and is no more fails, until another one is used', () => {
  const of = (reason: string, lastProvisionedAt: number | null) =>
    checkOf('credentials', {
      failedCredentials: [{ reason, count: 1, since: NOW - DAY, lastAt: NOW - HOUR }],
      lastProvisionedAt,
    })?.status
  for (const reason of ['api-key.expired', 'api-key.revoked', 'service-account.disabled']) {
    expect(of(reason, NOW - 2 * HOUR)).toBe('fail')
    expect(of(reason, null)).toBe('fail')
    expect(of(reason, NOW - HOUR - 60_000)).toBe('warn')
    expect(of(reason, NOW)).toBe('warn')
  }
  // Those anybody can send.
  expect(of('api-key.invalid', null)).toBe('warn')
  expect(of('api-key.missing', null)).toBe('warn')
})

test('attributes that were sent in vain are a warning, with what may be meant', () => {
  const ignored = [
    { account: 'okta', name: 'givenName', meant: 'name.givenName' },
    { account: 'okta', name: 'shoeSize', meant: undefined },
  ]
  expect(checkOf('ignored-attributes', { ignored })).toEqual({
    name: 'ignored-attributes',
    status: 'warn',
    detail:
      'Within a day, these attributes were ignored, since the schema lacks them: ' +
      'okta sent givenName (did you mean name.givenName?), okta sent shoeSize.',
    remedy:
      'Correct the attribute mapping in the identity provider, or take the attribute out of it.',
  })
})

test('two syncs that are off are a warning', () => {
  expect(checkOf('sync-switches', { settings: defaultSettings })).toEqual({
    name: 'sync-switches',
    status: 'warn',
    detail: 'User sync and group sync are off, so that nothing is provisioned.',
    remedy: 'Turn on what is wanted (settings set --user-sync on; settings set --group-sync on).',
  })
  const users = { ...defaultSettings, enableUserSync: true }
  expect(checkOf('sync-switches', { settings: users })?.status).toBe('ok')
})

test('failed credentials are a warning that says how often, since when and until when', () => {
  const [since, lastAt] = [Date.UTC(2027, 0, 15, 8), Date.UTC(2027, 0, 15, 9, 30)]
  const failedCredentials = [
    { reason: 'api-key.invalid', count: 12, since, lastAt },
    { reason: 'api-key.missing', count: 1, since, lastAt },
  ]
  expect(checkOf('credentials', { failedCredentials })).toEqual({
    name: 'credentials',
    status: 'warn',
    detail:
      'A token that is not valid here was used 12 times since 2027-01-15T08:00:00.000Z, the last time at ' +
      '2027-01-15T09:30:00.000Z. A request without a token came once since ' +
      '2027-01-15T08:00:00.000Z, the last time at 2027-01-15T09:30:00.000Z.',
    remedy:
      'See which token the identity provider holds. Where it is not a good one of this namespace, ' +
      'make another (token create), and paste it whole.',
  })
})

test('a token that was used for another namespace fails, and the right URL is told', () => {
  const refusals = [
    refusal('authn.invalid-namespace', 'did you mean stacks-7?', 1),
    refusal('scim.uniqueness', 'other', 9, 'other'),
  ]
  expect(checkOf('namespace', { refusals })).toEqual({
    name: 'namespace',
    status: 'fail',
    detail:
      '1 request of provisioner named another namespace than stacks-7: did you mean stacks-7?',
    remedy:
      'Put https://scim.example.com/apis/stacks-7 into the identity provider as the Tenant URL.',
  })
})

test('requests are added up, and of many accounts the first five are told once each', () => {
  const of = (...accounts: readonly string[]) =>
    checkOf('permissions', {
      refusals: [
        refusal('scim.uniqueness', 'taken', 100, 'other'),
        ...accounts.map((account) =>
          refusal('accesscontrol.permission-denied', 'lacks teams:read', 2, account),
        ),
      ],
    })
  expect(of()?.status).toBe('ok')
  expect(of('a', 'b', 'a')).toEqual({
    name: 'permissions',
    status: 'fail',
    detail: '6 requests of a, b lacked a permission: lacks teams:read',
    remedy:
      'Give the service account all that it needs, for this replaces what it has ' +
      '(serviceaccount update --permissions).',
  })
  expect(of('a', 'b', 'c', 'd', 'e')?.detail).toContain('10 requests of a, b, c, d, e lacked')
  expect(of('a', 'b', 'c', 'd', 'e', 'f', 'g')?.detail).toContain(
    '14 requests of a, b, c, d, e and 2 more lacked',
  )
})

describe('a sync that is off', () => {
  const userWrite = refusal('scim.user-sync-disabled', 'd', 3)
  const groupWrite = refusal('scim.group-sync-disabled', 'd', 1)
  const check = (user: boolean, group: boolean, ...refusals: HealthFacts['refusals']) =>
    checkOf('sync-switches', {
      settings: { ...defaultSettings, enableUserSync: user, enableGroupSync: group },
      refusals,
    })

  test('is no fault where nobody wanted to write', () => {
    expect(check(false, true)).toEqual({
      name: 'sync-switches',
      status: 'ok',
      detail: 'User sync is off, and nobody wanted to write within a day. Group sync is on.',
    })
    expect(check(false, true, groupWrite)?.status).toBe('ok')
  })

  test('fails where somebody wanted to, with the command that turns it on', () => {
    expect(check(false, true, userWrite, groupWrite)).toEqual({
      name: 'sync-switches',
      status: 'fail',
      detail:
        'User sync is off, and 3 requests of provisioner wanted to write users within a day. ' +
        'Group sync is on.',
      remedy:
        'Turn on what is wanted (settings set --user-sync on), or turn it off in the identity ' +
        'provider.',
    })
    expect(check(false, false, userWrite, groupWrite)).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('1 request of provisioner wanted to write groups'),
      remedy: expect.stringContaining(
        '(settings set --user-sync on; settings set --group-sync on)',
      ),
    })
  })

  test('is forgiven once it is on', () => {
    expect(check(true, true, userWrite, groupWrite)?.status).toBe('ok')
  })
})

test('an externalId that looks like an e-mail is a warning', () => {
  expect(checkOf('external-id-form', { emailLike: 1, sampled: 2 })).toEqual({
    name: 'external-id-form',
    status: 'warn',
    detail:
      '1 of the newest 2 managed users have an externalId that looks like an e-mail; whoever ' +
      'changes it can sign in no more.',
    remedy: "Map externalId to what never changes: objectId in Entra ID, the user's id in Okta.",
  })
})

test('more changes of externalId than one for a hundred users are a warning', () => {
  expect(checkOf('external-id-changes', { changedExternalIds: 3, users: 200 })).toEqual({
    name: 'external-id-changes',
    status: 'warn',
    detail: 'An externalId was changed 3 times within 30 days, in a namespace of 200 users.',
    remedy:
      'See in the identity provider whether externalId is mapped to an attribute that changes, ' +
      'and map it to what the login carries.',
  })
  expect(checkOf('external-id-changes', { changedExternalIds: 1, users: 99 })).toMatchObject({
    status: 'warn',
    detail: 'An externalId was changed once within 30 days, in a namespace of 99 users.',
  })
  expect(checkOf('external-id-changes', { changedExternalIds: 0, users: 0 })?.status).toBe('ok')
})

test('a token older than 90 days is a warning', () => {
  const of = (...ages: readonly number[]) =>
    checkOf('token-age', {
      tokens: ages.map((age, at) => ({
        name: `t${at}`,
        account: 'okta',
        createdAt: NOW - age,
        provisions: true,
      })),
    })
  expect(of(90 * DAY)?.status).toBe('ok')
  expect(of(DAY, 90 * DAY + 1)).toEqual({
    name: 'token-age',
    status: 'warn',
    detail: '1 token is older than 90 days: okta/t1.',
    remedy:
      'Rotate it with an overlap (token rotate --overlap 24h), and give the new one to the ' +
      'identity provider.',
  })
  expect(of(91 * DAY, 92 * DAY)?.detail).toBe('2 tokens are older than 90 days: okta/t0, okta/t1.')
})

describe('rejectNonProvisionedUsers', () => {
  const check = (managedUsers: number, enableUserSync = true) =>
    checkOf('reject-non-provisioned', {
      managedUsers,
      settings: { ...SYNCED, enableUserSync, rejectNonProvisionedUsers: true },
    })

  test('is sound once SCIM manages somebody', () => {
    expect(check(1)).toEqual({
      name: 'reject-non-provisioned',
      status: 'ok',
      detail: 'rejectNonProvisionedUsers is on, and SCIM manages 1 user.',
    })
  })

  test('locks everybody out where SCIM manages nobody', () => {
    expect(check(0)).toEqual({
      name: 'reject-non-provisioned',
      status: 'fail',
      detail: 'rejectNonProvisionedUsers is on while SCIM manages nobody, so nobody can sign in.',
      remedy:
        'Turn it off (settings set --reject-non-provisioned off) until the identity provider has ' +
        'provisioned the first users.',
    })
    expect(check(0, false)?.detail).toMatch(/so nobody could sign in once user sync is on\.$/)
  })
})
