/** What is done by hand, to accounts, teams and settings (grafana.md 7.1; design: “Settings”). */
import {
  type Attributes,
  accountElement,
  canonical,
  type Directory,
  type Element,
  elementsOf,
  meaning,
  type Occurrence,
  onceEach,
  type Person,
  Refused,
  type Rule,
  type Settings,
  type Team,
} from './directory.ts'
import {
  addTo,
  type Draft,
  draftOf,
  foundTeam,
  holderOf,
  insertTeam,
  removeFrom,
  removeTeam,
  replaceAll,
  rewriteTeam,
} from './teams.ts'
import { insert, remove, requireFree, rewrite } from './users.ts'

export interface AccountForm {
  readonly login?: string
  readonly email?: string | null
  readonly name?: string | null
  readonly externalId?: string | null
  readonly isDisabled?: boolean
}

function foundPerson({ users }: Directory, id: string): Person {
  const person = users.get(id)
  if (person === undefined) throw new Refused(404)
  return person
}

function showAccount({ id, attributes, managed }: Person): object {
  const { userName, displayName, externalId, active } = attributes
  return {
    id,
    login: userName,
    email: accountElement(attributes)?.value ?? null,
    name: displayName ?? null,
    externalId: externalId ?? null,
    isDisabled: active === false,
    isProvisioned: managed,
  }
}

function showHandTeam({ id, displayName, externalId, managed, members }: Team): object {
  const memberCount = members.size
  return {
    id,
    name: displayName,
    externalUID: externalId ?? null,
    isProvisioned: managed,
    memberCount,
  }
}

/** The attributes with what a form says; null takes a value away, what is absent stays. */
function filledIn(current: Attributes, form: AccountForm): Attributes {
  const next = structuredClone(current)
  const set = (name: string, value: string | boolean | null | undefined) => {
    if (value === null) delete next[name]
    else if (value !== undefined) next[name] = value
  }
  set('userName', form.login)
  set('displayName', form.name)
  set('externalId', form.externalId)
  set('active', form.isDisabled === undefined ? undefined : !form.isDisabled)
  if (form.email === undefined) return next
  const held = accountElement(next)
  const emails = elementsOf(next.emails)
  if (form.email === null) {
    next.emails = emails.filter((one) => one !== held)
  } else if (held === undefined) {
    const marked = emails.some(({ primary }) => primary === true)
    const made: Element = { value: form.email, type: 'work' }
    next.emails = [marked ? made : { ...made, primary: true }, ...emails]
  } else {
    held.value = form.email
    next.emails = onceEach(emails, (one) => one === held)
  }
  if (canonical(next.emails) === '[]') delete next.emails
  return next
}

export function postAccount(form: AccountForm): Rule {
  return (directory, context) => {
    const attributes = filledIn({ active: true }, form)
    requireFree(directory, attributes)
    const { person, events } = insert(directory, attributes, context, false)
    return { status: 201, body: showAccount(person), events }
  }
}

export function patchAccount(id: string, form: AccountForm): Rule {
  return (directory, context) => {
    const person = foundPerson(directory, id)
    const next = filledIn(person.attributes, form)
    const same = meaning(next) === meaning(person.attributes)
    if (!same && person.managed) throw new Refused(403)
    const events = same ? [] : rewrite(directory, person, next, context, false)
    return { status: 200, body: showAccount(person), events }
  }
}

export function deleteAccount(id: string): Rule {
  return (directory, { at }) => {
    const person = foundPerson(directory, id)
    if (person.managed) throw new Refused(403)
    return { status: 200, body: {}, events: remove(directory, person, at) }
  }
}

/** Ends the management by SCIM: the revision moves, so that no write under way goes by the old one. */
function release(
  directory: Directory,
  subject: Person | Team,
  at: number,
  action: string,
): Occurrence[] {
  if (!subject.managed) return []
  subject.managed = false
  subject.revision += 1
  subject.modified = at
  directory.before.delete(subject.id)
  const changes = { before: { isProvisioned: true }, after: { isProvisioned: false } }
  return [{ action, subject: subject.id, changes }]
}

export function releaseAccount(id: string): Rule {
  return (directory, { at }) => {
    const person = foundPerson(directory, id)
    const events = release(directory, person, at, 'user.release')
    return { status: 200, body: showAccount(person), events }
  }
}

export function postTeam(name: string): Rule {
  return (directory, context) => {
    if (holderOf(directory, name) !== undefined) throw new Refused(409)
    const attributes = { displayName: name }
    const draft: Draft = { attributes, members: new Set(), named: new Set(), whole: false }
    const { team, events } = insertTeam(directory, draft, context, false)
    return { status: 201, body: showHandTeam(team), events }
  }
}

export function patchTeam(id: string, name: string): Rule {
  return (directory, { at }) => {
    const team = foundTeam(directory, id)
    const draft = draftOf(team)
    if (name === team.displayName) return { status: 200, body: showHandTeam(team), events: [] }
    if (team.managed) throw new Refused(400)
    draft.attributes.displayName = name
    const events = rewriteTeam(directory, team, draft, at, 'team.update')
    return { status: 200, body: showHandTeam(team), events }
  }
}

/** What SCIM manages is read-only by hand as long as its sync is on. */
function requireByHand({ settings }: Directory, { managed }: Team): void {
  if (managed && settings.enableGroupSync) throw new Refused(400)
}

export function deleteTeam(id: string): Rule {
  return (directory) => {
    const team = foundTeam(directory, id)
    requireByHand(directory, team)
    return { status: 200, body: {}, events: removeTeam(directory, team) }
  }
}

export type MemberChange =
  | { readonly kind: 'add' | 'remove'; readonly user: string }
  | { readonly kind: 'replace'; readonly users: readonly string[] }

export function changeMembers(id: string, change: MemberChange): Rule {
  return (directory, { at }) => {
    const team = foundTeam(directory, id)
    requireByHand(directory, team)
    const draft = draftOf(team)
    const isUser = (user: string) => directory.users.has(user)
    if (change.kind === 'replace') {
      if (!change.users.every(isUser)) throw new Refused(404)
      replaceAll(draft, change.users)
    } else if (change.kind === 'add') {
      if (!isUser(change.user)) throw new Refused(404)
      if (team.members.has(change.user)) throw new Refused(400)
      addTo(draft, [change.user])
    } else {
      if (!team.members.has(change.user)) throw new Refused(404)
      removeFrom(draft, [change.user])
    }
    return { status: 200, body: {}, events: rewriteTeam(directory, team, draft, at, 'team.update') }
  }
}

export function releaseTeam(id: string): Rule {
  return (directory, { at }) => {
    const team = foundTeam(directory, id)
    const events = release(directory, team, at, 'team.release')
    for (const member of events.length === 0 ? [] : team.members.keys())
      team.members.set(member, false)
    return { status: 200, body: showHandTeam(team), events }
  }
}

/** Switches that are left out are off, but those that Grafana lacks keep their value. */
export function putSettings(spec: Partial<Settings>): Rule {
  return (directory) => {
    const before = directory.settings
    const after = {
      enableUserSync: spec.enableUserSync ?? false,
      enableGroupSync: spec.enableGroupSync ?? false,
      rejectNonProvisionedUsers: spec.rejectNonProvisionedUsers ?? false,
      requireExternalId: spec.requireExternalId ?? before.requireExternalId,
      hideNonProvisionedUsers: spec.hideNonProvisionedUsers ?? before.hideNonProvisionedUsers,
    }
    directory.settings = after
    const event = {
      action: 'settings.update',
      subject: 'config/default',
      changes: { before, after },
    }
    const events = canonical(before) === canonical(after) ? [] : [event]
    return { status: 200, body: { spec: after }, events }
  }
}
