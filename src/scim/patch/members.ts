/**
 * Changes to the members of a group. They are not applied to a list that was read, which would
 * lose what others do meanwhile, but reduced to the set of ids to add and to remove; the store
 * carries that out in one statement each.
 */
import { ProtocolError, quote } from '../error.ts'
import type { Filter } from '../filter/bind.ts'
import { elementMatches } from '../filter/evaluate.ts'
import { isObject, type Json, membersOf } from '../json.ts'
import { idOfReference, refuseUnstorable } from '../resource/value.ts'
import { members } from '../schema/group.ts'
import { pathName } from '../schema/resource-type.ts'
import { comparisonsOf, MAXIMUM_EFFORT, newEffort, type Spend } from './effort.ts'
import type { AttributeChange, Change } from './target.ts'

/** How many members a group may have. */
export const MAXIMUM_MEMBERS = 100_000

/** The net effect on the members of a group. */
export interface MemberChange {
  /** Whether the members are exactly `add` afterwards; `remove` is then empty. */
  readonly replace: boolean
  readonly add: ReadonlySet<string>
  readonly remove: ReadonlySet<string>
}

export const noMemberChange: MemberChange = { replace: false, add: new Set(), remove: new Set() }

/** A member by its comparison keys, for filters that look at more than the id. */
export type MemberForm = { readonly value: string; readonly type: string; readonly display: string }

/**
 * The ids in a list of members: objects with `value`, or bare ids, one or many.
 *
 * @throws ProtocolError invalidValue
 */
export function readMemberIds(value: Json, where: string): string[] {
  const list: readonly Json[] = Array.isArray(value) ? value : [value]
  const ids: string[] = []
  list.forEach((member, index) => {
    if (member === null) return
    const id = isObject(member) ? idIn(membersOf(member), `${where}[${index}]`) : member
    if (typeof id !== 'string' || id === '') {
      throw new ProtocolError(
        'invalidValue',
        `${where}[${index}] must be an object whose value is the id of a user, not ${quote(member)}.`,
      )
    }
    refuseUnstorable(id, `${where}[${index}].value`)
    ids.push(id)
  })
  if (ids.length > MAXIMUM_MEMBERS) {
    throw new ProtocolError(
      'invalidValue',
      `${where} lists ${ids.length} members, but a group has at most ${MAXIMUM_MEMBERS}.`,
    )
  }
  return ids
}

/** The id of a member: its value, or else what its reference ends with. */
function idIn(member: ReadonlyMap<string, Json>, where: string): Json | undefined {
  const value = member.get('value') ?? undefined
  return value === undefined ? idOfReference(members, member.get('$ref'), where) : value
}

/** Splits the changes of a PATCH into those of members and all others. */
export function separateMembers(changes: readonly Change[]): {
  readonly members: readonly AttributeChange[]
  readonly others: readonly Change[]
} {
  const isMember = (change: Change): change is AttributeChange =>
    change.kind === 'attribute' && change.path.attribute.relation === true
  return {
    members: changes.filter(isMember),
    others: changes.filter((change) => !isMember(change)),
  }
}

/** Whether the effect depends on who is a member now, so that the members must be read first. */
export function dependsOnMembers(changes: readonly AttributeChange[]): boolean {
  return changes.some(
    ({ op, filter }) => filter !== undefined && (op !== 'remove' || idsOf(filter) === undefined),
  )
}

/**
 * The ids that the changes list as members: where the effect depends on who is one, those users must
 * be read as well, since an operation also looks at whom one before it has added.
 *
 * @throws ProtocolError invalidValue
 */
export function listedIds(changes: readonly AttributeChange[]): Set<string> {
  const additions = changes.filter(({ op }) => op !== 'remove')
  return new Set(
    additions.flatMap(({ value, where }) => readMemberIds(value ?? null, `${where}: members`)),
  )
}

/**
 * Reduces changes of members to their net effect.
 *
 * @param current the members as read; needed only where `dependsOnMembers`
 * @param listed the users of `listedIds` as read; needed there as well
 * @param spend counts the work; shared by all operations of a bulk request
 * @throws ProtocolError invalidValue, noTarget, tooMany, or mutability for a part of a member, which is fixed
 */
export function reduceMemberChanges(
  changes: readonly AttributeChange[],
  current: readonly MemberForm[] = [],
  listed: readonly MemberForm[] = [],
  // To compare a member takes less than an element of another attribute.
  spend: Spend = newEffort(2 * MAXIMUM_EFFORT),
): MemberChange {
  let replace = false
  let add = new Set<string>()
  let remove = new Set<string>()
  const put = (ids: Iterable<string>) => {
    for (const id of ids) {
      add.add(id)
      remove.delete(id)
    }
  }
  const take = (ids: Iterable<string>) => {
    for (const id of ids) {
      add.delete(id)
      if (!replace) remove.add(id)
    }
  }
  const become = (ids: Iterable<string>) => {
    replace = true
    add = new Set(ids)
    remove = new Set()
  }
  // Made only where it is needed: a group may have a hundred thousand members.
  let known: ReadonlySet<string> | undefined
  const wasMember = (id: string) => {
    known ??= new Set(current.map(({ value }) => value))
    return known.has(id)
  }
  const isKept = (id: string) => add.has(id) || (!replace && !remove.has(id))
  const isMember = (id: string) => isKept(id) && (add.has(id) || wasMember(id))
  const users = new Map(listed.map((user) => [user.value, user]))
  /** The members that a filter selects, as they are after the changes so far. */
  const select = (filter: Filter): string[] => {
    const ids = idsOf(filter)
    if (ids !== undefined) return ids.filter(isMember)
    // To look at a member costs more than to compare it.
    spend((current.length + add.size) * (3 + comparisonsOf(filter)))
    const selected: string[] = []
    for (const member of current) {
      if (isKept(member.value) && elementMatches(filter, member)) selected.push(member.value)
    }
    for (const id of add) {
      const member = users.get(id) ?? { value: id, type: 'user', display: '' }
      if (!wasMember(id) && elementMatches(filter, member)) selected.push(id)
    }
    return selected
  }
  for (const change of changes) {
    const { op, filter, path, where, value } = change
    if (path.sub !== undefined) {
      throw new ProtocolError(
        'mutability',
        `${where}: ${pathName(path)} is immutable; remove the member and add another.`,
      )
    }
    const ids = readMemberIds(value ?? null, `${where}: members`)
    if (filter === undefined) {
      if (op === 'add') put(ids)
      else if (op === 'replace') become(ids)
      else if (value === undefined || value === null) become([])
      else take(ids)
      continue
    }
    const selected = (op === 'remove' ? idsOf(filter) : undefined) ?? select(filter)
    if (op === 'add') {
      // What the filter describes is a member afterwards, whether it was one or not.
      put(selected.length > 0 ? ids : [...ids, ...(idsOf(filter) ?? [])])
    } else if (op === 'remove') {
      take(selected)
    } else {
      if (selected.length === 0) {
        throw new ProtocolError('noTarget', `${where}: no member matches the filter of the path.`)
      }
      take(selected)
      put(ids)
    }
  }
  return { replace, add, remove }
}

/** The ids that a filter such as `value eq "…"` selects, whoever is a member; else undefined. */
function idsOf(filter: Filter): string[] | undefined {
  if (filter.kind === 'compare' && filter.operator === 'eq' && filter.path.sub?.name === 'value') {
    return [String(filter.operand)]
  }
  if (filter.kind === 'in' && filter.path.sub?.name === 'value') {
    return filter.operands.map(String)
  }
  if (filter.kind === 'or') {
    const parts = filter.filters.map(idsOf)
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined
  }
  return undefined
}
