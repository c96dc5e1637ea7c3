/** Reading all of a namespace, as the last requests of a history. */
import { LIST_RESPONSE } from '../support/payload.ts'
import { type Rule, showTeam, showUser } from './directory.ts'
import { byHand } from './hand-operations.ts'
import type { Request } from './operation.ts'

function listed(resources: readonly object[]): object {
  const { length } = resources
  return {
    schemas: [LIST_RESPONSE],
    ...{ totalResults: length, startIndex: 1, itemsPerPage: length, Resources: resources },
  }
}

const listUsers: Rule = (directory, context) => {
  const people = [...directory.users.values()].map((one) => showUser(directory, one, context))
  return { status: 200, body: listed(people), events: [] }
}

const listGroups: Rule = (directory, context) => {
  const teams = [...directory.teams.values()].map((one) => showTeam(directory, one, context))
  return { status: 200, body: listed(teams), events: [] }
}

const readSettings: Rule = ({ settings }) => ({ status: 200, body: { spec: settings }, events: [] })

/** Everything that there is to be seen; a history stays below one page of each. */
export const everything: readonly Request[] = [
  { method: 'GET', path: '/Users?count=200', rule: listUsers },
  { method: 'GET', path: '/Groups?count=200', rule: listGroups },
  byHand('GET', '/config/default', readSettings),
]
