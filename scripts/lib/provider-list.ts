// The people, groups and mappings in the files that identity providers and Grafana export.

import { basename } from 'node:path'
import { isRecord, type Row, readDataFile, rowFailure, textOf } from './data-file.ts'

/** A person as a provider would provision them. */
export interface Person {
  readonly userName: string
  readonly externalId?: string
  readonly email?: string
  readonly displayName?: string
}

/** A group as a provider would push it. */
export interface Group {
  readonly displayName: string
  readonly externalId?: string
}

/** A mapping of Team Sync; the team is known by its id or name. */
export interface TeamMapping {
  readonly groupId: string
  /** Its id or name; a number is the id that Grafana gives it. */
  readonly team: string | number
}

/**
 * What each value is called, in the order in which a name goes before others: SCIM, Okta's exports
 * and API, Entra ID's exports and Microsoft Graph. Case, blanks and `_` do not count.
 */
const NAMES = {
  userName: ['username', 'login', 'userprincipalname', 'upn'],
  externalId: ['externalid', 'objectid', 'id', 'userid', 'oktaid'],
  email: ['email', 'mail', 'emailaddress', 'primaryemail', 'workemail'],
  displayName: ['displayname', 'fullname', 'name'],
  firstName: ['firstname', 'givenname'],
  lastName: ['lastname', 'surname', 'familyname'],
  groupName: ['displayname', 'groupname', 'name'],
  groupId: ['groupid'],
  team: ['team', 'teamname', 'teamid', 'teamuid'],
} as const

/** The values of a record by their names in lower case, without blanks, `-` and `_`. */
function folded(record: Row['record']): Record<string, unknown> {
  const entries = Object.entries(record)
    // What the attributes of Okta's API are in, and what SCIM calls its parts.
    .flatMap(([name, value]) =>
      name === 'profile' && isRecord(value) ? [...Object.entries(value)] : [[name, value] as const],
    )
    .map(([name, value]) => [name.toLowerCase().replace(/[\s_-]/g, ''), value] as const)
  return Object.fromEntries(entries)
}

function firstOf(record: Record<string, unknown>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = textOf(record, name)
    if (text !== undefined) return text
  }
  return undefined
}

/** The e-mail that Grafana uses, where SCIM lists several: primary work, work, primary, the first. */
function listedEmail(emails: unknown): string | undefined {
  if (!Array.isArray(emails)) return undefined
  const all = emails.filter(isRecord).filter((one) => textOf(one, 'value') !== undefined)
  const work = all.filter(({ type }) => typeof type === 'string' && type.toLowerCase() === 'work')
  const isPrimary = ({ primary }: Record<string, unknown>) => primary === true
  const chosen = work.find(isPrimary) ?? work[0] ?? all.find(isPrimary) ?? all[0]
  return chosen && textOf(chosen, 'value')
}

function given<Name extends string>(name: Name, value: string | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: string }
}

function toPerson(row: Row, fileName: string): Person {
  const record = folded(row.record)
  const userName = firstOf(record, NAMES.userName)
  if (userName === undefined) {
    throw rowFailure(
      fileName,
      row,
      'userName',
      'nobody is named; give userName, login or userPrincipalName.',
    )
  }
  const names = [firstOf(record, NAMES.firstName), firstOf(record, NAMES.lastName)]
  const fullName = names.flatMap((name) => name ?? []).join(' ') || undefined
  return {
    userName,
    // In the list of a SCIM server, id is what that server made.
    ...given(
      'externalId',
      firstOf(record, 'schemas' in row.record ? ['externalid'] : NAMES.externalId),
    ),
    ...given('email', listedEmail(row.record.emails) ?? firstOf(record, NAMES.email)),
    ...given('displayName', firstOf(record, NAMES.displayName) ?? fullName),
  }
}

function toGroup(row: Row, fileName: string): Group {
  const record = folded(row.record)
  const displayName = firstOf(record, NAMES.groupName)
  if (displayName === undefined) {
    throw rowFailure(fileName, row, 'displayName', 'the group has no name; give displayName.')
  }
  // Okta pushes groups without externalId; its id means nothing to the other side.
  const isForeign = 'schemas' in row.record || isRecord(row.record.profile)
  const externalId = firstOf(record, isForeign ? ['externalid'] : ['externalid', 'objectid', 'id'])
  return { displayName, ...given('externalId', externalId) }
}

function toMapping(row: Row, fileName: string): TeamMapping {
  const record = folded(row.record)
  const [groupId, team] = [firstOf(record, NAMES.groupId), firstOf(record, NAMES.team)]
  if (groupId === undefined) {
    throw rowFailure(fileName, row, 'groupId', 'give the id of the group.')
  }
  if (team === undefined)
    throw rowFailure(fileName, row, 'team', 'give the name or id of the team.')
  // Grafana's own answer has its number of the team, and no name.
  const { teamid } = record
  return { groupId, team: typeof teamid === 'number' && team === String(teamid) ? teamid : team }
}

/** Reads a file and makes something of each of its records. */
function readEach<T>(path: string, read: (row: Row, fileName: string) => T): T[] {
  return readDataFile(path).map((row) => read(row, basename(path)))
}

/** The people in a file. @throws Failure naming the place where one has no userName */
export const readPeople = (path: string): Person[] => readEach(path, toPerson)

/** The groups in a file. @throws Failure naming the place where one has no name */
export const readGroups = (path: string): Group[] => readEach(path, toGroup)

/** The mappings in a file. @throws Failure naming the place where one is not complete */
export const readMappings = (path: string): TeamMapping[] => readEach(path, toMapping)
