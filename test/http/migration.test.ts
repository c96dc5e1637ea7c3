/** Moving to SCIM: what a provider's list would become, how far the migration is, and who may ask. */
import { describe, expect, test } from 'vitest'
import type { Client } from '../support/client.ts'
import { createGroup, createUser } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'
import { expectAdminError } from '../support/expect.ts'
import { expectGuarded, type GuardedRoute } from '../support/guarded.ts'
import { handMade, handMadeTeam } from '../support/hand-made.ts'
import { operatorOf } from '../support/operator.ts'
import { groupBody, userBody } from '../support/payload.ts'
import { dump, query } from '../support/tables.ts'

const work = (value: string) => ({ emails: [{ value, type: 'work', primary: true }] })

/** What becomes of people, in order. */
async function previewUsers(client: Client, ...users: object[]) {
  const { status, body } = await operatorOf(client).post('/migration/preview', { users })
  expect(status).toBe(200)
  return body.users
}

async function previewGroups(client: Client, ...groups: object[]) {
  const { status, body } = await operatorOf(client).post('/migration/preview', { groups })
  expect(status).toBe(200)
  return body.groups
}

const ada = { userName: 'ada', externalId: 'x1', email: 'ada@example.com' }

describe('a person of the provider', () => {
  test('whom nobody knows will be created', async () => {
    const client = await tenant()
    expect(await previewUsers(client, ada)).toEqual([{ ...ada, outcome: 'created' }])
  })

  test.each([
    ['userName', handMade, { userName: 'ADA' }],
    ['email', handMade, { userName: 'other', email: 'ADA@example.com' }],
  ])('is linked to an unmanaged account by %s', async (by, make, more) => {
    const client = await tenant()
    const account = await make(client, 'ada', work('ada@example.com'))
    const entry = { externalId: 'x1', ...more }
    expect(await previewUsers(client, entry)).toEqual([
      { ...entry, outcome: 'linked', by, account: { id: account.id, login: 'ada' } },
    ])
  })

  test('is linked by userName where the e-mail is that of the same account', async () => {
    const client = await tenant()
    await handMade(client, 'ada', work('ada@example.com'))
    expect(await previewUsers(client, ada)).toMatchObject([{ outcome: 'linked', by: 'userName' }])
  })

  test('with the externalId of a managed account is provisioned already', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada', { externalId: 'x1' })
    const account = { id: user.id, login: 'ada' }
    const fate = { outcome: 'provisioned', by: 'externalId', account }
    const renamed = { ...ada, userName: 'ada.lovelace' }
    expect(await previewUsers(client, ada)).toEqual([{ ...ada, ...fate }])
    expect(await previewUsers(client, renamed)).toEqual([{ ...renamed, ...fate }])
  })

  test('with the externalId of one and the userName of another is a conflict', async () => {
    const client = await tenant()
    await createUser(client, 'ada', { externalId: 'x1' })
    const bob = await createUser(client, 'bob')
    const [fate] = await previewUsers(client, { ...ada, userName: 'bob' })
    expect(fate).toMatchObject({ outcome: 'conflict', account: { id: bob.id, login: 'bob' } })
    expect(fate.detail).toContain('userName "bob"')
  })

  test.each([
    ['userName', { userName: 'managed', externalId: 'new' }],
    ['account e-mail', { userName: 'new', externalId: 'new', email: 'managed@example.com' }],
  ])(
    'whose %s a managed account with another externalId has is a conflict',
    async (name, entry) => {
      const client = await tenant()
      const user = await createUser(client, 'managed', work('managed@example.com'))
      const [fate] = await previewUsers(client, entry)
      expect(fate).toMatchObject({ outcome: 'conflict', account: { id: user.id } })
      expect(fate.detail).toContain(name)
    },
  )

  test('whose userName is of one unmanaged account and e-mail of another: both are named', async () => {
    const client = await tenant()
    await handMade(client, 'ada')
    const bob = await handMade(client, 'bob', work('bob@example.com'))
    const [fate] = await previewUsers(client, { ...ada, email: 'bob@example.com' })
    expect(fate).toMatchObject({ outcome: 'conflict', account: { id: bob.id, login: 'bob' } })
    expect(fate.detail).toContain('"ada"')
    expect(fate.detail).toContain('"bob"')
  })

  test('who was deleted is restored, by externalId', async () => {
    const client = await tenant()
    const user = await createUser(client, 'ada', { externalId: 'x1' })
    await client.delete(`/Users/${user.id}`)
    expect(await previewUsers(client, { ...ada, userName: 'renamed' })).toMatchObject([
      { outcome: 'restored', by: 'externalId', account: { id: user.id, login: 'ada' } },
    ])
  })

  test.each([undefined, null, ''])(
    'without externalId (%j) is a conflict while it is required',
    async (externalId) => {
      const client = await tenant()
      await handMade(client, 'ada')
      const [fate] = await previewUsers(client, { userName: 'ada', externalId })
      expect(fate).toMatchObject({
        outcome: 'conflict',
        detail: expect.stringContaining('externalId'),
      })
    },
  )

  test('without externalId is linked or created where it is not required', async () => {
    const settings = { enableUserSync: true, enableGroupSync: true, requireExternalId: false }
    const client = await tenant({ settings })
    await handMade(client, 'ada')
    expect(await previewUsers(client, { userName: 'ada' }, { userName: 'new' })).toMatchObject([
      { outcome: 'linked' },
      { outcome: 'created' },
    ])
  })

  test('is ambiguous where two entries would be the same account', async () => {
    const client = await tenant()
    const account = await handMade(client, 'ada', work('ada@example.com'))
    const fates = await previewUsers(
      client,
      { userName: 'ada', externalId: 'x1' },
      { userName: 'new', externalId: 'x2' },
      { userName: 'lovelace', externalId: 'x3', email: 'ada@example.com' },
    )
    expect(fates).toMatchObject([
      { outcome: 'ambiguous', by: 'userName', others: [2], account: { id: account.id } },
      { outcome: 'created' },
      { outcome: 'ambiguous', by: 'email', others: [0], account: { id: account.id } },
    ])
    expect(fates[0].detail).toContain('users.2')
  })

  test.each([
    ['userName', { userName: 'ADA', externalId: 'x2' }],
    ['externalId', { userName: 'new', externalId: 'x1' }],
    ['email', { userName: 'new', externalId: 'x2', email: 'Ada@Example.com' }],
  ])('is ambiguous where another entry has the same %s', async (by, other) => {
    const client = await tenant()
    expect(await previewUsers(client, ada, other)).toMatchObject([
      { outcome: 'ambiguous', by, others: [1] },
      { outcome: 'ambiguous', by, others: [0] },
    ])
  })

  test('is not made ambiguous by an entry that is refused', async () => {
    const client = await tenant()
    const entries = [ada, { userName: 'ada' }]
    expect(await previewUsers(client, ...entries)).toMatchObject([
      { outcome: 'created' },
      { outcome: 'conflict' },
    ])
  })
})

describe('a group of the provider', () => {
  test('is created, linked by name, provisioned or a conflict', async () => {
    const client = await tenant()
    const hand = await handMadeTeam(client, 'Hand')
    await client.post('/Groups', { ...groupBody('Managed'), externalId: 'g1' })
    const fates = await previewGroups(
      client,
      { displayName: 'New', externalId: 'g0' },
      { displayName: 'HAND' },
      { displayName: 'managed', externalId: 'g1' },
    )
    expect(fates).toMatchObject([
      { outcome: 'created' },
      { outcome: 'linked', by: 'displayName', team: { id: hand.id, name: 'Hand' } },
      { outcome: 'provisioned', by: 'displayName', team: { name: 'Managed' } },
    ])
    const [conflict] = await previewGroups(client, { displayName: 'Managed', externalId: 'g2' })
    expect(conflict).toMatchObject({ outcome: 'conflict', team: { name: 'Managed' } })
    expect(conflict.detail).toContain('displayName "Managed"')
  })

  test('is linked by a mapping, and two that are mapped to one team are ambiguous', async () => {
    const client = await tenant()
    const team = await handMadeTeam(client, 'Old')
    const mappings = [
      { groupId: 'cn=a', team: 'Old' },
      { groupId: 'cn=b', team: 'Old' },
    ]
    await operatorOf(client).put('/migration/team-sync', { mappings })
    const a = { displayName: 'A', externalId: 'CN=A' }
    const found = { by: 'mapping', team: { id: team.id, name: 'Old' } }
    expect(await previewGroups(client, a)).toEqual([{ ...a, outcome: 'linked', ...found }])
    expect(await previewGroups(client, a, { displayName: 'cn=B' })).toMatchObject([
      { outcome: 'ambiguous', others: [1], ...found },
      { outcome: 'ambiguous', others: [0], ...found },
    ])
  })

  test('that is mapped to a team but bears the name of another is a conflict', async () => {
    const client = await tenant()
    await handMadeTeam(client, 'Old')
    await handMadeTeam(client, 'Other')
    const mappings = [{ groupId: 'g1', team: 'Old' }]
    await operatorOf(client).put('/migration/team-sync', { mappings })
    const entry = { displayName: 'Other', externalId: 'g1' }
    expect(await previewGroups(client, entry)).toMatchObject([{ outcome: 'conflict' }])
  })
})

test('a preview tells what a POST of each entry then really does', async () => {
  const client = await tenant()
  const operator = operatorOf(client)
  await handMade(client, 'by-name')
  await handMade(client, 'by-mail', work('by-mail@example.com'))
  await handMade(client, 'split')
  await createUser(client, 'managed', work('managed@example.com'))
  const gone = await createUser(client, 'gone')
  await client.delete(`/Users/${gone.id}`)
  await handMadeTeam(client, 'Named')
  await handMadeTeam(client, 'Mapped')
  await createGroup(client, 'Managed')
  await operator.put('/migration/team-sync', { mappings: [{ groupId: 'g-1', team: 'Mapped' }] })
  const users = [
    { userName: 'new', externalId: '1', email: 'new@example.com' },
    { userName: 'BY-NAME', externalId: '2', email: 'changed@example.com' },
    { userName: 'changed', externalId: '3', email: 'By-Mail@example.com' },
    { userName: 'back', externalId: 'ext-gone' },
    { userName: 'split', externalId: '5', email: 'managed@example.com' },
    { userName: 'MANAGED', externalId: '6' },
    { userName: 'seven', externalId: 'ext-managed' },
    { userName: 'eight' },
    { userName: 'nine', externalId: '9', email: 'MANAGED@example.com' },
  ]
  const groups = [
    { displayName: 'New', externalId: 'g-0' },
    { displayName: 'named', externalId: 'g-2' },
    { displayName: 'Renamed', externalId: 'G-1' },
    { displayName: 'managed', externalId: 'g-3' },
  ]
  const before = await dump(client.namespace)
  const { body } = await operator.post('/migration/preview', { users, groups })
  expect(await dump(client.namespace)).toBe(before)
  const outcomes = (list: { outcome: string }[]) => list.map(({ outcome }) => outcome)
  expect(outcomes(body.users)).toEqual([
    ...['created', 'linked', 'linked', 'restored', 'conflict', 'conflict', 'provisioned'],
    ...['conflict', 'conflict'],
  ])
  expect(outcomes(body.groups)).toEqual(['created', 'linked', 'linked', 'conflict'])

  /** What an answer says, in the words of a preview, from the ids that there were before. */
  const ids = async () => {
    const rows = await query(
      `select id, managed from user where namespace = ?1 union all
        select id, managed from team where namespace = ?1 union all
        select id, 2 from retained where namespace = ?1`,
      client.namespace,
    )
    return new Map(rows.map(({ id, managed }) => [id, managed]))
  }
  const known = await ids()
  const told = ({ status, body }: Awaited<ReturnType<Client['post']>>) => {
    if (status !== 201) return { outcome: 'conflict', detail: body.detail }
    const state = known.get(body.id)
    const outcome = state === undefined ? 'created' : state === 2 ? 'restored' : 'linked'
    return state === undefined ? { outcome } : { outcome, id: body.id }
  }
  for (const [at, { userName, externalId, email }] of users.entries()) {
    const more = { externalId, ...(email === undefined ? {} : work(email)) }
    const { outcome, detail, account } = body.users[at]
    const real = told(await client.post('/Users', userBody(userName, more)))
    if (outcome === 'conflict') expect(detail).toContain(real.detail)
    // What is there already is refused by a POST, which the provider then takes for linked.
    if (outcome === 'provisioned') expect(real.outcome).toBe('conflict')
    else
      expect({
        outcome,
        ...(account && outcome !== 'conflict' ? { id: account.id } : {}),
      }).toMatchObject(outcome === 'conflict' ? { outcome: real.outcome } : real)
  }
  for (const [at, { displayName, externalId }] of groups.entries()) {
    const { outcome, detail, team } = body.groups[at]
    const real = told(await client.post('/Groups', { ...groupBody(displayName), externalId }))
    if (outcome === 'conflict') expect(detail).toContain(real.detail)
    else expect({ outcome, ...(team && { id: team.id }) }).toEqual(real)
  }
})

describe('a preview', () => {
  test('tells the settings, and needs no sync to be on', async () => {
    const client = await tenant({ settings: { enableUserSync: false, enableGroupSync: false } })
    const { body } = await operatorOf(client).post('/migration/preview', { users: [ada] })
    expect(body).toMatchObject({
      settings: { enableUserSync: false, enableGroupSync: false, requireExternalId: true },
      users: [{ outcome: 'created' }],
      groups: [],
    })
  })

  test('of a thousand people and groups is one trip, after that for a long body', async () => {
    const client = await tenant()
    const users = Array.from({ length: 1000 }, (_, at) => ({
      ...{ userName: `u${at}`, externalId: `x${at}`, email: `u${at}@example.com` },
    }))
    const groups = users.map(({ userName, externalId }) => ({ displayName: userName, externalId }))
    client.endpoint.batches.length = 0
    const { status, body } = await client.post('/migration/preview', { users, groups })
    await client.endpoint.settled()
    expect(status).toBe(200)
    expect(new Set(body.users.map(({ outcome }: { outcome: string }) => outcome))).toEqual(
      new Set(['created']),
    )
    // A body above 64 KiB is read once its sender is known.
    expect(client.endpoint.batches.map(({ mode }) => mode)).toEqual(['read', 'read'])
    const tooMany = [...users, { userName: 'one' }]
    expectAdminError(await client.post('/migration/preview', { users: tooMany }), 400, /^users: /)
  })

  test.each([
    [{ users: [{ userName: '' }] }, /^users\.0\.userName: /],
    [{ users: [{}] }, /^users\.0\.userName: /],
    [{ users: [{ userName: 'a', active: true }] }, /^users\.0: .*active/],
    [{ users: [{ userName: 'a\0' }] }, /^users\.0\.userName: is no Unicode/],
    [{ groups: [{ displayName: '\ud800' }] }, /^groups\.0\.displayName: is no Unicode/],
    [{ people: [] }, /people/],
    [[], /^The body: /],
  ])('of %j is refused, naming the place', async (body, detail) => {
    const client = await tenant()
    expectAdminError(await client.post('/migration/preview', body), 400, detail)
  })
})

test('the status counts accounts, teams, adoptions and mappings', async () => {
  const client = await tenant()
  const operator = operatorOf(client)
  expect((await operator.get('/migration/status')).body).toEqual({
    users: { total: 0, managed: 0, unmanaged: 0, adopted: 0 },
    teams: { total: 0, managed: 0, unmanaged: 0, adopted: 0 },
    mappings: 0,
    lastAdoptionAt: null,
  })
  await createUser(client, 'managed')
  await handMade(client, 'ada')
  await handMade(client, 'bob')
  await handMadeTeam(client, 'Old')
  await operator.put('/migration/team-sync', { mappings: [{ groupId: 'g', team: 'Old' }] })
  await createUser(client, 'ada')
  await createGroup(client, 'Old')
  const { body } = await operator.get('/migration/status')
  expect(body).toEqual({
    users: { total: 3, managed: 2, unmanaged: 1, adopted: 1 },
    teams: { total: 1, managed: 1, unmanaged: 0, adopted: 1 },
    mappings: 1,
    lastAdoptionAt: expect.stringMatching(/Z$/),
  })
})

test('the adoptions are listed with what became of them, in pages and by type', async () => {
  const client = await tenant()
  const operator = operatorOf(client)
  const [a, b, c] = [
    await handMade(client, 'ada'),
    await handMade(client, 'bob'),
    await handMade(client, 'eve'),
  ]
  const team = await handMadeTeam(client, 'Old')
  for (const name of ['ada', 'bob', 'eve']) await createUser(client, name)
  await createGroup(client, 'OLD')
  await client.patch(`/Users/${b.id}`, [{ op: 'replace', path: 'userName', value: 'bobby' }])
  await client.delete(`/Users/${c.id}`)
  const adoption = {
    at: expect.stringMatching(/Z$/),
    ...{ type: 'user', isProvisioned: true, isDeleted: false, isChanged: false },
  }
  const users = [
    { ...adoption, id: a.id, nameBefore: 'ada', name: 'ada' },
    { ...adoption, id: b.id, nameBefore: 'bob', name: 'bobby', isChanged: true },
    { ...adoption, id: c.id, nameBefore: 'eve', name: null, isProvisioned: false, isDeleted: true },
  ]
  const teams = [{ ...adoption, type: 'team', id: team.id, nameBefore: 'Old', name: 'OLD' }]
  const byId = (one: { id: string }, other: { id: string }) => (one.id < other.id ? -1 : 1)
  const all = [...users, ...teams].sort(byId)
  expect((await operator.get('/migration/adoptions')).body).toEqual({ adoptions: all })
  const first = await operator.get('/migration/adoptions?limit=3')
  expect(first.body).toEqual({ adoptions: all.slice(0, 3), nextCursor: all[2]?.id })
  const rest = await operator.get(`/migration/adoptions?limit=3&cursor=${first.body.nextCursor}`)
  expect(rest.body).toEqual({ adoptions: all.slice(3) })
  const onlyTeams = await operator.get('/migration/adoptions?type=team')
  expect(onlyTeams.body).toEqual({ adoptions: teams })
  expectAdminError(await operator.get('/migration/adoptions?type=x'), 400, /^type: /)
})

describe('the routes', () => {
  const readers = ['org.users:read', 'teams:read']
  test.each<Pick<GuardedRoute, 'method' | 'path' | 'permissions' | 'body'>>([
    { method: 'POST', path: '/preview', permissions: readers, body: { users: [ada] } },
    { method: 'GET', path: '/status', permissions: readers },
    { method: 'GET', path: '/adoptions', permissions: readers },
    { method: 'GET', path: '/team-sync', permissions: ['teams:read'] },
    {
      method: 'PUT',
      path: '/team-sync',
      permissions: ['teams:read', 'teams:write'],
      body: { mappings: [{ groupId: 'g', team: 'T' }] },
    },
    { method: 'DELETE', path: '/team-sync', permissions: [] },
    { method: 'POST', path: '/rollback', permissions: [], body: { all: true } },
  ])('$method $path lets in whom it should', async ({ path, ...route }) => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    await handMadeTeam(client, 'T')
    await expectGuarded(client, other, { ...route, path: `/migration${path}` })
  })

  test('of one mapping lets in whom it should', async () => {
    const client = await tenant()
    const other = await tenant({ endpoint: client.endpoint })
    for (const [one, group] of [
      [client, 'mine'],
      [other, 'theirs'],
    ] as const) {
      await handMadeTeam(one, 'T')
      const mappings = [{ groupId: group, team: 'T' }]
      await operatorOf(one).put('/migration/team-sync', { mappings })
    }
    await expectGuarded(client, other, {
      method: 'DELETE',
      path: '/migration/team-sync/mine',
      unknownPath: '/migration/team-sync/unknown',
      foreignPath: '/migration/team-sync/theirs',
      permissions: ['teams:write'],
    })
  })
})
