/**
 * What the contract tests share: a namespace for each test, callers with a clock and ids of their
 * own, and statements that look behind the store.
 */
import { type SQL, sql } from 'drizzle-orm'
import { afterEach, beforeAll, expect } from 'vitest'
import type { Filter } from '../../src/scim/filter/bind.ts'
import { type MemberChange, noMemberChange } from '../../src/scim/patch/members.ts'
import type { Attributes } from '../../src/scim/resource/resource.ts'
import { groupType, type ResourceType, userType } from '../../src/scim/schema/resource-type.ts'
import { accountColumns } from '../../src/store/account.ts'
import type { Caller } from '../../src/store/authority.ts'
import type { Database, Statement } from '../../src/store/database.ts'
import { andThen, type Held, hold } from '../../src/store/held.ts'
import { listResources, type Selection } from '../../src/store/listing.ts'
import { createNamespace } from '../../src/store/registry.ts'
import type { TeamChange } from '../../src/store/teams.ts'
import * as teams from '../../src/store/teams.ts'
import type { UserChange } from '../../src/store/users.ts'
import * as users from '../../src/store/users.ts'
import type { Claim } from '../../src/tenancy/credential.ts'
import { type Namespace, parseNamespace } from '../../src/tenancy/namespace.ts'
import { readPermissions } from '../../src/tenancy/permission.ts'
import { defaultSettings, type Settings } from '../../src/tenancy/settings.ts'
import { isolated } from '../support/isolated.ts'

/** Opens the database that a suite runs on. */
export type Open = () => Promise<Database>

/** When the clock of every tenant starts. */
export const START = Date.parse('2026-01-01T00:00:00Z')

export const settings: Settings = {
  ...defaultSettings,
  enableUserSync: true,
  enableGroupSync: true,
}

/** A namespace with a token, and what a test does in it. */
export interface Tenant {
  readonly database: Database
  readonly namespace: Namespace
  readonly tokenHash: string
  /** One request: a second after the one before, with the next request id. */
  caller(overrides?: Partial<Caller>): Caller
}

let tenants = 0

/** A namespace name that no other test of this process has. */
export function freshName(): Namespace {
  tenants += 1
  return namespaceOf(`stacks-${tenants}`)
}

export function namespaceOf(name: string): Namespace {
  const parsed = parseNamespace(name)
  if (!parsed.ok) throw new Error(parsed.advice)
  return parsed.namespace
}

/** Makes a namespace with a token that may do everything. */
export async function makeTenant(
  database: Database,
  namespace: Namespace = freshName(),
): Promise<Tenant> {
  await createNamespace(database, namespace, undefined, settings, START, null)
  const tokenHash = `hash of ${namespace}`
  await addToken(database, namespace, tokenHash, ['admin'])
  let requests = 0
  let ids = 0
  return {
    database,
    namespace,
    tokenHash,
    caller: (overrides = {}) => {
      requests += 1
      const request: Caller = {
        database,
        claim: claimOf(namespace, tokenHash),
        fileSettings: settings,
        now: START + requests * 1000,
        requestId: `request-${requests}`,
        newId: (type) => {
          ids += 1
          return `${type}-${String(ids).padStart(4, '0')}`
        },
        later: () => undefined,
        recognized: () => undefined,
        ...overrides,
      }
      const { namespace: parsed } = request.claim
      const named = parsed.ok ? parsed.namespace : undefined
      return { ...request, database: isolated(request.database, () => named) }
    },
  }
}

/** The database of a suite, and namespaces on it that are checked after each test. */
export function tenancy(open: Open) {
  let database: Database
  const made: Tenant[] = []
  beforeAll(async () => {
    database = await open()
  })
  afterEach(async () => {
    for (const tenant of made.splice(0)) await expectConsistent(tenant)
  })
  return {
    database: () => database,
    tenant: async () => {
      const tenant = await makeTenant(database)
      made.push(tenant)
      return tenant
    },
    /** A namespace that the test brings into a state that cannot come about. */
    bentTenant: () => makeTenant(database),
  }
}

/** Stores one more token for a namespace. */
export async function addToken(
  database: Database,
  namespace: Namespace,
  hash: string,
  permissions: readonly string[],
  expiresAt: number | null = null,
): Promise<void> {
  const bits = readPermissions(permissions)
  if (typeof bits !== 'number') throw new Error(`No permission is called ${bits.unknown}`)
  await database.batch('write', [
    sql`insert into service_account (namespace, id, name, created_at)
      values (${namespace}, 'account-1', 'okta', ${START}) on conflict do nothing`,
    sql`insert into token (hash, namespace, id, account_id, permissions, created_at, expires_at)
      values (${hash}, ${namespace}, ${`token ${hash}`}, 'account-1', ${bits}, ${START},
        ${expiresAt})`,
  ])
}

/** Revokes a token, past the store. */
export async function revoke(database: Database, hash: string): Promise<void> {
  await database.batch('write', [sql`update token set revoked_at = 5 where hash = ${hash}`])
}

/** What a request with this token says of itself. */
export function claimOf(namespace: string, hash: string): Claim {
  return { namespace: parseNamespace(namespace), bearer: { kind: 'token', hash } }
}

/** Runs one statement of the test's own and gives its rows. */
export async function query<Row = Record<string, unknown>>(
  { database }: { readonly database: Database },
  statement: SQL,
): Promise<Row[]> {
  const [rows] = await database.batch('write', [statement as Statement<Row>])
  return rows
}

/** Puts an account into the tables as a login or an import would: SCIM does not manage it yet. */
export async function addUnmanagedUser(
  tenant: Tenant,
  id: string,
  attributes: Attributes,
): Promise<void> {
  const { namespace } = tenant
  const { resource, folded, active, keys } = accountColumns({ active: true, ...attributes })
  await tenant.database.batch('write', [
    sql`insert into user (namespace, id, revision, managed, active, user_name_key, email_key,
        external_id, sessions_valid_from, created_at, last_modified, resource, folded)
      values (${namespace}, ${id}, 1, 0, ${active}, ${keys.userName}, ${keys.email},
        ${keys.externalId}, 0, ${START}, ${START}, ${resource}, ${folded})`,
    sql`insert into user_email (namespace, value_key, user_id)
      select ${namespace}, j.value, ${id} from json_each(${JSON.stringify(keys.emails)}) j`,
    sql`update namespace set users = users + 1 where name = ${namespace}`,
  ])
}

/** Puts a team into the tables that SCIM does not manage yet, with members. */
export async function addUnmanagedTeam(
  tenant: Tenant,
  id: string,
  displayName: string,
  members: readonly string[] = [],
): Promise<void> {
  const { namespace } = tenant
  await tenant.database.batch('write', [
    sql`insert into team (namespace, id, revision, managed, display_name, display_name_key,
        members, created_at, last_modified)
      values (${namespace}, ${id}, 1, 0, ${displayName}, ${displayName.toLowerCase()},
        ${members.length}, ${START}, ${START})`,
    sql`insert into membership (namespace, team_id, user_id)
      select ${namespace}, ${id}, j.value from json_each(${JSON.stringify(members)}) j`,
    sql`update namespace set teams = teams + 1 where name = ${namespace}`,
  ])
}

/** An event as a test looks at it. */
export interface EventRow {
  readonly seq: number
  readonly at: number
  readonly action: string
  readonly subject: string
  readonly requestId: string
  readonly part: number
  readonly actor: unknown
  readonly changes: Readonly<Record<string, unknown>>
}

/** All events of a namespace, in their order. */
export async function eventsOf(tenant: Tenant): Promise<EventRow[]> {
  const rows = await query<EventRow & { readonly actor: string; readonly changes: string }>(
    tenant,
    sql`select e.seq, e.at, e.action, e.subject, e.request_id as "requestId", e.part, e.actor,
        e.changes
      from event e where e.namespace = ${tenant.namespace} order by e.seq`,
  )
  return rows.map((row) => ({
    ...row,
    actor: JSON.parse(row.actor),
    changes: JSON.parse(row.changes as unknown as string),
  }))
}

/** The events of one subject as `action` and `changes`. */
export async function changesOf(tenant: Tenant, subject: string) {
  const events = (await eventsOf(tenant)).filter((event) => event.subject === subject)
  return events.map(({ action, changes }) => ({ action, changes }))
}

/** The ids of the members of a team, in order. */
export async function membersOf(tenant: Tenant, team: string): Promise<string[]> {
  const rows = await query<{ readonly id: string }>(
    tenant,
    sql`select m.user_id as id from membership m
      where m.namespace = ${tenant.namespace} and m.team_id = ${team} order by m.user_id`,
  )
  return rows.map(({ id }) => id)
}

/** The row of a team. */
export async function teamRow(tenant: Tenant, id: string) {
  const [row] = await query<{
    readonly revision: number
    readonly managed: number
    readonly members: number
    readonly lastModified: number
  }>(
    tenant,
    sql`select t.revision, t.managed, t.members, t.last_modified as "lastModified" from team t
      where t.namespace = ${tenant.namespace} and t.id = ${id}`,
  )
  return row
}

/** The row of a user, and its addresses. */
export async function userRow(tenant: Tenant, id: string) {
  const [row] = await query<{
    readonly revision: number
    readonly managed: number
    readonly active: number
    readonly userNameKey: string
    readonly emailKey: string | null
    readonly externalId: string | null
    readonly sessionsValidFrom: number
    readonly createdAt: number
    readonly lastModified: number
    readonly emails: string
  }>(
    tenant,
    sql`select u.revision, u.managed, u.active, u.user_name_key as "userNameKey",
        u.email_key as "emailKey", u.external_id as "externalId",
        u.sessions_valid_from as "sessionsValidFrom", u.created_at as "createdAt",
        u.last_modified as "lastModified",
        (select json_group_array(e.value_key) from user_email e
          where e.namespace = u.namespace and e.user_id = u.id) as emails
      from user u where u.namespace = ${tenant.namespace} and u.id = ${id}`,
  )
  return row && { ...row, emails: JSON.parse(row.emails) as string[] }
}

/** The rows of every table that belong to a namespace, to compare before and after. */
export async function snapshot({ database, namespace }: Tenant): Promise<Record<string, unknown>> {
  const tables = [
    'user',
    'user_email',
    'team',
    'membership',
    'event',
    'retained',
    'adoption',
    'team_mapping',
    'conflict',
    'refusal_count',
    'activity',
    'ignored_name',
    'denied_login',
    'sealing_key',
    'service_account',
    'token',
  ]
  const results = await database.batch('read', [
    sql`select * from namespace where name = ${namespace}`,
    ...tables.map((table) => sql`select * from ${sql.raw(table)} where namespace = ${namespace}`),
  ])
  return Object.fromEntries(['namespace', ...tables].map((table, at) => [table, results[at]]))
}

/**
 * Checks what must hold after whatever happened: the counters tell the truth, events are numbered
 * without a gap, and every column that follows from the attributes does.
 */
export async function expectConsistent(tenant: Tenant): Promise<void> {
  const { namespace } = tenant
  const [counts] = await query(
    tenant,
    sql`select
        n.users - (select count(*) from user u where u.namespace = n.name) as users,
        n.teams - (select count(*) from team t where t.namespace = n.name) as teams,
        n.managed_users - (select count(*) from user u
          where u.namespace = n.name and u.managed = 1) as "managedUsers",
        n.managed_teams - (select count(*) from team t
          where t.namespace = n.name and t.managed = 1) as "managedTeams",
        n.retained - (select count(*) from retained r where r.namespace = n.name) as retained,
        (select count(*) from team t where t.namespace = n.name and t.members <> (
          select count(*) from membership m
          where m.namespace = t.namespace and m.team_id = t.id)) as members,
        n.event_seq - coalesce((select max(e.seq) from event e where e.namespace = n.name), 0)
          as "eventSeq",
        n.event_seq - (select count(*) from event e where e.namespace = n.name) as events,
        (select count(*) from event e where e.namespace = n.name
            and (e.action like 'user.%' or e.action like 'team.%'))
          - coalesce((select sum(a.count) from activity a
            where a.namespace = n.name and a.kind = 'change'), 0) as changes
      from namespace n where n.name = ${namespace}`,
  )
  expect(counts).toEqual({
    ...{ users: 0, teams: 0, managedUsers: 0, managedTeams: 0, retained: 0 },
    ...{ members: 0, eventSeq: 0, events: 0, changes: 0 },
  })
  const users = await query<{
    readonly id: string
    readonly resource: string
    readonly folded: string
    readonly active: number
    readonly userName: string
    readonly email: string | null
    readonly externalId: string | null
    readonly emails: string
  }>(
    tenant,
    sql`select u.id, u.resource, u.folded, u.active, u.user_name_key as "userName",
        u.email_key as email, u.external_id as "externalId",
        (select json_group_array(e.value_key) from user_email e
          where e.namespace = u.namespace and e.user_id = u.id) as emails
      from user u where u.namespace = ${namespace} limit 500`,
  )
  for (const { id, resource, folded, active, emails, ...keys } of users) {
    const derived = accountColumns(JSON.parse(resource))
    const { emails: derivedEmails, ...derivedKeys } = derived.keys
    expect({ id, folded, active, ...keys, emails: JSON.parse(emails) }).toEqual({
      id,
      folded: derived.folded,
      active: derived.active,
      ...derivedKeys,
      emails: [...derivedEmails].sort(),
    })
  }
}

/** Runs a task once, between the trip that reads and the trip that writes. */
export function beforeWriting(database: Database, task: () => Promise<unknown>): Database {
  let done = false
  return {
    async batch(mode, statements) {
      if (mode === 'write' && !done) {
        done = true
        await task()
      }
      return database.batch(mode, statements)
    },
  }
}

/** The reason of the refusal that a promise ends with. */
export async function refusalOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ resolved: value }),
    (error: unknown) =>
      typeof error === 'object' && error !== null && 'reason' in error ? error.reason : { error },
  )
}

/** What is held of a request that makes sense. */
export function held<T>(value: T): Held<T> {
  return hold(() => value)
}

/** A change that puts these attributes in place of the stored ones. */
export function replaceWith(attributes: Attributes): Held<UserChange> {
  return held(() => attributes)
}

/** A change that sets some attributes and keeps the others. */
export function set(attributes: Attributes): Held<UserChange> {
  return held(({ attributes: stored }) => ({ ...stored, ...attributes }))
}

const members = (change: Partial<MemberChange>): Held<TeamChange> =>
  held({
    members: () => ({ ...noMemberChange, ...change }),
    dependsOnMembers: false,
  })

export const addMembers = (...ids: string[]) => members({ add: new Set(ids) })
export const removeMembers = (...ids: string[]) => members({ remove: new Set(ids) })
export const replaceMembers = (...ids: string[]) => members({ replace: true, add: new Set(ids) })

/** A change of a team's attributes that leaves its members alone. */
export function rename(attributes: Attributes): Held<TeamChange> {
  return held({
    attributes: ({ attributes: stored }) => ({ ...stored, ...attributes }),
    members: () => noMemberChange,
    dependsOnMembers: false,
  })
}

/** The whole list that a filter selects; a page of 200 must do. */
export function listing(filter?: Filter, startIndex = 1, count = 200) {
  return held({ filter, page: { startIndex, count } })
}

type ListRequest = ReturnType<typeof listing>

/** Lists users by index. */
export async function listUsers(caller: Caller, request: ListRequest) {
  const { resources, total } = await listResources(
    caller,
    [userType],
    select(request, userType),
    false,
  )
  return { users: resources.flatMap((one) => (one.type === 'User' ? [one.user] : [])), total }
}

/** Lists teams by index. */
export async function listTeams(caller: Caller, request: ListRequest, withMembers: boolean) {
  const selection = select(request, groupType)
  const { resources, total } = await listResources(caller, [groupType], selection, withMembers)
  return { teams: resources.flatMap((one) => (one.type === 'Group' ? [one.team] : [])), total }
}

function select(request: ListRequest, type: ResourceType): Held<Selection> {
  return andThen(request, ({ filter, page }) => ({
    filters: filter && new Map([[type, filter]]),
    sort: undefined,
    cut: { kind: 'index', ...page },
  }))
}

/** Changes a user, under If-Match where one is given. */
export const changeUser = (
  caller: Caller,
  id: string,
  change: Held<UserChange>,
  ifMatch: string | undefined,
) => users.changeUser(caller, id, change, { ifMatch })

/** Deletes a user, under If-Match where one is given. */
export const deleteUser = (caller: Caller, id: string, ifMatch: string | undefined) =>
  users.deleteUser(caller, id, { ifMatch })

/** Changes a team, under If-Match where one is given. */
export const changeTeam = (
  caller: Caller,
  id: string,
  change: Held<TeamChange>,
  ifMatch: string | undefined,
  withMembers: boolean,
) => teams.changeTeam(caller, id, change, { ifMatch }, withMembers)

/** Deletes a team, under If-Match where one is given. */
export const deleteTeam = (caller: Caller, id: string, ifMatch: string | undefined) =>
  teams.deleteTeam(caller, id, { ifMatch })
