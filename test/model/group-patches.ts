/** Operations of PATCH on groups, as they are written and as what they mean (RFC 7644 §3.5.2). */
import fc from 'fast-check'
import { type Directory, fold } from './directory.ts'
import { assign, oneOf, refuse, type Shape } from './shape.ts'
import { addTo, type Draft, type GroupEffect, removeFrom, replaceAll } from './teams.ts'
import * as values from './values.ts'

const groupShape =
  (sent: object, effect: GroupEffect): Shape<GroupEffect> =>
  () => ({ sent, effect })

const listed = (ids: readonly string[]) => ids.map((value) => ({ value }))
const members = (op: string, value?: unknown) => ({
  op,
  path: 'members',
  ...(value === undefined ? {} : { value }),
})

/** An operation that names members, and what it does to those. */
function naming(
  references: fc.Arbitrary<string[]>,
  sent: (ids: readonly string[]) => object,
  effect: (draft: Draft, ids: readonly string[]) => void,
): fc.Arbitrary<Shape<GroupEffect>> {
  return references.map((named) => (idOf) => {
    const ids = named.map(idOf)
    return { sent: sent(ids), effect: (draft) => effect(draft, ids) }
  })
}

/** Every shape of an operation on a group; `member` are references to name. */
export function groupShapes(member: fc.Arbitrary<string>): fc.Arbitrary<Shape<GroupEffect>> {
  const several = fc.uniqueArray(member, { maxLength: 3 })
  const some = fc.uniqueArray(member, { minLength: 1, maxLength: 3 })
  const one = fc.tuple(member)
  const { teamName, externalId } = values
  const rename = (value: string) => (draft: Draft) => assign(draft.attributes, 'displayName', value)
  return fc.oneof(
    naming(some, (ids) => members('add', listed(ids)), addTo),
    naming(one, ([value]) => members('Add', { value }), addTo),
    naming(some, (ids) => members('add', ids), addTo),
    naming(some, (ids) => ({ op: 'add', value: { members: listed(ids) } }), addTo),
    naming(several, (ids) => members('replace', listed(ids)), replaceAll),
    naming(several, (ids) => ({ op: 'replace', value: { members: listed(ids) } }), replaceAll),
    naming(several, (ids) => members('remove', listed(ids)), removeFrom),
    naming(one, ([id]) => members('Remove', id), removeFrom),
    fc.constant(groupShape(members('remove'), (draft) => replaceAll(draft, []))),
    naming(one, ([id]) => ({ op: 'remove', path: `members[value eq "${id}"]` }), removeFrom),
    naming(
      fc.tuple(member, member),
      ([a, b]) => ({ op: 'Remove', path: `members[value eq "${a}" or value eq "${b}"]` }),
      removeFrom,
    ),
    fc.constant(
      groupShape({ op: 'remove', path: 'members[display sw "A"]' }, (draft, directory) =>
        removeFrom(
          draft,
          [...draft.members].filter((id) => displayOf(directory, id).startsWith('a')),
        ),
      ),
    ),
    fc
      .tuple(oneOf('add', 'replace'), teamName)
      .map(([op, value]) => groupShape({ op, path: 'displayName', value }, rename(value))),
    // Okta: id and name in one value.
    teamName.map((displayName) =>
      groupShape({ op: 'replace', value: { id: 'whatever', displayName } }, rename(displayName)),
    ),
    fc
      .option(externalId)
      .map((value) =>
        groupShape({ op: 'replace', path: 'externalId', value }, ({ attributes }) =>
          assign(attributes, 'externalId', value),
        ),
      ),
    fc.constantFrom(
      groupShape({ op: 'add', path: 'motto', value: 'x' }, () => undefined),
      groupShape({ op: 'remove', path: 'displayName' }, refuse(400, 'mutability')),
      groupShape({ op: 'add', path: 'members[', value: 'x' }, refuse(400, 'invalidPath')),
    ),
  )
}

function displayOf({ users }: Directory, id: string): string {
  const { displayName, userName = '' } = users.get(id)?.attributes ?? {}
  return fold(String(displayName ?? userName))
}
