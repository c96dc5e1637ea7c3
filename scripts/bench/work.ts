/** The work: what is asked of every server, in the same words. */
import { type DatabaseCost, readServerTiming } from '../lib/server-timing.ts'
import { type Directory, patchOf, personOf, TEAM_SIZES, userNameOf } from './fill.ts'
import { type Call, type Server, sendOrFail } from './measure.ts'

/** How far from the start the page by index is. */
const DEEP = 1001
const PAGE = 50
/** How many are asked for on the way there. */
const STRIDE = 100

export interface Operation {
  readonly name: string
  /** What it is compared with: one Drizzle batch of three selects, or two of them. */
  readonly kind: 'read' | 'write'
  /** The next call of a lane; the calls of a lane are sent one after the other. */
  readonly next: (lane: number) => Call
  /** Whether it is also measured where there are a million users. */
  readonly large: boolean
}

/** Makes the operations on a directory as it stands. */
export async function operationsOf(server: Server, directory: Directory): Promise<Operation[]> {
  const { users } = directory
  // Steps that are prime to the number of users come by everybody, in no order of theirs.
  const STEP = 7919
  let turn = 0
  const somebody = () => {
    turn += 1
    return (turn * STEP) % users.length
  }
  const filter = (text: string) => `/Users?filter=${encodeURIComponent(text)}`
  let created = 0
  const newcomers = { ...directory, prefix: `${directory.prefix}new-${users.length}-` }
  const cursor = await cursorOf(server)
  const operations: Operation[] = [
    {
      name: 'create',
      kind: 'write',
      large: false,
      next() {
        created += 1
        return { method: 'POST', path: '/Users', body: personOf(newcomers, created) }
      },
    },
    {
      name: 'GET by id',
      kind: 'read',
      large: true,
      next: () => ({ method: 'GET', path: `/Users/${users[somebody()]}` }),
    },
    {
      name: 'lookup by userName',
      kind: 'read',
      large: true,
      next: () => ({
        method: 'GET',
        path: filter(`userName eq "${userNameOf(directory, somebody())}"`),
      }),
    },
    {
      name: `page of ${PAGE} at ${DEEP}`,
      kind: 'read',
      large: false,
      next: () => ({ method: 'GET', path: `/Users?startIndex=${DEEP}&count=${PAGE}` }),
    },
    ...(cursor === undefined
      ? []
      : [
          {
            name: `page of ${PAGE} by cursor`,
            kind: 'read' as const,
            large: true,
            next: () => ({
              method: 'GET',
              path: `/Users?cursor=${encodeURIComponent(cursor)}&count=${PAGE}`,
            }),
          },
        ]),
    patchActive(users, somebody),
  ]
  for (const size of TEAM_SIZES) {
    const id = directory.teams.get(size)
    if (id !== undefined) operations.push(patchMember(users, size, id))
  }
  return operations
}

/** Each user is switched off and on again in turn, so that every request changes something. */
function patchActive(users: readonly string[], somebody: () => number): Operation {
  const inactive = new Set<number>()
  return {
    name: 'PATCH active',
    kind: 'write',
    large: false,
    next() {
      const at = somebody()
      const value = inactive.delete(at)
      if (!value) inactive.add(at)
      const body = patchOf({ op: 'replace', path: 'active', value })
      return { method: 'PATCH', path: `/Users/${users[at]}`, body }
    },
  }
}

/** Each lane has a person of its own, who comes and goes. */
function patchMember(users: readonly string[], size: number, id: string): Operation {
  const members = new Set<number>()
  return {
    name: `PATCH ±1 of ${size.toLocaleString('en')} members`,
    kind: 'write',
    large: true,
    next(lane) {
      const value = users[size + lane]
      const leaves = members.delete(lane)
      if (!leaves) members.add(lane)
      const body = leaves
        ? patchOf({ op: 'remove', path: `members[value eq "${value}"]` })
        : patchOf({ op: 'add', path: 'members', value: [{ value }] })
      return { method: 'PATCH', path: `/Groups/${id}`, body }
    },
  }
}

/** The cursor of the page that begins where the one by index does; absent where there are none. */
async function cursorOf(server: Server): Promise<string | undefined> {
  let cursor = ''
  for (let left = DEEP - 1; left > 0; ) {
    const path = `/Users?cursor=${encodeURIComponent(cursor)}&count=${Math.min(left, STRIDE)}`
    const answer = await server.send({ method: 'GET', path })
    const page = answer.status === 200 ? JSON.parse(answer.text) : {}
    if (typeof page.nextCursor !== 'string' || !(page.itemsPerPage > 0)) return undefined
    cursor = page.nextCursor
    left -= page.itemsPerPage
  }
  return cursor
}

/** Sends one request of an operation and reads what it cost. */
export async function costOf(
  server: Server,
  operation: Pick<Operation, 'next'>,
): Promise<DatabaseCost> {
  const answer = await sendOrFail(server, operation.next(0), { 'X-Server-Timing': '1' })
  return readServerTiming(answer.serverTiming)
}
