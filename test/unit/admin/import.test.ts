import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { AdminWorld } from '../../../scripts/admin/connection.ts'
import { type Answer, admin, type Call, lines, type Run } from './harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'import-'))
afterAll(() => rmSync(folder, { recursive: true }))

const IMPORT = 'POST /stacks-5/import'

type Files = Readonly<Record<string, unknown>>

/**
 * Runs the import; the arguments are options and the names of files, whose contents go to disk, a
 * text as it stands and everything else as JSON. The folder is left out of what is printed.
 */
async function run(
  files: Files,
  args: readonly string[],
  answers: readonly Answer[] = [],
  world: Partial<AdminWorld> = {},
): Promise<Run> {
  for (const [name, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    writeFileSync(join(folder, name), text)
  }
  const isFile = (arg: string) => /\.(json|csv|txt)$/.test(arg)
  const given = args.map((arg) => (isFile(arg) ? join(folder, arg) : arg))
  const { status, out, error, calls } = await admin(
    ['import', '--namespace', 'stacks-5', ...given],
    answers,
    world,
  )
  const short = (text: string) => text.replaceAll(`${folder}/`, '')
  return { status, out: short(out), error: short(error), calls }
}

/** The answer to a batch in which each entry has the same outcome. */
function all(kind: 'users' | 'teams' | 'members', outcome: string, number = 1): Answer {
  return [200, { dryRun: false, [kind]: Array.from({ length: number }, () => ({ outcome })) }]
}

function user(login: string) {
  return { orgId: 1, userId: 7, uid: 'x', email: `${login}@example.com`, name: '', login }
}

const TEAMS = {
  totalCount: 2,
  teams: [
    { id: 1, uid: 'aaa', orgId: 1, name: 'Platform', email: '', memberCount: 1 },
    { id: 2, uid: 'bbb', orgId: 1, name: 'Security', email: '', memberCount: 0 },
  ],
  page: 1,
  perPage: 1000,
}

describe('Every form of the files', () => {
  const ada = { login: 'ada', email: 'ada@example.com', name: 'Ada', isDisabled: true }
  const grace = { login: 'grace' }
  const inGrafana = { ...ada, grafanaId: 1, grafanaUid: 'u1' }

  test.each<[string, Files, string, object]>([
    [
      '/api/org/users',
      {
        'users.json': [
          { orgId: 1, userId: 1, uid: 'u1', role: 'Admin', isProvisioned: true, ...ada },
          { login: 'grace', email: '', name: '', isDisabled: null },
        ],
      },
      'users.json',
      inGrafana,
    ],
    [
      '/api/users/search',
      { 'search.json': { totalCount: 2, users: [{ id: 1, uid: 'u1', ...ada }, grace], page: 1 } },
      'search.json',
      inGrafana,
    ],
    [
      'CSV',
      { 'users.csv': 'login,email,name,isDisabled\nada,ada@example.com,Ada,TRUE\ngrace,,,\n' },
      'users.csv',
      ada,
    ],
    [
      'CSV with what Grafana calls them',
      {
        'users.csv':
          'login,email,name,isDisabled,grafanaId,grafanaUid\nada,ada@example.com,Ada,TRUE,1,u1\ngrace,,,,,\n',
      },
      'users.csv',
      inGrafana,
    ],
  ])('users: %s', async (_, files, name, first) => {
    const { status, calls } = await run(files, ['--users', name], [all('users', 'created', 2)])
    const wanted: Call = [IMPORT, { dryRun: false, users: [first, grace] }]
    expect({ status, calls }).toEqual({ status: 0, calls: [wanted] })
  })

  const identified = [
    { name: 'Platform', grafanaId: 1, grafanaUid: 'aaa' },
    { name: 'Security', grafanaId: 2, grafanaUid: 'bbb' },
  ]

  test.each<[string, Files, string, object[]]>([
    ['/api/teams/search', { 'teams.json': TEAMS }, 'teams.json', identified],
    ['a plain list', { 'list.json': TEAMS.teams }, 'list.json', identified],
    [
      'CSV',
      { 'teams.csv': 'name\nPlatform\nSecurity\n' },
      'teams.csv',
      [{ name: 'Platform' }, { name: 'Security' }],
    ],
  ])('teams: %s', async (_, files, name, teams) => {
    const { calls } = await run(files, ['--teams', name], [all('teams', 'created', 2)])
    expect(calls).toEqual([[IMPORT, { dryRun: false, teams }]])
  })

  test('members: /api/teams/{id}/members of several teams, whose names are found by id or uid', async () => {
    const { calls } = await run(
      {
        'teams.json': TEAMS,
        'm1.json': [{ ...user('ada'), teamId: 1, teamUID: 'aaa' }],
        'm2.json': [
          { teamUID: 'bbb', login: 'ada' },
          { teamId: 2, email: 'g@example.com', login: '' },
        ],
      },
      ['--teams', 'teams.json', '--members', 'm1.json', 'm2.json'],
      [all('teams', 'unchanged', 2), all('members', 'added', 3)],
    )
    const members = [
      { team: 'Platform', login: 'ada' },
      { team: 'Security', login: 'ada' },
      { team: 'Security', email: 'g@example.com' },
    ]
    expect(calls[1]).toEqual([IMPORT, { dryRun: false, members }])
  })

  test.each([
    ['team,login\nPlatform,ada\n', { team: 'Platform', login: 'ada' }],
    ['team,email\nPlatform,a@x\n', { team: 'Platform', email: 'a@x' }],
    ['team,login,email\nPlatform,,a@x\n', { team: 'Platform', email: 'a@x' }],
    ['team;login\n"Platform; EU";ada\n', { team: 'Platform; EU', login: 'ada' }],
  ])('members: CSV %j', async (text, member) => {
    const { calls } = await run(
      { 'm.csv': text },
      ['--members', 'm.csv'],
      [all('members', 'added')],
    )
    expect(calls).toEqual([[IMPORT, { dryRun: false, members: [member] }]])
  })

  test('what several exports repeat is sent once', async () => {
    const { calls } = await run(
      {
        'u1.json': [user('ada'), user('grace')],
        'u2.json': [user('grace'), user('alan')],
        't.csv': 'name\nPlatform\nPlatform\n',
        'm.csv': 'team,login\nPlatform,ada\nPLATFORM,Ada\nPlatform,grace\n',
      },
      ['--users', 'u1.json', 'u2.json', '--teams', 't.csv', '--members', 'm.csv'],
      [all('users', 'created', 3), all('teams', 'created'), all('members', 'added', 2)],
    )
    const sent = calls.map(([, body]) => body as { users?: { login: string }[] })
    expect(sent[0]?.users?.map(({ login }) => login)).toEqual(['ada', 'grace', 'alan'])
    expect(sent[1]).toEqual({ dryRun: false, teams: [{ name: 'Platform' }] })
    expect(sent[2]).toEqual({
      dryRun: false,
      members: [
        { team: 'Platform', login: 'ada' },
        { team: 'Platform', login: 'grace' },
      ],
    })
  })
})

describe('What is wrong with the files is told with its place, and nothing is sent', () => {
  test.each<[string, Files, string[], string[]]>([
    [
      'values',
      {
        'u.csv': 'login,email,isDisabled\n,a@x,no\n"ada\0",,\n',
        'u.json': [user('ada'), { login: 7, email: ['x'], isDisabled: 1 }],
        't.json': [{ name: ' ' }],
      },
      ['--users', 'u.csv', 'u.json', '--teams', 't.json'],
      [
        'u.csv, line 2, column login: it is missing.',
        'u.csv, line 2, column isDisabled: give true or false.',
        'u.csv, line 3, column login: it holds a character that no text may hold.',
        'u.json, entry 2, column login: it is not a text.',
        'u.json, entry 2, column email: it is not a text.',
        'u.json, entry 2, column isDisabled: give true or false.',
        't.json, entry 1, column name: it is missing.',
        '7 faults in the files; nothing was sent.',
      ],
    ],
    [
      'columns',
      { 'u.csv': 'login,mail\nada,a@x\n', 'm.csv': 'team,user\nPlatform,ada\n' },
      ['--users', 'u.csv', '--members', 'm.csv'],
      [
        'u.csv, column mail: it is not one of login, email, name, isDisabled, grafanaId, grafanaUid.',
        'm.csv, column user: it is not one of team, login, email.',
        'm.csv, line 2, column login: it is missing, and so is email; give either.',
        '3 faults in the files; nothing was sent.',
      ],
    ],
    [
      'teams that nobody names',
      {
        'teams.json': TEAMS,
        'm.json': [{ teamId: 3, login: 'ada' }, { teamUID: 'ccc', login: 'ada' }, { login: 'a' }],
      },
      ['--teams', 'teams.json', '--members', 'm.json'],
      [
        'm.json, entry 1, column teamId: no team of the --teams files is known by 3; give --teams what /api/teams/search returns.',
        'm.json, entry 2, column teamUID: no team of the --teams files is known by ccc; give --teams what /api/teams/search returns.',
        'm.json, entry 3, column team: it is missing.',
        '3 faults in the files; nothing was sent.',
      ],
    ],
    [
      'members without the teams',
      { 'm.json': [{ teamId: 1, login: 'ada' }] },
      ['--members', 'm.json'],
      [
        'm.json, entry 1, column teamId: no team of the --teams files is known by 1; give --teams what /api/teams/search returns.',
        '1 fault in the files; nothing was sent.',
      ],
    ],
    [
      'people and teams that are given twice and differently',
      { 'u.csv': 'login,name\nada,Ada\nADA,Lovelace\n', 't.csv': 'name\nops\nOps\n' },
      ['--users', 'u.csv', '--teams', 't.csv'],
      [
        'u.csv, line 3, column login: ADA stands differently in u.csv, line 2; leave one of them.',
        't.csv, line 3, column name: Ops stands differently in t.csv, line 2; leave one of them.',
        '2 faults in the files; nothing was sent.',
      ],
    ],
    [
      'a file that is neither JSON nor CSV',
      { 'u.csv': 'login,name\nada,Ada,x\n' },
      ['--users', 'u.csv'],
      [
        'u.csv, line 2: it has 3 values, but the heading names 2 columns; put a value that contains the separator in quotes.',
      ],
    ],
    [
      'no file at all',
      {},
      ['--dry-run'],
      ['There is nothing to import: give --users, --teams or --members.'],
    ],
  ])('%s', async (_, files, args, sentences) => {
    const result = await run(files, args)
    expect(result).toEqual({ status: 1, out: '', error: lines(...sentences), calls: [] })
  })

  test('and of many faults the first', async () => {
    const text = `login,name\n${',x\n'.repeat(30)}`
    const { error } = await run({ 'u.csv': text }, ['--users', 'u.csv'])
    const told = error.split('\n')
    expect(told).toHaveLength(21)
    expect(told.at(-1)).toBe(
      '30 faults in the files, of which these are the first 20; nothing was sent.',
    )
  })
})

/** What each request of an import carries: `50 users`. */
function sizesOf(calls: readonly Call[]): string[] {
  return calls.flatMap(([request, body]) => {
    const { dryRun, ...lists } = body as Record<string, unknown[]>
    expect([request, dryRun]).toEqual([IMPORT, false])
    return Object.entries(lists).map(([kind, list]) => `${list.length} ${kind}`)
  })
}

describe('The import', () => {
  const numbered = (number: number) => Array.from({ length: number }, (_, index) => `p${index}`)

  test('goes users first, then teams, then members, in batches', async () => {
    const { status, calls, out } = await run(
      {
        'u.json': numbered(101).map(user),
        't.csv': lines('name', ...numbered(51)),
        'm.csv': lines('team,login', ...numbered(1001).map((login) => `p1,${login}`)),
      },
      ['--members', 'm.csv', '--teams', 't.csv', '--users', 'u.json'],
      [
        all('users', 'created', 50),
        all('users', 'updated', 50),
        all('users', 'unchanged', 1),
        all('teams', 'created', 50),
        all('teams', 'unchanged', 1),
        all('members', 'added', 1000),
        all('members', 'unchanged', 1),
      ],
    )
    expect(sizesOf(calls)).toEqual([
      '50 users',
      '50 users',
      '1 users',
      '50 teams',
      '1 teams',
      '1000 members',
      '1 members',
    ])
    expect(status).toBe(0)
    expect(out).toBe(
      lines(
        'What the import into stacks-5 has done:',
        '',
        'KIND     OUTCOME    COUNT',
        'account  created       50',
        'account  updated       50',
        'account  unchanged      1',
        'team     created       50',
        'team     unchanged      1',
        'member   added       1000',
        'member   unchanged      1',
      ),
    )
  })

  test('sends members team by team, and those of 25 teams in a request', async () => {
    const rounds = [...numbered(26), ...numbered(26)]
    const { calls } = await run(
      { 'm.csv': lines('team,login', ...rounds.map((team, index) => `${team},u${index}`)) },
      ['--members', 'm.csv'],
      [all('members', 'added', 50), all('members', 'added', 2)],
    )
    expect(sizesOf(calls)).toEqual(['50 members', '2 members'])
    expect(calls[1]?.[1]).toEqual({
      dryRun: false,
      members: [
        { team: 'p25', login: 'u25' },
        { team: 'p25', login: 'u51' },
      ],
    })
  })

  const mixed = {
    'u.csv': 'login\nada\ngrace\n',
    't.csv': 'name\nPlatform\n',
    'm.csv': 'team,login\nPlatform,ada\nSecurity,eve\n',
  }
  const every = ['--users', 'u.csv', '--teams', 't.csv', '--members', 'm.csv']
  const conflict = {
    login: 'grace',
    outcome: 'conflict',
    detail: 'The e-mail belongs to ada.',
  }
  const unknown = { team: 'Security', login: 'eve', outcome: 'unknown' }
  const answers: Answer[] = [
    [200, { users: [{ login: 'ada', outcome: 'created', id: 'u1' }, conflict] }],
    [200, { teams: [{ name: 'Platform', outcome: 'managed', id: 'g1' }] }],
    [200, { members: [{ team: 'Platform', login: 'ada', outcome: 'managed' }, unknown] }],
  ]

  test('tells what is in conflict, unknown or managed, and ends with 1', async () => {
    const { status, out, error } = await run(mixed, every, answers)
    expect(status).toBe(1)
    // How wide the columns are depends on the name of the folder.
    expect(out.replace(/ {2,}/g, '  ')).toBe(
      lines(
        'What the import into stacks-5 has done:',
        '',
        'KIND  OUTCOME  COUNT',
        'account  created  1',
        'account  conflict  1',
        'team  managed  1',
        'member  managed  1',
        'member  unknown  1',
        '',
        'OUTCOME  ENTRY  PLACE  DETAIL',
        'conflict  account grace  u.csv, line 3  The e-mail belongs to ada.',
        'managed  team Platform  t.csv, line 2',
        'managed  member ada of Platform  m.csv, line 2',
        'unknown  member eve of Security  m.csv, line 3  Its team or account does not exist.',
      ),
    )
    expect(error).toBe('2 entries are in conflict or unknown; the others are imported.')
  })

  test('tells of members whose team is full', async () => {
    const detail = 'The group would have more than 100000 members.'
    const full = { team: 'Platform', login: 'ada', outcome: 'conflict', detail }
    const { status, out, error } = await run(
      { 'm.csv': 'team,login\nPlatform,ada\n' },
      ['--members', 'm.csv'],
      [[200, { members: [full] }]],
    )
    expect(status).toBe(1)
    expect(out.replace(/ {2,}/g, '  ')).toContain(
      `conflict  member ada of Platform  m.csv, line 2  ${detail}`,
    )
    expect(error).toBe('1 entry is in conflict or unknown; the others are imported.')
  })

  test('is no failure when SCIM manages an entry', async () => {
    const { status, error } = await run(
      { 't.csv': 'name\nPlatform\n' },
      ['--teams', 't.csv'],
      [all('teams', 'managed')],
    )
    expect({ status, error }).toEqual({ status: 0, error: '' })
  })

  test('prints one JSON value with --json', async () => {
    const { status, out } = await run(mixed, [...every, '--json'], answers)
    expect(status).toBe(1)
    expect(JSON.parse(out)).toEqual({
      dryRun: false,
      complete: true,
      users: [
        { login: 'ada', outcome: 'created', id: 'u1', place: 'u.csv, line 2' },
        { ...conflict, place: 'u.csv, line 3' },
      ],
      teams: [{ name: 'Platform', outcome: 'managed', id: 'g1', place: 't.csv, line 2' }],
      members: [
        { team: 'Platform', login: 'ada', outcome: 'managed', place: 'm.csv, line 2' },
        { ...unknown, place: 'm.csv, line 3' },
      ],
    })
  })

  test('of empty lists does nothing', async () => {
    const { status, out, calls } = await run({ 'm.json': [] }, ['--members', 'm.json'])
    expect({ status, out, calls }).toEqual({
      status: 0,
      out: 'The files hold nothing to import.',
      calls: [],
    })
  })

  test('tells how far it came when it is refused on the way', async () => {
    const { status, out, error } = await run(
      { 'u.json': numbered(80).map(user) },
      ['--users', 'u.json'],
      [all('users', 'created', 50), [400, { message: 'users.3.login: too long' }]],
    )
    expect(status).toBe(1)
    expect(out).toContain('account  created     50')
    expect(error).toBe(
      'The batch that begins with u.json, entry 51 is refused: users.3.login: too long. ' +
        '50 of 80 entries were sent; run the same import again, and it goes on from there.',
    )
  })

  test('refused at once prints the sentence alone', async () => {
    const { status, out, error } = await run(
      { 'u.json': [user('ada')] },
      ['--users', 'u.json'],
      [[403, { message: 'invalid namespace' }]],
    )
    expect({ status, out, error }).toEqual({ status: 1, out: '', error: 'invalid namespace.' })
  })

  test('stops behind the batch in which Ctrl-C was pressed', async () => {
    const controller = new AbortController()
    const { status, out, error } = await run(
      { 'u.json': numbered(300).map(user) },
      ['--users', 'u.json', '--json'],
      [all('users', 'created', 50)],
      {
        untilInterrupted: () => controller.signal,
        openProgress: () => ({
          phase: () => {},
          advance: () => controller.abort(),
          close: () => {},
        }),
      },
    )
    expect(status).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ complete: false, users: { length: 50 } })
    expect(error).toBe(
      'The import was interrupted. 50 of 300 entries were sent; ' +
        'run the same import again, and it goes on from there.',
    )
  })

  test('does not take an answer for another', async () => {
    const { status, error } = await run(
      { 'u.json': [user('ada'), user('grace')] },
      ['--users', 'u.json'],
      [all('users', 'created', 1)],
    )
    expect({ status, error }).toEqual({
      status: 1,
      error: 'The deployment at http://127.0.0.1:8787 answers 1 of 2 entries.',
    })
  })

  test('shows its progress part by part', async () => {
    const heard: unknown[] = []
    await run(mixed, every, answers, {
      openProgress: () => ({
        phase: (title, steps) => heard.push([title, steps]),
        advance: (steps) => heard.push(steps),
        close: () => {},
      }),
    })
    expect(heard).toEqual([['Accounts', 2], 2, ['Teams', 1], 1, ['Members', 2], 2])
  })
})

describe('A dry run', () => {
  const ada = { login: 'ada', email: 'ada@x' }
  const platform = { name: 'Platform' }
  const files = { 'u.csv': 'login,email\nada,ada@x\n', 't.csv': 'name\nPlatform\n' }
  const args = ['--users', 'u.csv', '--teams', 't.csv', '--members', 'm.csv', '--dry-run']
  const unknown = (number: number) =>
    Array.from({ length: number }, () => ({ outcome: 'unknown', detail: 'Nobody knows.' }))

  test('foresees the members of the people and teams that the import would create', async () => {
    const { status, out, calls } = await run(
      {
        ...files,
        'm.csv': lines(
          'team,login,email',
          ...['Platform,ADA,', 'platform,,ADA@x', 'Platform,grace,', 'Platform,nobody,'],
          ...['Other,ada,', 'Other,grace,', 'Managed,,ada@x', 'None,nobody,'],
        ),
      },
      [...args, '--json'],
      [
        [200, { dryRun: true, users: [{ login: 'ada', outcome: 'created' }] }],
        [200, { dryRun: true, teams: [{ name: 'Platform', outcome: 'created' }] }],
        [200, { dryRun: true, members: [...unknown(5), { outcome: 'unchanged' }, ...unknown(2)] }],
        [
          200,
          {
            dryRun: true,
            users: [{ outcome: 'created' }],
            teams: [{ outcome: 'created' }],
            members: ['added', 'unknown', 'added', 'managed'].map((outcome) => ({ outcome })),
          },
        ],
      ],
    )
    // What the server can answer only when it is told of the new ones; the rest is plain.
    expect(calls[3]).toEqual([
      IMPORT,
      {
        dryRun: true,
        users: [ada],
        teams: [platform],
        members: [
          { team: 'Platform', login: 'grace' },
          { team: 'Platform', login: 'nobody' },
          { team: 'Other', login: 'ada' },
          { team: 'Managed', email: 'ada@x' },
        ],
      },
    ])
    const { dryRun, members } = JSON.parse(out) as {
      dryRun: boolean
      members: { outcome: string }[]
    }
    expect(dryRun).toBe(true)
    expect(members.map(({ outcome }) => outcome)).toEqual([
      ...['added', 'added', 'added', 'unknown'],
      ...['added', 'unchanged', 'managed', 'unknown'],
    ])
    expect(status).toBe(1)
  })

  test('sends at most fifty people and teams along', async () => {
    const logins = Array.from({ length: 51 }, (_, index) => `p${index}`)
    const { calls } = await run(
      {
        'u.csv': lines('login', ...logins),
        'm.csv': lines('team,login', ...logins.map((login) => `Other,${login}`)),
      },
      ['--users', 'u.csv', '--members', 'm.csv', '--dry-run'],
      [
        all('users', 'created', 50),
        all('users', 'updated', 1),
        [200, { members: unknown(51) }],
        all('members', 'added', 50),
        all('members', 'added', 1),
      ],
    )
    const along = calls.slice(3).map(([, body]) => (body as { users: unknown[] }).users.length)
    expect(along).toEqual([50, 1])
  })

  test('says that nothing is written', async () => {
    const { status, out, error } = await run(
      { ...files, 'm.csv': 'team,login\nPlatform,ada\n' },
      args,
      [all('users', 'created'), all('teams', 'created'), [200, { members: unknown(1) }]],
    )
    expect({ status, error }).toEqual({ status: 0, error: '' })
    expect(out).toBe(
      lines(
        'What the import into stacks-5 would do; nothing is written:',
        '',
        'KIND     OUTCOME  COUNT',
        'account  created      1',
        'team     created      1',
        'member   added        1',
      ),
    )
  })

  test('leaves unknown what would not be created', async () => {
    const { status } = await run({ ...files, 'm.csv': 'team,login\nPlatform,ada\n' }, args, [
      all('users', 'conflict'),
      all('teams', 'unchanged'),
      [200, { members: unknown(1) }],
    ])
    expect(status).toBe(1)
  })
})
