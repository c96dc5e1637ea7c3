/** What service accounts sent in vain: attributes and paths that the schema lacks. */
import { sql } from 'drizzle-orm'
import type { Holder } from '../tenancy/credential.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import type { Allowed } from './authority.ts'
import type { Database, Statement } from './database.ts'

/** How many names are kept for a service account; the one that was longest not sent goes. */
const MAXIMUM_NAMES = 50

/** A name, and how often it was sent since it was written down last. */
export interface IgnoredName {
  readonly type: string
  readonly name: string
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

/** Records names for the account of a token; nothing where the token is gone. */
export async function recordIgnored(
  database: Database,
  { hash, namespace, accountId }: Holder,
  names: readonly IgnoredName[],
): Promise<void> {
  const field = (name: keyof IgnoredName) => sql.raw(`json_extract(j.value, '$.${name}')`)
  await database.batch('write', [
    sql`insert into ignored_name (namespace, account_id, type, name, count, first_at, last_at)
      select k.namespace, k.account_id, ${field('type')}, ${field('name')}, ${field('count')},
        ${field('firstAt')}, ${field('lastAt')}
      from token k cross join json_each(${JSON.stringify(names)}) j where k.hash = ${hash}
      on conflict (namespace, account_id, type, name) do update set
        count = ignored_name.count + excluded.count,
        last_at = max(ignored_name.last_at, excluded.last_at)`,
    sql`delete from ignored_name where namespace = ${namespace} and account_id = ${accountId}
      and (type, name) in (
        select i.type, i.name from ignored_name i
        where i.namespace = ${namespace} and i.account_id = ${accountId}
        order by i.last_at desc, i.name limit -1 offset ${MAXIMUM_NAMES})`,
  ])
}

/** A name as the status shows it. */
export interface IgnoredRow extends IgnoredName {
  readonly account: string
}

/** What the accounts of a namespace sent in vain since a time, the last first. */
export function selectIgnored(
  namespace: Namespace,
  since: number,
  allowed: Allowed,
): Statement<IgnoredRow> {
  return sql<IgnoredRow>`select a.name as account, i.type, i.name, i.count, i.first_at as "firstAt",
      i.last_at as "lastAt"
    from ${allowed} service_account a
    cross join ignored_name i on i.namespace = a.namespace and i.account_id = a.id
    where a.namespace = ${namespace} and i.last_at >= ${since}
    order by i.last_at desc, i.name`
}
