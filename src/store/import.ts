/**
 * Importing people, teams and members that SCIM does not manage, such as what Grafana's own API
 * exports. An import is a list of independent wishes, each with its outcome; repeated, it converges.
 */
import { sql } from 'drizzle-orm'
import { differInCaseAlone, fold } from '../scim/comparison.ts'
import { MAXIMUM_MEMBERS } from '../scim/patch/members.ts'
import { sameValue } from '../scim/resource/equality.ts'
import type { Principal } from '../tenancy/credential.ts'
import { mayRead, needed } from '../tenancy/needed.ts'
import type { Permission } from '../tenancy/permission.ts'
import { accountKeys } from './account.ts'
import { type Caller, readAs } from './authority.ts'
import { list } from './database.ts'
import {
  differs,
  type GrafanaIds,
  type GrafanaIdsRow,
  noteGrafanaIds,
  selectByGrafanaIds,
  takenOf,
} from './grafana-ids.ts'
import { type AccountForm, changeAccount, createAccount, withForm } from './hand-accounts.ts'
import { belongsToScim, changeTeamMembers, createHandTeam } from './hand-teams.ts'
import { type Held, release } from './held.ts'
import { refuseTaken } from './match.ts'
import { Refusal, type StoreReason } from './refusal.ts'
import { chunks, insertChunk, prepare } from './user-set.ts'
import { type CandidateRow, candidateColumns, idsHoldingAny, toUser } from './users.ts'

/** A person to import: absent values stay as they are. */
export type ImportedUser = AccountForm & GrafanaIds & { readonly login: string }

/** A team to import. */
export type ImportedTeam = GrafanaIds & { readonly name: string }

/** A member to import: the name of a team, and the login or else the e-mail of a person. */
export interface ImportedMember {
  readonly team: string
  readonly login?: string | undefined
  readonly email?: string | undefined
}

export interface Import {
  /** Whether to tell only what would become of it. */
  readonly dryRun: boolean
  readonly users: readonly ImportedUser[]
  readonly teams: readonly ImportedTeam[]
  readonly members: readonly ImportedMember[]
}

/** What became of a person or team; of a conflict, why. */
export interface Outcome {
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'managed' | 'conflict'
  readonly id?: string | undefined
  readonly refusal?: StoreReason | undefined
}

/** What became of a member; of a conflict, why. */
export interface MemberOutcome {
  readonly outcome: 'added' | 'unchanged' | 'managed' | 'unknown' | 'conflict'
  readonly refusal?: StoreReason | undefined
}

export interface Imported {
  readonly users: readonly Outcome[]
  readonly teams: readonly Outcome[]
  readonly members: readonly MemberOutcome[]
}

/** What each list needs: all that may be done with its entries. Whoever imports needs the sum. */
const NEEDED = {
  users: [...needed['POST /accounts'], ...needed['PATCH /accounts/:account']],
  teams: needed['POST /teams'],
  members: needed['POST /teams/:team/members'],
} as const

/**
 * Imports people, then teams, then members.
 *
 * @throws Refusal where the whole is refused, such as for its credential
 */
export async function importDirectory(caller: Caller, asked: Held<Import>): Promise<Imported> {
  if (!asked.ok) {
    // What it would need nobody knows; but who may import nothing is told no more.
    const { principal } = await readAs(caller, needed['POST /import'], () => [])
    const all = Object.values(NEEDED).flat()
    if (!all.some((permission) => mayRead(principal.granted, permission))) {
      throw new Refusal({ kind: 'missing-permission', permission: NEEDED.users[0] })
    }
    return release(asked)
  }
  const { users, teams, members, dryRun } = asked.value
  const permissions = [
    ...(users.length > 0 ? NEEDED.users : []),
    ...(teams.length > 0 ? NEEDED.teams : []),
    ...(members.length > 0 ? NEEDED.members : []),
  ]
  return {
    users: await importUsers(caller, permissions, users, dryRun),
    teams: await importTeams(caller, permissions, teams, dryRun),
    members: await importMembers(caller, permissions, asked.value),
  }
}

/** Every wish is a change of its own, whose request id begins with that of the import. */
function within(caller: Caller, part: string): Caller {
  return { ...caller, requestId: `${caller.requestId}/${part}` }
}

/** What a refused change by hand means for an import; other errors go on. */
function outcomeOf(error: unknown, id?: string): Outcome {
  if (!(error instanceof Refusal)) throw error
  const { reason } = error
  if (reason.kind === 'provisioned') return { outcome: 'managed', id }
  if (
    reason.kind === 'taken' ||
    reason.kind === 'look-alike' ||
    reason.kind === 'resource-too-large'
  ) {
    return { outcome: 'conflict', id, refusal: reason }
  }
  throw error
}

async function importUsers(
  caller: Caller,
  permissions: readonly Permission[],
  users: readonly ImportedUser[],
  dryRun: boolean,
): Promise<Outcome[]> {
  const { principal, rows } = await readAs(caller, permissions, (namespace, allowed) => {
    const keys = users.map((user) => accountKeys(withForm({}, user)))
    return [
      sql<CandidateRow>`select ${candidateColumns} from ${allowed} user u
        where u.namespace = ${namespace} and u.id in (${idsHoldingAny(namespace, keys)})`,
      selectByGrafanaIds(namespace, 'user', users, allowed),
    ] as const
  })
  const planned = planUsers(rows[0], rows[1], users)
  if (dryRun) return planned
  const created = await createAtOnce(caller, principal, users, planned)
  const outcomes: Outcome[] = []
  for (const [index, user] of users.entries()) {
    const plan = planned[index] ?? { outcome: 'unchanged' }
    const own = within(caller, `users/${index}`)
    const { outcome, id } = plan
    try {
      if (outcome === 'created') {
        // Who is not among those created at once lost a race, or comes back.
        const known = created.get(fold(user.login))
        const made = known ?? (await createAccount(own, { ok: true, value: user })).id
        outcomes.push({ outcome, id: made })
      } else if (outcome === 'updated' && id !== undefined) {
        outcomes.push(await changeOrCreate(own, id, user))
      } else outcomes.push(plan)
    } catch (error) {
      outcomes.push(outcomeOf(error, id))
    }
  }
  await noteGrafanaIds(caller, permissions, 'user', identified(users, outcomes))
  return outcomes
}

/** Those that an import found or made, with what Grafana calls them. */
function identified(wanted: readonly GrafanaIds[], outcomes: readonly Outcome[]) {
  return wanted.flatMap(({ grafanaId, grafanaUid }, at) => {
    const { outcome, id } = outcomes[at] ?? {}
    return id === undefined || outcome === 'conflict' ? [] : [{ id, grafanaId, grafanaUid }]
  })
}

/** Why an import leaves an entry alone: Grafana's id is that of another, here or in the list. */
function grafanaConflict(
  rows: readonly GrafanaIdsRow[],
  claimed: Set<string>,
  wanted: GrafanaIds,
  id: string | undefined,
): StoreReason | undefined {
  const taken = takenOf(rows, wanted, id)
  if (taken !== undefined) return { kind: 'grafana-id-taken', value: taken }
  const { grafanaId, grafanaUid } = wanted
  const own = [
    ...(grafanaId === undefined ? [] : [`#${grafanaId}`]),
    ...(grafanaUid === undefined ? [] : [`=${grafanaUid}`]),
  ]
  const twice = own.find((key) => claimed.has(key))
  for (const key of own) claimed.add(key)
  return twice === undefined ? undefined : { kind: 'grafana-id-taken', value: twice.slice(1) }
}

/** Changes an account that was found by its login; who is gone or renamed since is created. */
async function changeOrCreate(caller: Caller, id: string, user: ImportedUser): Promise<Outcome> {
  const form = { ok: true, value: user } as const
  try {
    await changeAccount(caller, id, form, user.login)
    return { outcome: 'updated', id }
  } catch (error) {
    if (!(error instanceof Refusal && error.reason.kind === 'not-found')) throw error
    return { outcome: 'created', id: (await createAccount(caller, form)).id }
  }
}

/** Decides about each person by what is there, and by who came before in the same list. */
function planUsers(
  rows: readonly CandidateRow[],
  identifiedRows: readonly GrafanaIdsRow[],
  users: readonly ImportedUser[],
): Outcome[] {
  const claimed = new Set<string>()
  const claimedIds = new Set<string>()
  return users.map((user) => {
    const row = rows.find(({ userNameKey }) => userNameKey === fold(user.login))
    const current = row && toUser(row)
    const id = current?.id
    const attributes = withForm(current?.attributes ?? { active: true }, user)
    const { userName, email } = accountKeys(attributes)
    const own = [`u${userName}`, ...(email === null ? [] : [`e${email}`])]
    const twice = own.find((key) => claimed.has(key))
    for (const key of own) claimed.add(key)
    if (twice !== undefined) {
      return { outcome: 'conflict', id, refusal: { kind: 'listed-twice', value: twice.slice(1) } }
    }
    const refusal = grafanaConflict(identifiedRows, claimedIds, user, id)
    if (refusal !== undefined) return { outcome: 'conflict', id, refusal }
    if (current?.managed) return { outcome: 'managed', id }
    // Nobody is renamed to what only looks like their login.
    if (current && !differInCaseAlone(String(current.attributes.userName), user.login)) {
      const refusal = { kind: 'look-alike', attribute: 'userName', value: user.login } as const
      return { outcome: 'conflict', id, refusal }
    }
    try {
      refuseTaken(rows, attributes, id)
    } catch (error) {
      return outcomeOf(error, id)
    }
    if (current === undefined) return { outcome: 'created' }
    const same = sameValue(current.attributes, attributes) && !differs(user, current)
    return { outcome: same ? 'unchanged' : 'updated', id }
  })
}

/**
 * Creates those who are plainly new, in a few statements.
 *
 * @returns their ids, by the comparison key of the login
 */
async function createAtOnce(
  caller: Caller,
  principal: Principal,
  users: readonly ImportedUser[],
  planned: readonly Outcome[],
): Promise<Map<string, string>> {
  const fresh = users.flatMap((user, index) => {
    if (planned[index]?.outcome !== 'created') return []
    const { requestId } = within(caller, `users/${index}`)
    const attributes = withForm({ active: true }, user)
    return [prepare({ id: caller.newId('user'), requestId, attributes })]
  })
  const ids = new Map<string, string>()
  for (const chunk of chunks(fresh)) {
    for (const row of await insertChunk(caller, principal, chunk, false)) {
      ids.set(fold(String(toUser(row).attributes.userName)), row.id)
    }
  }
  return ids
}

interface NamedTeam extends GrafanaIdsRow {
  readonly managed: number
  readonly key: string
}

async function importTeams(
  caller: Caller,
  permissions: readonly Permission[],
  teams: readonly ImportedTeam[],
  dryRun: boolean,
): Promise<Outcome[]> {
  if (teams.length === 0) return []
  const { rows } = await readAs(caller, permissions, (namespace, allowed) => [
    sql<NamedTeam>`select t.id, t.managed, t.display_name_key as key,
        t.grafana_id as "grafanaId", t.grafana_uid as "grafanaUid" from ${allowed} team t
      where t.namespace = ${namespace}
        and t.display_name_key in ${list(teams.map(({ name }) => fold(name)))}`,
    selectByGrafanaIds(namespace, 'team', teams, allowed),
  ])
  const claimed = new Set<string>()
  const claimedIds = new Set<string>()
  const outcomes: Outcome[] = []
  for (const [index, team] of teams.entries()) {
    const { name } = team
    const key = fold(name)
    const existing = rows[0].find((team) => team.key === key)
    const refusal = grafanaConflict(rows[1], claimedIds, team, existing?.id)
    if (claimed.has(key)) {
      outcomes.push({ outcome: 'conflict', refusal: { kind: 'listed-twice', value: name } })
    } else if (refusal !== undefined) {
      outcomes.push({ outcome: 'conflict', id: existing?.id, refusal })
    } else if (existing !== undefined) {
      const { id } = existing
      const same = differs(team, existing) ? 'updated' : 'unchanged'
      outcomes.push({ outcome: existing.managed === 1 ? 'managed' : same, id })
    } else if (dryRun) {
      outcomes.push({ outcome: 'created' })
    } else {
      const own = within(caller, `teams/${index}`)
      const made = createHandTeam(own, { ok: true, value: name })
      outcomes.push(
        await made.then(
          ({ team }) => ({ outcome: 'created' as const, id: team.id }),
          (error: unknown) => outcomeOf(error),
        ),
      )
    }
    claimed.add(key)
  }
  if (!dryRun) await noteGrafanaIds(caller, permissions, 'team', identified(teams, outcomes))
  return outcomes
}

const teamFull: MemberOutcome = { outcome: 'conflict', refusal: { kind: 'team-full' } }

/** What becomes of those with whom a team would have so many members. */
function overflow(members: number): MemberOutcome | undefined {
  return members > MAXIMUM_MEMBERS ? teamFull : undefined
}

/** What it means that the members of a team could not be added; other errors go on. */
function memberOutcomeOf(error: unknown): MemberOutcome {
  if (!(error instanceof Refusal)) throw error
  // SCIM took it meanwhile, or it is gone.
  if (error.reason.kind === 'provisioned') return { outcome: 'managed' }
  if (error.reason.kind === 'not-found') return { outcome: 'unknown' }
  if (error.reason.kind === 'team-full') return teamFull
  throw error
}

interface MemberRow {
  readonly at: number
  readonly team: string | null
  readonly managed: number | null
  /** How many members the team has. */
  readonly members: number | null
  readonly user: string | null
  readonly isMember: number
}

/** Those who are to join a team, and where in the list they stand. */
interface Joining {
  /** How many members the team has already. */
  readonly size: number
  readonly people: Set<string>
  readonly places: number[]
}

/** Adds members to a team: all of them, or none, and then why. */
async function joinTeam(
  caller: Caller,
  team: string,
  people: ReadonlySet<string>,
): Promise<MemberOutcome | undefined> {
  const change = { kind: 'join', users: [...people] } as const
  return changeTeamMembers(caller, team, { ok: true, value: change }).then(
    () => undefined,
    memberOutcomeOf,
  )
}

async function importMembers(
  caller: Caller,
  permissions: readonly Permission[],
  { dryRun, users, teams, members }: Import,
): Promise<MemberOutcome[]> {
  if (members.length === 0) return []
  const key = (text: string | undefined) => (text === undefined ? null : fold(text))
  const asked = members.map(({ team, login, email }) => [fold(team), key(login), key(email)])
  const { principal, rows } = await readAs(caller, permissions, (namespace, allowed) => [
    sql<MemberRow>`select j.key as at, t.id as team, t.managed, t.members,
        coalesce(a.id, b.id) as user, m.user_id is not null as "isMember"
      from ${allowed} json_each(${JSON.stringify(asked)}) j
      left join team t on t.namespace = ${namespace}
        and t.display_name_key = json_extract(j.value, '$[0]')
      left join user a on a.namespace = ${namespace}
        and a.user_name_key = json_extract(j.value, '$[1]')
      left join user b on a.id is null and b.namespace = ${namespace}
        and b.email_key = json_extract(j.value, '$[2]')
      left join membership m on m.namespace = ${namespace} and m.team_id = t.id
        and m.user_id = coalesce(a.id, b.id)`,
  ])
  // A preview counts those as known whom the same import would create.
  const keys = users.map((user) => accountKeys(withForm({}, user)))
  const comingPeople = new Map(
    keys.flatMap(({ userName, email }) =>
      [userName, email].flatMap((one) => (one === null ? [] : [[one, userName] as const])),
    ),
  )
  const comingTeams = new Set(teams.map(({ name }) => fold(name)))
  const outcomes = members.map((): MemberOutcome => ({ outcome: 'unknown' }))
  const joining = new Map<string, Joining>()
  for (const { at, team, managed, members: size, user, isMember } of rows[0]) {
    const [teamKey = null, login = null, email = null] = asked[at] ?? []
    const knowsTeam = team !== null || (dryRun && comingTeams.has(teamKey ?? ''))
    const [coming] = [login, email].flatMap((one) => comingPeople.get(one ?? '') ?? [])
    const person = user ?? (dryRun ? coming : undefined)
    if (!knowsTeam || person === undefined) continue
    if (belongsToScim(principal, managed ?? 0)) outcomes[at] = { outcome: 'managed' }
    else if (isMember === 1) outcomes[at] = { outcome: 'unchanged' }
    else {
      outcomes[at] = { outcome: 'added' }
      if (team === null) continue
      const join: Joining = joining.get(team) ?? { size: size ?? 0, people: new Set(), places: [] }
      join.people.add(person)
      join.places.push(at)
      joining.set(team, join)
    }
  }
  for (const [team, { size, people, places }] of joining) {
    const failed = dryRun
      ? overflow(size + people.size)
      : await joinTeam(within(caller, `members/${team}`), team, people)
    if (failed !== undefined) for (const at of places) outcomes[at] = failed
  }
  return outcomes
}
