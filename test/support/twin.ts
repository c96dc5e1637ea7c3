/** A second namespace that holds the same under the same ids. */
import { query } from './tables.ts'

const TABLES = [
  'user',
  'user_email',
  'team',
  'membership',
  'event',
  'retained',
  'adoption',
  'team_mapping',
  'conflict',
  'refusal_count',
  'activity',
  'ignored_name',
  'denied_login',
]

/**
 * Copies users, teams, events and all that goes with them to a namespace that holds none.
 *
 * @param from the name of the namespace that is copied
 * @param to the name of the other, whose events so far are forgotten
 */
export async function copyDirectory(from: string, to: string): Promise<void> {
  await query('delete from event where namespace = ?', to)
  for (const table of TABLES) {
    const columns = (await query(`pragma table_info("${table}")`)).map(({ name }) => String(name))
    const rest = columns.filter((name) => name !== 'namespace')
    await query(
      `insert into ${table} (namespace, ${rest}) select ?1, ${rest} from ${table}
        where namespace = ?2`,
      to,
      from,
    )
  }
  await query(
    `update namespace set (users, teams, managed_users, managed_teams, retained, event_seq) = (
        select n.users, n.teams, n.managed_users, n.managed_teams, n.retained, n.event_seq
        from namespace n where n.name = ?1)
      where name = ?2`,
    from,
    to,
  )
}
