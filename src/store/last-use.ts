/** When a token was used last, and how long nothing had come before. */
import { sql } from 'drizzle-orm'
import type { Principal } from '../tenancy/credential.ts'
import { MINIMUM_SILENCE, SILENCE_FACTOR } from '../tenancy/health.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { mayProvision } from '../tenancy/permission.ts'
import type { Database, Statement } from './database.ts'
import { dayOf } from './hours.ts'

/** How often the last use of a token is written down, in milliseconds. */
export const LAST_USE_INTERVAL = 5 * 60 * 1000

/** From which length on a pause between two requests of a token is kept, in milliseconds. */
const LONG_PAUSE = MINIMUM_SILENCE / SILENCE_FACTOR

/** Keeps how long nothing came, where that was unusual; nothing to send where it was not. */
function keepPause(namespace: Namespace, lastAt: number | null, now: number): Statement[] {
  if (lastAt === null || now - lastAt <= LONG_PAUSE) return []
  return [
    sql`insert into activity (namespace, kind, subject, hour, count, last_at)
      select n.name, 'pause', '', ${dayOf(now)}, ${now - lastAt}, ${now}
      from namespace n where n.name = ${namespace}
      on conflict (namespace, kind, subject, hour) do update set
        count = max(activity.count, excluded.count), last_at = max(activity.last_at, excluded.last_at)`,
  ]
}

/** Writes down that a token was used. */
export function noteUse(
  database: Database,
  tokenHash: string,
  now: number,
  { namespace, granted }: Principal,
  lastUsedAt: number | null,
): Promise<unknown> {
  return database.batch('write', [
    sql`update token set last_used_at = ${now}
      where hash = ${tokenHash} and coalesce(last_used_at, 0) < ${now}`,
    // Who only looks, such as a monitor, says nothing about the identity provider.
    ...(mayProvision(granted) ? keepPause(namespace, lastUsedAt, now) : []),
  ])
}
