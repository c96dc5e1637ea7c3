import { describe, expect, test } from 'vitest'
import { admin, lines } from './harness.ts'

const IN = ['--namespace', 'stacks-5']
const BASE = '/stacks-5/accounts'

const ada = {
  id: 'u1',
  login: 'ada',
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  externalId: null,
  isDisabled: false,
  isProvisioned: false,
  created: '2026-11-24T10:00:00.000Z',
  updated: '2026-11-24T11:00:00.000Z',
}

const grace = {
  ...ada,
  id: 'u2',
  login: 'grace',
  email: null,
  name: null,
  externalId: '00u2',
  isDisabled: true,
  isProvisioned: true,
}

function page(...accounts: unknown[]) {
  return { totalCount: accounts.length, accounts }
}

const shown = lines(
  'Login       ada',
  'Id          u1',
  'E-mail      ada@example.com',
  'Name        Ada Lovelace',
  'externalId  none',
  'Managed     by hand',
  'State       enabled',
  'Created     2026-11-24 10:00:00 UTC',
  'Changed     2026-11-24 11:00:00 UTC',
)

describe('account list', () => {
  test('prints a table of all pages', async () => {
    const { out, calls } = await admin(
      ['account', 'list', ...IN],
      [
        [200, { ...page(ada), nextCursor: 'c1' }],
        [200, page(grace)],
      ],
    )
    expect(calls).toEqual([[`GET ${BASE}?limit=1000`], [`GET ${BASE}?limit=1000&cursor=c1`]])
    expect(out).toBe(
      lines(
        'ID  LOGIN  E-MAIL           NAME          MANAGED  STATE     CREATED',
        'u1  ada    ada@example.com  Ada Lovelace  by hand  enabled   2026-11-24 10:00:00 UTC',
        'u2  grace                                 by SCIM  disabled  2026-11-24 10:00:00 UTC',
      ),
    )
  })

  test.each([
    [['--managed', 'no'], 'isProvisioned=false'],
    [['--managed', 'yes', '--login', 'ada'], 'login=ada&isProvisioned=true'],
    [['--email', 'a@x'], 'email=a%40x'],
  ])('%j narrows it down', async (options, query) => {
    const { out, calls } = await admin(['account', 'list', ...IN, ...options], [[200, page()]])
    expect(calls).toEqual([[`GET ${BASE}?${query}&limit=1000`]])
    expect(out).toBe('No account matches.')
  })

  const hostile = { ...ada, login: 'a\u001b[2J\r\nu9', name: '\u009b1m\u202eevil\u2028' }

  test('shows what a terminal would obey', async () => {
    const { out } = await admin(['account', 'list', ...IN], [[200, page(hostile)]])
    expect(out.split('\n')[1]).toBe(
      'u1  a\\u001b[2J\\u000d\\u000au9  ada@example.com  \\u009b1m\\u202eevil\\u2028  ' +
        'by hand  enabled  2026-11-24 10:00:00 UTC',
    )
  })

  test('prints the same as JSON that means what it meant', async () => {
    const { out } = await admin(['account', 'list', ...IN, '--json'], [[200, page(hostile)]])
    expect(out).toContain('\\u009b1m\\u202eevil\\u2028')
    expect(JSON.parse(out)).toEqual([hostile])
  })

  test('says what a server answers so, too', async () => {
    const answer = { message: 'The login \u001b]0;x\u0007 is taken' }
    const { error } = await admin(['account', 'list', ...IN], [[409, answer]])
    expect(error).toBe('The login \\u001b]0;x\\u0007 is taken.')
  })

  test('says so when there is none, and prints JSON', async () => {
    const none = await admin(['account', 'list', ...IN], [[200, page()]])
    expect(none.out).toBe('The namespace stacks-5 has no account.')
    const json = await admin(['account', 'list', ...IN, '--json'], [[200, page(ada)]])
    expect(JSON.parse(json.out)).toEqual([ada])
  })
})

describe('account show', () => {
  test('finds the account by its login, however it is capitalized', async () => {
    const { out, calls } = await admin(['account', 'show', 'ADA', ...IN], [[200, page(ada)]])
    expect(calls).toEqual([[`GET ${BASE}?login=ADA`]])
    expect(out).toBe(shown)
  })

  test('or else by its id', async () => {
    const { out, calls } = await admin(
      ['account', 'show', 'u2', ...IN, '--json'],
      [
        [200, page()],
        [200, grace],
      ],
    )
    expect(calls).toEqual([[`GET ${BASE}?login=u2`], [`GET ${BASE}/u2`]])
    expect(JSON.parse(out)).toEqual(grace)
  })

  test('says so in one sentence when there is neither', async () => {
    const { status, out, error } = await admin(
      ['account', 'show', 'nobody', ...IN],
      [
        [200, page()],
        [404, { message: 'user not found', detail: 'There is no account nobody.' }],
      ],
    )
    expect({ status, out, error }).toEqual({
      status: 1,
      out: '',
      error: 'There is no account nobody.',
    })
  })
})

describe('account create', () => {
  test('sends what is given', async () => {
    const { out, calls } = await admin(
      [
        ...['account', 'create', 'ada', ...IN, '--email', 'ada@example.com', '--name', ''],
        ...['--external-id', '00u1', '--disabled', 'yes'],
      ],
      [[201, ada]],
    )
    const body = { login: 'ada', email: 'ada@example.com', externalId: '00u1', isDisabled: true }
    expect(calls).toEqual([[`POST ${BASE}`, body]])
    expect(out).toBe(`The account ada is created.\n${shown}`)
  })

  test("prints the server's sentence when it refuses", async () => {
    const { status, error } = await admin(
      ['account', 'create', 'ada', ...IN],
      [[409, { message: 'The login ada is taken' }]],
    )
    expect({ status, error }).toEqual({ status: 1, error: 'The login ada is taken.' })
  })
})

describe('account update', () => {
  test('changes what is given and clears what is given empty', async () => {
    const { out, calls } = await admin(
      [
        ...['account', 'update', 'ada', ...IN, '--login', 'al', '--email', '', '--name', ''],
        ...['--external-id', '', '--disabled', 'no'],
      ],
      [
        [200, page(ada)],
        [200, { ...ada, login: 'al' }],
      ],
    )
    const body = { login: 'al', email: null, name: null, externalId: null, isDisabled: false }
    expect(calls).toEqual([[`GET ${BASE}?login=ada`], [`PATCH ${BASE}/u1`, body]])
    expect(out).toContain('The account al is changed.\n')
  })

  test.each([
    [[], 'There is nothing to change: give --login, --email, --name, --external-id or --disabled.'],
    [['--disabled', 'off'], "--disabled is yes or no, not 'off'."],
    [['--login', ''], '--login cannot be empty: an account is known by it.'],
  ])('%j is answered with one sentence, and nothing is sent', async (options, sentence) => {
    const run = await admin(['account', 'update', 'ada', ...IN, ...options])
    expect(run).toEqual({ status: 1, out: '', error: sentence, calls: [] })
  })
})

describe('account remove and release', () => {
  test('remove', async () => {
    const { out, calls } = await admin(
      ['account', 'remove', 'ada', ...IN],
      [
        [200, page(ada)],
        [200, { message: 'User deleted' }],
      ],
    )
    expect(calls[1]).toEqual([`DELETE ${BASE}/u1`])
    expect(out).toBe('The account ada is removed.')
  })

  test('release', async () => {
    const { out, calls } = await admin(
      ['account', 'release', 'grace', ...IN],
      [
        [200, page(grace)],
        [200, { ...grace, isProvisioned: false }],
      ],
    )
    expect(calls[1]).toEqual([`POST ${BASE}/u2/release`])
    expect(out).toContain('The account grace is no longer managed by SCIM.\n')
    expect(out).toContain('Managed     by hand\n')
  })
})
