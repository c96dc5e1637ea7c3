/** Importing what Grafana's own API exports: people, teams and members that SCIM does not manage. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUser, memberIds } from '../support/directory.ts'
import { makeEndpoint, tenant } from '../support/endpoint.ts'
import { expectAdminError } from '../support/expect.ts'
import { operatorOf } from '../support/operator.ts'
import { dump, eventsOf, query } from '../support/tables.ts'

const users = [
  { login: 'ada', email: 'ada@example.com', name: 'Ada' },
  { login: 'bob', email: 'bob@example.com', isDisabled: true },
]
const teams = [{ name: 'Crew' }, { name: 'Empty' }]
const members = [
  { team: 'crew', login: 'ADA' },
  { team: 'Crew', email: 'BOB@example.com' },
  { team: 'Crew', login: 'nobody' },
  { team: 'None', login: 'ada' },
]

// biome-ignore lint/suspicious/noExplicitAny: the tests look into bodies of every form.
const outcomes = (list: any[]) => list.map(({ outcome }) => outcome)

describe('what Grafana calls them', () => {
  const grafana = {
    users: [
      { login: 'ada', grafanaId: 7, grafanaUid: 'u-ada' },
      { login: 'bob', grafanaId: 8 },
    ],
    teams: [{ name: 'Crew', grafanaId: 2, grafanaUid: 't-crew' }],
  }

  test('is kept and shown, makes no new version, and is not SCIM', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const first = (await operator.post('/import', { users: [{ login: 'ada' }] })).body
    const before = await client.get(`/Users/${first.users[0].id}`)
    const again = (await operator.post('/import', { users: grafana.users.slice(0, 1) })).body
    expect(again.users).toEqual([{ login: 'ada', outcome: 'updated', id: first.users[0].id }])
    const [id] = [first.users[0].id]
    expect(await eventsOf(client.namespace, /^grafana\./)).toEqual([
      {
        action: 'grafana.identify',
        subject: 'users',
        changes: {
          before: { ids: [{ id, grafanaId: null, grafanaUid: null }] },
          after: { ids: [{ id, grafanaId: 7, grafanaUid: 'u-ada' }] },
        },
      },
    ])
    const after = await client.get(`/Users/${first.users[0].id}`)
    expect([after.body, after.headers.get('ETag')]).toEqual([
      before.body,
      before.headers.get('ETag'),
    ])
    const { users, teams } = (await operator.post('/import', grafana)).body
    expect([outcomes(users), outcomes(teams)]).toEqual([['unchanged', 'created'], ['created']])
    expect((await operator.get(`/accounts/${users[0].id}`)).body).toMatchObject({
      grafanaId: 7,
      grafanaUid: 'u-ada',
    })
    expect((await operator.get(`/accounts/${users[1].id}`)).body).toMatchObject({ grafanaId: 8 })
    expect((await operator.get(`/teams/${teams[0].id}`)).body).toMatchObject({
      grafanaId: 2,
      grafanaUid: 't-crew',
    })
    const third = (await operator.post('/import', grafana)).body
    expect([...outcomes(third.users), ...outcomes(third.teams)]).toEqual(Array(3).fill('unchanged'))
  })

  test('is noted also of whom SCIM manages, whose attributes stay', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const ada = await createUser(client, 'ada')
    const crew = await createGroup(client, 'Crew')
    const { users, teams } = (
      await operator.post('/import', {
        users: [{ login: 'ada', name: 'Another', grafanaId: 7 }],
        teams: grafana.teams,
      })
    ).body
    expect([outcomes(users), outcomes(teams)]).toEqual([['managed'], ['managed']])
    expect((await operator.get(`/accounts/${ada.id}`)).body).toMatchObject({ grafanaId: 7 })
    expect((await client.get(`/Users/${ada.id}`)).body).toEqual(ada)
    expect((await operator.get(`/teams/${crew.id}`)).body).toMatchObject({ grafanaUid: 't-crew' })
  })

  test.each([
    ['the id', { grafanaId: 7 }],
    ['the uid', { grafanaUid: 'u-ada' }],
  ])('is a conflict where %s is that of somebody else, here or in the list', async (_, ids) => {
    const client = await tenant()
    const operator = operatorOf(client)
    await operator.post('/import', grafana)
    const stored = await dump(client.namespace)
    for (const dryRun of [true, false]) {
      const { users } = (
        await operator.post('/import', { dryRun, users: [{ login: 'eve', ...ids }] })
      ).body
      expect(users).toEqual([
        {
          login: 'eve',
          outcome: 'conflict',
          detail: expect.stringMatching(/Grafana id .*another/),
        },
      ])
    }
    const twice = [
      { name: 'A', grafanaId: 9 },
      { name: 'B', grafanaId: 9 },
    ]
    const { teams } = (await operator.post('/import', { dryRun: true, teams: twice })).body
    expect(outcomes(teams)).toEqual(['created', 'conflict'])
    expect(await dump(client.namespace)).toBe(stored)
  })

  test.each([
    [{ users: [{ login: 'a', grafanaId: 0 }] }, /^users\.0\.grafanaId: /],
    [{ users: [{ login: 'a', grafanaId: '7' }] }, /^users\.0\.grafanaId: /],
    [{ users: [{ login: 'a', grafanaId: 1e300 }] }, /^users\.0\.grafanaId: /],
    [{ teams: [{ name: 'a', grafanaUid: '' }] }, /^teams\.0\.grafanaUid: /],
  ])('is a number and a text: %j', async (body, detail) => {
    expectAdminError(await operatorOf(await tenant()).post('/import', body), 400, detail)
  })
})

describe('an import', () => {
  test.each([
    ['/import', 'POST', 'users'],
    ['/import', 'POST', 'members'],
    ['/migration/preview', 'POST', 'users'],
    ['/migration/team-sync', 'PUT', 'mappings'],
    ['/teams/unknown/members', 'PUT', 'members'],
  ])(
    'or other list at %s (%s %s) of far too many wrong entries is refused as a whole',
    async (path, method, list) => {
      const client = await tenant()
      const answer = await operatorOf(client).request(method, path, {
        [list]: Array(400_000).fill(1),
      })
      expectAdminError(answer, 400, new RegExp(`^${list}: Too big`))
      expect(answer.body.detail.length).toBeLessThan(1000)
    },
  )

  test('names twenty faults of a body and counts the others', async () => {
    const operator = operatorOf(await tenant())
    const answer = await operator.post('/import', { users: Array(50).fill({ login: '' }) })
    expectAdminError(answer, 400, /^users\.0\.login: .*users\.19\.login: [^;]*; and 30 more$/)
    const unknown = { [`k${'x'.repeat(100_000)}`]: 1 }
    const long = await operator.post('/import', unknown)
    expectAdminError(long, 400, /^The body: /)
    expect(long.body.detail.length).toBeLessThan(1000)
  })

  test('creates people, teams and members, and says what became of each', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const { status, body } = await operator.post('/import', { users, teams, members })
    expect(status).toBe(200)
    expect(body).toEqual({
      dryRun: false,
      users: [
        { login: 'ada', outcome: 'created', id: expect.stringMatching(/^u/) },
        { login: 'bob', outcome: 'created', id: expect.stringMatching(/^u/) },
      ],
      teams: [
        { name: 'Crew', outcome: 'created', id: expect.stringMatching(/^g/) },
        { name: 'Empty', outcome: 'created', id: expect.stringMatching(/^g/) },
      ],
      members: [
        { ...members[0], outcome: 'added' },
        { ...members[1], outcome: 'added' },
        { ...members[2], outcome: 'unknown' },
        { ...members[3], outcome: 'unknown' },
      ],
    })
    const [ada, bob] = body.users
    expect(await memberIds(client, body.teams[0].id)).toEqual([ada.id, bob.id].sort())
    expect((await operator.get(`/accounts/${bob.id}`)).body).toMatchObject({
      ...{ login: 'bob', email: 'bob@example.com', isDisabled: true, isProvisioned: false },
    })
    const [row] = await query(
      'select users, teams, managed_users, managed_teams from namespace where name = ?',
      client.namespace,
    )
    expect(row).toEqual({ users: 2, teams: 2, managed_users: 0, managed_teams: 0 })
    const actions = (await eventsOf(client.namespace)).map(({ action }) => action)
    expect(actions).toEqual([
      ...['user.create', 'user.create', 'team.create', 'team.create', 'team.update'],
    ])
  })

  test('repeated changes nothing', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    await operator.post('/import', { users, teams, members })
    const before = await dump(client.namespace)
    const { body } = await operator.post('/import', { users, teams, members })
    expect(outcomes(body.users)).toEqual(['unchanged', 'unchanged'])
    expect(outcomes(body.teams)).toEqual(['unchanged', 'unchanged'])
    expect(outcomes(body.members)).toEqual(['unchanged', 'unchanged', 'unknown', 'unknown'])
    expect(await dump(client.namespace)).toBe(before)
  })

  test('as a preview writes nothing, and tells what the import would do', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    await operator.post('/accounts', { login: 'bob', name: 'Old' })
    await createUser(client, 'managed')
    const wish = {
      users: [...users, { login: 'managed' }, { login: 'ADA' }],
      teams,
      members,
    }
    const before = await dump(client.namespace)
    const preview = (await operator.post('/import', { ...wish, dryRun: true })).body
    expect(await dump(client.namespace)).toBe(before)
    expect(preview.dryRun).toBe(true)
    expect(outcomes(preview.users)).toEqual(['created', 'updated', 'managed', 'conflict'])
    expect(preview.users[3].detail).toMatch(/twice/)
    const done = (await operator.post('/import', wish)).body
    for (const list of ['users', 'teams', 'members']) {
      expect(outcomes(preview[list]), list).toEqual(outcomes(done[list]))
    }
  })

  test('updates who is there, and keeps what it does not say', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const { id } = (await operator.post('/accounts', users[0])).body
    const wish = { users: [{ login: 'ADA', email: 'new@example.com' }] }
    const { body } = await operator.post('/import', wish)
    expect(body.users).toEqual([{ login: 'ADA', outcome: 'updated', id }])
    expect((await operator.get(`/accounts/${id}`)).body).toMatchObject({
      ...{ login: 'ADA', email: 'new@example.com', name: 'Ada' },
    })
  })

  test('never touches what SCIM manages', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const user = await createUser(client, 'ada')
    const { id } = (await operator.post('/accounts', { login: 'bob' })).body
    const group = await createGroup(client, 'Crew')
    const before = await dump(client.namespace)
    const { body } = await operator.post('/import', {
      users: [{ login: 'ada', name: 'Changed' }],
      teams: [{ name: 'crew' }],
      members: [{ team: 'crew', login: 'bob' }],
    })
    expect(body).toMatchObject({
      users: [{ outcome: 'managed', id: user.id }],
      teams: [{ outcome: 'managed', id: group.id }],
      members: [{ outcome: 'managed' }],
    })
    expect(await dump(client.namespace)).toBe(before)
    // With group sync off the members of a managed team are anybody's.
    await operator.put('/config/default', { spec: { enableUserSync: true } })
    const again = await operator.post('/import', { members: [{ team: 'crew', login: 'bob' }] })
    expect(outcomes(again.body.members)).toEqual(['added'])
    expect(await memberIds(client, group.id)).toEqual([id])
  })

  test('tells conflicts and does the rest', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    await createUser(client, 'x', { emails: [{ value: 'ada@example.com', type: 'work' }] })
    const { status, body } = await operator.post('/import', {
      users: [...users, { login: 'c', email: 'BOB@example.com' }],
      teams: [{ name: 'A' }, { name: 'a' }],
    })
    expect(status).toBe(200)
    expect(outcomes(body.users)).toEqual(['conflict', 'created', 'conflict'])
    expect(body.users[0].detail).toMatch(/e-mail "ada@example.com" is in use/)
    expect(body.users[2].detail).toMatch(/twice/)
    expect(outcomes(body.teams)).toEqual(['created', 'conflict'])
  })

  test('leaves a team alone that would have too many members, and does the rest', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const wish = {
      users: [...users, { login: 'eve' }],
      teams: [...teams, { name: 'Last' }],
      members: [
        { team: 'Crew', login: 'ada' },
        { team: 'Empty', login: 'ada' },
        { team: 'crew', email: 'bob@example.com' },
        { team: 'Crew', login: 'nobody' },
        { team: 'Last', login: 'bob' },
        { team: 'Crew', login: 'eve' },
      ],
    }
    const crew = (await operator.post('/teams', { name: 'Crew' })).body.id
    await operator.post('/accounts', { login: 'eve' })
    await operator.post('/import', { members: [{ team: 'Crew', login: 'eve' }] })
    const fill = 'update team set members = ?1 where namespace = ?2 and id = ?3'
    await query(fill, 99_999, client.namespace, crew)
    const preview = (await operator.post('/import', { ...wish, dryRun: true })).body
    const { status, body } = await operator.post('/import', wish)
    expect(status).toBe(200)
    const full = {
      outcome: 'conflict',
      detail: 'The group would have more than 100000 members, which is the most; split it.',
    }
    expect(body.members).toEqual([
      { ...wish.members[0], ...full },
      { ...wish.members[1], outcome: 'added' },
      { ...wish.members[2], ...full },
      { ...wish.members[3], outcome: 'unknown' },
      { ...wish.members[4], outcome: 'added' },
      { ...wish.members[5], outcome: 'unchanged' },
    ])
    expect(preview.members).toEqual(body.members)
    const [ada, bob, eve] = body.users
    expect(await memberIds(client, crew)).toEqual([eve.id])
    expect(await memberIds(client, body.teams[1].id)).toEqual([ada.id])
    expect(await memberIds(client, body.teams[2].id)).toEqual([bob.id])
    // One of them has room.
    const one = await operator.post('/import', { members: [wish.members[2]] })
    expect(outcomes(one.body.members)).toEqual(['added'])
    expect((await memberIds(client, crew)).length).toBe(2)
    // What the tests of consistency compare the members with.
    await query(fill, 2, client.namespace, crew)
  })

  test('of one person by two administrators at once creates one', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const wish = { users: [users[0]], teams: [teams[0]], members: [members[0]] }
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => operator.post('/import', wish)),
    )
    for (const { status } of answers) expect(status).toBe(200)
    const total = (await operator.get('/accounts')).body.totalCount
    expect(total).toBe(1)
    expect((await operator.get('/teams')).body).toMatchObject({ totalCount: 1 })
    const created = answers.flatMap(({ body }) => outcomes(body.users))
    expect(created.filter((outcome) => outcome === 'created')).toHaveLength(1)
  })

  test.each([
    ['a person without login', { users: [{ email: 'x@example.com' }] }, /users\.0\.login/],
    ['a member without a person', { members: [{ team: 'Crew' }] }, /members\.0/],
    ['an unknown member', { people: [] }, /people/],
    [
      'too many people',
      { users: Array.from({ length: 51 }, (_, i) => ({ login: `u${i}` })) },
      /50/,
    ],
    [
      'members of too many teams',
      { members: Array.from({ length: 26 }, (_, i) => ({ team: `t${i}`, login: 'a' })) },
      /25/,
    ],
  ])('with %s is 400 that says so', async (_, body, detail) => {
    const client = await tenant()
    const before = await dump(client.namespace)
    expectAdminError(await operatorOf(client).post('/import', body), 400, detail)
    expect(await dump(client.namespace)).toBe(before)
  })

  test('takes two trips, one for what is to be read and one for those who are new', async () => {
    const client = await tenant({ endpoint: makeEndpoint() })
    const operator = operatorOf(client)
    client.endpoint.batches.length = 0
    const many = Array.from({ length: 50 }, (_, index) => ({ login: `user ${index}` }))
    const { body } = await operator.post('/import', { users: many })
    expect(new Set(outcomes(body.users))).toEqual(new Set(['created']))
    expect(client.endpoint.batches.map(({ mode }) => mode)).toEqual(['read', 'write'])
  })

  test('keeps to its namespace', async () => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    await operatorOf(other).post('/import', { users, teams, members })
    const before = [await dump(client.namespace), await dump(other.namespace)]
    const stranger = other.withToken(client.token)
    expectAdminError(await stranger.post('/import', { users, teams, members }), 403)
    expectAdminError(await client.withToken(undefined).post('/import', '{'), 401)
    expect([await dump(client.namespace), await dump(other.namespace)]).toEqual(before)
    expect((await client.post('/import', { users, teams, members })).status).toBe(200)
    expect(await dump(other.namespace)).toEqual(before[1])
  })
})
