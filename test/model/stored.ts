/** Comparing what is stored with the model: rows, revisions, counters, memberships, before-images. */
import { query } from '../support/tables.ts'
import { canonical, type Directory, elementsOf, fold, keysOf } from './directory.ts'

const lines = (rows: readonly object[]) => rows.map(canonical).sort()
const managed = (list: readonly { readonly managed: boolean }[]) =>
  list.filter((one) => one.managed).length

/** Expects the same rows on both sides, and says which are on one alone. */
function expectSame(what: string, stored: readonly object[], model: readonly object[]): void {
  const [left, right] = [lines(stored), lines(model)]
  const only = (some: readonly string[], others: readonly string[]) =>
    some.filter((line) => !others.includes(line)).join('\n        ')
  if (left.join() === right.join()) return
  throw new Error(
    `${what}: stored\n        ${only(left, right)}\n      and by the model\n        ${only(right, left)}`,
  )
}

/**
 * Expects that the tables of a namespace hold what the model holds.
 *
 * @param inherited whether it is also compared who was brought along by an adoption
 * @throws Error that tells the difference
 */
export async function expectStored(
  namespace: string,
  directory: Directory,
  inherited: boolean,
): Promise<void> {
  const people = [...directory.users.values()]
  const teams = [...directory.teams.values()]
  const rowsOf = (table: string, columns: string, key = 'namespace') =>
    query(`select ${columns} from ${table} where ${key} = ?`, namespace)

  const counted = `users, teams, managed_users, managed_teams, retained, event_seq =
    (select max(seq) from event where namespace = name) as numbered`
  expectSame('counters', await rowsOf('namespace', counted, 'name'), [
    {
      ...{ users: people.length, managed_users: managed(people) },
      ...{ teams: teams.length, managed_teams: managed(teams) },
      ...{ retained: directory.retained.size, numbered: 1 },
    },
  ])
  expectSame(
    'users',
    await rowsOf(
      'user',
      `id, revision, managed, active, user_name_key, email_key, external_id, sessions_valid_from,
        created_at, last_modified`,
    ),
    people.map(({ id, revision, managed, attributes, sessionsFrom, created, modified }) => {
      const { userName, email = null, externalId = null } = keysOf(attributes)
      return {
        ...{ id, revision, managed: managed ? 1 : 0, active: attributes.active === false ? 0 : 1 },
        ...{ user_name_key: userName, email_key: email, external_id: externalId },
        ...{ sessions_valid_from: sessionsFrom, created_at: created, last_modified: modified },
      }
    }),
  )
  expectSame(
    'addresses',
    await rowsOf('user_email', 'value_key, user_id'),
    people.flatMap(({ id, attributes }) => {
      const values = elementsOf(attributes.emails).flatMap(({ value }) => value ?? [])
      const keys = new Set(values.map((value) => fold(String(value))))
      return [...keys].map((key) => ({ value_key: key, user_id: id }))
    }),
  )
  expectSame(
    'teams',
    await rowsOf(
      'team',
      `id, revision, managed, display_name, display_name_key, external_id, members, created_at,
        last_modified`,
    ),
    teams.map((team) => ({
      ...{ id: team.id, revision: team.revision, managed: team.managed ? 1 : 0 },
      ...{ display_name: team.displayName, display_name_key: fold(team.displayName) },
      ...{ external_id: team.externalId ?? null, members: team.members.size },
      ...{ created_at: team.created, last_modified: team.modified },
    })),
  )
  expectSame(
    'memberships',
    await rowsOf('membership', `team_id, user_id${inherited ? ', inherited' : ''}`),
    teams.flatMap(({ id, members }) =>
      [...members].map(([user, brought]) => ({
        ...{ team_id: id, user_id: user, ...(inherited ? { inherited: brought ? 1 : 0 } : {}) },
      })),
    ),
  )
  expectSame(
    'retained accounts',
    await rowsOf('retained', 'id, revision, external_id'),
    [...directory.retained.values()].map(({ id, revision, externalId = null }) => ({
      ...{ id, revision, external_id: externalId },
    })),
  )
  // Older images of who was deleted meanwhile are there as well.
  const images = await rowsOf('adoption', 'subject, revision, before')
  const current = images.filter(
    ({ subject, revision }) => directory.before.get(String(subject))?.revision === revision,
  )
  expectSame(
    'before-images',
    current.map(({ before, ...row }) => ({ ...row, image: JSON.parse(String(before)) })),
    [...directory.before].map(([subject, before]) => ({ subject, ...before })),
  )
}
