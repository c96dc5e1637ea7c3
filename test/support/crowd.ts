/** Many users at once, put into the tables. */
import { createGroup, createUser } from './directory.ts'
import { type Endpoint, tenant } from './endpoint.ts'
import { query } from './tables.ts'

/** A namespace of so many users, all of them in one team. */
export async function crowd(count: number, endpoint?: Endpoint) {
  const client = await tenant(endpoint === undefined ? {} : { endpoint })
  const user = await createUser(client, 'ada')
  const group = await createGroup(client, 'G', [user.id])
  if (count > 0) {
    await query(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?2)
      insert into user (namespace, id, revision, managed, active, user_name_key,
        sessions_valid_from, created_at, last_modified, resource, folded)
      select ?1, printf('useed%06d', i), 1, 1, 1, 'seed' || i, 0, 0, 0,
        json_object('userName', 'seed' || i, 'active', json('true')),
        json_object('userName', 'seed' || i, 'active', json('true')) from n`,
      client.namespace,
      count,
    )
    await query(
      `insert into membership (namespace, team_id, user_id)
        select namespace, ?2, id from user where namespace = ?1 and id like 'useed%'`,
      client.namespace,
      group.id,
    )
    await query('update team set members = members + ?2 where id = ?1', group.id, count)
    await query('update namespace set users = users + ?2 where name = ?1', client.namespace, count)
  }
  return { client, user, group }
}
