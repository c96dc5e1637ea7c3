/** The mappings of Team Sync: loading them, and the teams that groups adopt by them. */
import { describe, expect, test } from 'vitest'
import { createGroup, createUsers, memberIds } from '../support/directory.ts'
import { makeInterruptedEndpoint, tenant } from '../support/endpoint.ts'
import { expectAdminError, expectError } from '../support/expect.ts'
import { handMadeTeam } from '../support/hand-made.ts'
import { limitedTo, operatorOf, type Tenant } from '../support/operator.ts'
import { groupBody } from '../support/payload.ts'
import { dump, eventsOf, query } from '../support/tables.ts'

const PATH = '/migration/team-sync'

/** Maps groups to teams, by id or name. */
async function map(client: Tenant, mappings: Readonly<Record<string, string>>) {
  const list = Object.entries(mappings).map(([groupId, team]) => ({ groupId, team }))
  const answer = await operatorOf(client).put(PATH, { mappings: list })
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
  return answer.body.mappings
}

describe('mappings to what Grafana calls a team', () => {
  test('are those to the team that an import brought', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const imported = [
      { name: 'Crew', grafanaId: 2, grafanaUid: 't-crew' },
      { name: '3', grafanaId: 4 },
      { name: 'Other', grafanaId: 3 },
    ]
    const { teams } = (await operator.post('/import', { teams: imported })).body
    const [crew, three, other] = teams.map(({ id }: { id: string }) => id)
    const asked = [
      { groupId: 'number', team: 2 },
      { groupId: 'text', team: '2' },
      { groupId: 'uid', team: 't-crew' },
      // A number is Grafana's; a text is a name before it is one of Grafana's ids.
      { groupId: 'three', team: 3 },
      { groupId: 'name', team: '3' },
    ]
    const { status, body } = await operator.put(PATH, { mappings: asked })
    expect(status).toBe(200)
    const found = body.mappings.map(
      ({ groupId, team }: { groupId: string; team: { id: string } }) => [groupId, team.id],
    )
    expect(Object.fromEntries(found)).toEqual({
      ...{ number: crew, text: crew, uid: crew, three: other, name: three },
    })
    const unknown = await operator.put(PATH, { mappings: [{ groupId: 'x', team: 99 }] })
    expectAdminError(unknown, 400, /There is no team "99".*import --teams/)
  })
})

describe('mappings', () => {
  test('are added, changed and listed, and leave an event', async () => {
    const client = await tenant()
    const operator = operatorOf(client)
    const a = await handMadeTeam(client, 'Team A')
    const b = await createGroup(client, 'Team B')
    const first = {
      groupId: 'CN=Admins,DC=example',
      team: { id: a.id, name: 'Team A', isProvisioned: false },
    }
    const second = { groupId: '7f1c/x', team: { id: b.id, name: 'Team B', isProvisioned: true } }
    expect(await map(client, { [first.groupId]: 'TEAM A', [second.groupId]: b.id })).toEqual([
      second,
      first,
    ])
    expect((await operator.get(PATH)).body).toEqual({ mappings: [second, first] })
    // A group is known by its id without regard to case; the others stay.
    const moved = { ...first, groupId: 'cn=admins,dc=example', team: second.team }
    expect(await map(client, { [moved.groupId]: 'Team B' })).toEqual([moved])
    expect((await operator.get(PATH)).body).toEqual({ mappings: [second, moved] })
    const events = await eventsOf(client.namespace, /^teamsync\./)
    expect(events).toEqual([
      {
        action: 'teamsync.update',
        subject: 'team-sync',
        changes: {
          before: { mappings: [] },
          after: {
            mappings: [
              { groupId: first.groupId, teamId: a.id },
              { groupId: second.groupId, teamId: b.id },
            ],
          },
        },
      },
      {
        action: 'teamsync.update',
        subject: 'team-sync',
        changes: {
          before: { mappings: [{ groupId: first.groupId, teamId: a.id }] },
          after: { mappings: [{ groupId: moved.groupId, teamId: b.id }] },
        },
      },
    ])
    const before = await dump(client.namespace)
    expect(await map(client, { [moved.groupId]: 'Team B' })).toEqual([moved])
    expect(await dump(client.namespace)).toBe(before)
  })

  test('are listed in pages', async () => {
    const client = await tenant()
    await handMadeTeam(client, 'T')
    await map(client, { a: 'T', b: 'T', 'ü/%': 'T' })
    const operator = operatorOf(client)
    const first = await operator.get(`${PATH}?limit=2`)
    expect(first.body).toMatchObject({ mappings: [{ groupId: 'a' }, { groupId: 'b' }] })
    const rest = await operator.get(`${PATH}?limit=2&cursor=${first.body.nextCursor}`)
    expect(rest.body).toMatchObject({ mappings: [{ groupId: 'ü/%' }] })
    expect(rest.body).not.toHaveProperty('nextCursor')
    expectAdminError(await operator.get(`${PATH}?limit=x`), 400, /^limit: /)
  })

  test('are removed one by one, or all by the operator', async () => {
    const client = await tenant()
    const team = await handMadeTeam(client, 'T')
    const operator = operatorOf(client)
    await map(client, { a: 'T', 'cn=B/x': 'T', c: 'T' })
    const path = `${PATH}/${encodeURIComponent('CN=b/X')}`
    expectAdminError(await (await limitedTo(client, 'teams:read')).delete(path), 403, /teams:write/)
    expect(await operator.delete(path)).toMatchObject({ status: 200, body: { deleted: 1 } })
    expectAdminError(await operator.delete(path), 404, /CN=b\/X/)
    expect((await operator.get(PATH)).body.mappings).toHaveLength(2)
    expect((await operator.delete(PATH)).body).toEqual({ deleted: 2 })
    expect((await operator.delete(PATH)).body).toEqual({ deleted: 0 })
    expect((await operator.get(PATH)).body).toEqual({ mappings: [] })
    expect((await client.get(`/Groups/${team.id}`)).status).toBe(200)
    expect((await eventsOf(client.namespace, /^teamsync\.delete/)).map((e) => e.changes)).toEqual([
      { before: { mappings: [{ groupId: 'cn=B/x', teamId: team.id }] } },
      { before: { mappings: 2 } },
    ])
  })

  test('to teams that nobody knows are refused as a whole; those of others are unknown', async () => {
    const client = await tenant()
    const other = await tenant()
    await handMadeTeam(client, 'T')
    const foreign = await handMadeTeam(other, 'Foreign')
    const before = await dump(client.namespace)
    for (const team of ['nothing', foreign.id, 'Foreign']) {
      const mappings = [
        { groupId: 'a', team: 'T' },
        { groupId: 'b', team },
      ]
      const answer = await operatorOf(client).put(PATH, { mappings })
      expectAdminError(answer, 400, new RegExp(`no team "${team}"`))
      expect(answer.body.messageId).toBe('migration.unknown-team')
    }
    expect(await dump(client.namespace)).toBe(before)
    await map(other, { a: 'Foreign' })
    expectAdminError(await operatorOf(client).delete(`${PATH}/a`), 404)
    expect((await operatorOf(client).get(PATH)).body).toEqual({ mappings: [] })
  })

  test('of a group whose id is longer than 256 characters are refused', async () => {
    const client = await tenant()
    await handMadeTeam(client, 'T')
    const mapped = (length: number) =>
      operatorOf(client).put(PATH, { mappings: [{ groupId: 'x'.repeat(length), team: 'T' }] })
    expectAdminError(await mapped(257), 400, /^mappings\.0\.groupId: /)
    expect((await mapped(256)).status).toBe(200)
  })

  test('of one group to two teams are refused', async () => {
    const client = await tenant()
    const a = await handMadeTeam(client, 'A')
    await handMadeTeam(client, 'B')
    const operator = operatorOf(client)
    const twice = (team: string) => ({
      mappings: [
        { groupId: 'g', team: 'A' },
        { groupId: 'G', team },
      ],
    })
    expectAdminError(await operator.put(PATH, twice('B')), 400, /"G" is mapped to two teams/)
    expect((await operator.put(PATH, twice(a.id))).body.mappings).toHaveLength(1)
  })

  test.each([
    [{ mappings: [{ groupId: '', team: 'T' }] }, /^mappings\.0\.groupId: /],
    [{ mappings: [{ groupId: 'g' }] }, /^mappings\.0\.team: /],
    [{ mappings: [{ groupId: 'g'.repeat(1001), team: 'T' }] }, /^mappings\.0\.groupId: /],
    [{ mappings: Array(1001).fill({ groupId: 'g', team: 'T' }) }, /^mappings: /],
    [{}, /^mappings: /],
  ])('that make no sense are refused, naming the place', async (body, detail) => {
    const client = await tenant()
    expectAdminError(await operatorOf(client).put(PATH, body), 400, detail)
  })

  test('to a team that is deleted meanwhile are refused', async () => {
    const { endpoint, interruption } = makeInterruptedEndpoint()
    const client = await tenant({ endpoint })
    const team = await createGroup(client, 'T')
    const mappings = [{ groupId: 'g', team: 'T' }]
    interruption.meanwhile = () => client.delete(`/Groups/${team.id}`)
    expectAdminError(await operatorOf(client).put(PATH, { mappings }), 400, /no team "T"/)
  })
})

describe('a POST of a group', () => {
  test.each([
    ['externalId', { externalId: 'CN=Ops,DC=example' }],
    ['name', { displayName: 'cn=ops,dc=Example' }],
  ])(
    'adopts the team that its %s is mapped to: same id, members kept, renamed',
    async (_, more) => {
      const client = await tenant()
      const [a = '', b = ''] = await createUsers(client, ['a', 'b'])
      const team = await handMadeTeam(client, 'Operations', [a])
      await map(client, { 'cn=ops,dc=example': team.id })
      const body = { ...groupBody('SSO Ops', [b]), ...more }
      const answer = await client.post('/Groups', body)
      expect(answer.status).toBe(201)
      expect(answer.body).toMatchObject({ id: team.id, displayName: body.displayName, ...more })
      expect(await memberIds(client, team.id)).toEqual([a, b].sort())
      expect(
        await query(
          'select subject, type, before from adoption where namespace = ?',
          client.namespace,
        ),
      ).toEqual([
        {
          subject: team.id,
          type: 'team',
          before: JSON.stringify({ attributes: { displayName: 'Operations' }, members: [a] }),
        },
      ])
      expect((await eventsOf(client.namespace)).at(-1)).toMatchObject({
        action: 'team.adopt',
        subject: team.id,
        changes: {
          before: { displayName: 'Operations' },
          after: { displayName: body.displayName },
        },
      })
    },
  )

  test('takes the mapping before the team of the same name, and of two mappings that of externalId', async () => {
    const client = await tenant()
    const byId = await handMadeTeam(client, 'By id')
    const byName = await handMadeTeam(client, 'By name')
    await map(client, { x: 'By id', group: 'By name' })
    const first = await client.post('/Groups', { ...groupBody('Group'), externalId: 'X' })
    expect(first).toMatchObject({ status: 201, body: { id: byId.id } })
    // The mapping of the externalId is used up now; that of the name is still good.
    const second = await client.post('/Groups', { ...groupBody('GROUP'), externalId: 'X' })
    expectError(second, 409, { scimType: 'uniqueness' })
    await client.put(`/Groups/${byId.id}`, groupBody('Moved'))
    const third = await client.post('/Groups', { ...groupBody('GROUP'), externalId: 'X' })
    expect(third).toMatchObject({ status: 201, body: { id: byName.id, displayName: 'GROUP' } })
  })

  test('whose name belongs to another team is 409 all the same', async () => {
    const client = await tenant()
    await handMadeTeam(client, 'Mapped')
    await handMadeTeam(client, 'Other')
    await map(client, { x: 'Mapped' })
    const before = await dump(client.namespace)
    const answer = await client.post('/Groups', { ...groupBody('other'), externalId: 'x' })
    expectError(answer, 409, { scimType: 'uniqueness' })
    expect(answer.body.detail).toContain('displayName')
    expect(await dump(client.namespace)).toBe(before)
  })

  test('that is mapped to a managed team goes by the ordinary rules', async () => {
    const client = await tenant()
    const managed = await createGroup(client, 'Managed')
    const hand = await handMadeTeam(client, 'Hand')
    await map(client, { x: 'Managed' })
    const adopted = await client.post('/Groups', { ...groupBody('hand'), externalId: 'x' })
    expect(adopted).toMatchObject({ status: 201, body: { id: hand.id } })
    const created = await client.post('/Groups', { ...groupBody('New'), externalId: 'x' })
    expect(created.status).toBe(201)
    expect([managed.id, hand.id]).not.toContain(created.body.id)
  })

  test('does not see the mappings of another namespace', async () => {
    const client = await tenant()
    const other = await tenant()
    const team = await handMadeTeam(client, 'Old')
    await map(client, { x: 'Old' })
    const { status, body } = await other.post('/Groups', { ...groupBody('New'), externalId: 'x' })
    expect(status).toBe(201)
    expect(body.id).not.toBe(team.id)
  })

  test('takes one trip to read and one to write', async () => {
    const client = await tenant()
    await handMadeTeam(client, 'Old')
    await map(client, { x: 'Old' })
    client.endpoint.batches.length = 0
    await client.post('/Groups', { ...groupBody('New'), externalId: 'x' })
    await client.endpoint.settled()
    expect(client.endpoint.batches.map(({ mode }) => mode)).toEqual(['read', 'write'])
  })
})

test('a team that is deleted takes its mappings along', async () => {
  const client = await tenant()
  const team = await createGroup(client, 'T')
  await createGroup(client, 'Other')
  await map(client, { a: 'T', b: 'T', c: 'Other' })
  expect((await client.delete(`/Groups/${team.id}`)).status).toBe(204)
  const { body } = await operatorOf(client).get(PATH)
  expect(body).toMatchObject({ mappings: [{ groupId: 'c' }] })
  expect(body.mappings).toHaveLength(1)
})
