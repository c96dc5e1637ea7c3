import { describe, expect, test } from 'vitest'
import { NAMESPACES } from '../../../scripts/lib/admin-client.ts'
import { failure } from '../../../scripts/lib/failure.ts'
import { admin } from './harness.ts'

const IN = ['--namespace', 'stacks-5']

describe('what goes wrong', () => {
  test.each([
    ['conflicts', 'settle'],
    ['migration', 'mappings', 'clear'],
    ['retained', 'purge'],
    ['namespace', 'delete', '--yes'],
  ])('%s %s takes nothing that leads to the path above', async (...command) => {
    const place = command[0] === 'namespace' ? [] : IN
    for (const id of ['', '.', '..']) {
      const { status, out, error, calls } = await admin([...command, ...place, id])
      expect({ status, out, error, calls }).toEqual({
        status: 1,
        out: '',
        error: `'${id}' is neither a name nor an id.`,
        calls: [],
      })
    }
  })

  test.each([
    [[], 'A command is missing; npm run admin -- --help lists them.'],
    [['nmespace'], "Unknown command 'nmespace' (Did you mean namespace?)."],
    [['namespace', 'create'], "Missing required argument 'ns'."],
    [
      ['namespace', 'list', 'x'],
      "Too many arguments for 'list', expected 0 arguments but got 1: x.",
    ],
    [['token', 'list'], 'The namespace is missing: give --namespace, or set SCIM_EDGE_NAMESPACE.'],
    [
      ['token', 'list', ...IN, '--url', `http://127.0.0.1:8787${NAMESPACES}/default/`],
      '--namespace is stacks-5, but --url is that of default; leave one out.',
    ],
    [
      ['namespace', 'list', '--url', 'http://127.0.0.1:8787/scim/v2'],
      "'http://127.0.0.1:8787/scim/v2' is no address of a deployment: give its origin, such as https://scim.example.com, or a Tenant URL.",
    ],
    [
      ['namespace', 'list', '--url', 'http://scim.example.com'],
      'Over http:// to http://scim.example.com, anybody on the way can read the secret; give an https URL, or add --insecure.',
    ],
    [['namespace', 'list', '--url', 'here'], "'here' is not an http or https URL."],
    [
      ['token', 'create', ...IN, '--permissions', 'Editor,'],
      "'Editor,' does not name permissions: give a role or a list such as org.users:read.",
    ],
    [
      ['token', 'create', ...IN, '--expires', '2020-01-01'],
      'The expiry 2020-01-01 is not in the future: it means 2020-01-01T00:00:00.000Z.',
    ],
    [
      ['token', 'rotate', ...IN, 't1', '--overlap', 'soon'],
      "--overlap is a duration such as 90d, 24h, 15m or 30s, not 'soon'.",
    ],
    [
      ['settings', 'set', ...IN],
      'There is nothing to set: name a setting, such as --user-sync on.',
    ],
    [['settings', 'set', ...IN, '--user-sync', 'true'], "--user-sync is on or off, not 'true'."],
    [
      ['serviceaccount', 'update', ...IN, 'okta'],
      'There is nothing to change: give --name, --role or --permissions.',
    ],
    [
      ['retained', 'purge', ...IN],
      'Say what is to be purged: either an id, or --older-than with a duration.',
    ],
    [
      ['retained', 'purge', ...IN, 'r1', '--older-than', '1d'],
      'Say what is to be purged: either an id, or --older-than with a duration.',
    ],
    [
      ['retained', 'purge', ...IN, '--older-than', '365d'],
      'Purging stacks-5 removes what was deleted more than 365d ago for good; add --yes to confirm.',
    ],
    [['events', ...IN, '--limit', '0'], "--limit is a whole number from 1, not '0'."],
    [['events', ...IN, '--format', 'xml'], "--format is table, ndjson or csv, not 'xml'."],
    [['events', ...IN, '--format', 'csv', '--json'], '--json and --format csv exclude each other.'],
    [
      ['events', ...IN, '--follow', '--json'],
      '--follow has no end; with it, give --format ndjson, not --json.',
    ],
    [
      ['events', ...IN, '--follow', '--format', 'csv'],
      '--follow prints lines or --format ndjson, not csv.',
    ],
    [['events', ...IN, '--follow', '--limit', '5'], '--follow and --limit exclude each other.'],
    [['events', ...IN, '--follow', '--to', 'x'], '--follow and --to exclude each other.'],
    [
      ['login-check', ...IN, '--source', 'saml'],
      'Say who logs in: give --external-id, --user-name or --email.',
    ],
    [
      ['login-check', ...IN, '--email', 'a@x', '--issued-at', 'now'],
      "--issued-at is an ISO time such as 2027-01-31T00:00:00Z, not 'now'.",
    ],
  ])('%j is answered with one sentence, and nothing is sent', async (args, sentence) => {
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
      operatorToken: '',
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
    [404, { message: 'not found', detail: '' }, 'not found.'],
    [404, { message: 'not found', detail: 'Create it first' }, 'Create it first.'],
  ])('an answer %d %j', async (status, body, sentence) => {
    const { error } = await admin(['namespace', 'list'], [[status, body]])
    expect(error).toBe(sentence)
  })

  test.each([
    ['the origin', 'http://127.0.0.1:8787/'],
    ['the base URL', `http://127.0.0.1:8787${NAMESPACES}/`],
    ['a Tenant URL', `http://127.0.0.1:8787${NAMESPACES}/stacks-5/`],
    ['a Tenant URL with its version', `http://127.0.0.1:8787${NAMESPACES}/stacks-5/v2`],
  ])('--url takes %s', async (_what, url) => {
    const { status, calls } = await admin(
      ['namespace', 'list', '--url', url],
      [[200, { items: [] }]],
    )
    expect({ status, calls }).toEqual({ status: 0, calls: [['GET ']] })
  })

  test('the namespace is that of --namespace, else of the Tenant URL, else of the environment', async () => {
    const none = [200, { totalCount: 0, serviceAccounts: [], page: 1, perPage: 100 }] as const
    const url = `http://127.0.0.1:8787${NAMESPACES}/org-2`
    const asked = async (args: readonly string[], namespace?: string) =>
      (await admin(['serviceaccount', 'list', ...args], [none], { namespace })).calls
    const of = (namespace: string) => [[`GET /${namespace}/serviceaccounts?page=1&perpage=100`]]
    expect(await asked(['--namespace', 'stacks-5'], 'org-9')).toEqual(of('stacks-5'))
    expect(await asked(['--url', url], 'org-9')).toEqual(of('org-2'))
    expect(await asked([], 'org-9')).toEqual(of('org-9'))
  })

  test('a refusal names the address that was asked', async () => {
    const errors: string[] = []
    await admin(['namespace', 'list'], [[404, { detail: 'No such namespace.' }]], {
      terminal: { out: () => undefined, error: (text) => errors.push(text) },
    })
    expect(errors).toEqual(['No such namespace (http://127.0.0.1:8787).'])
  })

  test.each([
    [404, { detail: 'None.' }, 'None (http://127.0.0.1:8787, request r-1).'],
    [
      401,
      {},
      'The deployment at http://127.0.0.1:8787 does not accept OPERATOR_TOKEN (request r-1).',
    ],
    [502, undefined, 'http://127.0.0.1:8787 answered with status 502 (request r-1).'],
  ])('a refusal with %i names the request, for the log', async (status, body, said) => {
    const { error } = await admin(['namespace', 'list'], [[status, body]], { requestId: 'r-1' })
    expect(error).toBe(said)
  })

  test('names in a path are escaped', async () => {
    const { calls } = await admin(
      ['serviceaccount', 'delete', '--namespace', 'stacks-5', '../x?y'],
      [
        [200, { totalCount: 0, serviceAccounts: [], page: 1, perPage: 100 }],
        [404, { detail: 'There is none.' }],
      ],
    )
    expect(calls.at(-1)).toEqual(['GET /stacks-5/serviceaccounts/..%2Fx%3Fy'])
  })
})
