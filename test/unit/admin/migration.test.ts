import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Answer, admin, lines } from './harness.ts'

const IN = ['--namespace', 'stacks-5']
const BASE = '/stacks-5/migration'

const folder = mkdtempSync(join(tmpdir(), 'migration-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const settings = { enableUserSync: true, enableGroupSync: true, requireExternalId: true }
const nobody = [200, { totalCount: 0, accounts: [] }] as const

describe('migration preview', () => {
  const people = () => file('users.csv', 'login,id\nada,1\nbob,2\n')
  const ada = { userName: 'ada', externalId: '1' }
  const bob = { userName: 'bob', externalId: '2' }

  test('shows what everybody will be, and who is in Grafana only', async () => {
    const groups = file('groups.json', '[{"displayName":"Ops","externalId":"g"}]')
    const { status, out, error, calls } = await admin(
      ['migration', 'preview', ...IN, '--idp', people(), '--groups', groups],
      [
        [
          200,
          {
            settings,
            users: [
              { ...ada, outcome: 'linked', by: 'email', account: { id: 'u1', login: 'a.l' } },
              { ...bob, outcome: 'created' },
            ],
            groups: [
              {
                displayName: 'Ops',
                outcome: 'linked',
                by: 'mapping',
                team: { id: 'g1', name: 'Old' },
              },
            ],
          },
        ],
        [
          200,
          {
            totalCount: 2,
            accounts: [
              { id: 'u1', login: 'a.l' },
              { id: 'u9', login: 'eve' },
            ],
          },
        ],
        [
          200,
          {
            totalCount: 2,
            teams: [
              { id: 'g1', name: 'Old' },
              { id: 'g9', name: 'Dev' },
            ],
          },
        ],
      ],
    )
    expect(calls).toEqual([
      [
        `POST ${BASE}/preview`,
        { users: [ada, bob], groups: [{ displayName: 'Ops', externalId: 'g' }] },
      ],
      ['GET /stacks-5/accounts?isProvisioned=false&limit=1000'],
      ['GET /stacks-5/teams?isProvisioned=false&limit=1000'],
    ])
    expect({ status, error }).toEqual({ status: 0, error: '' })
    expect(out).toBe(
      lines(
        '      NAME  OUTCOME          BY       ID  DETAIL',
        'user  ada   linked           email    u1',
        'user  bob   created',
        'team  Ops   linked           mapping  g1',
        'user  eve   only in Grafana           u9',
        'team  Dev   only in Grafana           g9',
        '',
        '2 linked, 1 created, 2 only in Grafana.',
      ),
    )
  })

  test('ends with status 1 where somebody has to decide', async () => {
    const { status, out, error } = await admin(
      ['migration', 'preview', ...IN, '--idp', people()],
      [
        [
          200,
          {
            settings: { ...settings, enableUserSync: false },
            users: [
              { ...ada, outcome: 'conflict', detail: 'The userName "ada" is in use.' },
              { ...bob, outcome: 'ambiguous', by: 'userName', detail: 'Twice.' },
            ],
            groups: [],
          },
        ],
        nobody,
      ],
    )
    expect({ status, error }).toEqual({
      status: 1,
      error: 'Somebody has to decide about 2 entries.',
    })
    expect(out).toContain('The userName "ada" is in use.')
    expect(out).toContain('1 ambiguous, 1 conflict.')
    expect(out).toContain('User sync is off')
  })

  test('finds what two parts of a long list claim', async () => {
    const names = Array.from({ length: 501 }, (_, at) => `u${at}`)
    const list = file(
      'long.csv',
      `userName,externalId\n${names.map((n, at) => `${at === 500 ? 'U0' : n},${at}`).join('\n')}\n`,
    )
    const part = (from: number, to: number) =>
      [
        200,
        {
          settings,
          groups: [],
          users: names.slice(from, to).map((userName) => ({ userName, outcome: 'created' })),
        },
      ] as const
    const { status, out, calls } = await admin(
      ['migration', 'preview', ...IN, '--idp', list, '--json'],
      [part(0, 500), part(500, 501), nobody],
    )
    expect(calls).toHaveLength(3)
    expect(status).toBe(1)
    const { entries } = JSON.parse(out)
    const open = entries.filter(({ outcome }: { outcome: string }) => outcome === 'ambiguous')
    expect(open.map(({ name }: { name: string }) => name)).toEqual(['u0', 'u500'])
    expect(open[0].detail).toContain('entry 501')
  })

  test('says what is wrong with a file, and sends nothing', async () => {
    const broken = file('broken.csv', 'email\na@x\n')
    const { status, error, calls } = await admin(['migration', 'preview', ...IN, '--idp', broken])
    expect({ status, calls }).toEqual({ status: 1, calls: [] })
    expect(error).toBe(
      'broken.csv, line 2, column userName: nobody is named; give userName, login or userPrincipalName.',
    )
  })
})

describe('migration mappings', () => {
  const team = { id: 'g1', name: 'Ops', isProvisioned: false }

  test('load sends a thousand at a time, and tells which are of no use', async () => {
    const ids = Array.from({ length: 1001 }, (_, at) => `cn=${at}`)
    const path = file('teams.csv', `groupId,team\n${ids.map((id) => `${id},Ops`).join('\n')}`)
    const saved = (groupIds: string[], isProvisioned = false) =>
      [
        200,
        { mappings: groupIds.map((groupId) => ({ groupId, team: { ...team, isProvisioned } })) },
      ] as const
    const { status, out, calls } = await admin(
      ['migration', 'mappings', 'load', ...IN, path],
      [saved(ids.slice(0, 1000)), saved(ids.slice(1000), true)],
    )
    expect(status).toBe(0)
    expect(calls.map(([request]) => request)).toEqual(Array(2).fill(`PUT ${BASE}/team-sync`))
    expect(calls[1]?.[1]).toEqual({ mappings: [{ groupId: 'cn=1000', team: 'Ops' }] })
    expect(out).toBe(
      lines(
        '1001 mappings loaded into stacks-5.',
        '1 mapping will not be used, since SCIM manages the team already: Ops',
      ),
    )
  })

  test('load of a file without mappings is refused', async () => {
    const path = file('none.json', '[]')
    const { status, error } = await admin(['migration', 'mappings', 'load', ...IN, path])
    expect(status).toBe(1)
    expect(error).toContain('holds no mapping')
  })

  test('list shows them, clear removes one or all', async () => {
    const list = await admin(
      ['migration', 'mappings', 'list', ...IN],
      [[200, { mappings: [{ groupId: 'cn=a', team }] }]],
    )
    expect(list.calls).toEqual([[`GET ${BASE}/team-sync?limit=1000`]])
    expect(list.out).toBe(lines('GROUP  TEAM  ID  MANAGED BY SCIM', 'cn=a   Ops   g1  no'))
    const one = await admin(
      ['migration', 'mappings', 'clear', ...IN, 'cn=a/b'],
      [[200, { deleted: 1 }]],
    )
    expect(one.calls).toEqual([[`DELETE ${BASE}/team-sync/cn%3Da%2Fb`]])
    expect(one.out).toBe('1 mapping removed.')
    const all = await admin(
      ['migration', 'mappings', 'clear', ...IN, '--all'],
      [[200, { deleted: 3 }]],
    )
    expect(all.calls).toEqual([[`DELETE ${BASE}/team-sync`]])
  })
})

test('migration status shows numbers', async () => {
  const status = {
    users: { total: 5, managed: 3, unmanaged: 2, adopted: 1 },
    teams: { total: 2, managed: 0, unmanaged: 2, adopted: 0 },
    mappings: 7,
    lastAdoptionAt: null,
    capped: 10_000,
  }
  const { out, calls } = await admin(['migration', 'status', ...IN], [[200, status]])
  expect(calls).toEqual([[`GET ${BASE}/status`]])
  expect(out).toBe(
    lines(
      '       TOTAL  MANAGED BY SCIM  OF THEM ADOPTED  NOT MANAGED',
      'Users      5                3                1            2',
      'Teams      2                0                0            2',
      '',
      'Mappings       7',
      'Last adoption  never',
      '',
      'Of adoptions and mappings, no more than 10000 are counted.',
    ),
  )
})

describe('migration rollback', () => {
  const ada = { id: 'u1', type: 'user', name: 'ada', attributes: ['title'] }
  const crew = {
    ...{ id: 'g1', type: 'team', name: 'Crew', attributes: [] },
    members: { added: 2, removed: 1, skipped: 0 },
  }
  const changed = {
    ...{ id: 'u2', type: 'user', name: 'bob', reason: 'changed', changes: ['active'] },
    detail: 'After its adoption the account was changed (active).',
  }

  /** The answer that says which syncs are on. */
  const sync = (enableUserSync: boolean, enableGroupSync: boolean): Answer => [
    200,
    {
      spec: {
        ...{ enableUserSync, enableGroupSync },
        ...{
          rejectNonProvisionedUsers: false,
          requireExternalId: true,
          hideNonProvisionedUsers: false,
        },
      },
      status: { source: 'database' },
    },
  ]
  const off = sync(false, false)

  test.each([
    [
      sync(true, true),
      "The provider's next push adopts again what it matches, as user sync and group sync are on; " +
        'stop the provider first, or run settings set --user-sync off --group-sync off. ',
    ],
    [
      sync(false, true),
      "The provider's next push adopts again what it matches, as group sync is on; " +
        'stop the provider first, or run settings set --group-sync off. ',
    ],
    [off, ''],
  ])('of all wants --yes, and says what comes next', async (settings, nextPush) => {
    const { status, error, calls } = await admin(
      ['migration', 'rollback', ...IN, '--all', '--force'],
      [settings],
    )
    expect({ status, error }).toEqual({
      status: 1,
      error:
        'Rolling back stacks-5 puts all adopted accounts and teams back as they were before SCIM ' +
        `managed them. ${nextPush}Add --yes to confirm, or --dry-run to see what would be done.`,
    })
    expect(calls).toEqual([['GET /stacks-5/config/default']])
  })

  test('of one account speaks of user sync alone, in its JSON, too', async () => {
    const done: Answer = [200, { rolledBack: [ada], refused: [] }]
    const args = ['migration', 'rollback', ...IN, '--user', 'ada']
    const nextPush =
      "The provider's next push adopts again what it matches, as user sync is on; stop the provider " +
      'first, or run settings set --user-sync off.'
    const { out } = await admin(args, [sync(true, true), done])
    expect(out.endsWith(`\n\n${nextPush}`)).toBe(true)
    const json = await admin([...args, '--json'], [sync(true, true), done])
    expect(JSON.parse(json.out)).toMatchObject({ nextPush })
    const quiet = await admin([...args, '--json'], [sync(false, true), done])
    expect(JSON.parse(quiet.out)).toMatchObject({ nextPush: null })
  })

  test('of one account sends its name', async () => {
    const { status, out, calls } = await admin(
      ['migration', 'rollback', ...IN, '--user', 'ada', '--force'],
      [off, [200, { dryRun: false, rolledBack: [ada], refused: [] }]],
    )
    expect(status).toBe(0)
    expect(calls.slice(1)).toEqual([
      [`POST ${BASE}/rollback`, { user: 'ada', force: true, dryRun: false }],
    ])
    expect(out).toBe(
      lines('      NAME  ID  OUTCOME      WHAT', 'user  ada   u1  rolled back  title'),
    )
  })

  test('of all goes through the pages, and ends with status 1 where some were left', async () => {
    const { status, out, error, calls } = await admin(
      ['migration', 'rollback', ...IN, '--all', '--yes'],
      [
        off,
        [200, { rolledBack: [crew], refused: [], nextCursor: 'g1' }],
        [200, { rolledBack: [ada], refused: [changed] }],
      ],
    )
    expect(calls.slice(1).map(([, body]) => body)).toEqual([
      { all: true, force: false, dryRun: false },
      { all: true, force: false, dryRun: false, cursor: 'g1' },
    ])
    expect({ status, error }).toEqual({ status: 1, error: '1 account or team was left as it is.' })
    expect(out).toBe(
      lines(
        '      NAME  ID  OUTCOME      WHAT',
        'team  Crew  g1  rolled back  2 members back, 1 member gone',
        'user  ada   u1  rolled back  title',
        `user  bob   u2  changed      ${changed.detail}`,
      ),
    )
  })

  test('of all tries again what was in the way of each other, and no longer than it helps', async () => {
    const taken = { ...changed, reason: 'taken' }
    const { status, calls } = await admin(
      ['migration', 'rollback', ...IN, '--all', '--yes'],
      [
        off,
        [200, { rolledBack: [ada], refused: [taken] }],
        [200, { rolledBack: [], refused: [taken] }],
      ],
    )
    expect(calls).toHaveLength(3)
    expect(status).toBe(1)
  })

  test('that is only tried says so', async () => {
    const { out, calls } = await admin(
      ['migration', 'rollback', ...IN, '--team', 'Crew', '--dry-run'],
      [off, [200, { rolledBack: [crew], refused: [] }]],
    )
    expect(calls[1]?.[1]).toEqual({ team: 'Crew', force: false, dryRun: true })
    expect(out).toContain('would be rolled back')
  })

  test.each([
    [['migration', 'rollback', ...IN], 'Say what is to be rolled back: --user, --team or --all.'],
    [
      ['migration', 'rollback', ...IN, '--all', '--user', 'x'],
      'Say what is to be rolled back: --user, --team or --all.',
    ],
    [
      ['migration', 'mappings', 'clear', ...IN],
      'Say which mappings are to go: the id of a group, or --all.',
    ],
    [
      ['migration', 'mappings', 'clear', ...IN, 'x', '--all'],
      'Say which mappings are to go: the id of a group, or --all.',
    ],
  ])('%j is answered with one sentence, and nothing is sent', async (args, sentence) => {
    const { status, error, calls } = await admin(args)
    expect({ status, error, calls }).toEqual({ status: 1, error: sentence, calls: [] })
  })
})
