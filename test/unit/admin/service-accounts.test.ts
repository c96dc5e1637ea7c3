import { describe, expect, test } from 'vitest'
import { admin, lines } from './harness.ts'

const okta = {
  id: 's1',
  uid: 's1',
  name: 'okta',
  login: 'sa-okta',
  orgId: 1,
  role: 'None',
  permissions: ['org.users:read', 'teams:read'],
  isDisabled: false,
  isExternal: false,
  tokens: 2,
  created: '2026-11-24T10:00:00.000Z',
}

const IN = ['--namespace', 'stacks-5']
const BASE = '/stacks-5/serviceaccounts'

function page(...serviceAccounts: unknown[]) {
  return { totalCount: serviceAccounts.length, serviceAccounts, page: 1, perPage: 100 }
}

describe('serviceaccount create', () => {
  test('leaves role and permissions to the server where they are not given', async () => {
    const { out, calls } = await admin(['serviceaccount', 'create', 'okta', ...IN], [[201, okta]])
    expect(calls).toEqual([[`POST ${BASE}`, { name: 'okta' }]])
    expect(out).toBe(
      lines(
        'Service account okta is created.',
        'Id           s1',
        'State        enabled',
        'Role         None',
        'Permissions  org.users:read, teams:read',
        'Tokens       2',
        'Created      2026-11-24 10:00:00 UTC',
      ),
    )
  })

  test('sends what is given', async () => {
    const { calls } = await admin(
      [
        ...['serviceaccount', 'create', 'okta', ...IN, '--role', 'Viewer'],
        ...['--permissions', 'User administration, teams:read'],
      ],
      [[201, okta]],
    )
    const permissions = ['User administration', 'teams:read']
    expect(calls).toEqual([[`POST ${BASE}`, { name: 'okta', role: 'Viewer', permissions }]])
  })
})

describe('serviceaccount list', () => {
  test('prints a table of all pages', async () => {
    const entra = {
      ...okta,
      id: 's2',
      name: 'entra',
      isDisabled: true,
      permissions: [],
      tokens: 10,
    }
    const { out, calls } = await admin(
      ['serviceaccount', 'list', ...IN],
      [
        [200, { ...page(okta), totalCount: 2 }],
        [200, { ...page(entra), totalCount: 2, page: 2 }],
      ],
    )
    expect(calls).toEqual([[`GET ${BASE}?page=1&perpage=100`], [`GET ${BASE}?page=2&perpage=100`]])
    expect(out).toBe(
      lines(
        'ID  NAME   STATE     ROLE  TOKENS  CREATED                  PERMISSIONS',
        's1  okta   enabled   None       2  2026-11-24 10:00:00 UTC  org.users:read, teams:read',
        's2  entra  disabled  None      10  2026-11-24 10:00:00 UTC  none',
      ),
    )
  })

  test('says so when there is none', async () => {
    const { out } = await admin(['serviceaccount', 'list', ...IN], [[200, page()]])
    expect(out).toBe('The namespace stacks-5 has no service account.')
  })
})

describe('serviceaccount update, disable, enable and delete', () => {
  const changed = (account: object) => ({
    message: 'Service account updated',
    id: 's1',
    name: 'okta',
    serviceaccount: account,
  })

  test('find the account by its exact name', async () => {
    const like = { ...okta, id: 's0', name: 'okta-old' }
    const { calls } = await admin(
      ['serviceaccount', 'update', 'okta', ...IN, '--name', 'okta-prod', '--role', 'Editor'],
      [
        [200, page(like, okta)],
        [200, changed(okta)],
      ],
    )
    expect(calls).toEqual([
      [`GET ${BASE}?query=okta&page=1&perpage=100`],
      [`PATCH ${BASE}/s1`, { name: 'okta-prod', role: 'Editor' }],
    ])
  })

  test('or else by its id', async () => {
    const { out, calls } = await admin(
      ['serviceaccount', 'disable', 's1', ...IN],
      [
        [200, page()],
        [200, okta],
        [200, changed({ ...okta, isDisabled: true })],
      ],
    )
    expect(calls).toEqual([
      [`GET ${BASE}?query=s1&page=1&perpage=100`],
      [`GET ${BASE}/s1`],
      [`PATCH ${BASE}/s1`, { isDisabled: true }],
    ])
    expect(out).toContain('Service account okta is disabled.\n')
    expect(out).toContain('State        disabled\n')
  })

  test('enable', async () => {
    const { out, calls } = await admin(
      ['serviceaccount', 'enable', 'okta', ...IN],
      [
        [200, page({ ...okta, isDisabled: true })],
        [200, changed(okta)],
      ],
    )
    expect(calls[1]).toEqual([`PATCH ${BASE}/s1`, { isDisabled: false }])
    expect(out).toContain('Service account okta is enabled.\n')
  })

  test('delete', async () => {
    const { out, calls } = await admin(
      ['serviceaccount', 'delete', 'okta', ...IN, '--json'],
      [
        [200, page(okta)],
        [200, { message: 'Service account deleted' }],
      ],
    )
    expect(calls[1]).toEqual([`DELETE ${BASE}/s1`])
    expect(JSON.parse(out)).toEqual({ id: 's1', name: 'okta', deleted: true })
  })

  test('say so in one sentence when there is no such account', async () => {
    const detail = 'There is no service account okta; list them.'
    const { status, out, error } = await admin(
      ['serviceaccount', 'delete', 'okta', ...IN],
      [
        [200, page()],
        [404, { message: 'not found', detail }],
      ],
    )
    expect({ status, out, error }).toEqual({ status: 1, out: '', error: detail })
  })
})
