/** The endpoint /Groups. */
import type { Json } from '../../scim/json.ts'
import { applyChanges } from '../../scim/patch/apply.ts'
import {
  dependsOnMembers,
  listedIds,
  noMemberChange,
  readMemberIds,
  reduceMemberChanges,
  separateMembers,
} from '../../scim/patch/members.ts'
import { readOperations } from '../../scim/patch/operation.ts'
import { resolveOperations } from '../../scim/patch/target.ts'
import { includes } from '../../scim/resource/projection.ts'
import { renderGroup } from '../../scim/resource/render.ts'
import { readResource, refuseImmutableChange } from '../../scim/resource/resource.ts'
import { groupType } from '../../scim/schema/resource-type.ts'
import { andThen, type Held } from '../../store/held.ts'
import {
  changeTeam,
  createTeam,
  deleteTeam,
  type NewTeam,
  readTeam,
  type StoredTeam,
  type TeamChange,
} from '../../store/teams.ts'
import type { Endpoint, WriteRequest } from './endpoint.ts'

function newTeam(body: Json): NewTeam {
  const { attributes, relations } = readResource(groupType, body)
  return { attributes, members: readMemberIds(relations.get('members') ?? null, 'members') }
}

/** What a PUT makes of a group: these members and no others; an externalId it leaves out stays. */
function replacement(body: Json): TeamChange {
  const { attributes, named, relations } = readResource(groupType, body)
  const ids = readMemberIds(relations.get('members') ?? null, 'members')
  return {
    attributes: ({ attributes: stored }) => {
      const kept = named.has('externalId') ? undefined : stored.externalId
      const next = kept === undefined ? attributes : { ...attributes, externalId: kept }
      refuseImmutableChange(groupType, stored, next)
      return next
    },
    members: () => ({ ...noMemberChange, replace: true, add: new Set(ids) }),
    dependsOnMembers: false,
  }
}

function patch({ body, spend }: WriteRequest, base: string): TeamChange {
  const changes = resolveOperations(groupType, readOperations(body), spend)
  const { members, others } = separateMembers(changes)
  const depends = dependsOnMembers(members)
  return {
    ...(others.length > 0 && {
      attributes: (current: StoredTeam) =>
        applyChanges(groupType, current.attributes, others, renderGroup(base, current), spend),
    }),
    members: (current, listed) => reduceMemberChanges(members, current, listed, spend),
    dependsOnMembers: depends,
    ...(depends ? { listed: listedIds(members) } : {}),
  }
}

/** Members are read only for an answer that shows them. */
function withMembers(request: Held<WriteRequest>): boolean {
  return request.ok && !request.value.silent && includes(request.value.projection, 'members')
}

export const groups: Endpoint = {
  type: groupType,
  async create(caller, base, request) {
    const team = andThen(request, ({ body }) => newTeam(body))
    return renderGroup(base, await createTeam(caller, team, withMembers(request)))
  },
  async read(caller, base, id, projection) {
    const shown = projection.ok && includes(projection.value, 'members')
    return renderGroup(base, await readTeam(caller, id, shown))
  },
  async change(method, caller, base, id, request, preconditions) {
    const change = andThen(request, (asked) =>
      method === 'PUT' ? replacement(asked.body) : patch(asked, base),
    )
    const shown = withMembers(request)
    return renderGroup(base, await changeTeam(caller, id, change, preconditions, shown))
  },
  remove: deleteTeam,
}
