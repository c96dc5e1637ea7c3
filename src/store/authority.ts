/**
 * Reading and writing on behalf of somebody. The first batch of a request decides the credential
 * and reads the target at once, every read being conditional on the credential, so that a
 * stranger's request reads nothing. Every write begins with a guard that checks again.
 */
import { type SQL, sql } from 'drizzle-orm'
import {
  type Actor,
  type Authority,
  type Bearer,
  type Claim,
  type CredentialReason,
  decide,
  type Holder,
  holderOf,
  type Principal,
} from '../tenancy/credential.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { bitsOf, type Permission } from '../tenancy/permission.ts'
import type { Settings } from '../tenancy/settings.ts'
import type { Database, Results, Statement } from './database.ts'
import { StoreFailure } from './failure.ts'
import { type Held, release } from './held.ts'
import { LAST_USE_INTERVAL, noteUse } from './last-use.ts'
import { commit, hasLeftEvent, patience, read } from './recovery.ts'
import { Refusal } from './refusal.ts'

/** One request, as the store sees it. Time and ids come from outside. */
export interface Caller {
  readonly database: Database
  readonly claim: Claim
  /** The settings of the file, for namespaces without their own. */
  readonly fileSettings: Settings
  /** Milliseconds since 1970. */
  readonly now: number
  readonly requestId: string
  /** Makes an id for a resource. */
  readonly newId: (type: 'user' | 'team') => string
  /** How many resources a list may look through for want of an index; absent where any number. */
  readonly maxScanned?: number | undefined
  /** Runs a task once the response is sent. */
  readonly later: (task: () => Promise<unknown>) => void
  /** Whether what it does settles conflicts, so that it is asked whether there are any. */
  readonly settles?: boolean
  /** Is told who calls once the token is known to be good, also where the request is refused. */
  readonly recognized: (holder: Holder) => void
  /** Is told whose the token is where it is good no more. */
  readonly outdated?: (owner: Namespace) => void
  /** What is wrong with the request whatever it is about; told once the credential is decided. */
  readonly asked?: Held<unknown>
}

/** How often a write that lost a race is tried again. */
export const MAXIMUM_ATTEMPTS = 20

/**
 * What a statement of this claim reads first: right after `from`, joined with what follows, it is
 * one row where the claim is good and none otherwise. A condition would not do: the planner is free
 * to read the target before it.
 */
export type Allowed = SQL

/** Stands where a guard was passed already. */
export const unconditionally: Allowed = sql``

/** Lets nothing be read. */
export const never: Allowed = sql`(select 1 where 0) allowed cross join`

function isPrincipal(decided: Principal | CredentialReason): decided is Principal {
  return !('kind' in decided)
}

const stateColumns = sql`n.name as namespace, n.settings, n.restore, n.users, n.teams,
  n.managed_users as "managedUsers", n.managed_teams as "managedTeams"`

const hasConflicts = sql`, exists (select 1 from conflict c
  where c.namespace = k.namespace and c.last_at > 0) as "hasConflicts"`

function authorityOf({ claim, settles }: Caller): Statement<Authority> {
  const { bearer, namespace } = claim
  if (bearer.kind === 'operator') {
    const name = namespace.ok ? namespace.namespace : ''
    return sql<Authority>`select ${stateColumns} from namespace n where n.name = ${name}`
  }
  return sql<Authority>`
    select ${stateColumns}, k.id as "tokenId", k.account_id as "accountId", k.permissions,
      k.disabled, k.expires_at as "expiresAt", k.revoked_at as "revokedAt",
      k.last_used_at as "lastUsedAt"${settles === true ? hasConflicts : sql``}
    from token k cross join namespace n on n.name = k.namespace
    where k.hash = ${bearer.hash}`
}

/** A row if the bearer is good now, in this namespace, for these permissions, and none otherwise. */
function goodBearer(
  bearer: Bearer | Actor,
  namespace: Namespace,
  permissions: readonly Permission[],
  now: number,
): SQL {
  if (bearer.kind === 'operator') return sql`select 1 from namespace where name = ${namespace}`
  const bits = bitsOf(permissions)
  const granted = bits === 0 ? sql`` : sql` and k.permissions & ${bits} = ${bits}`
  return sql`select 1 from token k where k.hash = ${bearer.hash}
    and k.namespace = ${namespace} and k.revoked_at is null and k.disabled = 0
    and (k.expires_at is null or k.expires_at > ${now})${granted}`
}

/**
 * Decides the caller's claim and reads, in one trip. While a backup is being restored, the namespace
 * is half of what it will be, and nobody reads from it or writes to it.
 *
 * @param permissions all that the request needs; none where a good token is enough
 * @param reads the statements, each of which must read what it is given first
 * @throws Refusal when the credential is not good enough, and `restoring`; the error that the
 *   caller brings along
 */
export async function readAs<const T extends readonly Statement[]>(
  caller: Caller,
  permissions: readonly Permission[],
  reads: (namespace: Namespace, allowed: Allowed) => T,
): Promise<{ readonly principal: Principal; readonly rows: Results<T> }> {
  const read = await readDuringRestore(caller, permissions, reads)
  if (isRestoring(read.principal.storedRestore)) throw new Refusal({ kind: 'restoring' })
  return read
}

/** Whether the stored state of a restore is that of one under way. */
function isRestoring(stored: string | null): boolean {
  return stored !== null && JSON.parse(stored).done !== true
}

/** The same for the restore itself. */
export async function readDuringRestore<const T extends readonly Statement[]>(
  caller: Caller,
  permissions: readonly Permission[],
  reads: (namespace: Namespace, allowed: Allowed) => T,
): Promise<{ readonly principal: Principal; readonly rows: Results<T> }> {
  const { claim, database, now } = caller
  const parsed = claim.namespace
  const allowedIn = (namespace: Namespace) =>
    sql`(${goodBearer(claim.bearer, namespace, permissions, now)}) allowed cross join`
  const statements = parsed.ok ? reads(parsed.namespace, allowedIn(parsed.namespace)) : []
  const [authorities = [], ...rows] = await read(database, [authorityOf(caller), ...statements])
  const authority = authorities[0] as Authority | undefined
  const holder = holderOf(claim, authority, now)
  if (holder !== undefined) caller.recognized(holder)
  else if (authority?.tokenId !== undefined) caller.outdated?.(authority.namespace)
  const decided = decide(claim, authority, permissions, caller.fileSettings, now)
  if (!isPrincipal(decided)) throw new Refusal(decided)
  if (caller.asked !== undefined) release(caller.asked)
  const { bearer } = claim
  if (bearer.kind === 'token' && now - (authority?.lastUsedAt ?? 0) >= LAST_USE_INTERVAL) {
    caller.later(() => noteUse(database, bearer.hash, now, decided, authority?.lastUsedAt ?? null))
  }
  return { principal: decided, rows: rows as unknown as Results<T> }
}

/**
 * Decides the caller's claim and reads nothing: a trip of its own, for what must not wait for the
 * first batch. The operator's secret was compared when the claim was made.
 *
 * @throws Refusal when the credential is not good enough for anything in this namespace
 */
export async function decideCredential(caller: Caller): Promise<void> {
  if (caller.claim.bearer.kind === 'operator') return
  // The batch that follows notes the use of the token.
  await readDuringRestore({ ...caller, later: () => undefined }, [], () => [])
}

/**
 * Writes on behalf of a principal, in one batch that takes effect once and wholly, or not at all. It
 * does so only if the credential still holds, settings and restore are as they were read, and the
 * condition is true; the guard that checks this is a write and stands first (a read first would make
 * libSQL begin a transaction that cannot be upgraded under load).
 *
 * @param answers what the response needs after the write, read in the same batch
 * @param requestIds those of the events that the batch leaves, where they are not the caller's
 * @returns the rows of the answers
 * @throws StoreFailure `stale` when the guard does not let it pass, and other kinds
 */
export async function writeAs<const T extends readonly Statement[]>(
  caller: Caller,
  principal: Principal,
  condition: SQL,
  statements: readonly Statement[],
  answers: T,
  requestIds: readonly string[] = [caller.requestId],
): Promise<Results<T>> {
  const known = JSON.stringify(requestIds)
  const { namespace, actor, permissions, storedSettings, storedRestore } = principal
  const evidence = hasLeftEvent(namespace, known)
  const guard = sql`
    insert into guard (ok)
    select exists (${goodBearer(actor, namespace, permissions, caller.now)})
      and exists (select 1 from namespace n
        where n.name = ${namespace} and n.settings is ${storedSettings}
          and n.restore is ${storedRestore})
      and not ${evidence}
      and (${condition})`
  return commit(caller.database, { evidence, statements: [guard, ...statements], answers })
}

/** What a fresh attempt may do better: it had no effect, and the world has changed or soon does. */
const LOST_RACES: ReadonlySet<string> = new Set(['stale', 'unique', 'busy'])

/**
 * Repeats an attempt that lost a race, each time from a fresh read, with growing random pauses.
 *
 * @throws Refusal `contention` when twenty attempts were not enough
 */
export async function untilWon<T>(attempt: () => Promise<T>): Promise<T> {
  const again = patience(MAXIMUM_ATTEMPTS, 10, 500)
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof StoreFailure && LOST_RACES.has(error.kind))) throw error
      if (!(await again())) throw new Refusal({ kind: 'contention' })
    }
  }
}
