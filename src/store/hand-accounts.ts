/**
 * Accounts by hand: what an administrator, Terraform or an import does to people whom SCIM does not
 * manage. Those that it manages are read-only here, as in Grafana.
 */
import { type SQL, sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import { isObject, type Json } from '../scim/json.ts'
import { joinTwins, sameValue } from '../scim/resource/equality.ts'
import type { Attributes } from '../scim/resource/resource.ts'
import { isBlank } from '../scim/resource/value.ts'
import { emails as emailsDefinition } from '../scim/schema/user.ts'
import { needed } from '../tenancy/needed.ts'
import { accountAddress, accountEmail, accountKeys } from './account.ts'
import { type Caller, never, readAs, untilWon, writeAs } from './authority.ts'
import { closeEvents, recordChange } from './event.ts'
import { type Held, release } from './held.ts'
import { endManagement } from './management.ts'
import { refuseTaken } from './match.ts'
import { Refusal } from './refusal.ts'
import {
  foundUser,
  insertUser,
  removal,
  replaceAttributes,
  type StoredUser,
  selectHolders,
  selectRetained,
  selectUser,
  toUser,
  type UserRow,
  unchanged,
  userColumns,
  visibleUser,
} from './users.ts'

/** What is known of an account by hand. Null takes a value away; what is absent stays. */
export interface AccountForm {
  readonly login?: string | undefined
  readonly email?: string | null | undefined
  readonly name?: string | null | undefined
  readonly externalId?: string | null | undefined
  readonly isDisabled?: boolean | undefined
}

/** The attributes of an account with what a form says. */
export function withForm(current: Attributes, form: AccountForm): Attributes {
  const { login, email, name, externalId, isDisabled } = form
  const next: { [name: string]: Json } = { ...current }
  const set = (attribute: string, value: Json | null | undefined) => {
    if (value === null || (typeof value === 'string' && isBlank(value))) delete next[attribute]
    else if (value !== undefined) next[attribute] = value
  }
  set('userName', login)
  set('displayName', name)
  set('externalId', externalId)
  if (isDisabled !== undefined) next.active = !isDisabled
  if (email !== undefined) {
    set('emails', withEmail(current, email === null || isBlank(email) ? null : email))
  }
  return next
}

/** The e-mails with another account e-mail, or without it; the other addresses stay. */
function withEmail(current: Attributes, email: string | null): Json | null {
  const emails = Array.isArray(current.emails) ? current.emails : []
  const held = accountAddress(current)
  if (accountEmail(current) === (email ?? undefined)) return emails.length === 0 ? null : emails
  // The same address may stand there twice, for work and for home.
  const at = held === undefined ? -1 : emails.indexOf(held)
  const others = emails.filter((_, index) => index !== at)
  if (email === null) return others.length === 0 ? null : others
  if (held !== undefined) {
    const changed = emails.with(at, { ...held, value: email })
    return joinTwins(emailsDefinition, changed, (index) => index === at)
  }
  // Only one address is the primary one, and one without a value may be.
  const marked = others.some((one) => isObject(one) && one.primary === true)
  return [{ value: email, type: 'work', ...(marked ? {} : { primary: true }) }, ...others]
}

/** Which accounts a list shows; all of one namespace where nothing is said. */
export interface AccountQuery {
  readonly login?: string | undefined
  readonly email?: string | undefined
  readonly isProvisioned?: boolean | undefined
  /** The id behind which to go on. */
  readonly after: string
  readonly limit: number
}

/** Finds accounts in the order of their ids, and tells how many there are in all. */
export async function listAccounts(
  caller: Caller,
  query: Held<AccountQuery>,
): Promise<{ readonly total: number; readonly accounts: StoredUser[] }> {
  const asked: AccountQuery = query.ok ? query.value : { after: '', limit: 0 }
  const { login, email, isProvisioned, after, limit } = asked
  const { rows } = await readAs(caller, needed['GET /accounts'], (namespace, allowed) => {
    const conditions: SQL[] = [
      sql`u.namespace = ${namespace}`,
      ...(login === undefined ? [] : [sql`u.user_name_key = ${fold(login)}`]),
      ...(email === undefined ? [] : [sql`u.email_key = ${fold(email)}`]),
      // A literal, so that the index of those that are not managed is taken.
      ...(isProvisioned === undefined ? [] : [sql.raw(`u.managed = ${isProvisioned ? 1 : 0}`)]),
    ]
    const matching = sql.join(conditions, sql` and `)
    const counter =
      isProvisioned === undefined
        ? sql`n.users`
        : isProvisioned
          ? sql`n.managed_users`
          : sql`n.users - n.managed_users`
    const total =
      login === undefined && email === undefined
        ? sql<{ readonly total: number }>`select ${counter} as total
            from ${allowed} namespace n where n.name = ${namespace}`
        : sql<{ readonly total: number }>`select count(*) as total
            from ${allowed} user u where ${matching}`
    return [
      total,
      sql<UserRow>`select ${userColumns} from ${allowed} user u
        where ${matching} and u.id > ${after} order by u.id limit ${limit}`,
    ] as const
  })
  release(query)
  return { total: rows[0][0]?.total ?? 0, accounts: rows[1].map(toUser) }
}

/** @throws Refusal `not-found` and others */
export async function readAccount(caller: Caller, id: string): Promise<StoredUser> {
  const { rows } = await readAs(caller, needed['GET /accounts/:account'], (namespace, allowed) => [
    selectUser(namespace, id, allowed),
  ])
  return foundUser(rows[0][0], id)
}

/**
 * Creates an account that SCIM does not manage. Who was deleted with the same externalId comes back
 * under the old id.
 *
 * @throws Refusal `taken` and others
 */
export async function createAccount(
  caller: Caller,
  form: Held<AccountForm & { readonly login: string }>,
): Promise<StoredUser> {
  return untilWon(async () => {
    const attributes = form.ok ? withForm({ active: true }, form.value) : { userName: '' }
    const { principal, rows } = await readAs(
      caller,
      needed['POST /accounts'],
      (namespace, allowed) => {
        const keys = accountKeys(attributes)
        return [
          selectHolders(namespace, keys, form.ok ? allowed : never),
          selectRetained(namespace, keys.externalId, allowed),
        ]
      },
    )
    release(form)
    const [holders, [retained]] = rows
    refuseTaken(holders, attributes, undefined)
    return insertUser(caller, principal, attributes, retained, false)
  })
}

/** A change of an account by hand, which may also ask whether SCIM manages it. */
export interface AccountChange extends AccountForm {
  readonly isProvisioned?: boolean | undefined
}

/**
 * Changes an account that SCIM does not manage.
 *
 * @param login by which the account was found before: one that is called otherwise by now is not it
 * @throws Refusal `not-found`, `provisioned`, `taken` and others
 */
export async function changeAccount(
  caller: Caller,
  id: string,
  change: Held<AccountChange>,
  login?: string,
): Promise<StoredUser> {
  return untilWon(async () => {
    const { principal, rows } = await readAs(
      caller,
      needed['PATCH /accounts/:account'],
      (namespace, allowed) => [selectUser(namespace, id, allowed)],
    )
    const { isProvisioned, ...form } = release(change)
    const current = foundUser(rows[0][0], id)
    if (login !== undefined && fold(String(current.attributes.userName)) !== fold(login)) {
      throw new Refusal({ kind: 'not-found', resourceType: 'User', id })
    }
    if (isProvisioned !== undefined && isProvisioned !== current.managed) {
      throw new Refusal({ kind: 'provisioned', what: current.managed ? 'user' : 'by-hand' })
    }
    const next = withForm(current.attributes, form)
    if (sameValue(next, current.attributes)) return visibleUser(principal.granted, current)
    if (current.managed) throw new Refusal({ kind: 'provisioned', what: 'user-info' })
    return replaceAttributes(caller, principal, current, next, 'user.update')
  })
}

/**
 * Deletes an account that SCIM does not manage. As in Grafana, nothing of it is retained but its
 * events.
 *
 * @throws Refusal `not-found`, `provisioned` and others
 */
export async function deleteAccount(caller: Caller, id: string): Promise<void> {
  await untilWon(async () => {
    const { principal, rows } = await readAs(
      caller,
      needed['DELETE /accounts/:account'],
      (namespace, allowed) => [selectUser(namespace, id, allowed)],
    )
    const current = foundUser(rows[0][0], id)
    if (current.managed) throw new Refusal({ kind: 'provisioned', what: 'user-deletion' })
    const statements = [
      ...removal(caller, principal, current),
      ...closeEvents(caller, principal, { users: -1 }),
    ]
    await writeAs(caller, principal, unchanged(principal.namespace, current), statements, [])
  })
}

/**
 * Releases an account from SCIM: it stays as it is, and can be changed by hand until SCIM writes to
 * it again. For the operator alone.
 *
 * @throws Refusal `not-found` and others
 */
export async function releaseAccount(caller: Caller, id: string): Promise<StoredUser> {
  return untilWon(async () => {
    const { principal, rows } = await readAs(caller, [], (namespace, allowed) => [
      selectUser(namespace, id, allowed),
    ])
    const current = foundUser(rows[0][0], id)
    if (!current.managed) return current
    const { namespace } = principal
    const statements = [
      ...endManagement(caller, namespace, 'user', id),
      recordChange(caller, principal, 'user.release', id, {
        before: { isProvisioned: true },
        after: { isProvisioned: false },
      }),
      ...closeEvents(caller, principal, { managedUsers: -1 }),
    ]
    const answers = [selectUser(namespace, id)] as const
    const condition = unchanged(namespace, current)
    const [[row]] = await writeAs(caller, principal, condition, statements, answers)
    return foundUser(row, id)
  })
}
