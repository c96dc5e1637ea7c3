import { describe, expect, test } from 'vitest'
import { type Answer, admin, lines } from './harness.ts'

const IN = ['--namespace', 'stacks-5']

const conflict = {
  id: 'c1',
  subject: 'ada@example.com',
  reason: 'scim.uniqueness',
  status: 409,
  detail: 'The userName is in use.',
  remedy: 'Change it in one of them.',
  request: { method: 'POST', path: '/x/Users', body: { userName: 'ada@example.com' } },
  account: 'okta',
  count: 12,
  first: '2026-11-23T10:00:00.000Z',
  last: '2026-11-24T10:00:00.000Z',
}

describe('conflicts', () => {
  test('are read to the end and shown as a table, with one remedy for each reason', async () => {
    const long = { ...conflict, id: 'c2', subject: 'x'.repeat(60), count: 1 }
    const { status, out, calls } = await admin(
      ['conflicts', ...IN],
      [
        [200, { conflicts: [conflict], nextCursor: '1.c1' }],
        [200, { conflicts: [long] }],
      ],
    )
    expect(calls).toEqual([
      ['GET /stacks-5/conflicts?limit=1000'],
      ['GET /stacks-5/conflicts?limit=1000&cursor=1.c1'],
    ])
    expect(status).toBe(0)
    const subject = `${'x'.repeat(39)}…`
    expect(out).toBe(
      lines(
        `ID  ${'SUBJECT'.padEnd(40)}  STATUS  COUNT  LAST                     ACCOUNT  WHAT WAS WRONG`,
        `c1  ${'ada@example.com'.padEnd(40)}     409     12  2026-11-24 10:00:00 UTC  okta     ${conflict.detail}`,
        `c2  ${subject}     409      1  2026-11-24 10:00:00 UTC  okta     ${conflict.detail}`,
        '',
        'c1, c2 (scim.uniqueness): Change it in one of them.',
        '',
        '--json shows the request of each.',
      ),
    )
  })

  test('are narrowed down by subject and reason', async () => {
    const { out, calls } = await admin(
      ['conflicts', ...IN, '--subject', 'Ada@example.com', '--reason', 'scim.uniqueness'],
      [[200, { conflicts: [] }]],
    )
    const query = 'subject=Ada%40example.com&reason=scim.uniqueness&limit=1000'
    expect(calls).toEqual([[`GET /stacks-5/conflicts?${query}`]])
    expect(out).toBe('The namespace stacks-5 has no such open conflict.')
  })

  test('name with each remedy three of those that it is for', async () => {
    const many = ['c1', 'c2', 'c3', 'c4', 'c5'].map((id) => ({ ...conflict, id }))
    const { out } = await admin(['conflicts', ...IN], [[200, { conflicts: many }]])
    expect(out).toContain('c1, c2, c3 and 2 more (scim.uniqueness): Change it in one of them.')
  })

  test('are printed whole with --json', async () => {
    const { out } = await admin(
      ['--json', 'conflicts', 'list', ...IN],
      [[200, { conflicts: [conflict] }]],
    )
    expect(JSON.parse(out)).toEqual([conflict])
  })

  test('are none', async () => {
    const { out, status } = await admin(['conflicts', ...IN], [[200, { conflicts: [] }]])
    expect({ out, status }).toEqual({
      out: 'The namespace stacks-5 has no open conflict.',
      status: 0,
    })
  })

  test('are settled by their id', async () => {
    const { out, calls } = await admin(
      ['conflicts', 'settle', ...IN, 'c/1'],
      [[200, { message: 'Conflict settled' }]],
    )
    expect(calls).toEqual([['DELETE /stacks-5/conflicts/c%2F1']])
    expect(out).toBe('The conflict c/1 is settled.')
    const unknown = await admin(
      ['conflicts', 'settle', ...IN, 'c1'],
      [[404, { detail: 'There is none.' }]],
    )
    expect(unknown).toMatchObject({ status: 1, error: 'There is none.', out: '' })
  })

  test('need a namespace', async () => {
    const { status, error, calls } = await admin(['conflicts'])
    expect({ status, error, calls }).toEqual({
      status: 1,
      error: 'The namespace is missing: give --namespace, or set SCIM_EDGE_NAMESPACE.',
      calls: [],
    })
  })
})

const account = {
  id: 's1',
  name: 'okta',
  isDisabled: false,
  lastRequestAt: '2026-11-24T16:00:00.000Z',
  lastChangeAt: null,
}

const status = {
  namespace: 'stacks-5',
  users: 12,
  teams: 3,
  managed: { users: 10, teams: 2 },
  retained: 1,
  conflicts: 4,
  changes: { lastHour: 1, lastDay: 24 },
  refusals: { lastHour: 2, lastDay: 7 },
  failedCredentials: [
    {
      reason: 'api-key.invalid',
      count: 3,
      since: '2026-11-24T10:00:00.000Z',
      last: '2026-11-24T10:20:00.000Z',
    },
  ],
  deniedLogins: [
    {
      reason: 'user.inactive',
      count: 2,
      since: '2026-11-24T10:00:00.000Z',
      last: '2026-11-24T10:20:00.000Z',
    },
  ],
  ignoredAttributes: [],
  serviceAccounts: [account],
  expiringTokens: [
    { serviceAccount: 'okta', id: 't1', name: 'first', expiration: '2026-11-30T00:00:00.000Z' },
  ],
  inheritedMembers: { count: 5, capped: false },
  settings: {
    enableUserSync: true,
    enableGroupSync: false,
    rejectNonProvisionedUsers: false,
    requireExternalId: true,
    hideNonProvisionedUsers: true,
  },
  settingsSource: 'database',
}

describe('status', () => {
  test('is shown in blocks', async () => {
    const { out, calls, status: exit } = await admin(['status', ...IN], [[200, status]])
    expect(calls).toEqual([['GET /stacks-5/status']])
    expect(exit).toBe(0)
    expect(out).toBe(
      lines(
        'Namespace               stacks-5',
        'Users                   12, 10 of them managed by SCIM',
        'Teams                   3, 2 of them managed by SCIM',
        'Retained                1',
        'Inherited members       5',
        'Open conflicts          4',
        'Changes                 1 in an hour, 24 in a day',
        'Refusals                2 in an hour, 7 in a day',
        'User sync               on',
        'Group sync              off',
        'Reject non-provisioned  off',
        'Require externalId      on',
        'Hide non-provisioned    on',
        'Settings from           database',
        '',
        'SERVICE ACCOUNT  STATE    LAST REQUEST             LAST CHANGE',
        'okta             enabled  2026-11-24 16:00:00 UTC  never',
        '',
        'FAILED CREDENTIAL  COUNT  SINCE                    LAST',
        'api-key.invalid    3      2026-11-24 10:00:00 UTC  2026-11-24 10:20:00 UTC',
        '',
        'DENIED LOGIN   COUNT  SINCE                    LAST',
        'user.inactive  2      2026-11-24 10:00:00 UTC  2026-11-24 10:20:00 UTC',
        '',
        'EXPIRING TOKEN  SERVICE ACCOUNT  ID  EXPIRES',
        'first           okta             t1  2026-11-30 00:00:00 UTC',
      ),
    )
  })

  test('is printed whole with --json', async () => {
    const { out } = await admin(['status', ...IN, '--json'], [[200, status]])
    expect(JSON.parse(out)).toEqual(status)
  })
})

describe('health', () => {
  const ok = { name: 'database', status: 'ok', detail: 'The database answered.' }
  const warn = { name: 'token-age', status: 'warn', detail: 'It is old.', remedy: 'Rotate it.' }
  const fail = { name: 'permissions', status: 'fail', detail: 'It lacks.', remedy: 'Give it.' }

  test('ends with 1 where a check fails, after it was shown', async () => {
    const body = { status: 'fail', checks: [ok, warn, fail] }
    const { status, out, error, calls } = await admin(['health', ...IN], [[200, body]])
    expect(calls).toEqual([['GET /stacks-5/health']])
    expect({ status, error }).toEqual({ status: 1, error: '1 check failed.' })
    expect(out).toBe(
      lines(
        'ok    database: The database answered.',
        'warn  token-age: It is old.',
        '      Rotate it.',
        'fail  permissions: It lacks.',
        '      Give it.',
      ),
    )
  })

  test('ends with 0 where there are only warnings', async () => {
    const body = { status: 'warn', checks: [ok, warn] }
    const { status, error } = await admin(['health', ...IN], [[200, body]])
    expect({ status, error }).toEqual({ status: 0, error: '' })
  })

  test('is one JSON value with --json, whatever the exit status', async () => {
    const body = { status: 'fail', checks: [ok, fail] }
    const { status, out } = await admin(['health', ...IN, '--json'], [[200, body]])
    expect(status).toBe(1)
    expect(JSON.parse(out)).toEqual(body)
  })

  test('looks at every namespace with --all, and ends with 1 where one fails', async () => {
    const answers: readonly Answer[] = [
      [200, { items: [{ name: 'default' }, { name: 'stacks-5' }] }],
      [200, { status: 'fail', checks: [ok, fail] }],
      [200, { status: 'warn', checks: [ok, warn] }],
    ]
    const { status, out, error, calls } = await admin(['health', '--all'], answers)
    expect(calls).toEqual([['GET '], ['GET /default/health'], ['GET /stacks-5/health']])
    expect({ status, error }).toEqual({ status: 1, error: '1 namespace of 2 failed: default.' })
    expect(out).toBe(
      lines(
        'default',
        'ok    database: The database answered.',
        'fail  permissions: It lacks.',
        '      Give it.',
        '',
        'stacks-5',
        'ok    database: The database answered.',
        'warn  token-age: It is old.',
        '      Rotate it.',
      ),
    )
    const json = await admin(
      ['health', '--all', '--json'],
      answers.slice(0, 1).concat([answers[2], answers[2]] as never),
    )
    expect(json.status).toBe(0)
    expect(JSON.parse(json.out)).toEqual([
      { namespace: 'default', status: 'warn', checks: [ok, warn] },
      { namespace: 'stacks-5', status: 'warn', checks: [ok, warn] },
    ])
  })

  test('of all is not that of one', async () => {
    expect(await admin(['health', '--all', ...IN])).toMatchObject({
      status: 1,
      error: '--all is about every namespace; leave --namespace out.',
      calls: [],
    })
  })
})
