/** Reading all of a namespace, as the last requests of a history. */
import { LIST_RESPONSE } from '../support/payload.ts'
import { type Directory, type Rule, showTeam, showUser } from './directory.ts'
import { byHand } from './hand-operations.ts'
import type { Request } from './operation.ts'

function listed(resources: readonly object[]): object {
  const { length } = resources
  return {
    schemas: [LIST_RESPONSE],
    ...{ totalResults: length, startIndex: 1, itemsPerPage: length, Resources: resources },
  }
}

/** What lists show: with the setting on, only what SCIM manages. */
function listable<One extends { readonly managed: boolean }>(
  { settings }: Directory,
  all: ReadonlyMap<string, One>,
): One[] {
  return [...all.values()].filter(({ managed }) => managed || !settings.hideNonProvisionedUsers)
}

const listUsers: Rule = (directory, context) => {
  const people = listable(directory, directory.users).map((one) =>
    showUser(directory, one, context),
  )
  return { status: 200, body: listed(people), events: [] }
}

const listGroups: Rule = (directory, context) => {
  const teams = listable(directory, directory.teams).map((one) => showTeam(directory, one, context))
  return { status: 200, body: listed(teams), events: [] }
}

const readSettings: Rule = ({ settings }) => ({ status: 200, body: { spec: settings }, events: [] })

/** Everything that there is to be seen; a history stays below one page of each. */
export const everything: readonly Request[] = [
  { method: 'GET', path: '/Users?count=200', rule: listUsers },
  { method: 'GET', path: '/Groups?count=200', rule: listGroups },
  byHand('GET', '/config/default', readSettings),
]
