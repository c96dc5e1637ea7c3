import { describe, expect, test } from 'vitest'
import { admin, lines } from './harness.ts'

const IN = ['--namespace', 'stacks-5']

const update = {
  seq: 7,
  at: '2026-11-24T10:00:00.000Z',
  actor: { serviceAccount: 'okta', token: 't1' },
  action: 'user.update',
  subject: 'u1',
  subjectName: 'ada@example.com',
  outcome: 'success',
  changes: { before: { title: 'A' }, after: { title: 'B', active: false } },
  requestId: 'r1',
}

const members = {
  ...update,
  seq: 8,
  actor: { operator: true },
  action: 'team.update',
  subject: 'g1',
  subjectName: undefined,
  outcome: 'partial',
  changes: { added: ['u1', 'u2'], removed: [], skipped: ['u9'] },
}

describe('events', () => {
  test('are shown as a table', async () => {
    const filter = ['--actor', 'okta', '--action', 'user.', '--limit', '2']
    const { status, out, calls } = await admin(
      ['events', ...IN, ...filter],
      [[200, { events: [members, update], nextCursor: '7' }]],
    )
    expect(calls).toEqual([['GET /stacks-5/events?actor=okta&action=user.&limit=2']])
    expect(status).toBe(0)
    expect(out).toBe(
      lines(
        'SEQ  AT                       ACTOR     ACTION       SUBJECT  NAME             OUTCOME  CHANGES',
        '  8  2026-11-24 10:00:00 UTC  operator  team.update  g1                        partial  2 added, 1 skipped',
        '  7  2026-11-24 10:00:00 UTC  okta      user.update  u1       ada@example.com  success  title, active',
        '',
        'There are more; raise --limit or narrow them down.',
      ),
    )
  })

  test('are exported as they come', async () => {
    const text = `${JSON.stringify(update)}\n${JSON.stringify(members)}\n`
    const { out, calls } = await admin(['events', ...IN, '--format', 'ndjson'], [[200, text]])
    expect(calls).toEqual([['GET /stacks-5/events?format=ndjson']])
    expect(`${out}\n`).toBe(text)
  })

  test('are followed from now on until Ctrl-C, each once', async () => {
    const controller = new AbortController()
    let pauses = 0
    const { out, calls } = await admin(
      ['events', ...IN, '--follow'],
      [
        [200, { events: [{ ...update, seq: 6 }] }],
        [200, { events: [update] }],
        [200, { events: [members] }],
      ],
      {
        untilInterrupted: () => controller.signal,
        sleep: async () => {
          pauses += 1
          if (pauses === 2) controller.abort()
        },
      },
    )
    expect(calls).toEqual([
      ['GET /stacks-5/events?limit=1'],
      ['GET /stacks-5/events?order=asc&cursor=6&limit=1000'],
      ['GET /stacks-5/events?order=asc&cursor=7&limit=1000'],
    ])
    expect(out).toBe(
      lines(
        '2026-11-24 10:00:00 UTC  okta  user.update  u1 (ada@example.com)  success  title, active',
        '2026-11-24 10:00:00 UTC  operator  team.update  g1  partial  2 added, 1 skipped',
      ),
    )
  })
})

describe('retained accounts', () => {
  test('are purged by age in as many requests as it takes', async () => {
    const { status, out, calls } = await admin(
      ['retained', 'purge', ...IN, '--older-than', '365d', '--yes'],
      [
        [200, { purged: 50, more: true }],
        [200, { purged: 3, more: false }],
      ],
    )
    const call = ['POST /stacks-5/retained/purge', { olderThanDays: 365 }]
    expect({ status, out, calls }).toEqual({
      status: 0,
      out: '53 retained accounts purged.',
      calls: [call, call],
    })
  })

  test('are purged one by one, and listed', async () => {
    const { calls } = await admin(['retained', 'purge', ...IN, 'u1'], [[200, { message: 'x' }]])
    expect(calls).toEqual([['DELETE /stacks-5/retained/u1']])
    const [created, deleted] = ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z']
    const account = { id: 'u1', login: 'ada', email: null, externalId: 'x1', created, deleted }
    const { out } = await admin(
      ['retained', 'list', ...IN],
      [[200, { totalCount: 1, retained: [account] }]],
    )
    expect(out).toContain('u1  ada            x1          2026-01-01 00:00:00 UTC')
  })
})

describe('login-check', () => {
  test('ends with 1 where the login would be denied', async () => {
    const answer = {
      decision: 'deny',
      reason: 'Deactivated.',
      message: 'User is disabled',
      messageId: 'user.inactive',
      statusCode: 401,
      user: null,
      teams: [],
      sessionsValidFrom: null,
    }
    const { status, out, error, calls } = await admin(
      ['login-check', ...IN, '--external-id', 'x1', '--issued-at', '2026-01-01'],
      [[200, answer]],
    )
    const body = { externalId: 'x1', issuedAt: Date.parse('2026-01-01T00:00:00Z') }
    expect(calls).toEqual([['POST /stacks-5/login/check', body]])
    expect(status).toBe(1)
    expect(out).toContain('Decision  deny')
    expect(error).toBe('The login would be denied: User is disabled.')
  })
  test('lists the logins that were denied, also those of one identity', async () => {
    const denied = {
      subject: 'ada@example.com',
      reason: 'user.inactive',
      detail: 'The account is deactivated; activate it in the identity provider.',
      count: 12,
      first: '2026-11-24T10:00:00.000Z',
      last: '2026-11-24T11:00:00.000Z',
    }
    const list = ['login-check', ...IN, '--denied']
    const { status, out, calls } = await admin(
      [...list, '--user-name', 'ada@example.com'],
      [[200, { denied: [denied] }]],
    )
    expect(calls).toEqual([['GET /stacks-5/login/denied?subject=ada%40example.com']])
    expect(status).toBe(0)
    expect(out).toBe(
      lines(
        'SUBJECT          COUNT  FIRST                    LAST                     WHY',
        'ada@example.com     12  2026-11-24 10:00:00 UTC  2026-11-24 11:00:00 UTC  ' +
          'The account is deactivated; activate it in the identity provider. (user.inactive)',
      ),
    )
    const none = await admin(list, [[200, { denied: [] }]])
    expect(none).toMatchObject({ status: 0, out: 'No login was denied.' })
    const both = await admin([...list, '--user-name', 'a', '--email', 'b'], [])
    expect(both.error).toBe(
      'With --denied, give one of --user-name, --email and --external-id, or none.',
    )
  })
  test.each([
    [0, 'Logins    never revoked'],
    [Date.parse('2026-01-02T03:04:05Z'), 'Logins count from  2026-01-02 03:04:05 UTC'],
  ])('says since when logins count: %d', async (sessionsValidFrom, line) => {
    const answer = {
      ...{ decision: 'allow', reason: 'Active.', message: 'OK', messageId: null, statusCode: 200 },
      ...{ user: null, teams: [], sessionsValidFrom },
    }
    const { out } = await admin(['login-check', ...IN, '--external-id', 'x1'], [[200, answer]])
    expect(out).toContain(line)
    expect(out).not.toContain('1970')
  })
})
