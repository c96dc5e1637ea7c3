/** Namespaces of any size on D1, and what statements on them cost. */
import { START, type Tenant } from './tenant.ts'

/** A statement that was sent, with what it cost. */
export interface Run {
  readonly sql: string
  readonly parameters: unknown[]
  readonly rowsRead: number
  readonly rowsWritten: number
}

/** A binding that notes every statement of every batch, with what it cost. */
export function recorded(binding: D1Database) {
  const batches: Run[][] = []
  const wrapped = {
    prepare: (text: string) => ({
      bind: (...parameters: unknown[]) => ({ sql: text, parameters }),
    }),
    async batch(statements: readonly { readonly sql: string; readonly parameters: unknown[] }[]) {
      const results = await binding.batch(
        statements.map(({ sql: text, parameters }) => binding.prepare(text).bind(...parameters)),
      )
      batches.push(
        results.map(({ meta }, at) => ({
          sql: statements[at]?.sql ?? '',
          parameters: statements[at]?.parameters ?? [],
          rowsRead: meta.rows_read,
          rowsWritten: meta.rows_written,
        })),
      )
      return results
    },
  }
  return { binding: wrapped as unknown as D1Database, batches }
}

export const rowsRead = (runs: readonly Run[] = []) =>
  runs.reduce((sum, run) => sum + run.rowsRead, 0)

export const rowsWritten = (runs: readonly Run[] = []) =>
  runs.reduce((sum, run) => sum + run.rowsWritten, 0)

/** The id of a user by its number. */
export const id = (at: number) => `u${String(at).padStart(6, '0')}`

/** The id of a team by its number. */
export const teamId = (at: number) => `g${String(at).padStart(6, '0')}`

/** How large a seeded namespace is. */
export interface Size {
  readonly users: number
  readonly teams: number
  /** How many members the first teams have: the first users, in the order of their ids. */
  readonly sizes: readonly number[]
}

/** Fills a namespace with users, teams, events and retained accounts, in a few statements. */
export async function seed(
  binding: D1Database,
  { namespace }: Tenant,
  { users: userCount, teams: teamCount, sizes }: Size,
): Promise<void> {
  const numbers = `with recursive c(n) as (select 0 union all select n + 1 from c where n < ${userCount - 1})`
  const users = `insert into user (namespace, id, revision, managed, active, user_name_key,
      email_key, external_id, sessions_valid_from, created_at, last_modified, resource, folded)
    ${numbers}
    select ?1, printf('u%06d', n), 1, 1, 1, printf('user%06d@example.com', n),
      printf('user%06d@example.com', n), printf('external-%06d', n), 0, ?2, ?2,
      json_object('userName', printf('User%06d@example.com', n),
        'externalId', printf('external-%06d', n), 'active', json('true'),
        'emails', json_array(json_object('type', 'work',
          'value', printf('User%06d@example.com', n)))),
      json_object('userName', printf('user%06d@example.com', n),
        'externalId', printf('external-%06d', n), 'active', json('true'),
        'emails', json_array(json_object('type', 'work',
          'value', printf('user%06d@example.com', n))))
    from c`
  await binding.batch([
    binding.prepare(users).bind(namespace, START),
    binding
      .prepare(
        `insert into user_email select namespace, email_key, id from user where namespace = ?1`,
      )
      .bind(namespace),
    binding
      .prepare(`insert into team (namespace, id, revision, managed, display_name, display_name_key,
          external_id, members, created_at, last_modified) ${numbers}
        select ?1, printf('g%06d', n), 1, 1, printf('Team %d', n), printf('team %d', n),
          printf('team-%d', n), 0, ?2, ?2
        from c where n < ${teamCount}`)
      .bind(namespace, START),
    ...sizes.flatMap((size, at) => [
      binding
        .prepare(`insert into membership (namespace, team_id, user_id)
          select ?1, ?2, id from user where namespace = ?1 order by id limit ?3`)
        .bind(namespace, teamId(at), size),
      binding
        .prepare('update team set members = ?3 where namespace = ?1 and id = ?2')
        .bind(namespace, teamId(at), size),
    ]),
    binding
      .prepare(`insert into event ${numbers}
        select ?1, n + 1, ?2, '{}', 'user.create', printf('u%06d', n), '{}', printf('seed-%d', n), 0
        from c`)
      .bind(namespace, START),
    binding
      .prepare(`insert into retained (namespace, id, external_id, user_name_key, revision, created_at,
          deleted_at, resource) ${numbers}
        select ?1, printf('r%06d', n), printf('gone-%06d', n), printf('gone%06d@example.com', n), 1, ?2,
          ?2, json_object('externalId', printf('gone-%06d', n)) from c`)
      .bind(namespace, START),
    binding
      .prepare(`update namespace set users = ${userCount}, teams = ${teamCount}, managed_users = ${userCount},
        managed_teams = ${teamCount}, event_seq = ${userCount}
        where name = ?1`)
      .bind(namespace),
  ])
}
