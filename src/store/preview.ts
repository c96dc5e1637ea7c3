/**
 * What would become of a provider's people and groups, were they provisioned now. The decision is
 * that of a POST (match.ts), made for a whole list from one trip.
 */
import { sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import type { Attributes } from '../scim/resource/resource.ts'
import { needed } from '../tenancy/needed.ts'
import type { Settings } from '../tenancy/settings.ts'
import { accountKeys, withoutEmptyExternalId } from './account.ts'
import { type Caller, readAs } from './authority.ts'
import { list } from './database.ts'
import { type Held, release } from './held.ts'
import {
  accountToAdopt,
  clashOf,
  groupKeys,
  type Holder,
  holdersOf,
  type MappedTeam,
  matchTeam,
  matchUser,
  type TeamHolder,
} from './match.ts'
import { Refusal, type StoreReason } from './refusal.ts'
import { holderColumns, idsHoldingAny } from './users.ts'

/** An account or team of the directory. */
export interface Found {
  readonly id: string
  /** The userName or displayName. */
  readonly name: string
}

/** What becomes of one entry of the list. */
export type Fate =
  /** SCIM manages it already. */
  | { readonly outcome: 'provisioned'; readonly found: Found; readonly by: string }
  /** The account or team is adopted. */
  | { readonly outcome: 'linked'; readonly found: Found; readonly by: string }
  | { readonly outcome: 'created' }
  /** The deleted account is taken up again. */
  | { readonly outcome: 'restored'; readonly found: Found; readonly by: string }
  /** Other entries of the list claim the same, by their places in it. */
  | {
      readonly outcome: 'ambiguous'
      readonly found?: Found
      readonly by: string
      readonly others: readonly number[]
    }
  /** It is refused. */
  | {
      readonly outcome: 'conflict'
      readonly reason: StoreReason
      /** Who holds the value that the refusal names. */
      readonly found?: Found
      /** The unmanaged account that it would be linked to otherwise. */
      readonly instead?: Found & { readonly by: string }
    }

export interface Preview {
  readonly settings: Settings
  readonly users: readonly Fate[]
  readonly groups: readonly Fate[]
}

interface UserRow extends Holder, Found {}
interface TeamRow extends TeamHolder, Found {
  readonly externalId: string | null
}
interface RetainedRow extends Found {
  readonly externalId: string
}

/** Tells what would become of users and groups, in one trip. @throws Refusal */
export async function previewMigration(
  caller: Caller,
  body: Held<{ readonly users: readonly Attributes[]; readonly groups: readonly Attributes[] }>,
): Promise<Preview> {
  const users = (body.ok ? body.value.users : []).map(withoutEmptyExternalId)
  const groups = (body.ok ? body.value.groups : []).map(withoutEmptyExternalId)
  const keys = users.map((user) => accountKeys(user))
  const names = groups.map(({ displayName }) => fold(String(displayName)))
  const teamColumns = sql`t.id, t.managed, t.display_name as name, t.display_name as "displayName",
    t.display_name_key as "displayNameKey", t.external_id as "externalId"`
  const { principal, rows } = await readAs(
    caller,
    needed['POST /migration/preview'],
    (namespace, allowed) => {
      return [
        sql<UserRow>`select u.id, u.managed, ${holderColumns},
          json_extract(u.resource, '$.userName') as name
        from ${allowed} user u
        where u.namespace = ${namespace} and u.id in (${idsHoldingAny(namespace, keys)})`,
        // The last one deleted is the one that is taken up again, and so must come last.
        sql<RetainedRow>`select r.id, r.external_id as "externalId",
          json_extract(r.resource, '$.userName') as name
        from ${allowed} retained r
        where r.namespace = ${namespace}
          and r.external_id in ${list(keys.map(({ externalId }) => externalId))}
        order by r.deleted_at`,
        sql<TeamRow>`select ${teamColumns} from ${allowed} team t
        where t.namespace = ${namespace} and t.display_name_key in ${list(names)}`,
        sql<
          TeamRow & MappedTeam
        >`select ${teamColumns}, g.group_key as "groupKey", g.group_id as "groupId"
        from ${allowed} team_mapping g
        cross join team t on t.namespace = g.namespace and t.id = g.team_id
        where g.namespace = ${namespace} and g.group_key in ${list(groups.flatMap(groupKeys))}`,
      ]
    },
  )
  release(body)
  const { settings } = principal
  const holders = indexed(rows[0], ({ userNameKey, externalId, emailKey }) =>
    claims({ userName: userNameKey, externalId, email: emailKey }),
  )
  const retained = new Map(rows[1].map((row) => [row.externalId, row]))
  const named = indexed(rows[2], ({ displayNameKey }) => [displayNameKey])
  const mapped = indexed(rows[3], ({ groupKey }) => [groupKey])
  const fates = {
    users: users.map((user, at) => {
      const own = claims(keys[at] ?? accountKeys(user))
      return fateOfUser(
        settings,
        own.flatMap((key) => holders.get(key) ?? []),
        retained,
        user,
      )
    }),
    groups: groups.map((group, at) => {
      const targets = groupKeys(group).flatMap((key) => mapped.get(key) ?? [])
      return fateOfGroup(named.get(names[at] ?? '') ?? [], targets, group)
    }),
  }
  return {
    settings,
    users: told(fates.users, keys.map(claimsByName)),
    groups: told(
      fates.groups,
      names.map((name) => [['displayName', name]]),
    ),
  }
}

type Claims = Pick<ReturnType<typeof accountKeys>, 'externalId' | 'email'> & {
  readonly userName: string
}

/** The unique values that a user has, each under the attribute that is told. */
function claimsByName({ userName, externalId, email }: Claims): [string, string][] {
  const all: [string, string | null][] = [
    ['userName', userName],
    ['externalId', externalId],
    ['email', email],
  ]
  return all.flatMap(([name, value]) => (value === null ? [] : [[name, value]]))
}

function claims(keys: Claims): string[] {
  return claimsByName(keys).map(([name, value]) => `${name} ${value}`)
}

function indexed<Row>(rows: readonly Row[], keysOf: (row: Row) => string[]): Map<string, Row[]> {
  const index = new Map<string, Row[]>()
  for (const row of rows) {
    for (const key of keysOf(row)) index.set(key, [...(index.get(key) ?? []), row])
  }
  return index
}

function foundOf({ id, name }: Found): Found {
  return { id, name }
}

function fateOfUser(
  settings: Settings,
  rows: readonly UserRow[],
  retained: ReadonlyMap<string, RetainedRow>,
  user: Attributes,
): Fate {
  const own = holdersOf(rows, accountKeys(user))
  const known = user.externalId === undefined ? own.userName : own.externalId
  const samePerson = known?.managed === 1 && known.externalId === (user.externalId ?? null)
  const clash = samePerson ? clashOf(rows, user, known.id) : undefined
  if (samePerson && clash === undefined) {
    const by = user.externalId === undefined ? 'userName' : 'externalId'
    return { outcome: 'provisioned', found: foundOf(known), by }
  }
  if (clash !== undefined) {
    // The person is known, but somebody else has a value that the provider would set.
    const { attribute, value, holder } = clash
    return conflict(new Refusal({ kind: 'taken', attribute, value }), holder)
  }
  try {
    const match = matchUser(settings, rows, user)
    if (match !== undefined) {
      return { outcome: 'linked', found: foundOf(match.account), by: match.by }
    }
  } catch (error) {
    const match = accountToAdopt(rows, user)
    const taken = clashOf(rows, user, match?.account.id)
    const instead = match && { ...foundOf(match.account), by: match.by }
    return conflict(error, taken?.holder, instead)
  }
  const deleted = retained.get(String(user.externalId))
  return user.externalId === undefined || deleted === undefined
    ? { outcome: 'created' }
    : { outcome: 'restored', found: foundOf(deleted), by: 'externalId' }
}

function fateOfGroup(
  named: readonly TeamRow[],
  mapped: readonly (TeamRow & MappedTeam)[],
  group: Attributes,
): Fate {
  const [namesake] = named
  if (namesake?.managed === 1 && namesake.externalId === (group.externalId ?? null)) {
    return { outcome: 'provisioned', found: foundOf(namesake), by: 'displayName' }
  }
  try {
    const match = matchTeam(named, mapped, group)
    if (match === undefined) return { outcome: 'created' }
    return { outcome: 'linked', found: foundOf(match.team), by: match.by }
  } catch (error) {
    return conflict(error, namesake)
  }
}

/** @throws what is no refusal */
function conflict(error: unknown, found?: Found, instead?: Found & { readonly by: string }): Fate {
  if (!(error instanceof Refusal)) throw error
  return {
    outcome: 'conflict',
    reason: error.reason,
    ...(found === undefined ? {} : { found: foundOf(found) }),
    ...(instead === undefined ? {} : { instead }),
  }
}

/**
 * Tells apart what several entries claim: the same account or team, or a value that only one of them
 * can have. Only the first of them would come through.
 */
function told(
  fates: readonly Fate[],
  claimed: readonly (readonly (readonly [name: string, value: string])[])[],
): Fate[] {
  const places = new Map<string, number[]>()
  const keysOf = (fate: Fate, at: number): (readonly [by: string, key: string])[] => {
    const values = (claimed[at] ?? []).map(([name, value]) => [name, `${name} ${value}`] as const)
    const target = 'found' in fate && fate.outcome !== 'conflict' ? fate.found : undefined
    const by = 'by' in fate ? fate.by : ''
    return [...values, ...(target === undefined ? [] : [[by, `id ${target.id}`] as const])]
  }
  for (const [at, fate] of fates.entries()) {
    // What is refused takes nothing from the others.
    if (fate.outcome === 'conflict') continue
    for (const [, key] of keysOf(fate, at)) places.set(key, [...(places.get(key) ?? []), at])
  }
  return fates.map((fate, at) => {
    const shared = keysOf(fate, at).find(([, key]) => (places.get(key)?.length ?? 0) > 1)
    if (shared === undefined || fate.outcome === 'conflict') return fate
    const [by, key] = shared
    const others = (places.get(key) ?? []).filter((other) => other !== at)
    return {
      outcome: 'ambiguous',
      ...('found' in fate && fate.found !== undefined ? { found: fate.found } : {}),
      by,
      others,
    }
  })
}
