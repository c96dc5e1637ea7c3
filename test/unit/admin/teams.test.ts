import { describe, expect, test } from 'vitest'
import { admin, lines } from './harness.ts'

const IN = ['--namespace', 'stacks-5']
const BASE = '/stacks-5/teams'

const platform = {
  id: 'g1',
  name: 'Platform',
  externalUID: null,
  isProvisioned: false,
  memberCount: 12,
  created: '2026-11-24T10:00:00.000Z',
  updated: '2026-11-24T11:00:00.000Z',
}

const security = { ...platform, id: 'g2', name: 'Security', isProvisioned: true, memberCount: 3 }

const ada = {
  id: 'u1',
  login: 'ada',
  email: 'ada@example.com',
  name: null,
  externalId: null,
  isDisabled: false,
  isProvisioned: false,
  created: '2026-11-24T10:00:00.000Z',
  updated: '2026-11-24T11:00:00.000Z',
}

function page(...teams: unknown[]) {
  return { totalCount: teams.length, teams }
}

const shown = lines(
  'Name         Platform',
  'Id           g1',
  'externalUID  none',
  'Managed      by hand',
  'Members      12',
  'Created      2026-11-24 10:00:00 UTC',
  'Changed      2026-11-24 11:00:00 UTC',
)

describe('team list', () => {
  test('prints a table of all pages', async () => {
    const { out, calls } = await admin(
      ['team', 'list', ...IN],
      [
        [200, { ...page(platform), nextCursor: 'c1' }],
        [200, page(security)],
      ],
    )
    expect(calls).toEqual([[`GET ${BASE}?limit=1000`], [`GET ${BASE}?limit=1000&cursor=c1`]])
    expect(out).toBe(
      lines(
        'ID  NAME      MEMBERS  MANAGED  CREATED',
        'g1  Platform       12  by hand  2026-11-24 10:00:00 UTC',
        'g2  Security        3  by SCIM  2026-11-24 10:00:00 UTC',
      ),
    )
  })

  test('is narrowed down', async () => {
    const { out, calls } = await admin(
      ['team', 'list', ...IN, '--name', 'Platform', '--managed', 'no'],
      [[200, page()]],
    )
    expect(calls).toEqual([[`GET ${BASE}?name=Platform&isProvisioned=false&limit=1000`]])
    expect(out).toBe('No team matches.')
  })

  test('says so when there is none', async () => {
    const { out } = await admin(['team', 'list', ...IN], [[200, page()]])
    expect(out).toBe('The namespace stacks-5 has no team.')
  })
})

describe('team show', () => {
  test('finds the team by its name, however it is capitalized', async () => {
    const { out, calls } = await admin(['team', 'show', 'PLATFORM', ...IN], [[200, page(platform)]])
    expect(calls).toEqual([[`GET ${BASE}?name=PLATFORM`]])
    expect(out).toBe(shown)
  })

  test('or else by its id', async () => {
    const { calls } = await admin(
      ['team', 'show', 'g1', ...IN],
      [
        [200, page()],
        [200, platform],
      ],
    )
    expect(calls).toEqual([[`GET ${BASE}?name=g1`], [`GET ${BASE}/g1`]])
  })
})

describe('team create, rename, remove and release', () => {
  test('create', async () => {
    const { out, calls } = await admin(['team', 'create', 'Platform', ...IN], [[201, platform]])
    expect(calls).toEqual([[`POST ${BASE}`, { name: 'Platform' }]])
    expect(out).toBe(`The team Platform is created.\n${shown}`)
  })

  test('rename', async () => {
    const { out, calls } = await admin(
      ['team', 'rename', 'Platform', 'Core', ...IN],
      [
        [200, page(platform)],
        [200, { ...platform, name: 'Core' }],
      ],
    )
    expect(calls[1]).toEqual([`PATCH ${BASE}/g1`, { name: 'Core' }])
    expect(out).toContain('The team Core has its new name.\n')
  })

  test('remove', async () => {
    const { out, calls } = await admin(
      ['team', 'remove', 'Platform', ...IN, '--json'],
      [
        [200, page(platform)],
        [200, { message: 'Team deleted' }],
      ],
    )
    expect(calls[1]).toEqual([`DELETE ${BASE}/g1`])
    expect(JSON.parse(out)).toEqual({ id: 'g1', name: 'Platform', removed: true })
  })

  test("remove prints the server's sentence for a team that SCIM manages", async () => {
    const { status, error } = await admin(
      ['team', 'remove', 'Security', ...IN],
      [
        [200, page(security)],
        [400, { message: 'Cannot delete provisioned teams' }],
      ],
    )
    expect({ status, error }).toEqual({ status: 1, error: 'Cannot delete provisioned teams.' })
  })

  test('release', async () => {
    const { out, calls } = await admin(
      ['team', 'release', 'Security', ...IN],
      [
        [200, page(security)],
        [200, { ...security, isProvisioned: false }],
      ],
    )
    expect(calls[1]).toEqual([`POST ${BASE}/g2/release`])
    expect(out).toContain('The team Security is no longer managed by SCIM.\n')
  })
})

describe('the members of a team', () => {
  const member = { userId: 'u1', login: 'ada', email: 'ada@example.com', name: null }

  test('are listed to the last page', async () => {
    const { out, calls } = await admin(
      ['team', 'members', 'Platform', ...IN],
      [
        [200, page(platform)],
        [200, { members: [member], nextCursor: 'c1' }],
        [200, { members: [{ ...member, userId: 'u2', login: 'grace', name: 'Grace Hopper' }] }],
      ],
    )
    expect(calls.slice(1)).toEqual([
      [`GET ${BASE}/g1/members?limit=1000`],
      [`GET ${BASE}/g1/members?limit=1000&cursor=c1`],
    ])
    expect(out).toBe(
      lines(
        'USER ID  LOGIN  E-MAIL           NAME',
        'u1       ada    ada@example.com',
        'u2       grace  ada@example.com  Grace Hopper',
      ),
    )
  })

  test('are none', async () => {
    const { out } = await admin(
      ['team', 'members', 'Platform', ...IN],
      [
        [200, page(platform)],
        [200, { members: [] }],
      ],
    )
    expect(out).toBe('The team Platform has no member.')
  })

  test('are added one by one', async () => {
    const { out, calls } = await admin(
      ['team', 'add-member', 'Platform', 'ada', ...IN],
      [
        [200, page(platform)],
        [200, { totalCount: 1, accounts: [ada] }],
        [200, { message: 'Member added to Team' }],
      ],
    )
    expect(calls.slice(1)).toEqual([
      ['GET /stacks-5/accounts?login=ada'],
      [`POST ${BASE}/g1/members`, { userId: 'u1' }],
    ])
    expect(out).toBe('ada is in the team Platform.')
  })

  test('and taken out one by one', async () => {
    const { out, calls } = await admin(
      ['team', 'remove-member', 'g1', 'u1', ...IN],
      [
        [200, page()],
        [200, platform],
        [200, { totalCount: 0, accounts: [] }],
        [200, ada],
        [200, { message: 'Team Member removed' }],
      ],
    )
    expect(calls.at(-1)).toEqual([`DELETE ${BASE}/g1/members/u1`])
    expect(out).toBe('ada is no longer in the team Platform.')
  })
})
