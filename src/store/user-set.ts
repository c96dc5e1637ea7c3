/**
 * Creating many users at once, for bulk requests: a set costs a few statements where one by one
 * each user would cost ten, and D1 allows a thousand in one invocation.
 */
import { sql } from 'drizzle-orm'
import type { Attributes } from '../scim/resource/resource.ts'
import type { Principal } from '../tenancy/credential.ts'
import { needed } from '../tenancy/needed.ts'
import { accountColumns, accountKeys, withoutEmptyExternalId } from './account.ts'
import { addCount, subjectOf } from './activity.ts'
import { type Caller, readAs, writeAs } from './authority.ts'
import { list, type Statement } from './database.ts'
import { actorOf } from './event.ts'
import { isDoubtful, StoreFailure } from './failure.ts'
import { hourOf } from './hours.ts'
import { refuseTaken } from './match.ts'
import { Refusal } from './refusal.ts'
import {
  type CandidateRow,
  candidateColumns,
  idsHoldingAny,
  requireUserSync,
  type StoredUser,
  toUser,
  type UserRow,
  userColumns,
} from './users.ts'

/** A user to create. */
export interface NewUser {
  /** The id that it gets, if it is new. */
  readonly id: string
  /** The request id of its event. */
  readonly requestId: string
  readonly attributes: Attributes
}

/** What became of one user: created, refused, or left for `createUser` to look at by itself. */
export type Outcome =
  | { readonly kind: 'created'; readonly user: StoredUser }
  | { readonly kind: 'refused'; readonly error: Error }
  | { readonly kind: 'left' }

/** How large the parameter of one insert may become, in UTF-16 units; D1 refuses 2 MB. */
const CHUNK = 600_000

/**
 * Creates those of the users that are plainly new. Whoever would be adopted or taken up again, and
 * whoever lost a race, is left; a conflict that can be seen is refused.
 *
 * @param mayFail how many refusals there may be before the rest is left
 * @throws Refusal where the whole set is refused, such as for its credential
 */
export async function createUsers(
  caller: Caller,
  users: readonly NewUser[],
  mayFail: number,
): Promise<Outcome[]> {
  const given = users.map((user) => {
    const attributes = { active: true, ...withoutEmptyExternalId(user.attributes) }
    return { ...user, attributes, keys: accountKeys(attributes) }
  })
  const externalIds = given.flatMap(({ keys }) => keys.externalId ?? [])
  const { principal, rows } = await readAs(caller, needed['POST /Users'], (namespace, allowed) => {
    const ids = idsHoldingAny(
      namespace,
      given.map(({ keys }) => keys),
    )
    return [
      sql<CandidateRow>`select ${candidateColumns} from ${allowed} user u
        where u.namespace = ${namespace} and u.id in (${ids})`,
      sql<{ readonly externalId: string }>`select r.external_id as "externalId"
        from ${allowed} retained r
        where r.namespace = ${namespace} and r.external_id in ${list(externalIds)}`,
    ] as const
  })
  requireUserSync(principal)
  const [candidates, retained] = rows
  const byKey = indexCandidates(candidates)
  const takenUp = new Set(retained.map(({ externalId }) => externalId))
  const claimed = new Set<string>()
  const outcomes: (Outcome | undefined)[] = []
  const fresh: Prepared[] = []
  let refused = 0
  // With a limit of errors the order counts: nothing is created behind what is left.
  let stopped = false
  for (const user of given) {
    if (refused >= mayFail || stopped) {
      outcomes.push({ kind: 'left' })
      continue
    }
    const { userName, externalId, email } = user.keys
    const own = [`u${userName}`, `x${externalId}`, `e${email}`].filter(
      (_key, index) => [userName, externalId, email][index] !== null,
    )
    const holders = own.flatMap((key) => byKey.get(key) ?? [])
    const special =
      holders.some(({ managed }) => managed === 0) ||
      (externalId !== null && takenUp.has(externalId)) ||
      own.some((key) => claimed.has(key))
    for (const key of own) claimed.add(key)
    if (special) {
      stopped = mayFail !== Number.POSITIVE_INFINITY
      outcomes.push({ kind: 'left' })
      continue
    }
    try {
      if (principal.settings.requireExternalId && externalId === null) {
        throw new Refusal({ kind: 'missing-external-id' })
      }
      refuseTaken(holders, user.attributes, undefined)
      const prepared = prepare(user)
      // What one parameter cannot hold is inserted by itself.
      outcomes.push(prepared.text.length > CHUNK ? { kind: 'left' } : undefined)
      if (prepared.text.length <= CHUNK) fresh.push(prepared)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refused += 1
      outcomes.push({ kind: 'refused', error })
    }
  }
  const inserted = new Map<string, Outcome>()
  for (const chunk of chunks(fresh)) {
    try {
      const rows = await insertChunk(caller, principal, chunk, true)
      for (const row of rows) inserted.set(row.id, { kind: 'created', user: toUser(row) })
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error
      for (const { id } of chunk) inserted.set(id, { kind: 'refused', error })
    }
  }
  return outcomes.map(
    (outcome, index) => outcome ?? inserted.get(given[index]?.id ?? '') ?? { kind: 'left' },
  )
}

function indexCandidates(rows: readonly CandidateRow[]): Map<string, CandidateRow[]> {
  const byKey = new Map<string, CandidateRow[]>()
  for (const row of rows) {
    const keys = [`u${row.userNameKey}`, `x${row.externalId}`, `e${row.emailKey}`]
    for (const key of keys) byKey.set(key, [...(byKey.get(key) ?? []), row])
  }
  return byKey
}

/** One user as the insert reads it from JSON. */
export interface Prepared {
  readonly id: string
  readonly requestId: string
  readonly text: string
}

/** @throws Refusal `resource-too-large` */
export function prepare({ id, requestId, attributes }: NewUser): Prepared {
  const { resource, folded, active, keys } = accountColumns(attributes)
  const text = JSON.stringify({
    ...{ id, requestId, resource, folded, active },
    ...{ userName: keys.userName, email: keys.email, externalId: keys.externalId },
    ...{ emails: keys.emails, changes: JSON.stringify({ after: attributes }) },
  })
  return { id, requestId, text }
}

/** Splits a set so that each part fits into one parameter. */
export function chunks(users: readonly Prepared[]): Prepared[][] {
  const result: Prepared[][] = []
  let size = CHUNK
  for (const user of users) {
    size += user.text.length
    if (size > CHUNK) {
      result.push([])
      size = user.text.length
    }
    result.at(-1)?.push(user)
  }
  return result
}

/**
 * Inserts those users of a chunk whose unique values nobody has.
 *
 * @param managed whether SCIM manages them from the start
 * @returns the users that were inserted; nobody where the set was stopped
 * @throws StoreFailure where they may have been inserted or not
 */
export async function insertChunk(
  caller: Caller,
  principal: Principal,
  users: readonly Prepared[],
  managed: boolean,
): Promise<UserRow[]> {
  const { namespace } = principal
  const { now } = caller
  const rows = `[${users.map(({ text }) => text).join()}]`
  const ids = JSON.stringify(users.map(({ id }) => id))
  const field = (name: string) => sql.raw(`json_extract(j.value, '$.${name}')`)
  // The ids are new, so whoever has one of them was inserted here.
  const inserted = sql`exists (select 1 from user u
    where u.namespace = ${namespace} and u.id = ${field('id')})`
  const each = sql`json_each(${rows}) j`
  const statements: Statement[] = [
    sql`insert into user (namespace, id, revision, managed, active, user_name_key, email_key,
        external_id, sessions_valid_from, created_at, last_modified, resource, folded)
      select ${namespace}, ${field('id')}, 1, ${managed ? 1 : 0}, ${field('active')}, ${field('userName')},
        ${field('email')}, ${field('externalId')},
        ${now}, ${now}, ${now}, ${field('resource')}, ${field('folded')}
      from ${each} where not exists (select 1 from retained r
        where r.namespace = ${namespace} and r.external_id = ${field('externalId')})
      on conflict do nothing`,
    sql`insert into user_email (namespace, value_key, user_id)
      select ${namespace}, m.value, ${field('id')}
      from ${each}, json_each(j.value, '$.emails') m where ${inserted}`,
    sql`insert into event (namespace, seq, at, actor, action, subject, changes, request_id, part)
      select n.name, max(n.event_seq,
          coalesce((select max(e.seq) from event e where e.namespace = ${namespace}), 0))
          + row_number() over (order by j.key),
        ${now}, ${actorOf(principal)}, 'user.create',
        ${field('id')}, ${field('changes')}, ${field('requestId')}, 0
      from namespace n
      cross join ${each} where n.name = ${namespace} and ${inserted}`,
    sql`update namespace set
        (users, managed_users) = (
          select namespace.users + count(*), namespace.managed_users + ${managed ? sql`count(*)` : sql`0`}
          from ${each} where ${inserted}),
        event_seq = max(event_seq,
          coalesce((select max(e.seq) from event e where e.namespace = ${namespace}), 0))
      where name = ${namespace}`,
    sql`insert into activity (namespace, kind, subject, hour, count, last_at)
      select ${namespace}, 'change', ${subjectOf(principal)}, ${hourOf(now)}, created, ${now}
      from (select count(*) as created from ${each} where ${inserted}) where created > 0
      ${addCount}`,
  ]
  const answers = [
    sql<UserRow>`select ${userColumns} from user u
      where u.namespace = ${namespace} and u.id in (select j.value from json_each(${ids}) j)`,
  ] as const
  const requestIds = users.map(({ requestId }) => requestId)
  try {
    const written = writeAs(caller, principal, sql`1`, statements, answers, requestIds)
    const [created] = await written
    return created
  } catch (error) {
    // Created or not: who looked one by one could take these users for somebody else's.
    if (!(error instanceof StoreFailure) || isDoubtful(error)) throw error
    // What a single user is refused for, or whether the database is back, is found out one by one;
    // what other chunks created stays in the answer.
    return []
  }
}
