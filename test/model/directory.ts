/**
 * A directory in memory: what a namespace holds by the rules of RFC 7643 and 7644 and of the product.
 * It shares nothing with the source, so that a slip there does not pass unseen here.
 */
import { ENTERPRISE_USER as ENTERPRISE, GROUP, USER } from '../support/payload.ts'

export type Value = string | boolean | Value[] | { [name: string]: Value }
export type Attributes = { [name: string]: Value }

/** A user. Times are milliseconds since 1970. */
export interface Person {
  readonly id: string
  readonly created: number
  attributes: Attributes
  managed: boolean
  /** Moves with every write that has an effect. */
  revision: number
  modified: number
  /** When earlier logins ended; 0 where they never did. */
  sessionsFrom: number
}

export interface Team {
  readonly id: string
  readonly created: number
  displayName: string
  externalId?: string | undefined
  managed: boolean
  revision: number
  modified: number
  /** The ids of the members, and whether each was brought along by an adoption and not named since. */
  members: Map<string, boolean>
}

/** A deleted account. */
export interface Departed {
  readonly id: string
  readonly created: number
  readonly revision: number
  /** What it is taken up again by. */
  externalId: string | undefined
}

export interface Settings {
  enableUserSync: boolean
  enableGroupSync: boolean
  rejectNonProvisionedUsers: boolean
  requireExternalId: boolean
  hideNonProvisionedUsers: boolean
}

export interface Directory {
  settings: Settings
  readonly users: Map<string, Person>
  readonly teams: Map<string, Team>
  readonly retained: Map<string, Departed>
  /** What was there before SCIM took it, and the revision that this made. */
  readonly before: Map<string, { readonly revision: number; readonly image: Value }>
}

export function emptyDirectory(): Directory {
  return {
    settings: {
      enableUserSync: true,
      enableGroupSync: true,
      rejectNonProvisionedUsers: false,
      requireExternalId: true,
      hideNonProvisionedUsers: false,
    },
    users: new Map(),
    teams: new Map(),
    retained: new Map(),
    before: new Map(),
  }
}

/** What a request is carried out with, beside what it says. */
export interface Context {
  /** The id of what is created, if anything is. */
  readonly id: string
  readonly at: number
  /** The base URL of the namespace. */
  readonly base: string
  /** The digest of a user's groups in its version, as it was seen; undefined for groups never seen. */
  readonly digestOf: (groups: string) => string | undefined
}

/** An event that a request leaves. */
export interface Occurrence {
  readonly action: string
  readonly subject: string
  readonly changes: object
}

/** What a request is answered, and the events that it leaves. */
export interface Outcome {
  readonly status: number
  readonly scimType?: string | undefined
  /** All of the body, or for the admin API what matters of it. */
  readonly body?: object | undefined
  readonly version?: string | undefined
  readonly events: readonly Occurrence[]
}

/** What becomes of a directory by one request. Whatever it throws, it throws before it changes anything. */
export type Rule = (directory: Directory, context: Context) => Outcome

/** A refusal. */
export class Refused {
  readonly status: number
  readonly scimType: string | undefined
  constructor(status: number, scimType?: string) {
    this.status = status
    this.scimType = scimType
  }
}

/**
 * Runs the effects of a PATCH in their order. Where several are refused, any of them may be told:
 * whether paths are judged before values is left to the server.
 *
 * @throws Refused with the scimTypes of all that were, separated by a space
 */
export function inOrder(effects: readonly (() => void)[]): void {
  const refused = effects.flatMap((effect) => {
    try {
      effect()
      return []
    } catch (error) {
      if (error instanceof Refused) return [error]
      throw error
    }
  })
  const [first] = refused
  if (first === undefined) return
  throw new Refused(first.status, refused.map(({ scimType }) => scimType).join(' '))
}

/** Applies a rule; a refusal is an answer, too. */
export function apply(rule: Rule, directory: Directory, context: Context): Outcome {
  try {
    return rule(directory, context)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { status: error.status, scimType: error.scimType, events: [] }
  }
}

/** What names and addresses are compared by: width map, lower case, NFC, code point by code point. */
export function fold(text: string): string {
  const narrow = [...text].map((character) => {
    const code = character.codePointAt(0) ?? 0
    const wide = code >= 0xff01 && code <= 0xff5e
    return (wide ? String.fromCodePoint(code - 0xfee0) : character).toLowerCase()
  })
  return narrow.join('').normalize('NFC')
}

/** JSON with the members of objects in order: equal for what is equal. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

/** The same for what means the same: an element whose `primary` is false is just not primary. */
export function meaning(value: unknown): string {
  return canonical(
    JSON.parse(JSON.stringify(value ?? null), (name, part) =>
      name === 'primary' && part === false ? undefined : part,
    ),
  )
}

/** What two elements of one type and value say: the second wins, and either makes it primary. */
export function joined(first: Element, second: Element): Element {
  const primary = first.primary === true || second.primary === true
  return { ...first, ...second, ...(primary ? { primary } : {}) }
}

/** Whether two elements are one: of one type and value, or without a value and the same. */
export function areOne(a: Element, b: Element): boolean {
  const key = ({ type, value }: Element) => [fold(String(type ?? '')), fold(String(value ?? ''))]
  const valued = (a.value ?? '') !== ''
  return valued ? canonical(key(a)) === canonical(key(b)) : meaning(a) === meaning(b)
}

/** A list in which one type and value stand in one element; of two that are one, one may win. */
export function onceEach(elements: Element[], wins = (_one: Element) => true): Element[] {
  const single: Element[] = []
  for (const element of elements) {
    const at = single.findIndex((one) => areOne(one, element))
    const twin = single[at]
    if (twin === undefined) single.push(element)
    else single[at] = wins(element) ? joined(twin, element) : joined(element, twin)
  }
  return single
}

export type Element = { [name: string]: Value }

export function elementsOf(value: Value | undefined): Element[] {
  return Array.isArray(value) ? (value as Element[]) : []
}

/** The element that holds the account e-mail: the primary work one, else the first work one, … */
export function accountElement({ emails }: Attributes): Element | undefined {
  const all = elementsOf(emails).filter(({ value }) => value !== undefined && value !== '')
  const work = all.filter(({ type }) => fold(String(type ?? '')) === 'work')
  const primary = ({ primary }: Element) => primary === true
  return work.find(primary) ?? work[0] ?? all.find(primary) ?? all[0]
}

/** What an account is told apart by. */
export function keysOf(attributes: Attributes) {
  const email = accountElement(attributes)?.value
  const { externalId } = attributes
  return {
    userName: fold(String(attributes.userName)),
    externalId: externalId === undefined ? undefined : String(externalId),
    email: email === undefined ? undefined : fold(String(email)),
  }
}

/** Who has one of the unique values, in the order in which clashes are told. */
export function holdersOf({ users }: Directory, attributes: Attributes) {
  const wanted = keysOf(attributes)
  const holder = (name: keyof typeof wanted) =>
    [...users.values()].find(
      (person) => wanted[name] !== undefined && keysOf(person.attributes)[name] === wanted[name],
    )
  return {
    userName: holder('userName'),
    externalId: holder('externalId'),
    email: holder('email'),
  }
}

/** Whether two texts differ in nothing but the case of ASCII letters. */
export function differInCaseAlone(one: unknown, other: unknown): boolean {
  const lower = (text: unknown) => String(text).replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  return lower(one) === lower(other)
}

/** The account that a new user takes over: by userName or else by e-mail, but for their ASCII case. */
export function adoptedBy(directory: Directory, given: Attributes): Person | undefined {
  const { userName, email } = holdersOf(directory, given)
  const free = (holder: Person | undefined) => (holder?.managed === false ? holder : undefined)
  const named = free(userName)
  if (named && differInCaseAlone(named.attributes.userName, given.userName)) return named
  const addressed = free(email)
  const addressOf = (attributes: Attributes) => accountElement(attributes)?.value
  if (addressed === undefined) return undefined
  const same = differInCaseAlone(addressOf(addressed.attributes), addressOf(given))
  return same ? addressed : undefined
}

/** The teams of a user in the order of their ids. */
export function teamsOf({ teams }: Directory, id: string): Team[] {
  return [...teams.values()]
    .filter(({ members }) => members.has(id))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** The groups of a user as the digest in its version sees them. */
export function groupsText(groups: readonly { readonly id: string; readonly name: string }[]) {
  return JSON.stringify(groups.map(({ id, name }) => [id, name]))
}

/** The version of a user: its revision, and a digest of the ids and names of its teams. */
export function userVersion(directory: Directory, { id, revision }: Person, context: Context) {
  const groups = teamsOf(directory, id).map((team) => ({ id: team.id, name: team.displayName }))
  return `W/"${revision}-${context.digestOf(groupsText(groups)) ?? '?'}"`
}

export function teamVersion({ revision }: Team): string {
  return `W/"${revision}"`
}

/** A user as a client sees it. */
export function showUser(directory: Directory, person: Person, context: Context): object {
  const { base } = context
  const { id, attributes } = person
  const { [ENTERPRISE]: extension, ...core } = attributes as { [ENTERPRISE]?: Element }
  const manager = (extension?.manager as Element | undefined)?.value
  const boss = directory.users.get(String(manager))?.attributes.displayName
  const groups = teamsOf(directory, id).map((team) => ({
    value: team.id,
    $ref: `${base}/Groups/${team.id}`,
    display: team.displayName,
    type: 'direct',
  }))
  return {
    schemas: extension === undefined ? [USER] : [USER, ENTERPRISE],
    id,
    ...core,
    ...(extension === undefined ? {} : { [ENTERPRISE]: extension }),
    ...(extension === undefined || manager === undefined
      ? {}
      : {
          [ENTERPRISE]: {
            ...extension,
            manager: {
              value: manager,
              $ref: `${base}/Users/${manager}`,
              ...(boss === undefined ? {} : { displayName: boss }),
            },
          },
        }),
    ...(groups.length === 0 ? {} : { groups }),
    meta: {
      resourceType: 'User',
      created: new Date(person.created).toISOString(),
      lastModified: new Date(person.modified).toISOString(),
      location: `${base}/Users/${id}`,
      version: userVersion(directory, person, context),
    },
  }
}

/** The attributes of a team as events tell them. */
export function teamAttributes({ displayName, externalId }: Team): Attributes {
  return { ...(externalId === undefined ? {} : { externalId }), displayName }
}

/** A team as a client sees it. */
export function showTeam({ users }: Directory, team: Team, { base }: Context): object {
  const members = [...team.members.keys()].sort().map((value) => {
    const { displayName, userName } = users.get(value)?.attributes ?? {}
    const display = String(displayName ?? userName)
    return { value, $ref: `${base}/Users/${value}`, type: 'User', display }
  })
  return {
    schemas: [GROUP],
    id: team.id,
    ...teamAttributes(team),
    members,
    meta: {
      resourceType: 'Group',
      created: new Date(team.created).toISOString(),
      lastModified: new Date(team.modified).toISOString(),
      location: `${base}/Groups/${team.id}`,
      version: teamVersion(team),
    },
  }
}
