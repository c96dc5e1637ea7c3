/**
 * Service accounts and their tokens, in the terms of Grafana. What an account may, and whether it is
 * disabled, is copied to its tokens in the same batch, so that the next request is decided by it.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Principal } from '../tenancy/credential.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { mayRead, needed } from '../tenancy/needed.ts'
import {
  type BasicRole,
  missingFrom,
  type Permission,
  permissionNames,
} from '../tenancy/permission.ts'
import {
  type Allowed,
  type Caller,
  readAs,
  unconditionally,
  untilWon,
  writeAs,
} from './authority.ts'
import type { Statement } from './database.ts'
import { closeEvents, recordChange } from './event.ts'
import { type Held, release } from './held.ts'
import { Refusal } from './refusal.ts'

/** A service account. Times are milliseconds since 1970. */
export interface ServiceAccount {
  readonly id: string
  readonly name: string
  readonly role: BasicRole
  /** Bits; see tenancy/permission.ts. */
  readonly permissions: number
  readonly disabled: number
  /** How many tokens it has that are neither revoked nor expired. */
  readonly tokens: number
  readonly createdAt: number
}

/** A token, without the secret. Times are milliseconds since 1970. */
export interface TokenInfo {
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  readonly lastUsedAt: number | null
}

function selectAccounts(
  namespace: Namespace,
  now: number,
  condition: SQL,
  allowed: Allowed = unconditionally,
): Statement<ServiceAccount> {
  return sql<ServiceAccount>`
    select a.id, a.name, a.role, a.permissions, a.disabled, a.created_at as "createdAt",
      (select count(*) from token k where k.namespace = a.namespace and k.account_id = a.id
        and k.revoked_at is null and (k.expires_at is null or k.expires_at > ${now})) as tokens
    from ${allowed} service_account a
    where a.namespace = ${namespace} and ${condition} order by a.id`
}

function selectTokens(
  namespace: Namespace,
  account: string,
  allowed: Allowed = unconditionally,
): Statement<TokenInfo> {
  return sql<TokenInfo>`
    select k.id, k.name, k.created_at as "createdAt", k.expires_at as "expiresAt",
      k.revoked_at as "revokedAt", k.last_used_at as "lastUsedAt"
    from ${allowed} token k where k.namespace = ${namespace} and k.account_id = ${account}
    order by k.created_at, k.id`
}

/** Lists the service accounts, the oldest first; a namespace has a handful. */
export async function listServiceAccounts(caller: Caller): Promise<ServiceAccount[]> {
  const { rows } = await readAs(caller, needed['GET /serviceaccounts'], (namespace, allowed) => [
    selectAccounts(namespace, caller.now, sql`1`, allowed),
  ])
  return rows[0]
}

/** Reads one account with its tokens. */
async function readWithTokens(caller: Caller, permissions: readonly Permission[], id: string) {
  const { principal, rows } = await readAs(caller, permissions, (namespace, allowed) => [
    selectAccounts(namespace, caller.now, sql`a.id = ${id}`, allowed),
    selectTokens(namespace, id, allowed),
  ])
  return { principal, account: found(rows[0][0], id), tokens: rows[1] }
}

function found(account: ServiceAccount | undefined, id: string): ServiceAccount {
  if (account === undefined) throw new Refusal({ kind: 'unknown-service-account', id })
  return account
}

/** @throws Refusal `unknown-service-account` and others */
export async function readServiceAccount(caller: Caller, id: string): Promise<ServiceAccount> {
  return (await readWithTokens(caller, needed['GET /serviceaccounts/:account'], id)).account
}

/** @throws Refusal `unknown-service-account` and others */
export async function listTokens(caller: Caller, account: string): Promise<TokenInfo[]> {
  return (await readWithTokens(caller, needed['GET /serviceaccounts/:account/tokens'], account))
    .tokens
}

/**
 * Nobody grants what they do not have themselves, nor changes an account that holds more than they do.
 *
 * @returns the principal as one who needs all of this, so that the guard of the write asks for it once
 *   more
 * @throws Refusal `missing-permission`
 */
function holding(principal: Principal, bits: number): Principal {
  const granted = permissionNames(bits)
  const permission = missingFrom(principal.granted, granted)
  if (permission !== undefined) throw new Refusal({ kind: 'missing-permission', permission })
  return { ...principal, permissions: [...principal.permissions, ...granted] }
}

/** The name, role, permissions and state that an account shall have. */
export type AccountForm = Pick<ServiceAccount, 'name' | 'role' | 'permissions' | 'disabled'>

/** What events say of an account. */
function describe({ name, role, permissions, disabled }: AccountForm): object {
  return { name, role, permissions: permissionNames(permissions), isDisabled: disabled === 1 }
}

/**
 * Creates a service account.
 *
 * @throws Refusal `name-taken`, `missing-permission` and others
 */
export async function createServiceAccount(
  caller: Caller,
  id: string,
  form: Held<AccountForm>,
): Promise<ServiceAccount> {
  const name = form.ok ? form.value.name : ''
  return untilWon(async () => {
    const read = await readAs(caller, needed['POST /serviceaccounts'], (namespace, allowed) => [
      selectAccounts(namespace, caller.now, sql`a.name = ${name}`, allowed),
    ])
    const { role, permissions, disabled } = release(form)
    const principal = holding(read.principal, permissions)
    if (read.rows[0].length > 0) {
      throw new Refusal({ kind: 'name-taken', what: 'service account', name })
    }
    const { namespace } = principal
    const after = describe(release(form))
    const statements = [
      sql`insert into service_account
          (namespace, id, name, created_at, role, permissions, disabled)
        values (${namespace}, ${id}, ${name}, ${caller.now}, ${role}, ${permissions}, ${disabled})`,
      recordChange(caller, principal, 'serviceaccount.create', id, { after }),
      ...closeEvents(caller, principal),
    ]
    const answers = [selectAccounts(namespace, caller.now, sql`a.id = ${id}`)] as const
    const [[created]] = await writeAs(caller, principal, sql`1`, statements, answers)
    return found(created, id)
  })
}

/** True while the account is as it was read. */
function unchanged(namespace: Namespace, account: ServiceAccount): SQL {
  return sql`exists (select 1 from service_account a where a.namespace = ${namespace}
    and a.id = ${account.id} and a.name = ${account.name} and a.role = ${account.role}
    and a.permissions = ${account.permissions} and a.disabled = ${account.disabled})`
}

/**
 * Changes a service account, and with it what its tokens may.
 *
 * @returns the account, and whether the caller may read it
 * @throws Refusal `unknown-service-account`, `name-taken`, `missing-permission` and others
 */
export async function changeServiceAccount(
  caller: Caller,
  id: string,
  change: Held<Partial<AccountForm>>,
): Promise<{ readonly account: ServiceAccount; readonly readable: boolean }> {
  const name = change.ok ? (change.value.name ?? '') : ''
  return untilWon(async () => {
    const read = await readAs(
      caller,
      needed['PATCH /serviceaccounts/:account'],
      (namespace, allowed) => [
        selectAccounts(namespace, caller.now, sql`a.id = ${id}`, allowed),
        selectAccounts(namespace, caller.now, sql`a.name = ${name}`, allowed),
      ],
    )
    const [[row], [namesake]] = read.rows
    const current = found(row, id)
    const given = release(change)
    const next = { ...current, ...given }
    const principal = holding(read.principal, current.permissions | next.permissions)
    if (namesake !== undefined && namesake.id !== id) {
      throw new Refusal({ kind: 'name-taken', what: 'service account', name })
    }
    const [before, after] = [describe(current), describe(next)]
    const readable = mayRead(principal.granted, 'serviceaccounts:read')
    if (JSON.stringify(before) === JSON.stringify(after)) return { account: current, readable }
    const { namespace } = principal
    const statements = [
      sql`update service_account set name = ${next.name}, role = ${next.role},
          permissions = ${next.permissions}, disabled = ${next.disabled}
        where namespace = ${namespace} and id = ${id}`,
      sql`update token set permissions = ${next.permissions}, disabled = ${next.disabled}
        where namespace = ${namespace} and account_id = ${id}`,
      recordChange(caller, principal, 'serviceaccount.update', id, { before, after }),
      ...closeEvents(caller, principal),
    ]
    const answers = [selectAccounts(namespace, caller.now, sql`a.id = ${id}`)] as const
    const condition = unchanged(namespace, current)
    const [[changed]] = await writeAs(caller, principal, condition, statements, answers)
    return { account: found(changed, id), readable }
  })
}

/**
 * Deletes a service account with its tokens.
 *
 * @throws Refusal `unknown-service-account` and others
 */
export async function deleteServiceAccount(caller: Caller, id: string): Promise<void> {
  await untilWon(async () => {
    const read = await readWithTokens(caller, needed['DELETE /serviceaccounts/:account'], id)
    const { account: current } = read
    const principal = holding(read.principal, current.permissions)
    const { namespace } = principal
    const statements = [
      // First the event: it names its actor, who may be the account itself.
      recordChange(caller, principal, 'serviceaccount.delete', id, { before: describe(current) }),
      sql`delete from token where namespace = ${namespace} and account_id = ${id}`,
      sql`delete from service_account where namespace = ${namespace} and id = ${id}`,
      ...closeEvents(caller, principal),
    ]
    await writeAs(caller, principal, unchanged(namespace, current), statements, [])
  })
}

/** A token to be made; its hash stands for it. */
export interface NewToken {
  readonly id: string
  readonly hash: string
  /** In milliseconds from now; absent where it never expires. */
  readonly lifetime?: number | undefined
  /** Absent where a rotation hands on the name of the old token. */
  readonly name?: string | undefined
}

/** How many tokens of an account are good at once. */
const MAXIMUM_TOKENS = 100

/** Which token another takes the place of, and for how long both are good, in milliseconds. */
export interface Rotation {
  readonly token: string
  readonly overlap: number
}

/** A token that was made, and the one that it replaces where the caller may read it, as they then are. */
export interface MadeToken {
  readonly made: TokenInfo
  readonly replaced: TokenInfo | undefined
}

/**
 * Makes a token. In a rotation, the old token ends after the overlap, or when it would have ended
 * before; and the new one has its name unless another is given.
 *
 * @throws Refusal `unknown-service-account`, `unknown-token`, `name-taken`, `missing-permission`,
 *   `outliving-token`, `too-many-tokens`
 */
export async function createToken(
  caller: Caller,
  account: string,
  form: Held<NewToken>,
  rotation?: Held<Rotation>,
): Promise<MadeToken> {
  return untilWon(async () => {
    const read = await readWithTokens(
      caller,
      needed['POST /serviceaccounts/:account/tokens'],
      account,
    )
    const { account: current, tokens } = read
    const { id, hash, lifetime, name: given } = release(form)
    // Whoever makes a token can use it, so it must not be able to do more than they are.
    const principal = holding(read.principal, current.permissions)
    const { namespace, actor } = principal
    const { now } = caller
    const expiresAt = lifetime === undefined ? null : now + lifetime
    const ends = actor.kind === 'token' ? actor.expiresAt : null
    if (ends !== null && (expiresAt === null || expiresAt > ends)) {
      throw new Refusal({ kind: 'outliving-token', seconds: Math.floor((ends - now) / 1000) })
    }
    const rotated = rotation && release(rotation)
    const old = rotated && tokens.find((token) => token.id === rotated.token)
    if (rotated !== undefined && (old === undefined || !isLive(old, now))) {
      throw new Refusal({ kind: 'unknown-token', id: rotated.token })
    }
    const name = given ?? old?.name ?? ''
    // Those that a rotation leaves good for a while share the name that they hand on.
    const taken = tokens.some((one) => isLive(one, now) && one.name === name)
    if (taken && (old === undefined || given !== undefined)) {
      throw new Refusal({ kind: 'name-taken', what: 'token', name })
    }
    const oldEnds = now + (rotated?.overlap ?? 0)
    const others = tokens.filter((one) => isLive(one, now) && (one !== old || oldEnds > now))
    if (others.length >= MAXIMUM_TOKENS) {
      throw new Refusal({ kind: 'too-many-tokens', limit: MAXIMUM_TOKENS })
    }
    const statements = [
      sql`insert into token (hash, namespace, id, account_id, name, permissions, disabled,
          created_at, expires_at)
        select ${hash}, a.namespace, ${id}, a.id, ${name}, a.permissions, a.disabled, ${now},
          ${expiresAt}
        from service_account a where a.namespace = ${namespace} and a.id = ${account}`,
      ...(old === undefined
        ? []
        : [
            sql`update token set expires_at = min(coalesce(expires_at, ${oldEnds}), ${oldEnds})
              where namespace = ${namespace} and id = ${old.id}`,
          ]),
      recordChange(
        caller,
        principal,
        old === undefined ? 'token.create' : 'token.rotate',
        account,
        {
          after: {
            token: id,
            name,
            expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
          },
          ...(old === undefined ? {} : { replaces: { token: old.id, name: old.name } }),
        },
      ),
      ...closeEvents(caller, principal),
    ]
    const answers = [selectTokens(namespace, account)] as const
    const oldStands =
      old === undefined
        ? sql``
        : sql` and exists (select 1 from token k where k.namespace = ${namespace}
            and k.id = ${old.id} and k.revoked_at is null)`
    // A rotation may have cut the life of the caller's own token short.
    const stillEnds =
      actor.kind === 'operator'
        ? sql``
        : sql` and exists (select 1 from token k where k.namespace = ${namespace}
            and k.id = ${actor.tokenId} and k.expires_at is ${ends})`
    // Two tokens of one name, or the hundred and first, could be asked for at once: the list must be as
    // it was read.
    const condition = sql`${unchanged(namespace, current)} and (select count(*) from token k
      where k.namespace = ${namespace} and k.account_id = ${account}) = ${tokens.length}${oldStands}${stillEnds}`
    const [all] = await writeAs(caller, principal, condition, statements, answers)
    const made = all.find((token) => token.id === id)
    if (made === undefined) throw new Refusal({ kind: 'unknown-token', id })
    const readable = mayRead(principal.granted, 'serviceaccounts:read')
    return { made, replaced: readable ? all.find((token) => token.id === old?.id) : undefined }
  })
}

function isLive({ revokedAt, expiresAt }: TokenInfo, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now)
}

/**
 * Revokes a token; the next request with it is refused.
 *
 * @throws Refusal `unknown-service-account`, `unknown-token` and others
 */
export async function revokeToken(caller: Caller, account: string, id: string): Promise<void> {
  await untilWon(async () => {
    const read = await readWithTokens(
      caller,
      needed['DELETE /serviceaccounts/:account/tokens/:token'],
      account,
    )
    const principal = holding(read.principal, read.account.permissions)
    const token = read.tokens.find((one) => one.id === id)
    if (token === undefined || token.revokedAt !== null) {
      throw new Refusal({ kind: 'unknown-token', id })
    }
    const { namespace } = principal
    const statements = [
      sql`update token set revoked_at = ${caller.now}
        where namespace = ${namespace} and id = ${id}`,
      recordChange(caller, principal, 'token.revoke', account, {
        before: { token: id, name: token.name },
      }),
      ...closeEvents(caller, principal),
    ]
    const condition = sql`${unchanged(namespace, read.account)} and exists (select 1 from token k
      where k.namespace = ${namespace} and k.id = ${id} and k.revoked_at is null)`
    await writeAs(caller, principal, condition, statements, [])
  })
}
