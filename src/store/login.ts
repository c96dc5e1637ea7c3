/** Who is meant by a login, and what there is to know for letting the person in or not. */
import { sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import { mayRead, needed } from '../tenancy/needed.ts'
import type { Settings } from '../tenancy/settings.ts'
import { type Caller, readAs } from './authority.ts'
import { type Held, release } from './held.ts'
import { holdersOf } from './match.ts'
import { type CandidateRow, idsHolding, type StoredUser, selectHolders, toUser } from './users.ts'

/** What whoever signs a person in knows of them. */
export interface Identity {
  readonly externalId?: string | undefined
  readonly userName?: string | undefined
  readonly email?: string | undefined
}

/** The accounts that an identity may mean. */
export interface LoginFacts {
  readonly settings: Settings
  readonly byExternalId: StoredUser | undefined
  readonly byUserName: StoredUser | undefined
  readonly byEmail: StoredUser | undefined
  /** Whether a deleted account is known by any of it. */
  readonly retained: boolean
  /** Whether the caller may read who is in which team. */
  readonly mayReadTeams: boolean
}

/**
 * Finds the accounts that an identity may mean, in one trip; each value is one index lookup.
 *
 * @throws Refusal
 */
export async function readLogin(caller: Caller, identity: Held<Identity>): Promise<LoginFacts> {
  const { externalId, userName, email } = identity.ok ? identity.value : {}
  const key = (text: string | undefined) => (text ? fold(text) : null)
  const keys = { externalId: externalId || null, userName: key(userName), email: key(email) }
  const { principal, rows } = await readAs(
    caller,
    needed['POST /login/check'],
    (namespace, allowed) => [
      selectHolders(namespace, keys, allowed),
      sql<{ readonly id: string }>`select r.id from ${allowed} retained r
      where r.namespace = ${namespace} and r.id in (${idsHolding('retained', namespace, keys)})
      limit 1`,
    ],
  )
  release(identity)
  const holders = holdersOf(rows[0], keys)
  const user = (row: CandidateRow | undefined) => row && toUser(row)
  return {
    settings: principal.settings,
    byExternalId: user(holders.externalId),
    byUserName: user(holders.userName),
    byEmail: user(holders.emails),
    retained: rows[1].length > 0,
    mayReadTeams: mayRead(principal.granted, 'teams:read'),
  }
}
