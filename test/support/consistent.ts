/** What must hold whatever happened at once. */
import { expect } from 'vitest'
import { eventsOf, query } from './tables.ts'

/** Every foreign key holds, and the counters say what is there. */
export async function expectConsistent(namespace: string) {
  expect(await query('pragma foreign_key_check')).toEqual([])
  const [counts] = await query(
    `select n.users = (select count(*) from user where namespace = n.name) as users,
      n.teams = (select count(*) from team where namespace = n.name) as teams,
      not exists (select 1 from team t where t.namespace = n.name and t.members <> (
        select count(*) from membership m where m.namespace = n.name and m.team_id = t.id)) as members,
      n.event_seq = (select max(seq) from event where namespace = n.name) as events
    from namespace n where n.name = ?`,
    namespace,
  )
  expect(counts).toEqual({ users: 1, teams: 1, members: 1, events: 1 })
}

/** The members of a team are those whom its events added and did not remove since. */
export async function expectMembersAsTold(namespace: string, team: string) {
  const told = new Set<unknown>()
  for (const { subject, action, changes } of await eventsOf(namespace)) {
    if (subject === team) {
      for (const id of changes.added ?? []) told.add(id)
      for (const id of changes.removed ?? []) told.delete(id)
    }
    if (action === 'user.delete') told.delete(subject)
  }
  const members = await query(
    'select user_id as id from membership where namespace = ? and team_id = ?',
    namespace,
    team,
  )
  expect(new Set(members.map(({ id }) => id))).toEqual(told)
}
