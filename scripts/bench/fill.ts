/** Fills a server through its API: with Bulk where it knows that, else one by one in lanes. */
import type { Progress } from '../lib/progress.ts'
import { inLanes } from '../simulate/client.ts'
import { type Call, type Server, sendOrFail } from './measure.ts'

const BULK_REQUEST = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

/** Lanes where resources are created one by one. */
const LANES = 16
/** How many users have one group of the crowd, and so many are its members. */
const CROWD = 20
/** How many members one request carries. */
const MEMBERS_AT_ONCE = 1000
/** The groups that are patched. */
export const TEAM_SIZES = [10, 1000, 10_000] as const

/** What is in a server so far. */
export interface Directory {
  /** Begins the names of this run. */
  readonly prefix: string
  readonly users: string[]
  /** How many groups of the crowd there are. */
  groups: number
  /** The ids of the groups to patch, by their size. */
  readonly teams: Map<number, string>
}

export function emptyDirectory(prefix: string): Directory {
  return { prefix, users: [], groups: 0, teams: new Map() }
}

/** What person number `at` is called. */
export function userNameOf({ prefix }: Directory, at: number): string {
  return `${prefix}person${at}@example.com`
}

/** A person as an identity provider sends it. */
export function personOf(directory: Directory, at: number): object {
  const userName = userNameOf(directory, at)
  return {
    schemas: [USER],
    userName,
    externalId: `${directory.prefix}external-${at}`,
    name: { givenName: 'Person', familyName: `Number ${at}` },
    displayName: `Person Number ${at}`,
    title: 'Engineer',
    active: true,
    emails: [{ type: 'work', primary: true, value: userName }],
  }
}

export function patchOf(operation: object): object {
  return { schemas: [PATCH], Operations: [operation] }
}

/** How many operations a Bulk request may carry; 0 where there is none. */
export async function bulkLimitOf(server: Server): Promise<number> {
  const answer = await server.send({ method: 'GET', path: '/ServiceProviderConfig' })
  if (answer.status !== 200) return 0
  const { bulk } = JSON.parse(answer.text)
  return bulk?.supported === true ? Math.min(1000, Number(bulk.maxOperations) || 0) : 0
}

/** Adds users, and the groups that go with them, until there are as many users as asked for. */
export async function fill(
  server: Server,
  directory: Directory,
  users: number,
  bulk: number,
  progress: Progress,
): Promise<void> {
  const known = directory.users.length
  const people = Math.max(0, users - known)
  progress.phase(`${users} users`, people)
  const person = (at: number) => personOf(directory, known + at)
  for (const id of await create(server, '/Users', people, person, bulk, progress)) {
    directory.users.push(id)
  }

  const before = directory.groups
  const groups = Math.max(0, Math.floor(users / CROWD) - before)
  progress.phase('groups', groups)
  const group = (at: number) => {
    const number = before + at
    const members = directory.users.slice(number * CROWD, (number + 1) * CROWD)
    return groupOf(`${directory.prefix}group ${number}`, members)
  }
  await create(server, '/Groups', groups, group, Math.min(bulk, 100), progress)
  directory.groups += groups

  for (const size of TEAM_SIZES) {
    if (directory.teams.has(size) || users < size + LANES) continue
    progress.phase(`group of ${size}`, size)
    directory.teams.set(size, await createTeam(server, directory, size, progress))
  }
  progress.close()
}

function groupOf(displayName: string, ids: readonly string[]): object {
  return { schemas: [GROUP], displayName, members: ids.map((value) => ({ value })) }
}

/** A group whose members come in several requests. */
async function createTeam(
  server: Server,
  directory: Directory,
  size: number,
  progress: Progress,
): Promise<string> {
  const members = directory.users.slice(0, size)
  const first = groupOf(`${directory.prefix}team of ${size}`, members.slice(0, MEMBERS_AT_ONCE))
  const answer = await sendOrFail(server, { method: 'POST', path: '/Groups', body: first })
  const id = String(JSON.parse(answer.text).id)
  progress.advance(Math.min(size, MEMBERS_AT_ONCE))
  for (let from = MEMBERS_AT_ONCE; from < size; from += MEMBERS_AT_ONCE) {
    const value = members.slice(from, from + MEMBERS_AT_ONCE).map((member) => ({ value: member }))
    const body = patchOf({ op: 'add', path: 'members', value })
    await sendOrFail(server, { method: 'PATCH', path: `/Groups/${id}`, body })
    progress.advance(value.length)
  }
  return id
}

/** Creates so many resources, each made when it is sent; their ids, in the same order. */
async function create(
  server: Server,
  path: string,
  count: number,
  make: (at: number) => object,
  bulk: number,
  progress: Progress,
): Promise<string[]> {
  const ids: string[] = []
  if (bulk === 0) {
    const one = (at: number) => async () => {
      const answer = await sendOrFail(server, { method: 'POST', path, body: make(at) })
      ids[at] = String(JSON.parse(answer.text).id)
      progress.advance(1)
    }
    await inLanes(
      Array.from({ length: count }, (_, at) => one(at)),
      LANES,
    )
    return ids
  }
  for (let from = 0; from < count; from += bulk) {
    const length = Math.min(bulk, count - from)
    const part = Array.from({ length }, (_, at) => make(from + at))
    ids.push(...(await createAtOnce(server, path, part)))
    progress.advance(length)
  }
  return ids
}

async function createAtOnce(
  server: Server,
  path: string,
  resources: readonly object[],
): Promise<string[]> {
  const call: Call = {
    method: 'POST',
    path: '/Bulk',
    body: {
      schemas: [BULK_REQUEST],
      Operations: resources.map((data, at) => ({ method: 'POST', path, bulkId: `b${at}`, data })),
    },
  }
  const { Operations } = JSON.parse((await sendOrFail(server, call)).text)
  return Operations.map((operation: { location?: string; status: string }) => {
    if (operation.status !== '201') throw new Error(`Bulk: ${JSON.stringify(operation)}`)
    return operation.location?.split('/').at(-1)
  })
}
