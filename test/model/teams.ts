/** What SCIM does to groups (design: “Groups are teams”). */
import {
  type Attributes,
  type Context,
  canonical,
  type Directory,
  differInCaseAlone,
  fold,
  inOrder,
  type Occurrence,
  type Outcome,
  Refused,
  type Rule,
  showTeam,
  type Team,
  teamAttributes,
  teamVersion,
} from './directory.ts'
import { difference, type Tag } from './users.ts'

/** A body: `members` are ids; null says that there is no externalId. */
export interface GroupBody {
  readonly displayName: string
  readonly externalId?: string | null
  readonly members?: readonly string[]
}

/** A team on its way: who is to be in it, and who was named on the way. */
export interface Draft {
  attributes: Attributes
  members: Set<string>
  /** Whose addition is asked for in the end. */
  named: Set<string>
  /** Whether it was said who all the members are. */
  whole: boolean
}

/** A change of a group by PATCH: throws `Refused` where it cannot be made. */
export type GroupEffect = (draft: Draft, directory: Directory) => void

function requireSync({ settings }: Directory): void {
  if (!settings.enableGroupSync) throw new Refused(403)
}

export function foundTeam({ teams }: Directory, id: string): Team {
  const team = teams.get(id)
  if (team === undefined) throw new Refused(404)
  return team
}

function requireVersion(team: Team, tag: Tag): void {
  if (tag !== undefined && tag !== '*' && tag !== teamVersion(team)) throw new Refused(412)
}

export function holderOf({ teams }: Directory, name: string): Team | undefined {
  return [...teams.values()].find(({ displayName }) => fold(displayName) === fold(name))
}

export function draftOf(team: Team): Draft {
  return {
    attributes: teamAttributes(team),
    members: new Set(team.members.keys()),
    named: new Set(),
    whole: false,
  }
}

export function addTo(draft: Draft, ids: readonly string[]): void {
  for (const id of ids) {
    draft.members.add(id)
    draft.named.add(id)
  }
}

export function removeFrom(draft: Draft, ids: readonly string[]): void {
  for (const id of ids) {
    draft.members.delete(id)
    draft.named.delete(id)
  }
}

export function replaceAll(draft: Draft, ids: readonly string[]): void {
  draft.members.clear()
  draft.named.clear()
  draft.whole = true
  addTo(draft, ids)
}

/** Makes a team what the draft says. Whoever is no user is skipped, and the event says so. */
export function rewriteTeam(
  directory: Directory,
  team: Team,
  draft: Draft,
  at: number,
  action: 'team.update' | 'team.adopt' | 'team.create',
): Occurrence[] {
  const { id } = team
  const holder = holderOf(directory, String(draft.attributes.displayName))
  if (holder !== undefined && holder.id !== id) throw new Refused(409, 'uniqueness')
  const isUser = (one: string) => directory.users.has(one)
  const old = [...team.members.keys()]
  const added = [...draft.members].filter((one) => isUser(one) && !team.members.has(one)).sort()
  const removed = old.filter((one) => !draft.members.has(one)).sort()
  const skipped = [...draft.named].filter((one) => !isUser(one)).sort()
  const before = teamAttributes(team)
  const described = difference(before, draft.attributes)
  const created = action === 'team.create'
  const renamed = created || canonical(before) !== canonical(draft.attributes)
  const adopts = action === 'team.adopt'
  const changes = renamed || adopts || added.length + removed.length > 0
  const inherits = adopts && !draft.whole
  const members = [...old.filter((one) => !removed.includes(one)), ...added].map((one) => {
    const inherited = inherits ? old.includes(one) : team.members.get(one) === true
    return [one, inherited && !draft.whole && !draft.named.has(one)] as const
  })
  if (changes) {
    team.revision += 1
    team.modified = at
    team.displayName = String(draft.attributes.displayName)
    const { externalId } = draft.attributes
    team.externalId = externalId === undefined ? undefined : String(externalId)
  }
  team.members = new Map(members)
  if (adopts) {
    team.managed = true
    const image = { attributes: before, members: old.sort() }
    directory.before.set(id, { revision: team.revision, image })
  }
  if (!changes && skipped.length === 0) return []
  const told = created ? { after: draft.attributes } : renamed || adopts ? described : {}
  return [{ action, subject: id, changes: { ...told, added, removed, skipped } }]
}

/** Puts a team in that nobody is in yet. */
export function insertTeam(
  directory: Directory,
  draft: Draft,
  { id, at }: Context,
  managed: boolean,
): { readonly team: Team; readonly events: Occurrence[] } {
  const displayName = String(draft.attributes.displayName)
  const members = new Map<string, boolean>()
  const team: Team = { id, created: at, displayName, managed, revision: 0, modified: at, members }
  const events = rewriteTeam(directory, team, draft, at, 'team.create')
  directory.teams.set(id, team)
  return { team, events }
}

function shown(
  directory: Directory,
  team: Team,
  context: Context,
  status: number,
  events: readonly Occurrence[],
): Outcome {
  const body = status === 204 ? undefined : showTeam(directory, team, context)
  return { status, body, version: teamVersion(team), events }
}

export function getGroup(id: string): Rule {
  return (directory, context) => shown(directory, foundTeam(directory, id), context, 200, [])
}

/** The draft of a team that a body asks for, beside the members that stay. */
function given({ displayName, externalId, members = [] }: GroupBody): Draft {
  const attributes: Attributes = { displayName }
  if (externalId) attributes.externalId = externalId
  const draft: Draft = { attributes, members: new Set(), named: new Set(), whole: false }
  addTo(draft, members)
  return draft
}

export function postGroup(body: GroupBody): Rule {
  return (directory, context) => {
    requireSync(directory)
    const draft = given(body)
    const team = holderOf(directory, body.displayName)
    if (team === undefined) {
      const inserted = insertTeam(directory, draft, context, true)
      return shown(directory, inserted.team, context, 201, inserted.events)
    }
    // Where folding alone makes the names equal, a person decides.
    if (team.managed || !differInCaseAlone(team.displayName, body.displayName)) {
      throw new Refused(409, 'uniqueness')
    }
    draft.attributes = { ...teamAttributes(team), ...draft.attributes }
    for (const member of team.members.keys()) draft.members.add(member)
    const events = rewriteTeam(directory, team, draft, context.at, 'team.adopt')
    return shown(directory, team, context, 201, events)
  }
}

/** Makes of a team what a PUT or PATCH says. */
function change(id: string, tag: Tag, status: number, edit: GroupEffect): Rule {
  return (directory, context) => {
    requireSync(directory)
    const team = foundTeam(directory, id)
    requireVersion(team, tag)
    const draft = draftOf(team)
    edit(draft, directory)
    const action = team.managed ? 'team.update' : 'team.adopt'
    const events = rewriteTeam(directory, team, draft, context.at, action)
    return shown(directory, team, context, status, events)
  }
}

export function putGroup(id: string, body: GroupBody, tag: Tag): Rule {
  return change(id, tag, 200, (draft) => {
    const kept = 'externalId' in body ? {} : { externalId: draft.attributes.externalId }
    const { attributes } = given(body)
    draft.attributes = {
      ...(kept.externalId === undefined ? {} : kept),
      ...attributes,
    } as Attributes
    replaceAll(draft, body.members ?? [])
  })
}

export function patchGroup(
  id: string,
  effects: readonly GroupEffect[],
  tag: Tag,
  status = 204,
): Rule {
  return change(id, tag, status, (draft, directory) => {
    inOrder(effects.map((effect) => () => effect(draft, directory)))
  })
}

/** Takes a team out of the directory. */
export function removeTeam(directory: Directory, team: Team): Occurrence[] {
  directory.teams.delete(team.id)
  directory.before.delete(team.id)
  const removed = [...team.members.keys()].sort()
  const changes = { before: teamAttributes(team), added: [], removed, skipped: [] }
  return [{ action: 'team.delete', subject: team.id, changes }]
}

export function deleteGroup(id: string, tag: Tag): Rule {
  return (directory) => {
    requireSync(directory)
    const team = foundTeam(directory, id)
    if (!team.managed) throw new Refused(403)
    requireVersion(team, tag)
    return { status: 204, events: removeTeam(directory, team) }
  }
}
