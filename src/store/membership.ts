/**
 * How the members of a team change: by set operations in SQL, guarded only by the team being there.
 * Nothing is read that could be stale when it is written, so parallel changes add up, none is lost,
 * and the cost is that of the change and not of the team.
 *
 * The event of a change is its plan: the first statements compute who is really added, removed or
 * skipped, and the following ones carry that out.
 */
import { type SQL, sql } from 'drizzle-orm'
import { MAXIMUM_MEMBERS, type MemberChange } from '../scim/patch/members.ts'
import type { Attributes } from '../scim/resource/resource.ts'
import type { Principal } from '../tenancy/credential.ts'
import type { Namespace } from '../tenancy/namespace.ts'
import type { Caller } from './authority.ts'
import type { Statement } from './database.ts'
import { type Action, recordEvent } from './event.ts'

/** How many ids one statement parameter and one event hold: D1 refuses values above 2 MB. */
const CHUNK = 50_000

/** Keeps what a team was before SCIM managed it, its members included. */
export function keepBeforeImage(
  caller: Caller,
  namespace: Namespace,
  { id, revision }: { readonly id: string; readonly revision: number },
  attributes: Attributes,
): Statement[] {
  return chunkOffsets.map((offset, part) => {
    const members = sql`(select json_group_array(s.user_id) from (${membersFrom(namespace, id, sql`1`, offset)}) s)`
    return sql`insert into adoption
        (namespace, subject, type, revision, request_id, part, at, before)
      select ${namespace}, ${id}, 'team', ${revision + 1}, ${caller.requestId}, ${part},
        ${caller.now},
        json_object('attributes', json(${JSON.stringify(attributes)}), 'members', json(b.members))
      from (select ${members} as members) b
      where ${part} = 0 or json_array_length(b.members) > 0`
  })
}

/** Where the chunks of a full team begin. */
const chunkOffsets = Array.from(
  { length: Math.ceil(MAXIMUM_MEMBERS / CHUNK) },
  (_, index) => index * CHUNK,
)

/** One chunk of the ids of a team's members, in order. */
function membersFrom(namespace: Namespace, id: string, condition: SQL, offset: number): SQL {
  return sql`select m.user_id from membership m
    where m.namespace = ${namespace} and m.team_id = ${id} and ${condition}
    order by m.user_id limit ${CHUNK} offset ${offset}`
}

/**
 * Keeps apart the members whom an adopted team brought along: they are marked until a change names
 * them, or says who all the members are.
 *
 * @param adopts whether this change takes the team under management
 */
export function markInherited(
  namespace: Namespace,
  id: string,
  change: MemberChange,
  adopts: boolean,
): Statement[] {
  const ofTeam = sql`namespace = ${namespace} and team_id = ${id}`
  if (change.replace) {
    return [
      sql`update membership indexed by membership_inherited set inherited = 0
        where ${ofTeam} and inherited = 1`,
    ]
  }
  const named = chunksOf(change.add).map(
    (ids) => sql`update membership set inherited = 0
      where ${ofTeam} and inherited = 1 and user_id in (select j.value from json_each(${ids}) j)`,
  )
  return [...(adopts ? [sql`update membership set inherited = 1 where ${ofTeam}`] : []), ...named]
}

/** How many bytes the ids of one statement parameter take at most, as JSON. */
const CHUNK_BYTES = 1_500_000
/** No id of ours is longer than this; what is, names nobody and is recorded by its beginning. */
const MAXIMUM_ID = 100

/** Ids as JSON lists, each small enough for a parameter of a statement. */
export function chunksOf(ids: ReadonlySet<string>): string[] {
  const chunks: string[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const id of ids) {
    const known = id.length > MAXIMUM_ID ? `${id.slice(0, MAXIMUM_ID).toWellFormed()}…` : id
    const written = JSON.stringify(known)
    bytes += Buffer.byteLength(written) + 1
    if (bytes > CHUNK_BYTES || chunks.at(-1)?.length === CHUNK) {
      chunks.push([])
      bytes = Buffer.byteLength(written) + 1
    }
    chunks.at(-1)?.push(written)
  }
  return chunks.map((chunk) => `[${chunk.join()}]`)
}

/**
 * Records a change as events, which are also the plan of it: who is added (known users who are no
 * members), who is removed (members), who is skipped (everybody else). An event that would say
 * nothing is left out, unless it describes a change of attributes.
 */
export function planEvents(
  caller: Caller,
  principal: Principal,
  action: Action,
  id: string,
  change: MemberChange,
  described: object | undefined,
): Statement[] {
  const { namespace } = principal
  const additions = chunksOf(change.add)
  const isMember = sql`exists (select 1 from membership m
    where m.namespace = ${namespace} and m.team_id = ${id} and m.user_id = j.value)`
  const isUser = sql`exists (select 1 from user u
    where u.namespace = ${namespace} and u.id = j.value)`
  const pick = (ids: string, condition: SQL) =>
    sql`(select json_group_array(j.value) from json_each(${ids}) j where ${condition})`
  const unlisted = additions.map(
    (ids) => sql`m.user_id not in (select j.value from json_each(${ids}) j)`,
  )
  const kept = sql.join([sql`1`, ...unlisted], sql` and `)
  const leaving = change.replace
    ? chunkOffsets.map(
        (offset) =>
          sql`(select json_group_array(s.user_id) from (${membersFrom(namespace, id, kept, offset)}) s)`,
      )
    : chunksOf(change.remove).map((ids) => pick(ids, isMember))
  const parts: Part[] = [
    ...additions.map((ids) => ({
      added: pick(ids, sql`${isUser} and not ${isMember}`),
      removed: none,
      skipped: pick(ids, sql`not ${isUser}`),
    })),
    ...leaving.map((removed) => ({ added: none, removed, skipped: none })),
  ]
  return recordParts(caller, principal, action, id, parts, described)
}

/** What one event of a change of members says: SQL expressions of JSON lists of ids. */
interface Part {
  readonly added: SQL
  readonly removed: SQL
  readonly skipped: SQL
}

const none = sql`json('[]')`

function recordParts(
  caller: Caller,
  principal: Principal,
  action: Action,
  id: string,
  parts: readonly Part[],
  described: object | undefined,
): Statement[] {
  // The description goes with the first part, or stands alone.
  const planned = parts.length > 0 ? parts : [{ added: none, removed: none, skipped: none }]
  if (parts.length === 0 && described === undefined) return []
  return planned.map(({ added, removed, skipped }, part) => {
    const first = part === 0 ? described : undefined
    const base = JSON.stringify(first ?? {})
    const changes = sql`json_patch(${base}, json_object('added', json(p.added),
      'removed', json(p.removed), 'skipped', json(p.skipped)))`
    return recordEvent(caller, principal, action, id, changes, part, {
      with: sql`with p as materialized (
        select ${added} as added, ${removed} as removed, ${skipped} as skipped)`,
      from: sql`cross join p`,
      where:
        first !== undefined
          ? sql``
          : sql`and (json_array_length(p.added) > 0 or json_array_length(p.removed) > 0
              or json_array_length(p.skipped) > 0)`,
    })
  })
}

/**
 * Plans, as events, to give a team the members of its before-image again: those who are users no
 * more are skipped.
 *
 * @param requestId that of the adoption
 */
export function planRestoration(
  caller: Caller,
  principal: Principal,
  id: string,
  requestId: string,
  described: object,
): Statement[] {
  const { namespace } = principal
  const ofAdoption = sql`a.namespace = ${namespace} and a.subject = ${id}
    and a.request_id = ${requestId}`
  const isMember = sql`exists (select 1 from membership m
    where m.namespace = ${namespace} and m.team_id = ${id} and m.user_id = j.value)`
  const isUser = sql`exists (select 1 from user u
    where u.namespace = ${namespace} and u.id = j.value)`
  const pick = (part: number, condition: SQL) => sql`(select json_group_array(j.value)
    from adoption a cross join json_each(a.before, '$.members') j
    where ${ofAdoption} and a.part = ${part} and ${condition})`
  const isStranger = sql`m.user_id not in (select j.value
    from adoption a cross join json_each(a.before, '$.members') j where ${ofAdoption})`
  const parts = chunkOffsets.flatMap((offset, part) => [
    {
      added: pick(part, sql`${isUser} and not ${isMember}`),
      removed: none,
      skipped: pick(part, sql`not ${isUser}`),
    },
    {
      added: none,
      removed: sql`(select json_group_array(s.user_id)
      from (${membersFrom(namespace, id, isStranger, offset)}) s)`,
      skipped: none,
    },
  ])
  return recordParts(caller, principal, 'team.rollback', id, parts, described)
}

/** How many members {@link planRestoration} would find to keep, to add and to skip. */
export function countRestoration(namespace: Namespace, id: string, requestId: string) {
  const isMember = sql`exists (select 1 from membership m
    where m.namespace = ${namespace} and m.team_id = ${id} and m.user_id = j.value)`
  const isUser = sql`exists (select 1 from user u
    where u.namespace = ${namespace} and u.id = j.value)`
  return sql<{
    readonly id: string
    readonly kept: number
    readonly added: number
    readonly skipped: number
  }>`
    select ${id} as id, coalesce(sum(s.member), 0) as kept,
      coalesce(sum(s.known and not s.member), 0) as added,
      coalesce(sum(not s.known), 0) as skipped
    from (select ${isMember} as member, ${isUser} as known
      from adoption a cross join json_each(a.before, '$.members') j
      where a.namespace = ${namespace} and a.subject = ${id} and a.request_id = ${requestId}) s`
}

/** How many members join, leave, or are known no more. */
export interface MemberCounts {
  readonly added: number
  readonly removed: number
  readonly skipped: number
}

/** How many members the events of a request add, remove and skip. */
export function countMoved(namespace: Namespace, requestId: string): Statement<MemberCounts> {
  const total = (list: keyof MemberCounts) =>
    sql.raw(`coalesce(sum(json_array_length(e.changes, '$.${list}')), 0) as ${list}`)
  return sql<MemberCounts>`select ${total('added')}, ${total('removed')}, ${total('skipped')}
    from event e where e.namespace = ${namespace} and e.request_id = ${requestId}`
}

/** Carries out what the events of this request planned for a team. */
export function carryOut(
  caller: Caller,
  { namespace }: Principal,
  id: string,
  { always }: { readonly always: boolean },
): Statement[] {
  const planned = sql`from event e where e.namespace = ${namespace}
    and e.request_id = ${caller.requestId}`
  const ids = (list: 'added' | 'removed') =>
    sql`select j.value from event e, json_each(e.changes, ${`$.${list}`}) j
      where e.namespace = ${namespace} and e.request_id = ${caller.requestId}`
  const total = (list: 'added' | 'removed') =>
    sql`coalesce((select sum(json_array_length(e.changes, ${`$.${list}`})) ${planned}), 0)`
  const moves = sql`${total('added')} + ${total('removed')} > 0`
  return [
    sql`insert into membership (namespace, team_id, user_id)
      select ${namespace}, ${id}, v.value from (${ids('added')}) v`,
    sql`delete from membership where namespace = ${namespace} and team_id = ${id}
      and user_id in (${ids('removed')})`,
    sql`update team set revision = revision + 1, last_modified = ${caller.now},
        members = members + ${total('added')} - ${total('removed')}
      where namespace = ${namespace} and id = ${id} ${always ? sql`` : sql`and ${moves}`}`,
  ]
}
