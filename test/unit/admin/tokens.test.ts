import { describe, expect, test } from 'vitest'
import { type Answer, admin, lines } from './harness.ts'

const okta = {
  id: 's1',
  name: 'okta',
  role: 'None',
  permissions: ['org.users:read', 'teams:read'],
  isDisabled: false,
  tokens: 1,
  created: '2026-11-24T10:00:00.000Z',
}

const IN = ['--namespace', 'stacks-5']
const BASE = '/stacks-5/serviceaccounts'

function page(...serviceAccounts: unknown[]) {
  return { totalCount: serviceAccounts.length, serviceAccounts, page: 1, perPage: 100 }
}

function key(name: string, expiration: string | null = null) {
  return { id: 't1', name, key: 'glsa_secret', expiration }
}

const taken: Answer = [
  400,
  { messageId: 'serviceaccounts.ErrTokenAlreadyExists', detail: 'A live token has this name.' },
]

describe('token create', () => {
  test('makes the first account, scim with Editor, and a token for a year, unless told otherwise', async () => {
    const scim = { ...okta, name: 'scim' }
    const name = 'scim-20261124T163600Z'
    const { status, calls, out } = await admin(
      ['token', 'create', ...IN],
      [
        [200, page()],
        [201, scim],
        [200, key(name, '2027-11-24T16:36:00.000Z')],
      ],
    )
    expect(status).toBe(0)
    expect(calls).toEqual([
      [`GET ${BASE}?page=1&perpage=100`],
      [`POST ${BASE}`, { name: 'scim', permissions: ['Editor'] }],
      [`POST ${BASE}/s1/tokens`, { name, secondsToLive: 365 * 86_400 }],
    ])
    expect(out).toBe(
      lines(
        'glsa_secret',
        'Copy the token now: it is not shown again.',
        'Id           t1',
        'Name         scim-20261124T163600Z',
        'Account      scim',
        'Permissions  org.users:read, teams:read',
        'Expires      2027-11-24 16:36:00 UTC',
        'Tenant URL   http://127.0.0.1:8787/apis/scim.grafana.app/v0alpha1/namespaces/stacks-5',
      ),
    )
  })

  test('makes a missing account with the permissions given, and tells when the token ends', async () => {
    const expiration = '2027-02-22T16:36:00.000Z'
    const name = 'okta-20261124T163600Z'
    const { calls, out } = await admin(
      [
        ...['token', 'create', '--json', ...IN, '--account', 'okta', '--create-account'],
        ...['--permissions', 'User administration, teams:read', '--expires', '90d'],
      ],
      [
        [200, page({ ...okta, id: 's0', name: 'okta-old' })],
        [201, okta],
        [200, key(name, expiration)],
      ],
    )
    expect(calls.slice(1)).toEqual([
      [`POST ${BASE}`, { name: 'okta', permissions: ['User administration', 'teams:read'] }],
      [`POST ${BASE}/s1/tokens`, { name, secondsToLive: 90 * 86_400 }],
    ])
    expect(JSON.parse(out)).toEqual({
      id: 't1',
      token: 'glsa_secret',
      name,
      namespace: 'stacks-5',
      account: 'okta',
      permissions: ['org.users:read', 'teams:read'],
      expiresAt: expiration,
      createdAt: '2026-11-24T16:36:00.000Z',
    })
  })

  test('takes an account that exists as it is', async () => {
    const { status, calls } = await admin(
      ['token', 'create', ...IN, '--account', 'okta', '--name', 'ci', '--expires', 'never'],
      [
        [200, page(okta)],
        [200, key('ci')],
      ],
    )
    expect(status).toBe(0)
    expect(calls.slice(1)).toEqual([[`POST ${BASE}/s1/tokens`, { name: 'ci' }]])
  })

  test('takes the only account where none is named', async () => {
    const { status, calls } = await admin(
      ['token', 'create', ...IN, '--name', 'ci'],
      [
        [200, page(okta)],
        [200, key('ci')],
      ],
    )
    expect(status).toBe(0)
    expect(calls[1]?.[0]).toBe(`POST ${BASE}/s1/tokens`)
  })

  test.each([
    [
      ['--account', 'otka'],
      'There is no service account otka in stacks-5, but okta, entra; to make it, add --create-account.',
    ],
    [
      [],
      'Say which service account of stacks-5 holds the token: --account with one of okta, entra.',
    ],
  ])('%j makes no account where others exist', async (args, error) => {
    const { status, ...run } = await admin(
      ['token', 'create', ...IN, ...args],
      [[200, page(okta, entra)]],
    )
    expect({ status, error: run.error }).toEqual({ status: 1, error })
  })

  test('compares permissions whatever they are called by', async () => {
    const { status } = await admin(
      ['token', 'create', ...IN, '--account', 'okta', '--permissions', 'viewer'],
      [
        [200, page({ ...okta, permissions: ['teams:read', 'org.users:read'] })],
        [200, key('okta-20261124T163600Z')],
      ],
    )
    expect(status).toBe(0)
  })

  test.each(['Editor', 'org.users:read', 'Viewer,dashboards:read'])(
    'refuses the permissions %s for an account that has others',
    async (permissions) => {
      const { status, out, error } = await admin(
        ['token', 'create', ...IN, '--account', 'okta', '--permissions', permissions],
        [[200, page(okta)]],
      )
      expect({ status, out, error }).toEqual({
        status: 1,
        out: '',
        error:
          'The service account okta of stacks-5 exists with other permissions ' +
          '(org.users:read, teams:read); leave out --permissions, name another --account, or ' +
          'change it with serviceaccount update.',
      })
    },
  )

  test('finds another name when the one of this second is taken', async () => {
    const { status, calls } = await admin(
      ['token', 'create', ...IN, '--account', 'okta'],
      [[200, page(okta)], taken, taken, [200, key('okta-20261124T163600Z-3')]],
    )
    expect(status).toBe(0)
    expect(calls.slice(1).map(([, body]) => body)).toMatchObject([
      { name: 'okta-20261124T163600Z' },
      { name: 'okta-20261124T163600Z-2' },
      { name: 'okta-20261124T163600Z-3' },
    ])
  })

  test('does not alter a name that was asked for', async () => {
    const { status, error } = await admin(
      ['token', 'create', ...IN, '--account', 'okta', '--name', 'ci'],
      [[200, page(okta)], taken],
    )
    expect({ status, error }).toEqual({ status: 1, error: 'A live token has this name.' })
  })

  test('rounds a life up to whole seconds', async () => {
    const { calls } = await admin(
      ['token', 'create', ...IN, '--account', 'okta', '--expires', '2026-11-24T16:36:01.001Z'],
      [
        [200, page(okta)],
        [200, key('x')],
      ],
    )
    expect(calls[1]?.[1]).toMatchObject({ secondsToLive: 2 })
  })

  test('says that the token of a disabled account is refused', async () => {
    const { out } = await admin(
      ['token', 'create', ...IN, '--account', 'okta'],
      [
        [200, page({ ...okta, isDisabled: true })],
        [200, key('x')],
      ],
    )
    expect(out).toContain(
      'State        refused until serviceaccount enable: the account is disabled\n',
    )
  })
})

const listed = {
  id: 't1',
  name: 'one',
  created: '2026-11-24T12:00:00.000Z',
  expiration: null,
  lastUsedAt: null,
  secondsUntilExpiration: 0,
  hasExpired: false,
  isRevoked: false,
}

const entra = { ...okta, id: 's2', name: 'entra', permissions: [] }

/** What the two accounts hold. */
const holdings: Answer[] = [
  [200, page(okta, entra)],
  [200, [listed, { ...listed, id: 't2', name: 'two', isRevoked: true, hasExpired: true }]],
  [
    200,
    [
      {
        ...listed,
        id: 't3',
        name: 'three',
        expiration: '2026-11-24T13:00:00Z',
        lastUsedAt: '2026-11-24T12:30:00Z',
        hasExpired: true,
      },
    ],
  ],
]

/** The same after a rotation whose overlap is not over. */
const overlapping: Answer[] = [
  [200, page(okta)],
  [
    200,
    [
      { ...listed, expiration: '2026-11-25T14:00:00.000Z' },
      {
        ...listed,
        id: 't5',
        created: '2026-11-24T14:00:00.000Z',
        expiration: '2027-02-22T14:00:00.000Z',
      },
    ],
  ],
]

const lookups = [
  [`GET ${BASE}?page=1&perpage=100`],
  [`GET ${BASE}/s1/tokens`],
  [`GET ${BASE}/s2/tokens`],
]

describe('token list', () => {
  test('tells active, expired and revoked tokens of all accounts apart', async () => {
    const { out, calls } = await admin(['token', 'list', ...IN], holdings)
    expect(calls).toEqual(lookups)
    const at = '2026-11-24 12:00:00 UTC'
    expect(out).toBe(
      lines(
        'ID  NAME   ACCOUNT  STATE    CREATED                  EXPIRES                  LAST USED                PERMISSIONS',
        `t1  one    okta     active   ${at}  never                    never                    org.users:read, teams:read`,
        `t2  two    okta     revoked  ${at}  never                    never                    org.users:read, teams:read`,
        `t3  three  entra    expired  ${at}  2026-11-24 13:00:00 UTC  2026-11-24 12:30:00 UTC  none`,
      ),
    )
  })

  test('keeps the members that scripts read', async () => {
    const { out } = await admin(['token', 'list', ...IN, '--json'], holdings)
    const tokens = JSON.parse(out)
    expect(tokens).toHaveLength(3)
    expect(tokens[2]).toEqual({
      id: 't3',
      name: 'three',
      namespace: 'stacks-5',
      account: 'entra',
      permissions: [],
      createdAt: '2026-11-24T12:00:00.000Z',
      expiresAt: '2026-11-24T13:00:00Z',
      lastUsedAt: '2026-11-24T12:30:00Z',
      isRevoked: false,
      hasExpired: true,
    })
  })

  test('says so when there is none', async () => {
    const { out } = await admin(['token', 'list', ...IN], [[200, page()]])
    expect(out).toBe('The namespace stacks-5 has no token.')
  })
})

describe('token revoke', () => {
  test('finds the account that holds the token', async () => {
    const { out, calls } = await admin(
      ['token', 'revoke', ...IN, 't3', '--json'],
      [...holdings, [200, { message: 'Service account token deleted' }]],
    )
    expect(JSON.parse(out)).toEqual({ id: 't3', revoked: true })
    expect(calls).toEqual([...lookups, [`DELETE ${BASE}/s2/tokens/t3`]])
  })

  test('does not know a token that no account holds', async () => {
    const { status, error } = await admin(['token', 'revoke', ...IN, 't9'], holdings)
    expect({ status, error }).toEqual({
      status: 1,
      error: 'The namespace stacks-5 has no live token t9; token list shows names and ids.',
    })
  })

  test('takes a name, too, but not that of several', async () => {
    const { out, calls } = await admin(
      ['token', 'revoke', ...IN, 'one'],
      [...holdings, [200, { message: 'Service account token deleted' }]],
    )
    expect(out).toBe('Token one (t1) of stacks-5 is revoked.')
    expect(calls.at(-1)).toEqual([`DELETE ${BASE}/s1/tokens/t1`])
    const several = await admin(['token', 'revoke', ...IN, 'one'], overlapping)
    expect(several).toMatchObject({
      status: 1,
      error:
        'More than one live token is named one; give the id: t5 (made 2026-11-24 14:00:00 UTC), ' +
        't1 (made 2026-11-24 12:00:00 UTC).',
    })
    const everywhere = await admin(['token', 'revoke', ...IN, 'one'], [
      holdings[0],
      [200, [listed]],
      [200, [{ ...listed, id: 't6' }]],
    ] as Answer[])
    expect(everywhere.error).toMatch(
      /^More than one live token is named one; give the id: t1 .*, t6 /,
    )
  })

  test('takes a name of what has ended for none', async () => {
    const { error } = await admin(['token', 'revoke', ...IN, 'three'], holdings)
    expect(error).toBe(
      'The namespace stacks-5 has no live token three; token list shows names and ids.',
    )
  })
})

describe('token rotate', () => {
  const replaces = { id: 't1', name: 'one', expiration: '2026-11-24T18:36:00.000Z' }
  const rotated = { ...key('one-2', '2027-11-24T16:36:00.000Z'), id: 't4', replaces }

  test('sends the overlap and the end of the new token, and tells of both', async () => {
    const { out, calls } = await admin(
      ['token', 'rotate', ...IN, 't1', '--overlap', '2h', '--expires', '365d'],
      [...holdings.slice(0, 2), [200, rotated]],
    )
    expect(calls.at(-1)).toEqual([
      `POST ${BASE}/s1/tokens/t1/rotate`,
      { overlapSeconds: 7200, secondsToLive: 365 * 86_400 },
    ])
    expect(out).toBe(
      lines(
        'glsa_secret',
        'Copy the token now: it is not shown again.',
        'Id           t4',
        'Name         one-2',
        'Account      okta',
        'Permissions  org.users:read, teams:read',
        'Expires      2027-11-24 16:36:00 UTC',
        'Replaces     one (t1), which works until 2026-11-24 18:36:00 UTC',
        'Tenant URL   http://127.0.0.1:8787/apis/scim.grafana.app/v0alpha1/namespaces/stacks-5',
      ),
    )
  })

  test("without an end where the old one has none; the overlap is the server's", async () => {
    const { out, calls } = await admin(
      ['token', 'rotate', ...IN, 'one', '--json'],
      [...holdings, [200, rotated]],
    )
    expect(calls.at(-1)).toEqual([`POST ${BASE}/s1/tokens/t1/rotate`, {}])
    expect(JSON.parse(out)).toMatchObject({ id: 't4', token: 'glsa_secret', replaces })
  })

  test('for as long as the old one was made for, from now', async () => {
    const ending = { ...listed, expiration: '2026-12-24T12:00:00.000Z' }
    const asked = async (...args: string[]) =>
      (
        await admin(
          ['token', 'rotate', ...IN, 't1', ...args],
          [
            [200, page(okta)],
            [200, [ending]],
            [200, rotated],
          ],
        )
      ).calls.at(-1)?.[1]
    expect(await asked()).toEqual({ secondsToLive: 30 * 86_400 })
    expect(await asked('--expires', 'never')).toEqual({})
    expect(await asked('--expires', '1d')).toEqual({ secondsToLive: 86_400 })
  })

  test.each(['one', 't1', 't5'])('of %s says that another one is not over', async (which) => {
    const { status, error, calls } = await admin(['token', 'rotate', ...IN, which], overlapping)
    expect({ status, error }).toEqual({
      status: 1,
      error:
        'Token one was rotated at 2026-11-24 14:00:00 UTC: t5 is the new one, and t1 works until ' +
        '2026-11-25 14:00:00 UTC. If the new one was lost, add --again.',
    })
    expect(calls.some(([request]) => request.startsWith('POST'))).toBe(false)
  })

  test('--again makes one more, with the life of the newest', async () => {
    const { calls } = await admin(
      ['token', 'rotate', ...IN, 'one', '--again'],
      [...overlapping, [200, rotated]],
    )
    expect(calls.at(-1)).toEqual([
      `POST ${BASE}/s1/tokens/t5/rotate`,
      { secondsToLive: 90 * 86_400 },
    ])
  })

  test('an overlap of nothing is sent as such', async () => {
    const { calls } = await admin(
      ['token', 'rotate', ...IN, 't1', '--overlap', '0s'],
      [...holdings.slice(0, 2), [200, rotated]],
    )
    expect(calls.at(-1)?.[1]).toEqual({ overlapSeconds: 0 })
  })
})
