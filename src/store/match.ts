/**
 * Which account or team a new resource stands for: the decision that a POST carries out and a
 * preview tells. It is made from rows that were read by the unique values.
 */
import { fold } from '../scim/comparison.ts'
import type { Attributes } from '../scim/resource/resource.ts'
import type { Settings } from '../tenancy/settings.ts'
import { accountEmail, accountKeys, type UniqueKeys } from './account.ts'
import { Refusal, type UniqueAttribute } from './refusal.ts'

/** An account with the keys that make it unique. */
export interface Holder {
  readonly id: string
  readonly managed: number
  readonly userNameKey: string
  readonly emailKey: string | null
  readonly externalId: string | null
}

/** Who holds each of the unique values. */
export function holdersOf<Row extends Holder>(
  rows: readonly Row[],
  { userName, email, externalId }: UniqueKeys,
) {
  return {
    userName: rows.find((row) => userName !== null && row.userNameKey === userName),
    externalId: rows.find((row) => externalId !== null && row.externalId === externalId),
    emails: rows.find((row) => email !== null && row.emailKey === email),
  }
}

/** A unique value that somebody else holds, and who that is. */
export interface Clash<Row> {
  readonly attribute: UniqueAttribute
  readonly value: string
  readonly holder: Row
}

/** What somebody else holds, the first in the order userName, externalId, e-mail. */
export function clashOf<Row extends Holder>(
  rows: readonly Row[],
  attributes: Attributes,
  ownId: string | undefined,
): Clash<Row> | undefined {
  const holders = holdersOf(rows, accountKeys(attributes))
  const values: readonly (readonly [UniqueAttribute, Row | undefined, string])[] = [
    ['userName', holders.userName, String(attributes.userName)],
    ['externalId', holders.externalId, String(attributes.externalId)],
    ['emails', holders.emails, String(accountEmail(attributes))],
  ]
  for (const [attribute, holder, value] of values) {
    if (holder !== undefined && holder.id !== ownId) return { attribute, value, holder }
  }
  return undefined
}

/**
 * Refuses what somebody else holds, in the order userName, externalId, e-mail.
 *
 * @throws Refusal `taken`
 */
export function refuseTaken(
  rows: readonly Holder[],
  attributes: Attributes,
  ownId: string | undefined,
): void {
  const clash = clashOf(rows, attributes, ownId)
  if (clash === undefined) return
  const { attribute, value } = clash
  throw new Refusal({ kind: 'taken', attribute, value })
}

/** The unmanaged account that a new user is, and by which attribute it is known. */
export function accountToAdopt<Row extends Holder>(
  rows: readonly Row[],
  attributes: Attributes,
): { readonly account: Row; readonly by: 'userName' | 'email' } | undefined {
  const { userName, emails } = holdersOf(rows, accountKeys(attributes))
  if (userName?.managed === 0) return { account: userName, by: 'userName' }
  return emails?.managed === 0 ? { account: emails, by: 'email' } : undefined
}

/**
 * Decides what a new user becomes.
 *
 * @param rows everybody who has one of the unique values
 * @returns the account to adopt; undefined where the user is new, or taken up again
 * @throws Refusal `missing-external-id`, `taken`
 */
export function matchUser<Row extends Holder>(
  { requireExternalId }: Settings,
  rows: readonly Row[],
  attributes: Attributes,
) {
  if (requireExternalId && attributes.externalId === undefined) {
    throw new Refusal({ kind: 'missing-external-id' })
  }
  const match = accountToAdopt(rows, attributes)
  refuseTaken(rows, attributes, match?.account.id)
  return match
}

/** A team with the key that makes it unique. */
export interface TeamHolder {
  readonly id: string
  readonly managed: number
  readonly displayNameKey: string
}

/** A team that a group of the provider is mapped to, under the key of the group. */
export interface MappedTeam extends TeamHolder {
  readonly groupKey: string
}

/** The keys by which a group may be mapped: that of its externalId goes first. */
export function groupKeys({ externalId, displayName }: Attributes): string[] {
  const ids = [externalId, displayName].flatMap((id) => (typeof id === 'string' ? [fold(id)] : []))
  return [...new Set(ids)]
}

/**
 * Decides what a new group becomes: a team that it is mapped to goes before one of the same name.
 * A mapping to a team that SCIM manages already says nothing.
 *
 * @returns the team to adopt; undefined where the group is new
 * @throws Refusal `taken`
 */
export function matchTeam<Row extends TeamHolder, Mapped extends MappedTeam & Row>(
  named: readonly Row[],
  mapped: readonly Mapped[],
  attributes: Attributes,
): { readonly team: Row; readonly by: 'mapping' | 'displayName' } | undefined {
  const name = String(attributes.displayName)
  const namesake = named.find(({ displayNameKey }) => displayNameKey === fold(name))
  const target = groupKeys(attributes)
    .map((key) => mapped.find(({ groupKey }) => groupKey === key))
    .find((team) => team?.managed === 0)
  if (namesake !== undefined && (namesake.managed === 1 || (target && target.id !== namesake.id))) {
    throw new Refusal({ kind: 'taken', attribute: 'displayName', value: name })
  }
  if (target !== undefined) return { team: target, by: 'mapping' }
  return namesake && { team: namesake, by: 'displayName' }
}
