/**
 * What there is to say about provisioning in a namespace. Nothing here scans the directory: totals
 * are the counters of the namespace, and what has no counter is looked up in a bounded part.
 */
import { sql } from 'drizzle-orm'
import type { Principal } from '../tenancy/credential.ts'
import {
  CHANGES_SPAN,
  type FailedCredentials,
  type HealthFacts,
  PAUSES_SPAN,
  RECENT,
  type RecentRefusal,
} from '../tenancy/health.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { needed } from '../tenancy/needed.ts'
import { mayProvision } from '../tenancy/permission.ts'
import {
  type ChangesRow,
  type FailuresRow,
  selectChanges,
  selectFailures,
  selectPauses,
} from './activity.ts'
import { type Allowed, type Caller, readAs } from './authority.ts'
import { openSince } from './conflicts.ts'
import type { Statement } from './database.ts'
import { dayOf, hourOf, startOf } from './hours.ts'
import { type IgnoredRow, selectIgnored } from './ignored.ts'

/** Up to where inherited members are counted. */
const MAXIMUM_INHERITED = 1000
/** How far back names that were sent in vain are shown, in milliseconds. */
const IGNORED_SPAN = 30 * 24 * 60 * 60 * 1000
/** How many users are looked at, from the newest. */
const SAMPLE = 100

interface Counters {
  readonly managedUsers: number
  readonly managedTeams: number
  readonly retained: number
  /** When the namespace was created, in milliseconds since 1970. */
  readonly createdAt: number
}

function selectCounters(namespace: Namespace, allowed: Allowed): Statement<Counters> {
  return sql<Counters>`select n.managed_users as "managedUsers",
      n.managed_teams as "managedTeams", n.retained, n.created_at as "createdAt"
    from ${allowed} namespace n where n.name = ${namespace}`
}

/** A service account, as the status shows it. */
interface AccountRow {
  readonly id: string
  readonly name: string
  readonly disabled: number
}

function selectAccounts(namespace: Namespace, allowed: Allowed): Statement<AccountRow> {
  return sql<AccountRow>`select a.id, a.name, a.disabled
    from ${allowed} service_account a where a.namespace = ${namespace} order by a.id`
}

/** A token, as the status needs it. Times are milliseconds since 1970. */
interface TokenRow {
  readonly id: string
  readonly accountId: string
  readonly name: string
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  readonly lastUsedAt: number | null
  readonly permissions: number
  readonly disabled: number
}

function selectTokens(namespace: Namespace, allowed: Allowed): Statement<TokenRow> {
  return sql<TokenRow>`select k.id, k.account_id as "accountId", k.name,
      k.created_at as "createdAt", k.expires_at as "expiresAt", k.revoked_at as "revokedAt",
      k.last_used_at as "lastUsedAt", k.permissions, k.disabled
    from ${allowed} token k where k.namespace = ${namespace} order by k.created_at, k.id`
}

function isLive({ expiresAt, revokedAt }: TokenRow, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now)
}

/** How many there are, and whether there are more than were counted. */
export interface Capped {
  readonly count: number
  readonly capped: boolean
}

/** The status of a namespace. Times are milliseconds since 1970. */
export interface Status {
  readonly principal: Principal
  readonly counters: Counters
  readonly conflicts: number
  /** What was written to users and teams, and what was refused, by the hours of the clock: */
  readonly changes: { readonly lastHour: number; readonly lastDay: number }
  /** the current one, and the one or the 24 before it. */
  readonly refusals: { readonly lastHour: number; readonly lastDay: number }
  readonly failedCredentials: readonly FailedCredentials[]
  readonly deniedLogins: readonly FailedCredentials[]
  /** What was sent in vain within 30 days. */
  readonly ignored: readonly IgnoredRow[]
  readonly accounts: readonly (AccountRow & {
    readonly lastRequestAt: number | null
    readonly lastChangeAt: number | null
  })[]
  /** Good tokens that will have ended before the given time. */
  readonly expiringTokens: readonly (TokenRow & { readonly account: string })[]
  /** Members that adopted teams brought along and the provider never named. */
  readonly inheritedMembers: Capped
}

function failuresOf({ hour, ...rest }: FailuresRow): FailedCredentials {
  return { ...rest, since: startOf(hour) }
}

function latest(times: readonly (number | null)[]): number | null {
  return times.reduce<number | null>(
    (last, time) => (time === null || (last !== null && last >= time) ? last : time),
    null,
  )
}

/**
 * Reads the status of a namespace, in one trip.
 *
 * @param expiringWithin the life, in milliseconds, below which a token is told of
 * @throws Refusal
 */
export async function readStatus(caller: Caller, expiringWithin: number): Promise<Status> {
  const { now } = caller
  const hour = hourOf(now)
  const { principal, rows } = await readAs(caller, needed['GET /status'], (namespace, allowed) => [
    selectCounters(namespace, allowed),
    selectAccounts(namespace, allowed),
    selectTokens(namespace, allowed),
    selectChanges(namespace, now, allowed),
    sql<{ readonly count: number }>`select count(*) as count from ${allowed} conflict c
      where c.namespace = ${namespace} and c.last_at >= ${openSince(now)}`,
    sql<{ readonly lastHour: number | null; readonly lastDay: number | null }>`
      select sum(iif(r.hour >= ${hour - 1}, r.count, 0)) as "lastHour", sum(r.count) as "lastDay"
      from ${allowed} refusal_count r
      where r.namespace = ${namespace} and r.hour >= ${hour - 24}`,
    sql<{ readonly count: number }>`select count(*) as count from (
      select 1 from ${allowed} membership m indexed by membership_inherited
      where m.namespace = ${namespace} and m.inherited = 1 limit ${MAXIMUM_INHERITED + 1})`,
    selectFailures(namespace, 'credential', now, allowed),
    selectIgnored(namespace, now - IGNORED_SPAN, allowed),
    selectFailures(namespace, 'denied-login', now, allowed),
  ])
  const [
    [counters],
    accounts,
    tokens,
    changes,
    [conflicts],
    [refusals],
    [inherited],
    failures,
    ignored,
    denials,
  ] = rows
  const sum = (of: (row: ChangesRow) => number | null) =>
    changes.reduce((total, row) => total + (of(row) ?? 0), 0)
  const lastChanges = new Map(changes.map(({ subject, lastChangeAt }) => [subject, lastChangeAt]))
  const names = new Map(accounts.map(({ id, name }) => [id, name]))
  const members = inherited?.count ?? 0
  return {
    principal,
    counters: counters ?? { managedUsers: 0, managedTeams: 0, retained: 0, createdAt: 0 },
    conflicts: conflicts?.count ?? 0,
    changes: {
      lastHour: sum(({ lastHour }) => lastHour),
      lastDay: sum(({ lastDay }) => lastDay),
    },
    failedCredentials: failures.map(failuresOf),
    deniedLogins: denials.map(failuresOf),
    ignored,
    refusals: { lastHour: refusals?.lastHour ?? 0, lastDay: refusals?.lastDay ?? 0 },
    accounts: accounts.map((account) => {
      const own = tokens.filter(({ accountId }) => accountId === account.id)
      return {
        ...account,
        lastRequestAt: latest(own.map(({ lastUsedAt }) => lastUsedAt)),
        lastChangeAt: lastChanges.get(account.id) ?? null,
      }
    }),
    expiringTokens: tokens
      .filter((token) => isLive(token, now))
      .filter(({ expiresAt }) => expiresAt !== null && expiresAt <= now + expiringWithin)
      .map((token) => ({ ...token, account: names.get(token.accountId) ?? '' })),
    inheritedMembers: {
      count: Math.min(members, MAXIMUM_INHERITED),
      capped: members > MAXIMUM_INHERITED,
    },
  }
}

/** What the checks of a namespace look at, as far as it is in the database. */
export interface StoredHealth
  extends Omit<HealthFacts, 'namespace' | 'tenantUrl' | 'settings' | 'users' | 'ignored'> {
  readonly ignored: readonly IgnoredRow[]
  readonly principal: Principal
}

/**
 * Reads what the checks of a namespace look at, in one trip.
 *
 * @throws Refusal
 */
export async function readHealth(caller: Caller): Promise<StoredHealth> {
  const { now } = caller
  const { principal, rows } = await readAs(caller, needed['GET /health'], (namespace, allowed) => [
    selectCounters(namespace, allowed),
    selectAccounts(namespace, allowed),
    selectTokens(namespace, allowed),
    sql<RecentRefusal>`
      select c.reason, c.detail, c.account, sum(c.count) as count
      from ${allowed} conflict c
      where c.namespace = ${namespace} and c.last_at >= ${now - RECENT}
        and c.reason in ('authn.invalid-namespace', 'accesscontrol.permission-denied',
          'scim.user-sync-disabled', 'scim.group-sync-disabled')
      group by c.reason, c.detail, c.account order by count desc`,
    sql<{ readonly sampled: number; readonly emailLike: number | null }>`
      select count(*) as sampled, sum(s.external_id like '%_@_%._%') as "emailLike"
      from (select u.external_id, u.managed from ${allowed} user u
        where u.namespace = ${namespace} order by u.id desc limit ${SAMPLE}) s
      where s.managed = 1`,
    sql<{ readonly changed: number | null }>`select sum(a.count) as changed
      from ${allowed} activity a where a.namespace = ${namespace} and a.kind = 'external-id'
        and a.subject = '' and a.hour >= ${dayOf(now - CHANGES_SPAN)}`,
    selectFailures(namespace, 'credential', now, allowed),
    selectPauses(namespace, allowed),
    selectIgnored(namespace, now - RECENT, allowed),
  ])
  const [[counters], accounts, tokens, refusals, [sample], [changes], failures, pauses, ignored] =
    rows
  const lastProvisionedAt = latest(
    tokens
      .filter(({ permissions }) => mayProvision(permissions))
      .map(({ lastUsedAt }) => lastUsedAt),
  )
  const names = new Map(accounts.map(({ id, name }) => [id, name]))
  return {
    principal,
    managedUsers: counters?.managedUsers ?? 0,
    refusals,
    failedCredentials: failures.map(failuresOf),
    ignored,
    sampled: sample?.sampled ?? 0,
    emailLike: sample?.emailLike ?? 0,
    changedExternalIds: changes?.changed ?? 0,
    lastProvisionedAt,
    // Silence since then does not make older pauses less usual.
    longestPause: Math.max(
      0,
      ...pauses
        .filter(({ hour }) => hour >= dayOf((lastProvisionedAt ?? 0) - PAUSES_SPAN))
        .map(({ longest }) => longest),
    ),
    tokens: tokens
      .filter((token) => isLive(token, now))
      .map(({ accountId, name, createdAt, permissions, disabled }) => ({
        name,
        account: names.get(accountId) ?? '',
        createdAt,
        provisions: mayProvision(permissions) && disabled === 0,
      })),
  }
}
