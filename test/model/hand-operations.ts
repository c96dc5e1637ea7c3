/** Operations by hand, on the admin API. */
import fc from 'fast-check'
import type { Rule, Settings } from './directory.ts'
import * as hand from './hand.ts'
import { operation, type Request } from './operation.ts'
import { team, user } from './references.ts'
import * as values from './values.ts'

export const byHand = (method: string, path: string, rule: Rule, body?: object): Request => ({
  ...{ method, path, rule, byHand: true },
  ...(body === undefined ? {} : { body }),
})

const login = { login: values.userName }
const form = {
  email: fc.option(values.email),
  name: fc.option(values.word),
  externalId: fc.option(values.externalId),
  isDisabled: fc.boolean(),
}

export const handOperations = fc.oneof(
  fc
    .record({ ...login, ...form }, { requiredKeys: ['login'] })
    .map((body) =>
      operation('none', () => byHand('POST', '/accounts', hand.postAccount(body), body)),
    ),
  fc.tuple(user, fc.record({ ...login, ...form }, { requiredKeys: [] })).map(([reference, body]) =>
    operation('none', (idOf) => {
      const id = idOf(reference)
      return byHand('PATCH', `/accounts/${id}`, hand.patchAccount(id, body), body)
    }),
  ),
  user.map((reference) =>
    operation('none', (idOf) => {
      const id = idOf(reference)
      return byHand('DELETE', `/accounts/${id}`, hand.deleteAccount(id))
    }),
  ),
  {
    weight: 2,
    arbitrary: user.map((reference) =>
      operation('none', (idOf) => {
        const id = idOf(reference)
        return byHand('POST', `/accounts/${id}/release`, hand.releaseAccount(id))
      }),
    ),
  },
  values.teamName.map((name) =>
    operation('none', () => byHand('POST', '/teams', hand.postTeam(name), { name })),
  ),
  fc.tuple(team, values.teamName).map(([reference, name]) =>
    operation('none', (idOf) => {
      const id = idOf(reference)
      return byHand('PATCH', `/teams/${id}`, hand.patchTeam(id, name), { name })
    }),
  ),
  team.map((reference) =>
    operation('none', (idOf) => {
      const id = idOf(reference)
      return byHand('DELETE', `/teams/${id}`, hand.deleteTeam(id))
    }),
  ),
  team.map((reference) =>
    operation('none', (idOf) => {
      const id = idOf(reference)
      return byHand('POST', `/teams/${id}/release`, hand.releaseTeam(id))
    }),
  ),
  fc.tuple(team, user).map(([reference, other]) =>
    operation('none', (idOf) => {
      const [id, userId] = [idOf(reference), idOf(other)]
      const rule = hand.changeMembers(id, { kind: 'add', user: userId })
      return byHand('POST', `/teams/${id}/members`, rule, { userId })
    }),
  ),
  fc.tuple(team, fc.uniqueArray(user, { maxLength: 3 })).map(([reference, others]) =>
    operation('none', (idOf) => {
      const [id, members] = [idOf(reference), [...new Set(others.map(idOf))]]
      const rule = hand.changeMembers(id, { kind: 'replace', users: members })
      return byHand('PUT', `/teams/${id}/members`, rule, { members })
    }),
  ),
  fc.tuple(team, user).map(([reference, other]) =>
    operation('none', (idOf) => {
      const [id, userId] = [idOf(reference), idOf(other)]
      const rule = hand.changeMembers(id, { kind: 'remove', user: userId })
      return byHand('DELETE', `/teams/${id}/members/${userId}`, rule)
    }),
  ),
)

const on = fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false))
const off = on.map((value) => !value)
export const settingsOperation = fc
  .record(
    {
      ...{ enableUserSync: on, enableGroupSync: on },
      ...{ requireExternalId: fc.boolean(), hideNonProvisionedUsers: off },
    },
    { requiredKeys: ['enableUserSync', 'enableGroupSync'] },
  )
  .map((spec: Partial<Settings>) =>
    operation('none', () => byHand('PUT', '/config/default', hand.putSettings(spec), { spec })),
  )
