/**
 * Events: what every change leaves in its own batch. They are the audit log, and their order is
 * the order of commits.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Principal } from '../tenancy/credential.ts'
import { countChanges } from './activity.ts'
import type { Caller } from './authority.ts'
import type { Statement } from './database.ts'

export type Action =
  | 'user.create'
  | 'user.adopt'
  | 'user.restore'
  | 'user.update'
  | 'user.delete'
  | 'user.purge'
  | 'user.release'
  | 'user.rollback'
  | 'team.create'
  | 'team.adopt'
  | 'team.update'
  | 'team.delete'
  | 'team.release'
  | 'team.rollback'
  | 'teamsync.update'
  | 'teamsync.delete'
  | 'grafana.identify'
  | 'settings.update'
  | 'settings.reset'
  | 'serviceaccount.create'
  | 'serviceaccount.update'
  | 'serviceaccount.delete'
  | 'token.create'
  | 'token.rotate'
  | 'token.revoke'
  | 'conflict.settle'

/** Who acts, as JSON, for the rows of events. */
export function actorOf({ namespace, actor }: Principal): SQL {
  if (actor.kind === 'operator') return sql`json_object('operator', json('true'))`
  return sql`(select json_object('serviceAccount', a.name, 'serviceAccountId', a.id,
      'token', ${actor.tokenId})
    from service_account a where a.namespace = ${namespace} and a.id = ${actor.accountId})`
}

/**
 * Records an event.
 *
 * @param changes an SQL expression of JSON text
 * @param source where the expression reads from, and when the event is left out; by default the
 *   event is always recorded
 */
export function recordEvent(
  caller: Caller,
  principal: Principal,
  action: Action,
  subject: string,
  changes: SQL,
  part = 0,
  source: { readonly with?: SQL; readonly from?: SQL; readonly where?: SQL } = {},
): Statement {
  const { namespace } = principal
  return sql`
    insert into event (namespace, seq, at, actor, action, subject, changes, request_id, part)
    ${source.with ?? sql``}
    select n.name,
      1 + max(n.event_seq,
        coalesce((select max(e.seq) from event e where e.namespace = ${namespace}), 0)),
      ${caller.now}, ${actorOf(principal)}, ${action}, ${subject}, ${changes}, ${caller.requestId}, ${part}
    from namespace n ${source.from ?? sql``}
    where n.name = ${namespace} ${source.where ?? sql``}`
}

/** Records an event whose changes are known before the batch runs. */
export function recordChange(
  caller: Caller,
  principal: Principal,
  action: Action,
  subject: string,
  changes: object,
): Statement {
  return recordEvent(caller, principal, action, subject, sql`${JSON.stringify(changes)}`)
}

/** By how much a batch moves the counters of its namespace. */
export interface Counters {
  readonly users?: number
  readonly teams?: number
  readonly managedUsers?: number
  readonly managedTeams?: number
  readonly retained?: number
}

/**
 * Ends the events of a batch: notes the last sequence number, moves the counters, and counts the
 * changes of users and teams.
 */
export function closeEvents(
  caller: Caller,
  principal: Principal,
  counters: Counters = {},
): Statement[] {
  const { namespace } = principal
  const close = sql`
    update namespace set
      users = users + ${counters.users ?? 0},
      teams = teams + ${counters.teams ?? 0},
      managed_users = managed_users + ${counters.managedUsers ?? 0},
      managed_teams = managed_teams + ${counters.managedTeams ?? 0},
      retained = retained + ${counters.retained ?? 0},
      event_seq = max(event_seq,
        coalesce((select max(e.seq) from event e where e.namespace = ${namespace}), 0))
    where name = ${namespace}`
  return [close, countChanges(caller, principal)]
}
