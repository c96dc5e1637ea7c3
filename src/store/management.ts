/** Ending the management of accounts and teams by SCIM. */
import { sql } from 'drizzle-orm'
import type { Namespace } from '../tenancy/namespace.ts'
import type { Caller } from './authority.ts'
import type { Statement } from './database.ts'

/**
 * Lets an account or team be changed by hand again. Its before-image goes, since it is adopted no
 * longer; its revision moves, so that no write of SCIM that was under way goes by what it read.
 */
export function endManagement(
  caller: Caller,
  namespace: Namespace,
  table: 'user' | 'team',
  id: string,
): Statement[] {
  return [
    sql`update ${sql.raw(table)} set managed = 0, revision = revision + 1,
        last_modified = ${caller.now}
      where namespace = ${namespace} and id = ${id}`,
    sql`delete from adoption where namespace = ${namespace} and subject = ${id}`,
    ...(table === 'user'
      ? []
      : [
          sql`update membership indexed by membership_inherited set inherited = 0
            where namespace = ${namespace} and team_id = ${id} and inherited = 1`,
        ]),
  ]
}
