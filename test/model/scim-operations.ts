/** Operations of SCIM on users and groups. */
import fc from 'fast-check'
import { ENTERPRISE_USER as ENTERPRISE, GROUP, PATCH_OP, USER } from '../support/payload.ts'
import type { Rule } from './directory.ts'
import { groupShapes } from './group-patches.ts'
import { aside, type Condition, type IdOf, operation, type Request } from './operation.ts'
import { member, team, user } from './references.ts'
import type { Shape } from './shape.ts'
import { deleteGroup, type GroupBody, getGroup, patchGroup, postGroup, putGroup } from './teams.ts'
import { userShapes } from './user-patches.ts'
import { deleteUser, getUser, patchUser, postUser, putUser, type UserBody } from './users.ts'
import * as values from './values.ts'

const condition = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Condition>('none') },
  fc.constantFrom<Condition>('current', 'any', 'old'),
)

export const userPath = (id: string) => `/Users/${id}`
export const groupPath = (id: string) => `/Groups/${id}`
const userTarget = (reference: string) => (idOf: IdOf) => readUser(idOf(reference))
const groupTarget = (reference: string) => (idOf: IdOf) => readGroup(idOf(reference))

export function readUser(id: string): Request {
  return { method: 'GET', path: userPath(id), rule: getUser(id) }
}

export function readGroup(id: string): Request {
  return { method: 'GET', path: groupPath(id), rule: getGroup(id) }
}

const optional = {
  externalId: values.externalId,
  displayName: values.word,
  title: values.word,
  name: fc.record(
    { givenName: values.word, familyName: values.word },
    { requiredKeys: ['givenName'] },
  ),
  emails: values.emails,
  active: fc.boolean(),
  [ENTERPRISE]: fc.record(
    { department: values.word, costCenter: values.word },
    { requiredKeys: ['department'] },
  ),
}

const { emails: _addresses, externalId: _identity, ...harmless } = optional
const harmlessly = fc.record(harmless, { requiredKeys: [] })

/** A body of a user: somebody as known, somebody mixed up, or somebody without an externalId. */
export const userBody: fc.Arbitrary<UserBody> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(values.identity, harmlessly)
      .map(([identity, more]) => ({ ...identity, ...more })),
  },
  {
    weight: 3,
    arbitrary: fc.record(
      { userName: values.userName, ...optional },
      { requiredKeys: ['userName', 'externalId'] },
    ),
  },
  fc.record(
    { userName: values.userName, ...optional, externalId: fc.constantFrom('', null) },
    { requiredKeys: ['userName'] },
  ),
) as fc.Arbitrary<UserBody>

const userContent = (body: UserBody) => ({ schemas: [USER], ...body, ...aside })
const groupContent = ({ members, ...body }: GroupBody) => ({
  schemas: [GROUP],
  ...body,
  ...(members === undefined ? {} : { members: members.map((value) => ({ value })) }),
})
export const patchContent = (operations: readonly object[]) => ({
  schemas: [PATCH_OP],
  Operations: operations,
})

export const groupBody: fc.Arbitrary<GroupBody> = fc.record(
  {
    displayName: values.teamName,
    externalId: values.externalId,
    members: fc.uniqueArray(member, { maxLength: 4 }),
  },
  { requiredKeys: ['displayName'] },
) as fc.Arbitrary<GroupBody>

function named(body: GroupBody, idOf: IdOf): GroupBody {
  return body.members === undefined ? body : { ...body, members: body.members.map(idOf) }
}

export function createUser(body: UserBody): Request {
  return { method: 'POST', path: '/Users', body: userContent(body), rule: postUser(body) }
}

export function createGroup(body: GroupBody): Request {
  return { method: 'POST', path: '/Groups', body: groupContent(body), rule: postGroup(body) }
}

/** A PATCH of these operations. */
export function patch<Effect>(
  path: string,
  shapes: readonly Shape<Effect>[],
  idOf: IdOf,
  rule: (effects: readonly Effect[]) => Rule,
): Request {
  const parts = shapes.map((shape) => shape(idOf))
  return {
    method: 'PATCH',
    path,
    body: patchContent(parts.map(({ sent }) => sent)),
    rule: rule(parts.map(({ effect }) => effect)),
  }
}

export const userOperations = fc.oneof(
  { weight: 4, arbitrary: userBody.map((body) => operation('none', () => createUser(body))) },
  {
    weight: 3,
    arbitrary: fc.tuple(user, userBody, condition).map(([reference, body, condition]) =>
      operation(
        condition,
        (idOf, tag) => {
          const id = idOf(reference)
          const rule = putUser(id, body, tag)
          return { method: 'PUT', path: userPath(id), body: userContent(body), rule }
        },
        userTarget(reference),
      ),
    ),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(user, fc.array(userShapes(user), { maxLength: 3 }), condition)
      .map(([reference, shapes, condition]) =>
        operation(
          condition,
          (idOf, tag) => {
            const id = idOf(reference)
            return patch(userPath(id), shapes, idOf, (effects) => patchUser(id, effects, tag))
          },
          userTarget(reference),
        ),
      ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(user, condition).map(([reference, condition]) =>
      operation(
        condition,
        (idOf, tag) => {
          const id = idOf(reference)
          return { method: 'DELETE', path: userPath(id), rule: deleteUser(id, tag) }
        },
        userTarget(reference),
      ),
    ),
  },
  user.map((reference) => operation('none', (idOf) => readUser(idOf(reference)))),
)

export const groupOperations = fc.oneof(
  {
    weight: 3,
    arbitrary: groupBody.map((body) => operation('none', (idOf) => createGroup(named(body, idOf)))),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(team, groupBody, condition).map(([reference, body, condition]) =>
      operation(
        condition,
        (idOf, tag) => {
          const id = idOf(reference)
          const asked = named(body, idOf)
          const rule = putGroup(id, asked, tag)
          return { method: 'PUT', path: groupPath(id), body: groupContent(asked), rule }
        },
        groupTarget(reference),
      ),
    ),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(team, fc.array(groupShapes(member), { maxLength: 3 }), condition)
      .map(([reference, shapes, condition]) =>
        operation(
          condition,
          (idOf, tag) => {
            const id = idOf(reference)
            return patch(groupPath(id), shapes, idOf, (effects) => patchGroup(id, effects, tag))
          },
          groupTarget(reference),
        ),
      ),
  },
  fc.tuple(team, condition).map(([reference, condition]) =>
    operation(
      condition,
      (idOf, tag) => {
        const id = idOf(reference)
        return { method: 'DELETE', path: groupPath(id), rule: deleteGroup(id, tag) }
      },
      groupTarget(reference),
    ),
  ),
  team.map((reference) => operation('none', (idOf) => readGroup(idOf(reference)))),
)
