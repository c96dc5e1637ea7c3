/** Logins that were denied: one row for a person and a reason, and the newest of them only. */
import { sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import type { Holder } from '../tenancy/credential.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { needed } from '../tenancy/needed.ts'
import { addCount } from './activity.ts'
import { type Caller, readAs } from './authority.ts'
import type { Database, Statement } from './database.ts'
import { type Held, release } from './held.ts'
import { hourOf } from './hours.ts'

/** How many rows a namespace keeps; those go that were longest not seen. */
const MAXIMUM_ROWS = 200
/** How many characters of what a person is called are kept. */
const MAXIMUM_NAME = 256

/** A name as it is stored and sought. */
function nameKey(text: string): string {
  return fold(text.slice(0, MAXIMUM_NAME).replace(/[\p{Cc}\p{Cs}]/gu, '\uFFFD'))
}

/** A login that was denied. */
export interface NewDeniedLogin {
  /** What it gave of userName, e-mail and externalId, in this order; at least one. */
  readonly names: readonly string[]
  /** The messageId of the decision, and the decision in a sentence. */
  readonly reason: string
  readonly detail: string
}

/** Records a denied login in the namespace of a token, and counts it; nothing where the token is gone. */
export async function recordDeniedLogin(
  database: Database,
  { hash, namespace }: Pick<Holder, 'hash' | 'namespace'>,
  { names, reason, detail }: NewDeniedLogin,
  now: number,
): Promise<void> {
  const keys = [...new Set(names.map(nameKey))]
  const holder = sql`token k where k.hash = ${hash}`
  await database.batch('write', [
    sql`insert into denied_login
        (namespace, subject, reason, names, detail, count, first_at, last_at)
      select k.namespace, ${keys[0]}, ${reason}, ${JSON.stringify(keys)}, ${detail}, 1, ${now}, ${now}
      from ${holder}
      on conflict (namespace, subject, reason) do update set
        names = excluded.names, detail = excluded.detail, count = denied_login.count + 1,
        last_at = max(denied_login.last_at, excluded.last_at)`,
    sql`delete from denied_login where namespace = ${namespace} and (subject, reason) in (
      select d.subject, d.reason from denied_login d where d.namespace = ${namespace}
      order by d.last_at desc, d.subject limit -1 offset ${MAXIMUM_ROWS})`,
    sql`insert into activity (namespace, kind, subject, hour, count, last_at)
      select k.namespace, 'denied-login', ${reason}, ${hourOf(now)}, 1, ${now} from ${holder}
      ${addCount}`,
  ])
}

/** Denied logins of one person for one reason. Times are milliseconds since 1970. */
export interface DeniedLogin {
  readonly subject: string
  readonly reason: string
  readonly detail: string
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

/**
 * Lists denied logins, the last first.
 *
 * @param subject a userName, e-mail or externalId that the login gave; undefined for all
 * @throws Refusal
 */
export async function listDeniedLogins(
  caller: Caller,
  subject: Held<string | undefined>,
): Promise<DeniedLogin[]> {
  const name = subject.ok ? subject.value : undefined
  const isNamed =
    name === undefined
      ? sql`1`
      : sql`exists (select 1 from json_each(d.names) j where j.value = ${nameKey(name)})`
  const { rows } = await readAs(caller, needed['GET /login/denied'], (namespace, allowed) => [
    sql<DeniedLogin>`select d.subject, d.reason, d.detail, d.count, d.first_at as "firstAt",
        d.last_at as "lastAt"
      from ${allowed} denied_login d where d.namespace = ${namespace} and ${isNamed}
      order by d.last_at desc, d.subject, d.reason`,
  ])
  release(subject)
  return rows[0]
}

/** Removes what is recorded of people who are known by one of the names. */
export function forgetDeniedLogins(
  namespace: Namespace,
  names: readonly (string | null)[],
): Statement {
  const keys = names.flatMap((name) => (name === null ? [] : nameKey(name)))
  return sql`delete from denied_login where namespace = ${namespace} and exists (
    select 1 from json_each(denied_login.names) j
    where j.value in (select f.value from json_each(${JSON.stringify(keys)}) f))`
}
