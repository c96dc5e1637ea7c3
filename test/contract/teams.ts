/** Teams and their members (design.md, section 1, “Groups are teams”). */
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { noMemberChange } from '../../src/scim/patch/members.ts'
import type { Database } from '../../src/store/database.ts'
import type { TeamChange } from '../../src/store/teams.ts'
import { createTeam, readTeam } from '../../src/store/teams.ts'
import { createUser, readUser } from '../../src/store/users.ts'
import {
  addMembers,
  addUnmanagedTeam,
  beforeWriting,
  changesOf,
  changeTeam,
  changeUser,
  deleteTeam,
  deleteUser,
  eventsOf,
  held,
  listing,
  listTeams,
  membersOf,
  type Open,
  query,
  refusalOf,
  removeMembers,
  rename,
  replaceMembers,
  START,
  set,
  snapshot,
  type Tenant,
  teamRow,
  tenancy,
} from './tenant.ts'

export function teams(open: Open): void {
  const { tenant: makeTenant } = tenancy(open)

  /** Makes users, with the ids user-0001 and so on. */
  async function people(tenant: Tenant, count: number): Promise<string[]> {
    const ids: string[] = []
    for (let at = 0; at < count; at++) {
      const attributes = { userName: `u${at}`, externalId: `e${at}`, displayName: `User ${at}` }
      ids.push((await createUser(tenant.caller(), held(attributes))).id)
    }
    return ids
  }

  const post = (tenant: Tenant, displayName: string, members: readonly string[] = []) =>
    createTeam(tenant.caller(), held({ attributes: { displayName }, members }), true)

  const change = (
    tenant: Tenant,
    id: string,
    what: ReturnType<typeof addMembers>,
    ifMatch?: string,
  ) => changeTeam(tenant.caller(), id, what, ifMatch, true)

  const none = { added: [], removed: [], skipped: [] }

  test('a new team is stored with its members', async () => {
    const tenant = await makeTenant()
    const [a = '', b = ''] = await people(tenant, 2)
    const attributes = { displayName: 'Engine Room', externalId: 'x' }
    const body = held({ attributes, members: [b, a, b] })
    const team = await createTeam(tenant.caller(), body, true)
    expect(team).toEqual({
      id: 'team-0003',
      revision: 1,
      managed: true,
      attributes,
      members: [
        { id: a, display: 'User 0', teamId: 'team-0003' },
        { id: b, display: 'User 1', teamId: 'team-0003' },
      ],
      createdAt: START + 3000,
      lastModified: START + 3000,
      version: 'W/"1"',
      grafanaId: null,
      grafanaUid: null,
    })
    expect(await teamRow(tenant, team.id)).toEqual({
      revision: 1,
      managed: 1,
      members: 2,
      lastModified: START + 3000,
    })
    expect(await changesOf(tenant, team.id)).toEqual([
      { action: 'team.create', changes: { after: attributes, ...none, added: [b, a] } },
    ])
    expect(await readTeam(tenant.caller(), team.id, true)).toEqual(team)
    const { members: _unasked, ...bare } = team
    expect(await readTeam(tenant.caller(), team.id, false)).toEqual(bare)
  })

  test('whoever is no user of the namespace is skipped and named in the event', async () => {
    const tenant = await makeTenant()
    const neighbour = await makeTenant()
    const [a = '', b = ''] = await people(tenant, 2)
    const foreign = (await people(neighbour, 3)).at(-1) ?? ''
    await deleteUser(tenant.caller(), b, undefined)
    const other = await post(tenant, 'other')
    const team = await post(tenant, 'team', ['nobody', a, b, foreign, other.id])
    expect(await membersOf(tenant, team.id)).toEqual([a])
    expect(await changesOf(tenant, team.id)).toEqual([
      {
        action: 'team.create',
        changes: {
          after: { displayName: 'team' },
          added: [a],
          removed: [],
          skipped: ['nobody', b, foreign, other.id],
        },
      },
    ])
    expect(await membersOf(neighbour, team.id)).toEqual([])
  })

  test('a write that only skips leaves an event and keeps the version', async () => {
    const tenant = await makeTenant()
    const [a = ''] = await people(tenant, 1)
    const team = await post(tenant, 'team', [a])
    const ghosts = [addMembers('nobody', team.id), replaceMembers(a, 'nobody', team.id)]
    for (const ghost of ghosts) expect(await change(tenant, team.id, ghost)).toEqual(team)
    const event = {
      action: 'team.update',
      changes: { ...none, skipped: ['nobody', team.id] },
    }
    expect((await changesOf(tenant, team.id)).slice(1)).toEqual([event, event])
  })

  test('adding and removing again changes nothing', async () => {
    const tenant = await makeTenant()
    const [a = '', b = ''] = await people(tenant, 2)
    const team = await post(tenant, 'team', [a])
    const before = await snapshot(tenant)
    const idle = [addMembers(a), removeMembers(b), removeMembers('nobody'), replaceMembers(a)]
    for (const what of [...idle, addMembers(), removeMembers(), rename({ displayName: 'team' })]) {
      expect(await change(tenant, team.id, what)).toEqual(team)
    }
    expect(await snapshot(tenant)).toEqual(before)
  })

  test('members are added, removed and replaced', async () => {
    const tenant = await makeTenant()
    const [a = '', b = '', c = '', d = ''] = await people(tenant, 4)
    const team = await post(tenant, 'team', [a, b])
    const steps = [
      { what: addMembers(b, c), members: [a, b, c], changes: { ...none, added: [c] } },
      { what: removeMembers(a, d), members: [b, c], changes: { ...none, removed: [a] } },
      { what: replaceMembers(d, c, 'x'), members: [c, d] },
      { what: replaceMembers(), members: [], changes: { ...none, removed: [c, d] } },
    ]
    for (const [at, { what, members, changes }] of steps.entries()) {
      const after = await change(tenant, team.id, what)
      expect(after).toMatchObject({ revision: at + 2, lastModified: START + (at + 6) * 1000 })
      expect(after.members?.map(({ id }) => id)).toEqual(members)
      expect(await membersOf(tenant, team.id)).toEqual(members)
      expect(await teamRow(tenant, team.id)).toMatchObject({ members: members.length })
      if (changes !== undefined) {
        const events = await changesOf(tenant, team.id)
        expect(events.at(-1)).toEqual({ action: 'team.update', changes })
      }
    }
    // Who comes, who is unknown, and who leaves are in one event or two, of one request.
    const events = (await eventsOf(tenant)).filter(({ requestId }) => requestId === 'request-8')
    expect(events.map(({ part, changes }) => ({ part, changes }))).toEqual([
      { part: 0, changes: { added: [d], removed: [], skipped: ['x'] } },
      { part: 1, changes: { added: [], removed: [b], skipped: [] } },
    ])
  })

  test('attributes and members change together, in one revision', async () => {
    const tenant = await makeTenant()
    const [a = '', b = ''] = await people(tenant, 2)
    const team = await post(tenant, 'team', [a])
    const what: TeamChange = {
      attributes: () => ({ displayName: 'crew', externalId: 'x' }),
      members: () => ({ ...noMemberChange, add: new Set([b]), remove: new Set([a]) }),
      dependsOnMembers: false,
    }
    const after = await change(tenant, team.id, held(what))
    expect(after).toMatchObject({ revision: 2, attributes: { displayName: 'crew' } })
    expect(await membersOf(tenant, team.id)).toEqual([b])
    const described = {
      before: { displayName: 'team' },
      after: { displayName: 'crew', externalId: 'x' },
    }
    expect((await changesOf(tenant, team.id)).slice(1)).toEqual([
      { action: 'team.update', changes: { ...described, ...none, added: [b] } },
      { action: 'team.update', changes: { ...none, removed: [a] } },
    ])
  })

  test('names are unique by folding, externalIds are not unique', async () => {
    const tenant = await makeTenant()
    const first = await post(tenant, 'Straße')
    const second = await createTeam(
      tenant.caller(),
      held({ attributes: { displayName: 'strasse', externalId: 'x' }, members: [] }),
      false,
    )
    const taken = { kind: 'taken', attribute: 'displayName', value: 'STRAßE' }
    expect(await refusalOf(post(tenant, 'STRAßE'))).toEqual(taken)
    const clash = rename({ displayName: 'STRAßE' })
    expect(await refusalOf(change(tenant, second.id, clash))).toEqual(taken)
    const own = await change(tenant, first.id, rename({ displayName: 'STRAßE', externalId: 'x' }))
    expect(own).toMatchObject({ revision: 2, attributes: { displayName: 'STRAßE' } })
    const cleared = await change(tenant, first.id, rename({ externalId: '' }))
    expect(cleared.attributes).toEqual({ displayName: 'STRAßE' })
  })

  test('an unmanaged team of the same name is adopted, its members stay until a replace', async () => {
    const tenant = await makeTenant()
    const [a = '', b = '', c = ''] = await people(tenant, 3)
    await addUnmanagedTeam(tenant, 'team-hand', 'crew', [a, b])
    const team = await post(tenant, 'Crew', [b, c])
    expect(team).toMatchObject({
      id: 'team-hand',
      revision: 2,
      managed: true,
      createdAt: START,
      attributes: { displayName: 'Crew' },
    })
    expect(await membersOf(tenant, team.id)).toEqual([a, b, c])
    expect(await changesOf(tenant, team.id)).toEqual([
      {
        action: 'team.adopt',
        changes: {
          before: { displayName: 'crew' },
          after: { displayName: 'Crew' },
          ...none,
          added: [c],
        },
      },
    ])
    const images = await query(
      tenant,
      sql`select subject, part, before from adoption where namespace = ${tenant.namespace}`,
    )
    expect(images.map(({ before, ...image }) => [image, JSON.parse(String(before))])).toEqual([
      [
        { subject: 'team-hand', part: 0 },
        { attributes: { displayName: 'crew' }, members: [a, b] },
      ],
    ])
    await change(tenant, team.id, replaceMembers(c))
    expect(await membersOf(tenant, team.id)).toEqual([c])
    expect(await refusalOf(post(tenant, 'crew'))).toMatchObject({ kind: 'taken' })
  })

  test('members whom an adopted team brought along are marked until a change names them', async () => {
    const tenant = await makeTenant()
    const [a = '', b = '', c = '', d = ''] = await people(tenant, 4)
    const inherited = async () => {
      const rows = await query<{ readonly id: string }>(
        tenant,
        sql`select user_id as id from membership
          where namespace = ${tenant.namespace} and inherited = 1 order by user_id`,
      )
      return rows.map(({ id }) => id)
    }
    await addUnmanagedTeam(tenant, 'team-hand', 'crew', [a, b, c])
    expect(await inherited()).toEqual([])
    await post(tenant, 'crew', [b, d])
    expect(await inherited()).toEqual([a, c])
    await change(tenant, 'team-hand', addMembers(a))
    expect(await inherited()).toEqual([c])
    await change(tenant, 'team-hand', replaceMembers(a, b, c, d))
    expect(await inherited()).toEqual([])
  })

  test('a change adopts a team, also one that changes nothing', async () => {
    const tenant = await makeTenant()
    await addUnmanagedTeam(tenant, 'team-hand', 'crew')
    const team = await change(tenant, 'team-hand', rename({}))
    expect(team).toMatchObject({ managed: true, revision: 2 })
    expect(await changesOf(tenant, 'team-hand')).toEqual([
      { action: 'team.adopt', changes: { before: {}, after: {}, ...none } },
    ])
  })

  test('an unmanaged team is not deleted', async () => {
    const tenant = await makeTenant()
    await addUnmanagedTeam(tenant, 'team-hand', 'crew')
    expect(await refusalOf(deleteTeam(tenant.caller(), 'team-hand', undefined))).toEqual({
      kind: 'unmanaged',
      resourceType: 'Group',
    })
  })

  test('a deleted team is gone, and its members are in no team', async () => {
    const tenant = await makeTenant()
    const [a = '', b = ''] = await people(tenant, 2)
    const { id } = await post(tenant, 'team', [a, b])
    await deleteTeam(tenant.caller(), id, undefined)
    expect((await readUser(tenant.caller(), a)).groups).toEqual([])
    expect(await membersOf(tenant, id)).toEqual([])
    expect((await changesOf(tenant, id)).at(-1)).toEqual({
      action: 'team.delete',
      changes: { before: { displayName: 'team' }, ...none, removed: [a, b] },
    })
    const before = await snapshot(tenant)
    const gone = { kind: 'not-found', resourceType: 'Group', id }
    expect(await refusalOf(readTeam(tenant.caller(), id, true))).toEqual(gone)
    expect(await refusalOf(deleteTeam(tenant.caller(), id, undefined))).toEqual(gone)
    expect(await refusalOf(change(tenant, id, addMembers(a)))).toEqual(gone)
    expect(await snapshot(tenant)).toEqual(before)
    expect((await post(tenant, 'team')).id).not.toBe(id)
  })

  test('a write that expects another version is refused', async () => {
    const tenant = await makeTenant()
    const [a = '', b = ''] = await people(tenant, 2)
    const team = await post(tenant, 'team')
    const joined = await change(tenant, team.id, addMembers(a), team.version)
    expect(joined.version).toBe('W/"2"')
    const stale = { kind: 'failed-condition', header: 'If-Match' }
    const before = await snapshot(tenant)
    expect(await refusalOf(change(tenant, team.id, addMembers(b), team.version))).toEqual(stale)
    expect(await refusalOf(deleteTeam(tenant.caller(), team.id, team.version))).toEqual(stale)
    expect(await snapshot(tenant)).toEqual(before)
    const join = () => change(tenant, team.id, addMembers(b))
    const database = beforeWriting(tenant.database, join)
    const late = changeTeam(
      tenant.caller({ database }),
      team.id,
      removeMembers(a),
      joined.version,
      false,
    )
    expect(await refusalOf(late)).toEqual(stale)
    expect(await membersOf(tenant, team.id)).toEqual([a, b])
    await deleteTeam(tenant.caller(), team.id, 'W/"3"')
  })

  test('a change that depends on the members is made on those that are there by then', async () => {
    const tenant = await makeTenant()
    const [a = '', b = '', c = ''] = await people(tenant, 3)
    const { id } = await post(tenant, 'team', [a, b])
    const seen: string[][] = []
    const removeAll: TeamChange = {
      members: (current) => {
        seen.push(current.map(({ value, type, display }) => `${value} ${type} ${display}`))
        return { ...noMemberChange, remove: new Set(current.map(({ value }) => value)) }
      },
      dependsOnMembers: true,
    }
    const join = () => change(tenant, id, addMembers(c))
    const database = beforeWriting(tenant.database, join)
    await changeTeam(tenant.caller({ database }), id, held(removeAll), undefined, false)
    const forms = [`${a} user user 0`, `${b} user user 1`, `${c} user user 2`]
    expect(seen).toEqual([forms.slice(0, 2), forms])
    expect(await membersOf(tenant, id)).toEqual([])
  })

  test('a change that looks at what users are called is made on what they are called by then', async () => {
    const tenant = await makeTenant()
    const [member = '', listed = '', leaver = ''] = await people(tenant, 3)
    const { id } = await post(tenant, 'team', [member])
    const seen: string[][] = []
    const addAndRemove: TeamChange = {
      members: (current, users) => {
        const named = [...current, ...users].map(({ value, display }) => `${value} ${display}`)
        seen.push(named.sort())
        const boss = (one: { display: string }) => one.display === 'boss'
        const add = [listed, leaver].filter((one) => !users.some((u) => u.value === one && boss(u)))
        const remove = current.filter(boss).map(({ value }) => value)
        return { ...noMemberChange, add: new Set(add), remove: new Set(remove) }
      },
      dependsOnMembers: true,
      listed: new Set([listed, leaver]),
    }
    const changes = [
      () => changeUser(tenant.caller(), member, set({ displayName: 'boss' }), undefined),
      () => changeUser(tenant.caller(), listed, set({ displayName: 'boss' }), undefined),
      () => deleteUser(tenant.caller(), leaver, undefined),
    ]
    const database: Database = {
      async batch(mode, statements) {
        if (mode === 'write') await changes.shift()?.()
        return tenant.database.batch(mode, statements)
      },
    }
    await changeTeam(tenant.caller({ database }), id, held(addAndRemove), undefined, false)
    const names = (...users: [string, string][]) =>
      users.map(([one, name]) => `${one} ${name}`).sort()
    expect(seen).toEqual([
      names([member, 'user 0'], [listed, 'user 1'], [leaver, 'user 2']),
      names([member, 'boss'], [listed, 'user 1'], [leaver, 'user 2']),
      names([member, 'boss'], [listed, 'boss'], [leaver, 'user 2']),
      names([member, 'boss'], [listed, 'boss']),
    ])
    expect(await membersOf(tenant, id)).toEqual([])
    expect((await changesOf(tenant, id)).slice(1)).toEqual([
      { action: 'team.update', changes: { ...none, skipped: [leaver] } },
      { action: 'team.update', changes: { ...none, removed: [member] } },
    ])
  })

  test('a set of members is changed in a team that others change meanwhile', async () => {
    const tenant = await makeTenant()
    const [a = '', b = '', c = ''] = await people(tenant, 3)
    const { id } = await post(tenant, 'team', [a])
    const other = async () => {
      await change(tenant, id, addMembers(b))
      await change(tenant, id, rename({ displayName: 'crew' }))
    }
    const trips: string[] = []
    const counted = beforeWriting(
      {
        batch: (mode, statements) => {
          trips.push(mode)
          return tenant.database.batch(mode, statements)
        },
      },
      other,
    )
    const caller = tenant.caller({ database: counted })
    const after = await changeTeam(caller, id, addMembers(c), undefined, false)
    expect(after).toMatchObject({ revision: 4, attributes: { displayName: 'crew' } })
    expect(await membersOf(tenant, id)).toEqual([a, b, c])
    expect(trips).toEqual(['read', 'write'])
  })

  test('a change that keeps the name puts it back where another has changed it meanwhile', async () => {
    const tenant = await makeTenant()
    const [a = '', b = ''] = await people(tenant, 2)
    const { id } = await post(tenant, 'team', [a])
    const other = () => change(tenant, id, rename({ displayName: 'crew', externalId: 'x' }))
    const put = held<TeamChange>({
      attributes: () => ({ displayName: 'team' }),
      members: () => ({ replace: true, add: new Set([b]), remove: new Set() }),
      dependsOnMembers: false,
    })
    const caller = tenant.caller({ database: beforeWriting(tenant.database, other) })
    const after = await changeTeam(caller, id, put, undefined, true)
    expect(after.attributes).toEqual({ displayName: 'team' })
    expect((await changesOf(tenant, id)).slice(2)).toEqual([
      {
        action: 'team.update',
        changes: {
          before: { displayName: 'crew', externalId: 'x' },
          after: { displayName: 'team' },
          ...{ added: [b], removed: [], skipped: [] },
        },
      },
      { action: 'team.update', changes: { ...none, removed: [a] } },
    ])
  })

  test('teams are listed in the order of their ids, with their own members', async () => {
    const tenant = await makeTenant()
    const [a = '', b = ''] = await people(tenant, 2)
    await post(tenant, 'z', [a])
    await post(tenant, 'y', [])
    await post(tenant, 'x', [a, b])
    const all = await listTeams(tenant.caller(), listing(), true)
    expect(all.total).toBe(3)
    expect(
      all.teams.map(({ attributes, members }) => [
        attributes.displayName,
        members?.map(({ id, display }) => `${id} ${display}`),
      ]),
    ).toEqual([
      ['z', [`${a} User 0`]],
      ['y', []],
      ['x', [`${a} User 0`, `${b} User 1`]],
    ])
    const second = await listTeams(tenant.caller(), listing(undefined, 2, 1), true)
    expect(second).toEqual({ teams: all.teams.slice(1, 2), total: 3 })
    expect(await listTeams(tenant.caller(), listing(undefined, 9, 5), true)).toEqual({
      teams: [],
      total: 3,
    })
    expect(await listTeams(tenant.caller(), listing(undefined, 1, 0), true)).toEqual({
      teams: [],
      total: 3,
    })
  })
}
