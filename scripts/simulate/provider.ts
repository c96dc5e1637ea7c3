import type { Client } from './client.ts'
import type { Beliefs, BelievedGroup, Json, JsonObject } from './compare.ts'
import { isObject } from './compare.ts'
import type { Company, Person, Team } from './people.ts'

/** What a provider works with during a run. */
export interface Run {
  company: Company
  client: Client
  beliefs: Beliefs
  baseUrl: string
}

/** A step of a provider's sequence. Its tasks are independent of each other. */
export interface Phase {
  title: string
  /** Asked for when the phase starts, since it depends on what the phases before brought about. */
  tasks(): (() => Promise<void>)[]
}

/** An identity provider: how it writes requests, and in which order it sends them. */
export interface Provider {
  title: string
  /** Sent with every request, beside Authorization and Content-Type. */
  headers: Record<string, string>
  /** Whether Content-Type goes out on requests without a body too. */
  alwaysContentType: boolean
  /** The path of one page when everything is read back. */
  listPath(type: 'Users' | 'Groups', startIndex: number): string
  phases(run: Run): Phase[]
}

/** How many resources a provider asks for at once. */
export const PAGE_SIZE = 100

const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

/** A string operand of a filter. */
export function quote(text: string): string {
  return JSON.stringify(text)
}

/**
 * Percent-encodes a query value as the providers' platforms do; encodeURIComponent alone leaves
 * apostrophes and more as they are.
 */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** Enters a user into the provider's beliefs; what was sent before and is gone now is cleared. */
export function believeUser(beliefs: Beliefs, person: Person, attributes: JsonObject): void {
  if (person.id === undefined) return
  const before = beliefs.users.get(person.id)?.attributes ?? {}
  // A password is accepted and never returned.
  const merged = { ...withCleared(before, attributes), password: null }
  beliefs.users.set(person.id, { id: person.id, attributes: merged })
}

function withCleared(before: JsonObject, after: JsonObject): JsonObject {
  const merged: JsonObject = { ...after }
  for (const [name, old] of Object.entries(before)) {
    const value = after[name]
    if (value === undefined) merged[name] = null
    else if (isObject(old) && isObject(value)) merged[name] = withCleared(old, value)
  }
  return merged
}

/** Enters a new group into the provider's beliefs. */
export function believeGroup(beliefs: Beliefs, team: Team, attributes: JsonObject): void {
  if (team.id === undefined) return
  beliefs.groups.set(team.id, { id: team.id, attributes, members: new Set() })
}

/** Takes a user out of the provider's beliefs, and out of every group. */
export function forgetUser(beliefs: Beliefs, id: string): void {
  beliefs.users.delete(id)
  for (const group of beliefs.groups.values()) group.members.delete(id)
}

/** The teams that the endpoint has, with their id and what is believed of them. */
export function provisionedTeams(
  { beliefs }: Run,
  teams: readonly Team[],
): { team: Team; id: string; group: BelievedGroup }[] {
  return teams.flatMap((team) => {
    const group = team.id === undefined ? undefined : beliefs.groups.get(team.id)
    return group ? [{ team, id: group.id, group }] : []
  })
}

/** The people that the endpoint has, with their id. */
export function provisioned(
  { beliefs }: Run,
  people: readonly Person[],
): { person: Person; id: string }[] {
  return people.flatMap((person) =>
    person.id !== undefined && beliefs.users.has(person.id) ? [{ person, id: person.id }] : [],
  )
}

/** The provisioned people at some places of the list of people. */
export function members(run: Run, places: readonly number[]): { person: Person; id: string }[] {
  return provisioned(
    run,
    places.flatMap((place) => run.company.people[place] ?? []),
  )
}

/**
 * Looks a resource up and notes a difference when the number or the id found is another than
 * expected.
 *
 * @param expected - The id that must be found; undefined for none
 * @returns Whether the provider found what it expected
 */
export async function lookUp(
  { client }: Run,
  type: 'Users' | 'Groups',
  query: string,
  about: string,
  expected?: string,
): Promise<boolean> {
  const kind = `GET /${type}?filter`
  const path = `/${type}?${query}`
  const list = await client.send({ kind, method: 'GET', path, expect: 200, about })
  if (!list) return false
  const found = Array.isArray(list.Resources)
    ? list.Resources.map((resource) => (isObject(resource) ? (resource.id ?? null) : null))
    : []
  const wanted = expected === undefined ? [] : [expected]
  const resource = `${kind} of ${about}`
  const before = client.differences.length
  client.check(resource, 'id', wanted, found)
  client.check(resource, 'totalResults', wanted.length, list.totalResults)
  return client.differences.length === before
}

/** What the endpoint calls a person's manager, if there is one and it knows them. */
export function managerIdOf({ company }: Run, person: Person): string | undefined {
  return person.manager === undefined ? undefined : company.people[person.manager]?.id
}

/** The body of a PATCH. */
export function patchOf(operations: JsonObject[]): JsonObject {
  return { schemas: [PATCH_OP], Operations: operations }
}

/** Drops the entries without a value. */
export function defined(object: Record<string, Json | undefined>): JsonObject {
  const result: JsonObject = {}
  for (const [name, value] of Object.entries(object)) {
    if (value !== undefined) result[name] = value
  }
  return result
}

/** The elements of a multi-valued attribute: one for every value that is there. */
export function optional<Value>(
  value: Value | undefined,
  make: (value: Value) => JsonObject,
): JsonObject[] {
  return value === undefined ? [] : [make(value)]
}

/** People by their distance from the top, so that every manager comes before those they manage. */
export function ranks(people: readonly Person[]): Person[][] {
  const levels: Person[][] = []
  const level = (person: Person): number => {
    const manager = person.manager === undefined ? undefined : people[person.manager]
    return manager ? level(manager) + 1 : 0
  }
  for (const person of people) {
    const rank = level(person)
    const peers = levels[rank] ?? []
    peers.push(person)
    levels[rank] = peers
  }
  return levels
}
