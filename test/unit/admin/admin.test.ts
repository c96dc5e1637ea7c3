import { describe, expect, test } from 'vitest'
import { runAdmin } from '../../../scripts/admin/admin.ts'
import { parseExpiry } from '../../../scripts/lib/expiry.ts'
import { failure } from '../../../scripts/lib/failure.ts'
import type { Fetch, WireRequest } from '../../../scripts/lib/wire.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const API = 'http://127.0.0.1:8787/apis/scim.grafana.app/v0alpha1/namespaces'

const namespace = {
  name: 'stacks-5',
  settings: {
    enableUserSync: true,
    enableGroupSync: false,
    rejectNonProvisionedUsers: false,
    requireExternalId: true,
  },
  users: 3,
  teams: 1,
  createdAt: '2026-11-24T10:00:00.000Z',
}

const token = {
  id: 'token-1',
  namespace: 'stacks-5',
  account: 'okta',
  permissions: ['org.users:read', 'teams:read'],
  expiresAt: '2027-02-22T12:00:00.000Z',
  createdAt: '2026-11-24T12:00:00.000Z',
}

const listedToken = { ...token, revokedAt: null, lastUsedAt: null }

interface Call {
  method: string
  url: string
  body: unknown
}

/** Runs the tool against answers given in order; keeps what it sent and printed. */
async function admin(
  args: string[],
  answers: [number, unknown?][] = [],
  world: { operatorToken?: string | undefined; fetch?: Fetch } = {},
) {
  const [out, error, calls]: [string[], string[], Call[]] = [[], [], []]
  const left = [...answers]
  const fetch: Fetch = (url: string, request: WireRequest) => {
    const { body, method } = request
    expect(request.headers.Authorization).toBe('Bearer operator')
    calls.push({ method, url, body: body === undefined ? undefined : JSON.parse(body) })
    const [status, answer] = left.shift() ?? [500]
    return {
      status,
      headers: { get: () => 'application/json' },
      text: async () => (answer === undefined ? '' : JSON.stringify(answer)),
    }
  }
  const status = await runAdmin(args, {
    fetch,
    operatorToken: 'operator',
    now: () => NOW,
    terminal: { out: (text) => out.push(text), error: (text) => error.push(text) },
    ...world,
  })
  return { status, out: out.join('\n'), error: error.join('\n'), calls }
}

const conflict: [number, unknown] = [409, { message: 'stacks-5 exists already', statusCode: 409 }]

describe('namespace create', () => {
  test('sends only the settings that were given', async () => {
    const { status, calls } = await admin(
      ['namespace', 'create', 'stacks-5', '--user-sync', '--no-require-external-id'],
      [[201, namespace]],
    )
    expect(status).toBe(0)
    expect(calls).toEqual([
      {
        method: 'POST',
        url: API,
        body: { name: 'stacks-5', settings: { enableUserSync: true, requireExternalId: false } },
      },
    ])
  })

  test('prints the object with --json, wherever the option stands', async () => {
    for (const args of [
      ['namespace', 'create', 'stacks-5', '--json'],
      ['--json', 'namespace', 'create', 'stacks-5'],
    ]) {
      const { out, error } = await admin(args, [[201, namespace]])
      expect(JSON.parse(out)).toEqual(namespace)
      expect(error).toBe('')
    }
  })

  test('fails in one sentence when the namespace exists', async () => {
    const { status, out, error } = await admin(['namespace', 'create', 'stacks-5'], [conflict])
    expect({ status, out, error }).toEqual({
      status: 1,
      out: '',
      error: 'stacks-5 exists already.',
    })
  })

  test('gives the existing namespace with --if-missing', async () => {
    const { status, out } = await admin(
      ['namespace', 'create', 'stacks-5', '--if-missing', '--json'],
      [conflict, [200, { items: [{ ...namespace, name: 'default' }, namespace] }]],
    )
    expect(status).toBe(0)
    expect(JSON.parse(out)).toEqual(namespace)
  })
})

describe('namespace list and delete', () => {
  test('list prints a table, or an array with --json', async () => {
    const { out } = await admin(['namespace', 'list'], [[200, { items: [namespace] }]])
    expect(out.split('\n')).toEqual([
      'NAME      USERS  TEAMS  USER SYNC  GROUP SYNC  EXTERNALID  CREATED',
      'stacks-5      3      1  on         off         required    2026-11-24 10:00:00 UTC',
    ])
    const json = await admin(['namespace', 'list', '--json'], [[200, { items: [] }]])
    expect(JSON.parse(json.out)).toEqual([])
  })

  test('delete asks for --yes and touches nothing without it', async () => {
    const { status, error, calls } = await admin(['namespace', 'delete', 'stacks-5'])
    expect(status).toBe(1)
    expect(error).toMatch(/^Deleting stacks-5 removes .* add --yes to confirm\.$/)
    expect(calls).toEqual([])
  })

  test('delete with --yes', async () => {
    const { out, calls } = await admin(
      ['namespace', 'delete', 'stacks-5', '--yes', '--json'],
      [[204]],
    )
    expect(JSON.parse(out)).toEqual({ name: 'stacks-5', deleted: true })
    expect(calls).toEqual([{ method: 'DELETE', url: `${API}/stacks-5`, body: undefined }])
  })
})

describe('token create', () => {
  test('asks for Editor, without an end, unless told otherwise', async () => {
    const { calls, out } = await admin(
      ['token', 'create', '--namespace', 'stacks-5'],
      [[201, { ...token, token: 'glsa_secret' }]],
    )
    expect(calls).toEqual([
      {
        method: 'POST',
        url: `${API}/stacks-5/tokens`,
        body: { permissions: ['Editor'], expiresAt: null },
      },
    ])
    expect(out).toContain('glsa_secret\nCopy the token now: it is not shown again.')
  })

  test('reads a list of permissions and a duration', async () => {
    const { calls, out } = await admin(
      [
        ...['token', 'create', '--json', '--namespace', 'stacks-5', '--account', 'okta'],
        ...['--permissions', 'User administration, teams:read', '--expires', '90d'],
      ],
      [[201, { ...token, token: 'glsa_secret' }]],
    )
    expect(calls[0]?.body).toEqual({
      account: 'okta',
      permissions: ['User administration', 'teams:read'],
      expiresAt: '2027-02-22T12:00:00.000Z',
    })
    expect(JSON.parse(out)).toMatchObject({ id: 'token-1', token: 'glsa_secret' })
  })
})

describe('token list and revoke', () => {
  test('list tells active, expired and revoked tokens apart', async () => {
    const items = [
      listedToken,
      { ...listedToken, id: 'token-2', expiresAt: '2026-01-01T00:00:00Z' },
      { ...listedToken, id: 'token-3', revokedAt: '2026-01-01T00:00:00Z' },
    ]
    const { out } = await admin(['token', 'list', '--namespace', 'stacks-5'], [[200, { items }]])
    const states = out.split('\n').map((line) => line.split(/\s+/)[2])
    expect(states).toEqual(['STATE', 'active', 'expired', 'revoked'])
  })

  test('revoke names the token', async () => {
    const args = ['token', 'revoke', '--namespace', 'stacks-5', 'token-1', '--json']
    const { out, calls } = await admin(args, [[204]])
    expect(JSON.parse(out)).toEqual({ id: 'token-1', revoked: true })
    expect(calls[0]).toMatchObject({ method: 'DELETE', url: `${API}/stacks-5/tokens/token-1` })
  })
})

describe('what goes wrong', () => {
  test.each([
    [[], 'A command is missing; npm run admin -- --help lists them.'],
    [['nmespace'], "Unknown command 'nmespace' (Did you mean namespace?)."],
    [['namespace', 'create'], "Missing required argument 'ns'."],
    [
      ['namespace', 'list', 'x'],
      "Too many arguments for 'list', expected 0 arguments but got 1: x.",
    ],
    [['token', 'list'], "Required option '--namespace <ns>' not specified."],
    [['namespace', 'list', '--url', 'here'], "'here' is not an http or https URL."],
    [
      ['token', 'create', '--namespace', 'stacks-5', '--permissions', 'Editor,'],
      "'Editor,' does not name permissions: give a role or a list such as org.users:read.",
    ],
    [
      ['token', 'create', '--namespace', 'stacks-5', '--expires', '2020-01-01'],
      'The expiry 2020-01-01 is not in the future: it means 2020-01-01T00:00:00.000Z.',
    ],
  ])('%j is answered with one sentence', async (args, sentence) => {
    const { status, out, error, calls } = await admin(args)
    expect({ status, out, error, calls }).toEqual({
      status: 1,
      out: '',
      error: sentence,
      calls: [],
    })
  })

  test('a missing secret is told before anything is sent', async () => {
    const { status, error, calls } = await admin(['namespace', 'list'], [], {
      operatorToken: undefined,
    })
    expect(status).toBe(1)
    expect(error).toMatch(/^OPERATOR_TOKEN is missing: .*\.$/)
    expect(calls).toEqual([])
  })

  test('an unreachable deployment', async () => {
    const { status, error } = await admin(['namespace', 'list'], [], {
      fetch() {
        throw failure('Nothing answers at http://127.0.0.1:8787; start it with npm run dev.')
      },
    })
    expect({ status, error }).toEqual({
      status: 1,
      error: 'Nothing answers at http://127.0.0.1:8787; start it with npm run dev.',
    })
  })

  test.each<[number, unknown, string]>([
    [401, {}, 'The deployment at http://127.0.0.1:8787 does not accept OPERATOR_TOKEN.'],
    [502, undefined, 'http://127.0.0.1:8787 answered with status 502.'],
    [200, { hello: 1 }, "What answers at http://127.0.0.1:8787 is not scim-edge's admin API."],
    [404, { detail: 'No such namespace.' }, 'No such namespace.'],
  ])('an answer %d %j', async (status, body, sentence) => {
    const { error } = await admin(['namespace', 'list'], [[status, body]])
    expect(error).toBe(sentence)
  })
})

describe('an expiry', () => {
  test.each([
    ['30s', '2026-11-24T12:00:30.000Z'],
    ['15m', '2026-11-24T12:15:00.000Z'],
    ['12h', '2026-11-25T00:00:00.000Z'],
    ['90d', '2027-02-22T12:00:00.000Z'],
    ['2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['2027-01-31T10:00:00+02:00', '2027-01-31T08:00:00.000Z'],
  ])('%s', (text, iso) => {
    expect(parseExpiry(text, NOW)).toBe(iso)
  })

  test.each(['', '90', '3y', '-5d', '1.5h', '99999999999d', '2027-02-30', '2027-01-31T10:00'])(
    "'%s' is none",
    (text) => {
      expect(() => parseExpiry(text, NOW)).toThrow('is not an expiry')
    },
  )

  test.each(['0s', '2026-11-24T12:00:00Z'])('%s is not in the future', (text) => {
    expect(() => parseExpiry(text, NOW)).toThrow('is not in the future')
  })
})
