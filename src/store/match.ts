/**
 * Which account or team a new resource stands for: the decision that a POST carries out and a
 * preview tells. It is made from rows that were read by the unique values.
 */
import { differInCaseAlone, fold } from '../scim/comparison.ts'
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
  /** Of an account that SCIM does not manage: JSON of its userName and e-mails as they are written. */
  readonly written?: string | null
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

/**
 * The unmanaged account that a new user is, and by which attribute it is known. Where more than the
 * case of ASCII letters differs, a person has to decide whether it is the same.
 */
export function accountToAdopt<Row extends Holder>(
  rows: readonly Row[],
  attributes: Attributes,
): { readonly account: Row; readonly by: 'userName' | 'email' } | undefined {
  const { userName, emails } = holdersOf(rows, accountKeys(attributes))
  if (
    userName?.managed === 0 &&
    isWritten(String(attributes.userName), writtenBy(userName).userName)
  ) {
    return { account: userName, by: 'userName' }
  }
  return emails?.managed === 0 &&
    isWritten(accountEmail(attributes), accountEmail(writtenBy(emails)))
    ? { account: emails, by: 'email' }
    : undefined
}

function writtenBy({ written }: Holder): Attributes {
  return JSON.parse(written ?? '{}')
}

function isWritten(given: string | undefined, held: unknown): boolean {
  return given !== undefined && typeof held === 'string' && differInCaseAlone(given, held)
}

/**
 * Decides what a new user becomes.
 *
 * @param rows everybody who has one of the unique values
 * @returns the account to adopt; undefined where the user is new, or taken up again
 * @throws Refusal `missing-external-id`, `taken`, `look-alike`
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
  const clash = clashOf(rows, attributes, match?.account.id)
  if (clash !== undefined) {
    const { attribute, value, holder } = clash
    const looksAlike = match === undefined && holder.managed === 0 && attribute !== 'externalId'
    throw new Refusal({ kind: looksAlike ? 'look-alike' : 'taken', attribute, value })
  }
  return match
}

/** A team with the key that makes it unique. */
export interface TeamHolder {
  readonly id: string
  readonly managed: number
  readonly displayName: string
  readonly displayNameKey: string
}

/** A team that a group of the provider is mapped to, under the key of the group. */
export interface MappedTeam extends TeamHolder {
  readonly groupKey: string
  readonly groupId: string
}

/** By what a group may be mapped: its externalId goes first. */
function groupIds({ externalId, displayName }: Attributes): string[] {
  return [externalId, displayName].filter((id) => typeof id === 'string')
}

/** The keys by which a group may be mapped. */
export function groupKeys(attributes: Attributes): string[] {
  return [...new Set(groupIds(attributes).map(fold))]
}

/**
 * Decides what a new group becomes: a team that it is mapped to goes before one of the same name.
 * A mapping to a team that SCIM manages already says nothing.
 *
 * @returns the team to adopt; undefined where the group is new
 * @throws Refusal `taken`, `look-alike`
 */
export function matchTeam<Row extends TeamHolder, Mapped extends MappedTeam & Row>(
  named: readonly Row[],
  mapped: readonly Mapped[],
  attributes: Attributes,
): { readonly team: Row; readonly by: 'mapping' | 'displayName' } | undefined {
  const name = String(attributes.displayName)
  const namesake = named.find(({ displayNameKey }) => displayNameKey === fold(name))
  const [id, target] =
    groupIds(attributes)
      .map((id) => [id, mapped.find(({ groupKey }) => groupKey === fold(id))] as const)
      .find(([, team]) => team?.managed === 0) ?? []
  const lookAlike = (value: string) =>
    new Refusal({ kind: 'look-alike', attribute: 'displayName', value })
  if (namesake !== undefined && (namesake.managed === 1 || (target && target.id !== namesake.id))) {
    throw new Refusal({ kind: 'taken', attribute: 'displayName', value: name })
  }
  if (target !== undefined && id !== undefined) {
    if (!differInCaseAlone(id, target.groupId)) throw lookAlike(id)
    return { team: target, by: 'mapping' }
  }
  if (namesake === undefined) return undefined
  if (!differInCaseAlone(name, namesake.displayName)) throw lookAlike(name)
  return { team: namesake, by: 'displayName' }
}
