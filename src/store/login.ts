/** Who is meant by a login, and what there is to know for letting the person in or not. */
import { sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import type { Settings } from '../tenancy/settings.ts'
import { type Caller, readAs } from './authority.ts'
import { type Held, release } from './held.ts'
import { type CandidateRow, candidateColumns, type StoredUser, toUser } from './users.ts'

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
}

/**
 * Finds the accounts that an identity may mean, in one trip; each value is one index lookup.
 *
 * @throws Refusal
 */
export async function readLogin(caller: Caller, identity: Held<Identity>): Promise<LoginFacts> {
  const given = identity.ok ? identity.value : {}
  const key = (text: string | undefined) => (text ? fold(text) : null)
  const externalId = given.externalId || null
  const [userName, email] = [key(given.userName), key(given.email)]
  const { principal, rows } = await readAs(caller, ['org.users:read'], (namespace, allowed) => [
    sql<CandidateRow>`
      select ${candidateColumns} from ${allowed} user u where u.namespace = ${namespace} and u.id in (
        select id from user where namespace = ${namespace} and external_id = ${externalId}
        union all select id from user where namespace = ${namespace} and user_name_key = ${userName}
        union all select id from user where namespace = ${namespace} and email_key = ${email})`,
    sql<{ readonly id: string }>`
      select r.id from ${allowed} retained r where r.namespace = ${namespace} and r.id in (
        select id from retained where namespace = ${namespace} and external_id = ${externalId}
        union all
        select id from retained where namespace = ${namespace} and user_name_key = ${userName}
        union all select id from retained where namespace = ${namespace} and email_key = ${email})
      limit 1`,
  ])
  release(identity)
  const [candidates, retained] = rows
  const find = (matches: (row: CandidateRow) => boolean) => {
    const row = candidates.find(matches)
    return row && toUser(row)
  }
  return {
    settings: principal.settings,
    byExternalId: find((row) => externalId !== null && row.externalId === externalId),
    byUserName: find((row) => userName !== null && row.userNameKey === userName),
    byEmail: find((row) => email !== null && row.emailKey === email),
    retained: retained.length > 0,
  }
}
