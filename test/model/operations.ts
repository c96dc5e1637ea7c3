/** Bulk requests, and all operations together. */
import fc from 'fast-check'
import type { Rule } from './directory.ts'
import { handOperations, settingsOperation } from './hand-operations.ts'
import { type IdOf, type Operation, operation, type Request } from './operation.ts'
import { team, user } from './references.ts'
import {
  createGroup,
  createUser,
  groupBody,
  groupOperations,
  groupPath,
  patch,
  patchContent,
  userBody,
  userOperations,
  userPath,
} from './scim-operations.ts'
import { addTo, patchGroup } from './teams.ts'
import { userShapes } from './user-patches.ts'
import { deleteUser, patchUser } from './users.ts'

const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'

/** A bulk request is judged by its operations. */
const noRule: Rule = () => {
  throw new Error('A bulk request has no rule of its own.')
}

/** New users, a group of them, and changes of what is there; references point forth and back. */
const bulkOperation = fc
  .record({
    bodies: fc.array(userBody, { minLength: 1, maxLength: 3 }),
    group: groupBody,
    team,
    changed: user,
    shapes: fc.array(userShapes(user), { maxLength: 2 }),
    deleted: user,
    /** Which of the others there are, and their order; whoever is referred to is always there. */
    others: fc.shuffledSubarray([0, 1, 2, 3]),
    before: fc.nat(4),
  })
  .map(({ bodies, group, team, changed, shapes, deleted, others, before }) => {
    const requests = (idOf: IdOf): Request[] => {
      const ids = bodies.map((_, index) => idOf(`bulkId:u${index}`))
      const members = [...new Set([...(group.members ?? []).map(idOf), ...ids])]
      const added = [{ op: 'add', path: 'members', value: ids.map((value) => ({ value })) }]
      const [teamId, changedId, deletedId] = [idOf(team), idOf(changed), idOf(deleted)]
      const addition: Request = {
        ...{ method: 'PATCH', path: groupPath(teamId), body: patchContent(added) },
        rule: patchGroup(teamId, [(draft) => addTo(draft, ids)], undefined),
      }
      const all = [
        { ...createGroup({ ...group, members }), bulkId: 'g' },
        addition,
        patch(userPath(changedId), shapes, idOf, (effects) =>
          patchUser(changedId, effects, undefined),
        ),
        { method: 'DELETE', path: userPath(deletedId), rule: deleteUser(deletedId, undefined) },
      ]
      const chosen = others.flatMap((place) => all[place] ?? [])
      const newcomers = bodies.map((body, index) => ({ ...createUser(body), bulkId: `u${index}` }))
      return [...chosen.slice(0, before), ...newcomers, ...chosen.slice(before)]
    }
    return operation('none', (idOf) => {
      const operations = requests(idOf).map(({ method, path, bulkId, body }) => ({
        ...{ method, path },
        ...(bulkId === undefined ? {} : { bulkId }),
        ...(body === undefined ? {} : { data: body }),
      }))
      return {
        ...{ method: 'POST', path: '/Bulk', rule: noRule, bulk: requests },
        body: { schemas: [BULK], Operations: operations },
      }
    })
  })

/** Anything that may be asked of a namespace. */
export const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 10, arbitrary: userOperations },
  { weight: 9, arbitrary: groupOperations },
  { weight: 4, arbitrary: handOperations },
  { weight: 1, arbitrary: settingsOperation },
  { weight: 1, arbitrary: bulkOperation },
)
