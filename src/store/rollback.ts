/**
 * Puts adopted accounts and teams back as they were: the before-image of the adoption is restored,
 * and SCIM manages them no longer. Each is one atomic write; a set of them is read in two trips.
 */
import { type SQL, sql } from 'drizzle-orm'
import { fold } from '../scim/comparison.ts'
import type { Attributes } from '../scim/resource/resource.ts'
import type { Principal } from '../tenancy/credential.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import { accountKeys, difference } from './account.ts'
import { type AdoptionType, joinSubject, latestAdoption } from './adoptions.ts'
import { type Allowed, type Caller, readAs, untilWon } from './authority.ts'
import { list, noRows } from './database.ts'
import { type Held, release } from './held.ts'
import { clashOf, type Holder } from './match.ts'
import { countRestoration, type MemberCounts } from './membership.ts'
import { Refusal, type UniqueAttribute } from './refusal.ts'
import { restoreTeam, restoreUser } from './reinstate.ts'
import { idsHoldingAny } from './users.ts'

/** What is to be put back: one account or team, by its id or name; or all, from an id on. */
export type RollbackTarget =
  | { readonly type: AdoptionType; readonly name: string }
  | { readonly after: string }

export interface RollbackRequest {
  readonly target: RollbackTarget
  /** Whether what changed after the adoption is given up. */
  readonly force: boolean
  /** Whether it is only told what would be done. */
  readonly dryRun: boolean
}

/** How many accounts and teams one request puts back at most. */
export const MOST_ROLLED_BACK = 50

/** What was put back. */
export interface RolledBack {
  readonly id: string
  readonly type: AdoptionType
  /** The userName or displayName that it has again. */
  readonly name: string
  /** The names of the attributes that are as they were again. */
  readonly attributes: readonly string[]
  readonly members?: MemberCounts
}

/** What was left alone, and why. */
export interface NotRolledBack {
  readonly id: string
  readonly type: AdoptionType
  readonly name: string
  readonly why:
    | {
        readonly reason: 'changed'
        /** The attributes that are no longer as the adoption wrote them. */
        readonly attributes: readonly string[]
        /** Whether members have changed. */
        readonly members: boolean
      }
    | { readonly reason: 'taken'; readonly attribute: UniqueAttribute; readonly value: string }
    | { readonly reason: 'deleted' | 'not-managed' | 'not-adopted' }
}

export interface Rollback {
  readonly rolledBack: readonly RolledBack[]
  readonly refused: readonly NotRolledBack[]
  /** The id behind which there are more. */
  readonly next: string | undefined
}

/** An adoption, with its account or team as it is now. */
interface SubjectRow {
  readonly id: string
  readonly type: AdoptionType
  readonly requestId: string
  readonly adoptedRevision: number
  /** JSON: the attributes of before, those of now, and what the event of the adoption says. */
  readonly before: string
  readonly current: string | null
  readonly adoption: string | null
  readonly revision: number | null
  readonly managed: number | null
  readonly members: number | null
  /** 1 where an event after the adoption tells of members who joined or left. */
  readonly membersMoved: number | null
}

/** An adoption, with who holds the unique values that are to come back. */
interface Subject extends SubjectRow {
  readonly image: Attributes
  readonly clash: { readonly attribute: UniqueAttribute; readonly value: string } | undefined
  readonly counts: MemberCounts | undefined
}

function selectSubjects(namespace: Namespace, chosen: SQL, limit: number, allowed: Allowed) {
  return sql<SubjectRow>`
    select a.subject as id, a.type, a.request_id as "requestId",
      a.revision as "adoptedRevision",
      iif(a.type = 'team', json_extract(a.before, '$.attributes'), a.before) as before,
      coalesce(u.resource, iif(t.id is null, null, json_patch('{}',
        json_object('displayName', t.display_name, 'externalId', t.external_id)))) as current,
      json_object('before', json_extract(e.changes, '$.before'),
        'after', json_extract(e.changes, '$.after')) as adoption,
      coalesce(u.revision, t.revision) as revision, coalesce(u.managed, t.managed) as managed,
      t.members, a.type = 'team' and t.revision <> a.revision and exists (
        select 1 from (select x.changes from event x
          where x.namespace = a.namespace and x.subject = a.subject and x.seq > e.seq
          order by x.seq desc limit 1000) y
        where json_array_length(y.changes, '$.added') > 0
          or json_array_length(y.changes, '$.removed') > 0) as "membersMoved"
    from ${allowed} adoption a ${joinSubject}
    left join event e on e.namespace = a.namespace and e.request_id = a.request_id
      and e.part = 0 and e.subject = a.subject
    where ${latestAdoption(namespace)} and ${chosen}
    order by a.subject limit ${limit}`
}

/** An account or team that bears the name of a target. */
interface NamedRow {
  readonly id: string
  readonly name: string
}

type NamedTarget = Extract<RollbackTarget, { readonly name: string }>

/** The ids that a target may mean. */
function namedBy(namespace: Namespace, { type, name }: NamedTarget): SQL {
  const ids = sql.raw(`select id from ${type}`)
  const key = sql.raw(type === 'user' ? 'user_name_key' : 'display_name_key')
  return sql`${ids} where namespace = ${namespace} and id = ${name}
    union all ${ids} where namespace = ${namespace} and ${key} = ${fold(name)}`
}

/** Whom a target may mean: an id goes before a name. */
function selectNamed(namespace: Namespace, target: NamedTarget, ids: SQL, allowed: Allowed) {
  const name =
    target.type === 'user' ? sql`json_extract(s.resource, '$.userName')` : sql`s.display_name`
  return sql<NamedRow>`select s.id, ${name} as name
    from ${allowed} ${sql.raw(target.type)} s
    where s.namespace = ${namespace} and s.id in (${ids})
    order by s.id = ${target.name} desc`
}

/** Reads adoptions with their accounts and teams, and whom a target names. */
async function readSubjects(
  caller: Caller,
  target: RollbackTarget | { readonly id: string },
  limit: number,
) {
  const { principal, rows } = await readAs(caller, [], (namespace, allowed) => {
    const subjects = (chosen: SQL) => selectSubjects(namespace, chosen, limit, allowed)
    if ('id' in target) return [subjects(sql`a.subject = ${target.id}`), noRows]
    if ('after' in target) return [subjects(sql`a.subject > ${target.after}`), noRows]
    const named = namedBy(namespace, target)
    return [
      subjects(sql`a.type = ${target.type}
        and a.subject in (select ${target.name} union ${named})`),
      selectNamed(namespace, target, named, allowed),
    ]
  })
  return { principal, adoptions: rows[0], named: rows[1] }
}

/** Reads who holds what is to come back, and how many members would change. */
async function readHolders(caller: Caller, rows: readonly SubjectRow[]): Promise<Subject[]> {
  const images = rows.map((row) => ({ ...row, image: JSON.parse(row.before) as Attributes }))
  const users = images.filter(({ type }) => type === 'user')
  const teams = images.filter(({ type, current }) => type === 'team' && current !== null)
  const keys = users.map(({ image }) => accountKeys(image))
  const names = teams.map(({ image }) => fold(String(image.displayName)))
  const { rows: found } = await readAs(caller, [], (namespace, allowed) => {
    return [
      sql<Holder>`select u.id, u.managed, u.user_name_key as "userNameKey",
          u.email_key as "emailKey", u.external_id as "externalId"
        from ${allowed} user u
        where u.namespace = ${namespace} and u.id in (${idsHoldingAny(namespace, keys)})`,
      sql<{ readonly id: string; readonly key: string }>`
        select t.id, t.display_name_key as key from ${allowed} team t
        where t.namespace = ${namespace} and t.display_name_key in ${list(names)}`,
      ...teams.map(({ id, requestId }) => countRestoration(namespace, id, requestId)),
    ] as const
  })
  const [holders, namesakes, ...counted] = found
  const counts = new Map(counted.flatMap((rows) => rows.map((row) => [row.id, row])))
  return images.map((subject) => {
    const { id, type, image } = subject
    if (type === 'user') {
      return { ...subject, clash: clashOf(holders, image, id), counts: undefined }
    }
    const value = String(image.displayName)
    const taken = namesakes.some((team) => team.key === fold(value) && team.id !== id)
    const { kept = 0, added = 0, skipped = 0 } = counts.get(id) ?? {}
    return {
      ...subject,
      clash: taken ? { attribute: 'displayName', value } : undefined,
      counts: { added, removed: (subject.members ?? 0) - kept, skipped },
    }
  })
}

/**
 * Puts accounts and teams back as they were before SCIM took them under management. What changed
 * after the adoption is left alone, unless it is forced; what cannot come back, since somebody else
 * has its name meanwhile or it was deleted, is left alone in any case.
 *
 * @throws Refusal `not-found` where no account or team bears the name that is given
 */
export async function rollBack(caller: Caller, request: Held<RollbackRequest>): Promise<Rollback> {
  const target: RollbackTarget = request.ok ? request.value.target : { after: '' }
  const limit = request.ok ? MOST_ROLLED_BACK + 1 : 0
  const { principal, adoptions, named } = await readSubjects(caller, target, limit)
  const how = release(request)
  const all = 'after' in target
  const page = all ? adoptions.slice(0, MOST_ROLLED_BACK) : meant(adoptions, named, target)
  if (!all && page.length === 0)
    return { rolledBack: [], refused: [neverAdopted(target, named)], next: undefined }
  const subjects = page.length === 0 ? [] : await readHolders(caller, page)
  const rolledBack: RolledBack[] = []
  const refused: NotRolledBack[] = []
  for (const subject of subjects) {
    // Each is a write of its own, and events are known by the request.
    const own = all ? { ...caller, requestId: `${caller.requestId}.${subject.id}` } : caller
    const outcome = await rollBackOne(own, principal, subject, how)
    if ('why' in outcome) refused.push(outcome)
    else rolledBack.push(outcome)
  }
  const more = adoptions.length > page.length && all
  return { rolledBack, refused, next: more ? page.at(-1)?.id : undefined }
}

/** The adoption that a target means. */
function meant(
  adoptions: readonly SubjectRow[],
  named: readonly NamedRow[],
  { name }: NamedTarget,
): SubjectRow[] {
  const id = named[0]?.id ?? name
  return adoptions.filter((adoption) => adoption.id === id)
}

/** @throws Refusal `not-found` */
function neverAdopted({ type, name }: NamedTarget, [one]: readonly NamedRow[]): NotRolledBack {
  if (one === undefined) {
    const resourceType = type === 'user' ? 'User' : 'Group'
    throw new Refusal({ kind: 'not-found', resourceType, id: name })
  }
  return { id: one.id, type, name: one.name, why: { reason: 'not-adopted' } }
}

/** Puts one account or team back; after a lost race it is read afresh. */
async function rollBackOne(
  caller: Caller,
  principal: Principal,
  subject: Subject,
  { force, dryRun }: Pick<RollbackRequest, 'force' | 'dryRun'>,
): Promise<RolledBack | NotRolledBack> {
  const { id, type, image } = subject
  const name = String(type === 'user' ? image.userName : image.displayName)
  let known: { readonly principal: Principal; readonly subject: Subject } | undefined = {
    principal,
    subject,
  }
  return untilWon(async () => {
    const read = known ?? (await readAgain(caller, id))
    known = undefined
    if (read === undefined) return { id, type, name, why: { reason: 'not-adopted' } }
    const why = obstacleOf(read.subject, force)
    if (why !== undefined) return { id, type, name, why }
    const current: Attributes = JSON.parse(read.subject.current ?? '{}')
    const { requestId, counts } = read.subject
    const revision = read.subject.revision ?? 0
    const restoration = { id, revision, requestId, current, image: read.subject.image }
    const restore = type === 'user' ? restoreUser : restoreTeam
    // Users come and go between reading and writing: what is written tells how many members it moved.
    const members = dryRun ? counts : await restore(caller, read.principal, restoration)
    const attributes = namesThatDiffer(current, read.subject.image)
    return { id, type, name, attributes, ...(members === undefined ? {} : { members }) }
  })
}

async function readAgain(caller: Caller, id: string) {
  const { principal, adoptions } = await readSubjects(caller, { id }, 1)
  const [subject] = adoptions.length === 0 ? [] : await readHolders(caller, adoptions)
  return subject && { principal, subject }
}

/** Why an account or team cannot go back as things are. */
function obstacleOf(subject: Subject, force: boolean): NotRolledBack['why'] | undefined {
  const { current, managed, clash, revision, adoptedRevision } = subject
  if (current === null) return { reason: 'deleted' }
  if (managed === 0) return { reason: 'not-managed' }
  if (clash !== undefined) {
    return { reason: 'taken', attribute: clash.attribute, value: clash.value }
  }
  if (force || revision === adoptedRevision) return undefined
  const attributes = namesThatDiffer(adoptedState(subject), JSON.parse(current))
  // A team has another revision for its attributes or for its members.
  const members = subject.type === 'team' && (subject.membersMoved === 1 || attributes.length === 0)
  return { reason: 'changed', attributes, members }
}

/** What the adoption wrote; where its event is gone, what was before. */
function adoptedState({ image, adoption }: Subject): Attributes {
  const { before, after }: { before: Attributes | null; after: Attributes | null } = JSON.parse(
    adoption ?? '{"before":null,"after":null}',
  )
  if (before === null || after === null) return image
  const kept = Object.entries(image).filter(([name]) => !Object.hasOwn(before, name))
  return { ...Object.fromEntries(kept), ...after }
}

function namesThatDiffer(one: Attributes, other: Attributes): string[] {
  const { before, after } = difference(one, other)
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
}
