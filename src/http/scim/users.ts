/** The endpoint /Users. */
import { applyChanges } from '../../scim/patch/apply.ts'
import { readOperations } from '../../scim/patch/operation.ts'
import { type Change, resolveOperations } from '../../scim/patch/target.ts'
import { renderUser } from '../../scim/resource/render.ts'
import {
  type ReadResource,
  readResource,
  refuseImmutableChange,
} from '../../scim/resource/resource.ts'
import { readValue } from '../../scim/resource/value.ts'
import { userType } from '../../scim/schema/resource-type.ts'
import { andThen } from '../../store/held.ts'
import { changeUser, createUser, deleteUser, readUser, type UserChange } from '../../store/users.ts'
import type { Endpoint, WriteRequest } from './endpoint.ts'

/**
 * What a PUT makes of a user. `active` and `externalId` that it does not name stay as they are,
 * since Okta puts everything back but leaves externalId out; null clears externalId.
 */
function replacement({ attributes, named }: ReadResource): UserChange {
  return ({ attributes: stored }) => {
    const kept = named.has('externalId') ? undefined : stored.externalId
    const next = kept === undefined ? attributes : { ...attributes, externalId: kept }
    refuseImmutableChange(userType, stored, next)
    return next
  }
}

/** What a PATCH makes of a user. What would unassign `active` leaves it as the operations before made it. */
function patch({ body, spend }: WriteRequest, base: string): UserChange {
  const changes = resolveOperations(userType, readOperations(body), spend).filter(
    (change) => !unassigns(change, 'active'),
  )
  return (current) =>
    applyChanges(userType, current.attributes, changes, renderUser(base, current), spend)
}

/** Whether a change takes the value of an attribute away, by removal or by writing nothing. */
function unassigns(change: Change, name: string): boolean {
  if (change.kind !== 'attribute' || change.path.attribute.name !== name) return false
  const { op, path, value = null, where } = change
  return op === 'remove' || readValue(path.attribute, value, `${where}: ${name}`) === undefined
}

export const users: Endpoint = {
  type: userType,
  async create(caller, base, request) {
    const attributes = andThen(request, ({ body }) => readResource(userType, body).attributes)
    return renderUser(base, await createUser(caller, attributes))
  },
  async read(caller, base, id) {
    return renderUser(base, await readUser(caller, id))
  },
  async change(method, caller, base, id, request, preconditions) {
    const change = andThen(request, (asked) =>
      method === 'PUT' ? replacement(readResource(userType, asked.body)) : patch(asked, base),
    )
    return renderUser(base, await changeUser(caller, id, change, preconditions))
  },
  remove: deleteUser,
}
