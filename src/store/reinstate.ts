/** The writes of a rollback: an account or team as its before-image has it, no longer managed. */
import { type SQL, sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import { sameValue } from '../scim/resource/equality.ts'
import type { Attributes } from '../scim/resource/resource.ts'
import type { Principal } from '../tenancy/credential.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { accountColumns, accountKeys, describeChange, difference } from './account.ts'
import { type Caller, writeAs } from './authority.ts'
import { closeEvents, recordEvent } from './event.ts'
import { carryOut, countMoved, type MemberCounts, planRestoration } from './membership.ts'
import { insertEmails } from './users.ts'

/** An adopted account or team as it was read, and what it was before. */
export interface Restoration {
  readonly id: string
  readonly revision: number
  /** The request id of the adoption. */
  readonly requestId: string
  readonly current: Attributes
  readonly image: Attributes
}

/** True while the account or team is as it was read, and its before-image is there. */
function asRead(table: 'user' | 'team', namespace: Namespace, one: Restoration): SQL {
  return sql`exists (select 1 from ${sql.raw(table)} s where s.namespace = ${namespace}
      and s.id = ${one.id} and s.revision = ${one.revision} and s.managed = 1)
    and exists (select 1 from adoption a where a.namespace = ${namespace}
      and a.subject = ${one.id} and a.request_id = ${one.requestId} and a.part = 0)`
}

function forget(namespace: Namespace, id: string) {
  return sql`delete from adoption where namespace = ${namespace} and subject = ${id}`
}

/**
 * Gives an account the attributes of before. The time before which logins are refused is never
 * lowered, so that nobody whom the provider deactivated meanwhile comes back by an old session.
 */
export async function restoreUser(
  caller: Caller,
  principal: Principal,
  one: Restoration,
): Promise<undefined> {
  const { namespace } = principal
  const { id, image, current } = one
  const { resource, folded, active, keys } = accountColumns(image)
  const before = accountKeys(current)
  const deactivates = active === 0 && current.active !== false
  const changes = describeChange(current, image)
  const emails = [
    sql`delete from user_email where namespace = ${namespace} and user_id = ${id}`,
    insertEmails(namespace, id, keys.emails),
  ]
  const statements = [
    sql`update user set revision = revision + 1, managed = 0, active = ${active},
        user_name_key = ${keys.userName}, email_key = ${keys.email},
        external_id = ${keys.externalId}, last_modified = ${caller.now},
        sessions_valid_from = max(sessions_valid_from, ${deactivates ? caller.now : 0}),
        resource = ${resource}, folded = ${folded}
        where namespace = ${namespace} and id = ${id}`,
    ...(sameValue([...keys.emails], [...before.emails]) ? [] : emails),
    // A deleted account is found no longer by the externalId of a living one.
    sql`update retained set external_id = null
      where namespace = ${namespace} and external_id = ${keys.externalId}`,
    forget(namespace, id),
    recordEvent(caller, principal, 'user.rollback', id, sql`${changes}`),
    ...closeEvents(caller, principal, { managedUsers: -1 }),
  ]
  await writeAs(caller, principal, asRead('user', namespace, one), statements, [])
}

/**
 * Gives a team the attributes and members of before, as far as they are users still.
 *
 * @returns how many members that moved, as the events of the same batch have it
 */
export async function restoreTeam(
  caller: Caller,
  principal: Principal,
  one: Restoration,
): Promise<MemberCounts> {
  const { namespace } = principal
  const { id, image, current, requestId } = one
  const name = String(image.displayName)
  const externalId = typeof image.externalId === 'string' ? image.externalId : null
  const statements = [
    ...planRestoration(caller, principal, id, requestId, difference(current, image)),
    sql`update team set managed = 0, display_name = ${name}, display_name_key = ${fold(name)},
        external_id = ${externalId}
      where namespace = ${namespace} and id = ${id}`,
    sql`update membership indexed by membership_inherited set inherited = 0
      where namespace = ${namespace} and team_id = ${id} and inherited = 1`,
    ...carryOut(caller, principal, id, { always: true }),
    forget(namespace, id),
    ...closeEvents(caller, principal, { managedTeams: -1 }),
  ]
  const answers = [countMoved(namespace, caller.requestId)] as const
  const [[moved]] = await writeAs(
    caller,
    principal,
    asRead('team', namespace, one),
    statements,
    answers,
  )
  return moved ?? { added: 0, removed: 0, skipped: 0 }
}
