/** What SCIM does to users (design: “Users”; RFC 7644 §3.3, §3.5, §3.6). */
import { ENTERPRISE_USER as ENTERPRISE } from '../support/payload.ts'
import {
  type Attributes,
  adoptedBy,
  type Context,
  canonical,
  type Directory,
  type Element,
  elementsOf,
  holdersOf,
  inOrder,
  keysOf,
  meaning,
  type Occurrence,
  type Outcome,
  onceEach,
  type Person,
  Refused,
  type Rule,
  showUser,
  teamsOf,
  userVersion,
} from './directory.ts'

/** A body: attributes, of which null says that there is no value. */
export type UserBody = { readonly [name: string]: Attributes[string] | null }

/** A change of a user by PATCH: throws `Refused` where it cannot be made. */
export type UserEffect = (draft: Attributes) => void

/** The names of the attributes that differ, with their values before and after. */
export function difference(before: Attributes, after: Attributes) {
  const names = Object.keys({ ...before, ...after }).filter(
    (name) => meaning(before[name]) !== meaning(after[name]),
  )
  const pick = (from: Attributes) =>
    Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))
  return { before: pick(before), after: pick(after) }
}

/** The attributes that a body assigns: an empty externalId is none, an empty list is no value. */
function assigned(body: UserBody): Attributes {
  const entries = Object.entries(body).filter(
    ([name, value]) =>
      value !== null && canonical(value) !== '[]' && !(name === 'externalId' && value === ''),
  )
  const given = structuredClone(Object.fromEntries(entries)) as Attributes
  if (given.emails !== undefined) given.emails = onceEach(elementsOf(given.emails))
  return given
}

function requireSync({ settings }: Directory): void {
  if (!settings.enableUserSync) throw new Refused(403)
}

function found({ users }: Directory, id: string): Person {
  const person = users.get(id)
  if (person === undefined) throw new Refused(404)
  return person
}

function requireVersion(directory: Directory, person: Person, tag: Tag, context: Context): void {
  if (tag === undefined || tag === '*') return
  if (tag !== userVersion(directory, person, context)) throw new Refused(412)
}

/** The If-Match of a request. */
export type Tag = string | undefined

/** Refuses what somebody else has. */
export function requireFree(directory: Directory, attributes: Attributes, own?: string): void {
  for (const holder of Object.values(holdersOf(directory, attributes))) {
    if (holder !== undefined && holder.id !== own) throw new Refused(409, 'uniqueness')
  }
}

/** Who lives with an externalId takes it away from the deleted. */
function forgetDeparted({ retained }: Directory, { externalId }: Attributes): void {
  for (const departed of retained.values()) {
    if (departed.externalId === externalId) departed.externalId = undefined
  }
}

/** Writes new attributes over those of a user; what SCIM did not manage may be taken by it. */
export function rewrite(
  directory: Directory,
  person: Person,
  attributes: Attributes,
  { at }: Context,
  adopts: boolean,
): Occurrence[] {
  const { id } = person
  const before = person.attributes
  requireFree(directory, attributes, id)
  if (attributes.active === false && before.active !== false) {
    person.sessionsFrom = Math.max(person.sessionsFrom, at)
  }
  person.revision += 1
  person.modified = at
  person.attributes = attributes
  forgetDeparted(directory, attributes)
  if (adopts) {
    person.managed = true
    directory.before.set(id, { revision: person.revision, image: before })
  }
  const action = adopts ? 'user.adopt' : 'user.update'
  return [{ action, subject: id, changes: difference(before, attributes) }]
}

/** Puts a new user in, under the id of a deleted one that had the same externalId. */
export function insert(
  directory: Directory,
  attributes: Attributes,
  { id, at }: Context,
  managed: boolean,
): { readonly person: Person; readonly events: Occurrence[] } {
  const { externalId } = keysOf(attributes)
  const departed = [...directory.retained.values()].find(
    (one) => externalId !== undefined && one.externalId === externalId,
  )
  const person: Person = {
    id: departed?.id ?? id,
    created: departed?.created ?? at,
    attributes,
    managed,
    revision: (departed?.revision ?? 0) + 1,
    modified: at,
    sessionsFrom: at,
  }
  directory.users.set(person.id, person)
  directory.retained.delete(person.id)
  const action = departed === undefined ? 'user.create' : 'user.restore'
  return { person, events: [{ action, subject: person.id, changes: { after: attributes } }] }
}

function shown(
  directory: Directory,
  person: Person,
  context: Context,
  status: number,
  events: readonly Occurrence[],
): Outcome {
  const version = userVersion(directory, person, context)
  return { status, body: showUser(directory, person, context), version, events }
}

export function getUser(id: string): Rule {
  return (directory, context) => shown(directory, found(directory, id), context, 200, [])
}

export function postUser(body: UserBody): Rule {
  return (directory, context) => {
    requireSync(directory)
    const given = assigned(body)
    if (given.userName === undefined) throw new Refused(400, 'invalidValue')
    if (directory.settings.requireExternalId && given.externalId === undefined) {
      throw new Refused(400, 'invalidValue')
    }
    const adopted = adoptedBy(directory, given)
    requireFree(directory, given, adopted?.id)
    if (adopted === undefined) {
      const { person, events } = insert(directory, { active: true, ...given }, context, true)
      return shown(directory, person, context, 201, events)
    }
    const merged: Attributes = { ...adopted.attributes, active: true, ...given }
    const extension = {
      ...(adopted.attributes[ENTERPRISE] as Element | undefined),
      ...(given[ENTERPRISE] as Element | undefined),
    }
    if (Object.keys(extension).length > 0) merged[ENTERPRISE] = extension
    const events = rewrite(directory, adopted, merged, context, true)
    return shown(directory, adopted, context, 201, events)
  }
}

/** Makes of a user what a PUT or PATCH says, if that is another one. */
function change(id: string, tag: Tag, next: (current: Attributes) => Attributes): Rule {
  return (directory, context) => {
    requireSync(directory)
    const person = found(directory, id)
    requireVersion(directory, person, tag, context)
    const attributes = next(structuredClone(person.attributes))
    const same = meaning(attributes) === meaning(person.attributes)
    const events =
      same && person.managed ? [] : rewrite(directory, person, attributes, context, !person.managed)
    return shown(directory, person, context, 200, events)
  }
}

export function putUser(id: string, body: UserBody, tag: Tag): Rule {
  return change(id, tag, (current) => {
    const given = assigned(body)
    if (given.userName === undefined) throw new Refused(400, 'invalidValue')
    const kept: Attributes = { active: current.active ?? true }
    if (!('externalId' in body) && current.externalId !== undefined) {
      kept.externalId = current.externalId
    }
    return { ...kept, ...given }
  })
}

export function patchUser(id: string, effects: readonly UserEffect[], tag: Tag): Rule {
  return change(id, tag, (draft) => {
    inOrder(effects.map((effect) => () => effect(draft)))
    return draft
  })
}

/** Takes a user out of the directory and out of its teams, whose versions change. */
export function remove(directory: Directory, person: Person, at: number): Occurrence[] {
  const { id, attributes } = person
  const teams = teamsOf(directory, id)
  for (const team of teams) {
    team.members.delete(id)
    team.revision += 1
    team.modified = at
  }
  directory.users.delete(id)
  const changes = { before: attributes, groups: teams.map((team) => team.id) }
  return [{ action: 'user.delete', subject: id, changes }]
}

export function deleteUser(id: string, tag: Tag): Rule {
  return (directory, context) => {
    requireSync(directory)
    const person = found(directory, id)
    if (!person.managed) throw new Refused(403)
    requireVersion(directory, person, tag, context)
    const { created, revision, attributes } = person
    const { externalId } = keysOf(attributes)
    directory.retained.set(id, { id, created, revision, externalId })
    // The before-image belongs to the account that was adopted, and not to who comes back as it.
    directory.before.delete(id)
    return { status: 204, events: remove(directory, person, context.at) }
  }
}
