/** Users: accounts of one namespace. A write is a compare-and-swap on the revision that was read. */
import { type SQL, sql } from 'drizzle-orm'
import { sameValue } from '../scim/resource/equality.ts'
import type { Attributes } from '../scim/resource/resource.ts'
import {
  failedCondition,
  isConditional,
  type Preconditions,
  userVersion,
} from '../scim/resource/version.ts'
import { ENTERPRISE_USER } from '../scim/schema/enterprise-user.ts'
import type { Principal } from '../tenancy/credential.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { mayRead, needed } from '../tenancy/needed.ts'
import {
  accountColumns,
  accountKeys,
  completed,
  describeChange,
  type UniqueKeys,
  withoutEmptyExternalId,
} from './account.ts'
import { countExternalId } from './activity.ts'
import {
  type Allowed,
  type Caller,
  never,
  readAs,
  unconditionally,
  untilWon,
  writeAs,
} from './authority.ts'
import { list, type Statement } from './database.ts'
import { type Action, closeEvents, recordEvent } from './event.ts'
import { StoreFailure } from './failure.ts'
import { type Held, release } from './held.ts'
import { type Holder, matchUser, refuseTaken } from './match.ts'
import { Refusal } from './refusal.ts'

/** A user as it is stored, with the groups that it is in. Times are milliseconds since 1970. */
export interface StoredUser {
  readonly id: string
  readonly revision: number
  readonly managed: boolean
  readonly attributes: Attributes
  readonly groups: readonly { readonly id: string; readonly name: string }[]
  readonly managerName: string | undefined
  readonly createdAt: number
  readonly lastModified: number
  readonly sessionsValidFrom: number
  readonly version: string
  /** What Grafana calls the account, where that is known. */
  readonly grafanaId: number | null
  readonly grafanaUid: string | null
  /** Whether the attributes are left out, since the caller may not read them. */
  readonly withheld?: boolean
}

/** The columns of a user, as `userColumns` selects them from the row `u`. */
export interface UserRow {
  readonly id: string
  readonly revision: number
  readonly managed: number
  readonly resource: string
  readonly groups: string
  readonly managerName: string | null
  readonly createdAt: number
  readonly lastModified: number
  readonly sessionsValidFrom: number
  readonly grafanaId: number | null
  readonly grafanaUid: string | null
}

/** JSON of the (id, name) pairs of the teams of the user `u`, in the order of ids. */
const groupPairs = sql`(
  select json_group_array(json_array(g.id, g.name)) from (
    select t.id as id, t.display_name as name
    from membership m cross join team t on t.namespace = m.namespace and t.id = m.team_id
    where m.namespace = u.namespace and m.user_id = u.id
    order by m.team_id) g)`

const managerId = sql.raw(`json_extract(u.resource, '$."${ENTERPRISE_USER}".manager.value')`)

export const userColumns = sql`
  u.id, u.revision, u.managed, u.resource, u.created_at as "createdAt",
  u.last_modified as "lastModified",
  max(u.sessions_valid_from, u.created_at) as "sessionsValidFrom",
  u.grafana_id as "grafanaId", u.grafana_uid as "grafanaUid",
  ${groupPairs} as groups,
  (select json_extract(b.resource, '$.displayName') from user b
    where b.namespace = u.namespace and b.id = ${managerId}) as "managerName"`

export function selectUser(
  namespace: Namespace,
  id: string,
  allowed: Allowed = unconditionally,
): Statement<UserRow> {
  return sql<UserRow>`select ${userColumns} from ${allowed} user u
    where u.namespace = ${namespace} and u.id = ${id}`
}

/** The user that a row describes. */
export function toUser(row: UserRow): StoredUser {
  const pairs: readonly (readonly [string, string])[] = JSON.parse(row.groups)
  return {
    id: row.id,
    revision: row.revision,
    managed: row.managed === 1,
    attributes: JSON.parse(row.resource),
    groups: pairs.map(([id, name]) => ({ id, name })),
    managerName: row.managerName ?? undefined,
    createdAt: row.createdAt,
    lastModified: row.lastModified,
    sessionsValidFrom: row.sessionsValidFrom,
    version: userVersion(row.revision, row.groups),
    grafanaId: row.grafanaId,
    grafanaUid: row.grafanaUid,
  }
}

/**
 * What a caller may see of a user: groups are teams, and nothing of a user is told to who may write
 * users but not read them.
 */
export function visibleUser(granted: number, user: StoredUser): StoredUser {
  if (!mayRead(granted, 'org.users:read')) {
    return { ...user, attributes: {}, groups: [], withheld: true }
  }
  return mayRead(granted, 'teams:read') ? user : { ...user, groups: [] }
}

/** @throws Refusal `not-found` where there is no row */
export function foundUser(row: UserRow | undefined, id: string): StoredUser {
  if (row === undefined) throw new Refusal({ kind: 'not-found', resourceType: 'User', id })
  return toUser(row)
}

/**
 * Reads a user.
 *
 * @throws Refusal
 */
export async function readUser(caller: Caller, id: string): Promise<StoredUser> {
  const { principal, rows } = await readAs(
    caller,
    needed['GET /Users/:id'],
    (namespace, allowed) => [selectUser(namespace, id, allowed)],
  )
  return visibleUser(principal.granted, foundUser(rows[0][0], id))
}

/** @throws Refusal `sync-disabled` */
export function requireUserSync({ settings }: Principal): void {
  if (!settings.enableUserSync) {
    throw new Refusal({ kind: 'sync-disabled', setting: 'enableUserSync' })
  }
}

/** A user with the keys that make it unique. */
export interface CandidateRow extends UserRow, Holder {}

/** The keys of the user `u`, and what an adoption compares beyond them. */
export const holderColumns = sql`u.user_name_key as "userNameKey", u.email_key as "emailKey",
  u.external_id as "externalId", iif(u.managed = 1, null, json_object(
    'userName', json_extract(u.resource, '$.userName'),
    'emails', json_extract(u.resource, '$.emails'))) as written`

export const candidateColumns = sql`${userColumns}, ${holderColumns}`

/** The ids of the users that have one of the unique values; each branch is one index lookup. */
export function idsHolding(namespace: Namespace, keys: UniqueKeys): SQL {
  const { userName, email, externalId } = keys
  const ids = sql`select id from user`
  return sql`${ids} where namespace = ${namespace} and user_name_key = ${userName}
    union all ${ids} where namespace = ${namespace} and external_id = ${externalId}
    union all ${ids} where namespace = ${namespace} and email_key = ${email}`
}

/** The ids of the users that have any of many unique values; a lookup in an index for each. */
export function idsHoldingAny(namespace: Namespace, keys: readonly UniqueKeys[]): SQL {
  const ids = sql`select id from user where namespace = ${namespace}`
  return sql`${ids} and user_name_key in ${list(keys.map(({ userName }) => userName))}
    union all ${ids} and external_id in ${list(keys.map(({ externalId }) => externalId))}
    union all ${ids} and email_key in ${list(keys.map(({ email }) => email))}`
}

/** Everybody who has one of the unique values. */
export function selectHolders(
  namespace: Namespace,
  keys: UniqueKeys,
  allowed: Allowed,
): Statement<CandidateRow> {
  return sql<CandidateRow>`select ${candidateColumns} from ${allowed} user u
    where u.namespace = ${namespace} and u.id in (${idsHolding(namespace, keys)})`
}

export interface RetainedRow {
  readonly id: string
  readonly revision: number
  readonly createdAt: number
}

/** The retained account that a new user with this externalId takes up again. */
export function selectRetained(
  namespace: Namespace,
  externalId: string | null,
  allowed: Allowed,
): Statement<RetainedRow> {
  return sql<RetainedRow>`select r.id, r.revision, r.created_at as "createdAt"
    from ${allowed} retained r
    where r.namespace = ${namespace} and r.external_id = ${externalId}
    order by r.deleted_at desc limit 1`
}

/**
 * Creates a user; or takes an account under management that has the same userName or account
 * e-mail and that SCIM does not manage yet; or takes a deleted account up again that has the same
 * externalId.
 *
 * @param body the attributes, or the error to throw once the credential is decided
 * @throws Refusal `taken` and others
 */
export async function createUser(caller: Caller, body: Held<Attributes>): Promise<StoredUser> {
  const given = body.ok ? withoutEmptyExternalId(body.value) : undefined
  return untilWon(async () => {
    const { principal, rows } = await readAs(
      caller,
      needed['POST /Users'],
      (namespace, allowed) => {
        const keys = accountKeys(given ?? { userName: '' })
        return [
          selectHolders(namespace, keys, given === undefined ? never : allowed),
          selectRetained(namespace, keys.externalId, allowed),
        ]
      },
    )
    requireUserSync(principal)
    release(body)
    const attributes = given ?? {}
    const [candidates, [retained]] = rows
    const match = matchUser(principal.settings, candidates, attributes)
    if (match !== undefined) {
      const current = toUser(match.account)
      const merged = completed(current.attributes, { active: true, ...attributes })
      return replaceAttributes(caller, principal, current, merged, 'user.adopt')
    }
    return insertUser(caller, principal, { active: true, ...attributes }, retained, true)
  })
}

/**
 * Puts a user into the tables, under a new id or under that of a retained account.
 *
 * @param managed whether SCIM manages it from the start
 */
export async function insertUser(
  caller: Caller,
  principal: Principal,
  attributes: Attributes,
  retained: RetainedRow | undefined,
  managed: boolean,
): Promise<StoredUser> {
  const { namespace } = principal
  const id = retained?.id ?? caller.newId('user')
  const { resource, folded, active, keys } = accountColumns(attributes)
  const createdAt = retained?.createdAt ?? caller.now
  const revision = (retained?.revision ?? 0) + 1
  const action: Action = retained === undefined ? 'user.create' : 'user.restore'
  const condition =
    retained === undefined
      ? sql`not exists (select 1 from retained r
          where r.namespace = ${namespace} and r.external_id = ${keys.externalId})`
      : // Not that somebody else had the externalId since, or the person was back and left again.
        sql`exists (select 1 from retained r where r.namespace = ${namespace} and r.id = ${id}
          and r.revision = ${retained.revision} and r.external_id = ${keys.externalId})`
  const changes = JSON.stringify({ after: attributes })
  const statements = [
    sql`insert into user (namespace, id, revision, managed, active, user_name_key, email_key,
        external_id, sessions_valid_from, created_at, last_modified, resource, folded)
      values (${namespace}, ${id}, ${revision}, ${managed ? 1 : 0}, ${active}, ${keys.userName}, ${keys.email},
        ${keys.externalId}, max(${caller.now}, coalesce((
          select max(r.sessions_valid_from, r.deleted_at) from retained r
          where r.namespace = ${namespace} and r.id = ${id}), 0)),
        ${createdAt}, ${caller.now}, ${resource}, ${folded})`,
    insertEmails(namespace, id, keys.emails),
    sql`delete from retained where namespace = ${namespace} and id = ${id}`,
    recordEvent(caller, principal, action, id, sql`${changes}`),
    ...closeEvents(caller, principal, {
      users: 1,
      managedUsers: managed ? 1 : 0,
      retained: retained === undefined ? 0 : -1,
    }),
  ]
  const answers = [selectUser(namespace, id)] as const
  const written = writeAs(caller, principal, condition, statements, answers)
  const [[row]] = await written.catch(refuseLimits)
  return visibleUser(principal.granted, foundUser(row, id))
}

export function insertEmails(
  namespace: Namespace,
  id: string,
  emails: readonly string[],
): Statement {
  return sql`insert into user_email (namespace, value_key, user_id)
    select ${namespace}, j.value, ${id} from json_each(${JSON.stringify(emails)}) j`
}

function refuseLimits(error: unknown): never {
  if (error instanceof StoreFailure && error.constraint === 'namespace_user_limit') {
    throw new Refusal({ kind: 'namespace-full' })
  }
  throw error
}

/** What becomes of a user: the new attributes, from those that are stored. */
export type UserChange = (current: StoredUser) => Attributes

/**
 * Changes a user by the attributes as they are, and takes it under management. A change that
 * changes nothing keeps version and lastModified, and leaves no event.
 *
 * @param preconditions If-Match and If-None-Match
 * @throws Refusal `not-found`, `failed-condition`, `taken` and others; ProtocolError from the change
 */
export async function changeUser(
  caller: Caller,
  id: string,
  change: Held<UserChange>,
  preconditions: Preconditions,
): Promise<StoredUser> {
  return untilWon(async () => {
    const { principal, rows } = await readAs(
      caller,
      needed['PATCH /Users/:id'],
      (namespace, allowed) => [selectUser(namespace, id, allowed)],
    )
    requireUserSync(principal)
    const current = foundUser(rows[0][0], id)
    const failed = failedCondition(preconditions, current.version)
    if (failed !== undefined) throw new Refusal({ kind: 'failed-condition', header: failed })
    const changed = withoutEmptyExternalId(release(change)(current))
    // `active` is never unassigned: what does not say who may sign in leaves it as it is.
    const next = { ...changed, active: changed.active ?? current.attributes.active ?? true }
    if (current.managed && sameValue(next, current.attributes)) {
      return visibleUser(principal.granted, current)
    }
    const action = current.managed ? 'user.update' : 'user.adopt'
    return replaceAttributes(caller, principal, current, next, action, preconditions)
  })
}

/** Writes new attributes over those of a user that was read; `user.adopt` lets SCIM manage it. */
export async function replaceAttributes(
  caller: Caller,
  principal: Principal,
  current: StoredUser,
  attributes: Attributes,
  action: 'user.adopt' | 'user.update',
  preconditions: Preconditions = {},
): Promise<StoredUser> {
  const { namespace } = principal
  const { id } = current
  const { resource, folded, active, keys } = accountColumns(attributes)
  const deactivates = active === 0 && current.attributes.active !== false
  const before = accountKeys(current.attributes)
  const emailsChange = !sameValue([...keys.emails], [...before.emails])
  const adopts = action === 'user.adopt'
  const externalIds = [before.externalId, keys.externalId]
  const changesExternalId = !adopts && !externalIds.includes(null) && new Set(externalIds).size > 1
  const changes = describeChange(current.attributes, attributes)
  const adoption = sql`insert into adoption
      (namespace, subject, type, revision, request_id, part, at, before)
    values (${namespace}, ${id}, 'user', ${current.revision + 1}, ${caller.requestId}, 0,
      ${caller.now}, ${JSON.stringify(current.attributes)})`
  // Whoever has the externalId now is not the person who was deleted with it; the record keeps it
  // among its attributes, but is found by it no longer.
  const releaseRetained = sql`update retained set external_id = null
    where namespace = ${namespace} and external_id = ${keys.externalId}`
  const emails = [
    sql`delete from user_email where namespace = ${namespace} and user_id = ${id}`,
    insertEmails(namespace, id, keys.emails),
  ]
  const statements = [
    sql`update user set revision = revision + 1, managed = ${adopts || current.managed ? 1 : 0}, active = ${active},
        user_name_key = ${keys.userName}, email_key = ${keys.email},
        external_id = ${keys.externalId}, last_modified = ${caller.now},
        sessions_valid_from = max(sessions_valid_from, ${deactivates ? caller.now : 0}),
        resource = ${resource}, folded = ${folded}
        where namespace = ${namespace} and id = ${id}`,
    ...(emailsChange ? emails : []),
    ...(!adopts && keys.externalId === before.externalId ? [] : [releaseRetained]),
    ...(adopts ? [adoption] : []),
    recordEvent(caller, principal, action, id, sql`${changes}`),
    ...closeEvents(caller, principal, { managedUsers: adopts ? 1 : 0 }),
    ...(changesExternalId ? [countExternalId(caller, principal)] : []),
  ]
  const condition = unchanged(namespace, current, preconditions)
  try {
    const answers = [selectUser(namespace, id)] as const
    const [[row]] = await writeAs(caller, principal, condition, statements, answers)
    return visibleUser(principal.granted, foundUser(row, id))
  } catch (error) {
    if (error instanceof StoreFailure && error.kind === 'unique') {
      await explainTaken(caller, principal, attributes, id)
    }
    throw error
  }
}

/** True while the user is as it was read; under a condition, also while its groups are. */
export function unchanged(
  namespace: Namespace,
  current: StoredUser,
  preconditions: Preconditions = {},
): SQL {
  const pairs = JSON.stringify(current.groups.map(({ id, name }) => [id, name]))
  const sameGroups = isConditional(preconditions) ? sql` and ${groupPairs} = ${pairs}` : sql``
  return sql`exists (select 1 from user u where u.namespace = ${namespace} and u.id = ${current.id}
    and u.revision = ${current.revision}${sameGroups})`
}

/** After a UNIQUE index refused: reads who holds what, and says so. */
async function explainTaken(
  caller: Caller,
  principal: Principal,
  attributes: Attributes,
  id: string,
): Promise<void> {
  const { rows } = await readAs(caller, principal.permissions, (namespace, allowed) => [
    selectHolders(namespace, accountKeys(attributes), allowed),
  ])
  refuseTaken(rows[0], attributes, id)
}

/**
 * Deletes a user: the account is moved to the retained ones, its memberships end.
 *
 * @throws Refusal `not-found`, `unmanaged`, `failed-condition` and others
 */
export async function deleteUser(
  caller: Caller,
  id: string,
  preconditions: Preconditions,
): Promise<void> {
  await untilWon(async () => {
    const { principal, rows } = await readAs(
      caller,
      needed['DELETE /Users/:id'],
      (namespace, allowed) => [selectUser(namespace, id, allowed)],
    )
    requireUserSync(principal)
    const current = foundUser(rows[0][0], id)
    if (!current.managed) throw new Refusal({ kind: 'unmanaged', resourceType: 'User' })
    const failed = failedCondition(preconditions, current.version)
    if (failed !== undefined) throw new Refusal({ kind: 'failed-condition', header: failed })
    const { namespace } = principal
    const retains = sql`insert into retained (namespace, id, external_id, user_name_key, email_key,
        revision, created_at, deleted_at, sessions_valid_from, resource)
      select u.namespace, u.id, u.external_id, u.user_name_key, u.email_key, u.revision,
        u.created_at, ${caller.now}, max(u.sessions_valid_from, u.created_at), u.resource
      from user u where u.namespace = ${namespace} and u.id = ${id}`
    const statements = [
      retains,
      ...removal(caller, principal, current),
      ...closeEvents(caller, principal, { users: -1, managedUsers: -1, retained: 1 }),
    ]
    const condition = unchanged(namespace, current, preconditions)
    await writeAs(caller, principal, condition, statements, [])
  })
}

/** Takes a user out of the tables and out of its teams, whose versions change, with the event. */
export function removal(
  caller: Caller,
  principal: Principal,
  { id, attributes }: StoredUser,
): Statement[] {
  const { namespace } = principal
  const ofUser = sql`namespace = ${namespace} and user_id = ${id}`
  const teams = sql`from membership m where m.namespace = ${namespace} and m.user_id = ${id}`
  return [
    recordEvent(
      caller,
      principal,
      'user.delete',
      id,
      sql`json_object('before', json(${JSON.stringify(attributes)}), 'groups', (
        select json_group_array(m.team_id) ${teams}))`,
    ),
    sql`update team set revision = revision + 1, members = members - 1,
        last_modified = ${caller.now}
      where namespace = ${namespace} and id in (select m.team_id ${teams})`,
    sql`delete from membership where ${ofUser}`,
    sql`delete from user_email where ${ofUser}`,
    sql`delete from user where namespace = ${namespace} and id = ${id}`,
  ]
}
