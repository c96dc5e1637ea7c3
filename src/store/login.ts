/** Who is meant by a login, and what there is to know for letting the person in or not. */
import { sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import type { Retained } from '../tenancy/login.ts'
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

/** An account that an identity may mean. */
export interface LoginCandidate {
  readonly user: StoredUser
  /** Whether a deleted account has its userName or e-mail. */
  readonly succeeds: boolean
}

/** The accounts that an identity may mean. */
export interface LoginFacts {
  readonly settings: Settings
  readonly byExternalId: LoginCandidate | undefined
  readonly byUserName: LoginCandidate | undefined
  readonly byEmail: LoginCandidate | undefined
  readonly retained: Retained
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
    (namespace, allowed) => {
      const retained = sql`select 1 from retained r where r.namespace = ${namespace}`
      return [
        selectHolders(namespace, keys, allowed),
        // `external_id` is null once somebody else was given it; what it was stays in the record.
        sql<{ readonly [Name in keyof Retained]: number }>`select
          exists (${retained} and r.resource ->> '$.externalId' = ${keys.externalId}) as "externalId",
          exists (${retained} and r.user_name_key = ${keys.userName}) as "userName",
          exists (${retained} and r.email_key = ${keys.email}) as email
        from ${allowed} (select 1) x`,
        sql<{ readonly id: string }>`select u.id from ${allowed} user u
        where u.namespace = ${namespace} and u.id in (${idsHolding(namespace, keys)})
          and (exists (${retained} and r.user_name_key = u.user_name_key)
            or exists (${retained} and r.email_key = u.email_key))`,
      ]
    },
  )
  release(identity)
  const holders = holdersOf(rows[0], keys)
  const [known] = rows[1]
  const successors = new Set(rows[2].map(({ id }) => id))
  const candidate = (row: CandidateRow | undefined) =>
    row && { user: toUser(row), succeeds: successors.has(row.id) }
  return {
    settings: principal.settings,
    byExternalId: candidate(holders.externalId),
    byUserName: candidate(holders.userName),
    byEmail: candidate(holders.emails),
    retained: {
      externalId: known?.externalId === 1,
      userName: known?.userName === 1,
      email: known?.email === 1,
    },
    mayReadTeams: mayRead(principal.granted, 'teams:read'),
  }
}
