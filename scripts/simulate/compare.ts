// What the identity provider believes against what the endpoint returns. Pure.

/** Any value that JSON can carry. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }
/** A JSON object. */
export type JsonObject = { [name: string]: Json }

/** URN of the core user. */
export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
/** URN of the enterprise extension. */
export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
/** URN of the core group. */
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'

/** Something that is not as the provider believes it to be. */
export interface Difference {
  /** The resource or the request, such as `User ada@example.com`. */
  resource: string
  /** The attribute as a path, `status` for an answer, or `(resource)` for the resource itself. */
  attribute: string
  expected: string
  actual: string
}

/** A user as the provider believes it to be. */
export interface BelievedUser {
  id: string
  /** Every attribute the provider ever sent; null where it has cleared one. */
  attributes: JsonObject
}

/** A group as the provider believes it to be; members are ids of users. */
export interface BelievedGroup {
  id: string
  /** displayName and, if the provider has one, externalId. */
  attributes: JsonObject
  members: Set<string>
}

/** The provider's whole directory. */
export interface Beliefs {
  /** Starts every userName and displayName of this run, so that leftovers can be told. */
  run: string
  users: Map<string, BelievedUser>
  groups: Map<string, BelievedGroup>
}

/** What the endpoint returned: every user and group it lists. */
export interface Snapshot {
  users: JsonObject[]
  groups: JsonObject[]
}

const ABSENT = '(absent)'

/**
 * Lists every difference between a provider's directory and the resources of an endpoint: missing
 * and unexpected resources, attributes, and memberships seen from both sides. Resources of other
 * runs are left alone.
 */
export function compare(beliefs: Beliefs, snapshot: Snapshot): Difference[] {
  return [
    ...compareAll('User', beliefs.users, snapshot.users, 'userName', beliefs.run, (user, found) => [
      ...compareSchemas(user.attributes, found),
      ...compareObject('', user.attributes, found),
      ...compareGroupsOf(user, found, beliefs.groups),
    ]),
    ...compareAll(
      'Group',
      beliefs.groups,
      snapshot.groups,
      'displayName',
      beliefs.run,
      (group, found) => [
        ...compareObject('', group.attributes, found),
        ...compareIds('members', group.members, referencesOf(found.members)),
      ],
    ),
  ]
}

type Finding = Omit<Difference, 'resource'>

function compareAll<Believed extends { id: string; attributes: JsonObject }>(
  type: string,
  believed: ReadonlyMap<string, Believed>,
  listed: readonly JsonObject[],
  nameAttribute: string,
  run: string,
  inspect: (believed: Believed, found: JsonObject) => Finding[],
): Difference[] {
  const byId = new Map(listed.map((resource) => [String(resource.id), resource]))
  const differences: Difference[] = []
  for (const resource of believed.values()) {
    const found = byId.get(resource.id)
    const label = `${type} ${String(resource.attributes[nameAttribute])}`
    const findings = found ? inspect(resource, found) : [presence('present', 'missing')]
    differences.push(...findings.map((finding) => ({ resource: label, ...finding })))
  }
  for (const resource of listed) {
    const name = String(resource[nameAttribute])
    if (!name.startsWith(run) || believed.has(String(resource.id))) continue
    differences.push({ resource: `${type} ${name}`, ...presence('absent', 'present') })
  }
  return differences
}

function presence(expected: string, actual: string): Finding {
  return { attribute: '(resource)', expected, actual }
}

function compareSchemas(attributes: JsonObject, found: JsonObject): Finding[] {
  const listed = Array.isArray(found.schemas) ? found.schemas : []
  const expected = attributes[ENTERPRISE_USER] ? [USER, ENTERPRISE_USER] : [USER]
  return expected
    .filter((urn) => !listed.includes(urn))
    .map((urn) => ({ attribute: 'schemas', expected: urn, actual: show(found.schemas) }))
}

function compareObject(prefix: string, expected: JsonObject, actual: JsonObject): Finding[] {
  return Object.entries(expected).flatMap(([name, value]) =>
    compareValue(join(prefix, name), value, actual[name]),
  )
}

/** The attributes of an extension follow its URN after a colon, sub-attributes follow a dot. */
function join(prefix: string, name: string): string {
  if (prefix === '') return name
  return prefix === ENTERPRISE_USER ? `${prefix}:${name}` : `${prefix}.${name}`
}

function compareValue(path: string, expected: Json, actual: Json | undefined): Finding[] {
  if (isEmpty(expected)) return isEmpty(actual) ? [] : [differ(path, undefined, actual)]
  if (Array.isArray(expected)) {
    return Array.isArray(actual)
      ? compareElements(path, expected, actual)
      : [differ(path, expected, actual)]
  }
  if (isObject(expected)) {
    return isObject(actual)
      ? compareObject(path, expected, actual)
      : [differ(path, expected, actual)]
  }
  return expected === actual ? [] : [differ(path, expected, actual)]
}

/** The order of a multi-valued attribute means nothing: elements meet by their type, or value. */
function compareElements(
  path: string,
  expected: readonly Json[],
  actual: readonly Json[],
): Finding[] {
  const left = [...actual]
  const findings: Finding[] = []
  for (const element of expected) {
    const key = isObject(element) && typeof element.type === 'string' ? 'type' : 'value'
    const wanted = isObject(element) ? element[key] : element
    const place = left.findIndex((other) => (isObject(other) ? other[key] : other) === wanted)
    const label = `${path}[${key} eq ${show(wanted)}]`
    const [found] = place < 0 ? [] : left.splice(place, 1)
    findings.push(...compareValue(label, element, found))
  }
  return [...findings, ...left.map((element) => differ(path, undefined, element))]
}

function compareGroupsOf(
  user: BelievedUser,
  found: JsonObject,
  groups: ReadonlyMap<string, BelievedGroup>,
): Finding[] {
  const expected = [...groups.values()].filter((group) => group.members.has(user.id))
  const findings = compareIds(
    'groups',
    new Set(expected.map((group) => group.id)),
    referencesOf(found.groups),
  )
  // The name of a group is optional in `groups`, but where it is given it must be the current one.
  for (const entry of Array.isArray(found.groups) ? found.groups : []) {
    if (!isObject(entry) || entry.display === undefined) continue
    const name = groups.get(String(entry.value))?.attributes.displayName
    if (name === undefined || name === entry.display) continue
    findings.push(differ(`groups[value eq ${show(entry.value)}].display`, name, entry.display))
  }
  return findings
}

function compareIds(
  path: string,
  expected: ReadonlySet<string>,
  actual: readonly string[],
): Finding[] {
  const left = new Set(actual)
  const repeated = actual.filter((id, index) => actual.indexOf(id) !== index)
  return [
    ...[...expected].filter((id) => !left.has(id)).map((id) => differ(path, id, undefined)),
    ...[...left].filter((id) => !expected.has(id)).map((id) => differ(path, undefined, id)),
    ...repeated.map((id) => ({
      attribute: path,
      expected: `${id} once`,
      actual: `${id} repeated`,
    })),
  ]
}

function referencesOf(value: Json | undefined): string[] {
  if (!Array.isArray(value)) return []
  return value.map((entry) => String(isObject(entry) ? entry.value : entry))
}

function differ(attribute: string, expected: Json | undefined, actual: Json | undefined): Finding {
  return { attribute, expected: show(expected), actual: show(actual) }
}

function show(value: Json | undefined): string {
  return value === undefined ? ABSENT : JSON.stringify(value)
}

/** Tells a JSON object from every other value. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** RFC 7643 section 2.5: null, an empty array and no value at all are the same state. */
function isEmpty(value: Json | undefined): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length)
  )
}
