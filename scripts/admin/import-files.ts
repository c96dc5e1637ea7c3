// Reads the people, teams and members that are to be imported: what Grafana's own API exports
// (/api/org/users, /api/users/search, /api/teams/search, /api/teams/{id}/members), or CSV.
import { fold } from '../../src/scim/comparison.ts'
import { type Row, readDataFile } from '../lib/data-file.ts'

/** An entry of a file, and where it stands: `users.csv, line 3`. */
export interface Entry<T> {
  readonly place: string
  readonly value: T
}

/** A person as the import takes it; what is missing is left as it is. */
export interface ImportUser {
  readonly login: string
  readonly email?: string
  readonly name?: string
  readonly isDisabled?: boolean
  readonly grafanaId?: number
  readonly grafanaUid?: string
}

export interface ImportTeam {
  readonly name: string
  readonly grafanaId?: number
  readonly grafanaUid?: string
}

/** Who is in which team: the team by its name, the person by login or else by e-mail. */
export type ImportMember =
  | { readonly team: string; readonly login: string }
  | { readonly team: string; readonly email: string }

/** What the files hold, each entry once and in their order. */
export interface Plan {
  readonly users: readonly Entry<ImportUser>[]
  readonly teams: readonly Entry<ImportTeam>[]
  readonly members: readonly Entry<ImportMember>[]
}

/** The names of the files. */
export interface ImportFiles {
  readonly users: readonly string[]
  readonly teams: readonly string[]
  readonly members: readonly string[]
}

/** The columns of CSV. Grafana's JSON has more members, which say nothing here. */
const COLUMNS = {
  users: ['login', 'email', 'name', 'isDisabled', 'grafanaId', 'grafanaUid'],
  teams: ['name', 'grafanaId', 'grafanaUid'],
  members: ['team', 'login', 'email'],
} as const

/**
 * Reads the files to the end, so that all that is wrong with their values is told at once.
 *
 * @returns The plan, and a sentence for every value that does not fit; with any, the plan has gaps
 * @throws Failure when a file cannot be read or is neither JSON nor CSV
 */
export function readPlan(files: ImportFiles): { plan: Plan; problems: readonly string[] } {
  const problems: string[] = []
  const teamRows = readFiles(files.teams, COLUMNS.teams, problems)
  const plan = {
    users: readUsers(readFiles(files.users, COLUMNS.users, problems), problems),
    teams: readTeams(teamRows, problems),
    members: readMembers(
      readFiles(files.members, COLUMNS.members, problems),
      teamNames(teamRows),
      problems,
    ),
  }
  return { plan, problems }
}

function readFiles(
  paths: readonly string[],
  columns: readonly string[],
  problems: string[],
): readonly Row[] {
  return paths.flatMap((path) => {
    const rows = readDataFile(path)
    if (/\.csv$/i.test(path)) {
      // A misspelt column would silently leave out what it holds.
      for (const name of Object.keys(rows[0]?.record ?? {})) {
        if (columns.includes(name)) continue
        problems.push(`${path}, column ${name}: it is not one of ${columns.join(', ')}.`)
      }
    }
    return rows.map(({ place, record }) => ({ place: `${path}, ${place}`, record }))
  })
}

function readUsers(rows: readonly Row[], problems: string[]): Entry<ImportUser>[] {
  const users = new Map<string, Entry<ImportUser>>()
  for (const row of rows) {
    const login = requiredText(row, 'login', problems)
    const email = textOf(row, 'email', problems)
    const name = textOf(row, 'name', problems)
    const isDisabled = flagOf(row, 'isDisabled', problems)
    if (login === undefined) continue
    const value = {
      login,
      ...(email === undefined ? {} : { email }),
      ...(name === undefined ? {} : { name }),
      ...(isDisabled === undefined ? {} : { isDisabled }),
      ...grafanaIdsOf(row, ['grafanaId', 'userId', 'id'], problems),
    }
    addOnce(users, fold(login), { place: row.place, value }, 'login', login, problems)
  }
  return [...users.values()]
}

function readTeams(rows: readonly Row[], problems: string[]): Entry<ImportTeam>[] {
  const teams = new Map<string, Entry<ImportTeam>>()
  for (const row of rows) {
    const name = requiredText(row, 'name', problems)
    if (name === undefined) continue
    const value = { name, ...grafanaIdsOf(row, ['grafanaId', 'id'], problems) }
    addOnce(teams, fold(name), { place: row.place, value }, 'name', name, problems)
  }
  return [...teams.values()]
}

/** The names of exported teams by what their members call them: `id 7` or `uid abc`. */
function teamNames(rows: readonly Row[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { record } of rows) {
    if (typeof record.name !== 'string') continue
    if (isIdentifier(record.id)) names.set(`id ${record.id}`, record.name)
    if (isIdentifier(record.uid)) names.set(`uid ${record.uid}`, record.name)
  }
  return names
}

function readMembers(
  rows: readonly Row[],
  names: ReadonlyMap<string, string>,
  problems: string[],
): Entry<ImportMember>[] {
  const members = new Map<string, Entry<ImportMember>>()
  for (const row of rows) {
    const team = teamOf(row, names, problems)
    const login = textOf(row, 'login', problems)
    const email = textOf(row, 'email', problems)
    const person = login === undefined ? email : login
    if (person === undefined) {
      problems.push(`${row.place}, column login: it is missing, and so is email; give either.`)
    }
    if (team === undefined || person === undefined) continue
    const value = login === undefined ? { team, email: person } : { team, login }
    const key = JSON.stringify([fold(team), login === undefined, fold(person)])
    if (!members.has(key)) members.set(key, { place: row.place, value })
  }
  return [...members.values()]
}

/** The name of the team that a member is of: as it is given, or found by its id among the teams. */
function teamOf(
  row: Row,
  names: ReadonlyMap<string, string>,
  problems: string[],
): string | undefined {
  const { team, teamId, teamUID } = row.record
  const isNumbered = isIdentifier(teamId)
  if (!isEmpty(team) || (!isNumbered && !isIdentifier(teamUID))) {
    return requiredText(row, 'team', problems)
  }
  const found = names.get(`id ${teamId}`) ?? names.get(`uid ${teamUID}`)
  if (found === undefined) {
    const [column, id] = isNumbered ? ['teamId', teamId] : ['teamUID', teamUID]
    problems.push(
      `${row.place}, column ${column}: no team of the --teams files is known by ${id}; ` +
        'give --teams what /api/teams/search returns.',
    )
  }
  return found
}

/** Exports overlap; but whoever is given twice must be the same both times. */
function addOnce<T>(
  entries: Map<string, Entry<T>>,
  key: string,
  entry: Entry<T>,
  column: string,
  known: string,
  problems: string[],
): void {
  const before = entries.get(key)
  if (before === undefined) {
    entries.set(key, entry)
  } else if (JSON.stringify(before.value) !== JSON.stringify(entry.value)) {
    problems.push(
      `${entry.place}, column ${column}: ${known} stands differently in ${before.place}; ` +
        'leave one of them.',
    )
  }
}

function requiredText(row: Row, column: string, problems: string[]): string | undefined {
  if (isEmpty(row.record[column])) problems.push(`${row.place}, column ${column}: it is missing.`)
  return textOf(row, column, problems)
}

function textOf(row: Row, column: string, problems: string[]): string | undefined {
  const value = row.record[column]
  if (isEmpty(value)) return undefined
  if (typeof value !== 'string') {
    problems.push(`${row.place}, column ${column}: it is not a text.`)
    return undefined
  }
  if (value.includes('\0') || !value.isWellFormed()) {
    problems.push(`${row.place}, column ${column}: it holds a character that no text may hold.`)
    return undefined
  }
  return value
}

/** What Grafana calls somebody or something: the first of the columns that holds a number, and the uid. */
function grafanaIdsOf(row: Row, columns: readonly string[], problems: string[]) {
  const column = columns.find((name) => !isEmpty(row.record[name]))
  const text = column === undefined ? undefined : String(row.record[column])
  const isNumber = text !== undefined && /^[1-9]\d{0,14}$/.test(text)
  if (text !== undefined && !isNumber && column === 'grafanaId') {
    problems.push(`${row.place}, column ${column}: it is not the number that Grafana gives.`)
  }
  const uid = textOf(row, isEmpty(row.record.grafanaUid) ? 'uid' : 'grafanaUid', problems)
  return {
    ...(isNumber ? { grafanaId: Number(text) } : {}),
    ...(uid === undefined ? {} : { grafanaUid: uid }),
  }
}

function flagOf(row: Row, column: string, problems: string[]): boolean | undefined {
  const value = row.record[column]
  if (isEmpty(value)) return undefined
  const word = typeof value === 'string' ? value.toLowerCase() : value
  if (word === true || word === 'true') return true
  if (word === false || word === 'false') return false
  problems.push(`${row.place}, column ${column}: give true or false.`)
  return undefined
}

/** Grafana writes an empty text where there is nothing. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
}

function isIdentifier(value: unknown): value is string | number {
  return typeof value === 'number' || (typeof value === 'string' && value !== '')
}
