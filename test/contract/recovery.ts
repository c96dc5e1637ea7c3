/** What becomes of a request where the platform fails, whichever database it runs on. */
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Database, Statement } from '../../src/store/database.ts'
import { classify, type FailureKind } from '../../src/store/failure.ts'
import { commit, read, repeat } from '../../src/store/recovery.ts'
import { createTeam } from '../../src/store/teams.ts'
import { createUser, readUser } from '../../src/store/users.ts'
import {
  changesOf,
  changeTeam,
  deleteUser,
  eventsOf,
  held,
  membersOf,
  type Open,
  removeMembers,
  snapshot,
  type Tenant,
  teamRow,
  tenancy,
} from './tenant.ts'

type Mode = 'read' | 'write'
type Run = () => Promise<unknown>

/** A database whose batches go through `fail`, which is told the mode and number of each. */
function failing(
  database: Database,
  fail: (run: Run, mode: Mode, number: number) => Promise<unknown>,
): { readonly database: Database; readonly modes: Mode[] } {
  const modes: Mode[] = []
  const wrapped: Database = {
    batch(mode, statements) {
      const number = modes.push(mode)
      return fail(() => database.batch(mode, statements), mode, number) as never
    },
  }
  return { database: wrapped, modes }
}

const broken = (message: string) => Promise.reject(classify(new Error(message)))
const LOST = 'Network connection lost.'

export function recovery(open: Open): void {
  const { tenant: makeTenant } = tenancy(open)
  beforeEach(() => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  const post = (tenant: Tenant, database = tenant.database) =>
    createUser(tenant.caller({ database }), held({ userName: 'ada', externalId: 'x' }))

  /** A team with one member. */
  async function team(tenant: Tenant) {
    const { id: member } = await post(tenant)
    const body = held({ attributes: { displayName: 'team' }, members: [member] })
    const { id } = await createTeam(tenant.caller(), body, false)
    return { id, member }
  }

  test('a write whose answer is lost is answered by its event, and not sent again', async () => {
    const tenant = await makeTenant()
    const { database, modes } = failing(tenant.database, async (run, mode) => {
      const results = await run()
      return mode === 'write' ? broken(LOST) : results
    })
    const user = await post(tenant, database)
    expect(user).toEqual(await readUser(tenant.caller(), user.id))
    expect(modes).toEqual(['read', 'write', 'read'])
    await deleteUser(tenant.caller({ database }), user.id, undefined)
    expect((await changesOf(tenant, user.id)).map(({ action }) => action)).toEqual([
      'user.create',
      'user.delete',
    ])
  })

  test('a write that did not arrive is sent again', async () => {
    const tenant = await makeTenant()
    const { database, modes } = failing(tenant.database, (run, _, number) =>
      number === 2 ? broken(LOST) : run(),
    )
    await post(tenant, database)
    expect(modes).toEqual(['read', 'write', 'read', 'write'])
    expect(await eventsOf(tenant)).toHaveLength(1)
  })

  test('a write that arrives after it was sent again has no effect', async () => {
    const tenant = await makeTenant()
    const { id, member } = await team(tenant)
    let late: Run | undefined
    const { database } = failing(tenant.database, (run, mode) => {
      if (mode === 'read' || late !== undefined) return run()
      late = run
      return broken(LOST)
    })
    const caller = tenant.caller({ database })
    await changeTeam(caller, id, removeMembers(member), undefined, false)
    const before = await snapshot(tenant)
    await expect(late?.()).rejects.toMatchObject({ kind: 'stale' })
    expect(await snapshot(tenant)).toEqual(before)
    expect(await membersOf(tenant, id)).toEqual([])
    expect(await teamRow(tenant, id)).toMatchObject({ revision: 2, members: 0 })
  })

  test('a write that arrives just before it is sent again has its effect once', async () => {
    const tenant = await makeTenant()
    const { id, member } = await team(tenant)
    let late: Run | undefined
    const { database, modes } = failing(tenant.database, async (run, mode) => {
      if (mode === 'read') return run()
      if (late === undefined) {
        late = run
        return broken(LOST)
      }
      await late()
      return run()
    })
    const caller = tenant.caller({ database })
    await changeTeam(caller, id, removeMembers(member), undefined, false)
    expect(modes).toEqual(['read', 'write', 'read', 'write', 'read'])
    expect(await teamRow(tenant, id)).toMatchObject({ revision: 2, members: 0 })
  })

  test('a database that is locked is waited for', async () => {
    const tenant = await makeTenant()
    const { database, modes } = failing(tenant.database, (run, mode, number) =>
      mode === 'write' && number < 12 ? broken('SQLITE_BUSY: database is locked') : run(),
    )
    await post(tenant, database)
    expect(modes).toEqual(Array.from({ length: 6 }, () => ['read', 'write']).flat())
  })

  test('a database that does not answer is given up after a few tries', async () => {
    const tenant = await makeTenant()
    const { database, modes } = failing(tenant.database, () => broken(LOST))
    await expect(post(tenant, database)).rejects.toMatchObject({ kind: 'lost' })
    expect(modes).toEqual(['read', 'read', 'read', 'read'])
    expect(await eventsOf(tenant)).toEqual([])
  })

  test.each<[string, (database: Database, unbindable: Statement) => Promise<unknown>, Mode]>([
    ['a read', (database, unbindable) => read(database, [unbindable]), 'read'],
    ['a write', (database, unbindable) => repeat(database, [unbindable]), 'write'],
    [
      'a commit',
      (database, unbindable) =>
        commit(database, { evidence: sql`0`, statements: [unbindable], answers: [] }),
      'write',
    ],
  ])(
    '%s that cannot be rendered is an error of ours, and not tried again',
    async (_, send, mode) => {
      const tenant = await makeTenant()
      const { database, modes } = failing(tenant.database, (run) => run())
      const sent = send(database, sql`select ${Symbol('no value')}`)
      await expect(sent).rejects.toThrow(new TypeError('A symbol cannot be bound to a statement.'))
      expect(modes).toEqual([mode])
    },
  )

  test.each<[FailureKind, boolean, string]>([
    ['lost', true, 'D1_ERROR: Network connection lost.'],
    ['lost', true, 'D1_ERROR: D1 DB reset because its code was updated.'],
    ['lost', true, 'D1_ERROR: Internal error in D1 DB storage caused object to be reset.'],
    ['lost', true, 'D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.'],
    ['lost', true, 'fetch failed'],
    [
      'exceeded',
      false,
      'D1 DB storage operation exceeded timeout which caused object to be reset.',
    ],
    ['exceeded', false, 'D1_ERROR: D1 DB exceeded its CPU time limit and was reset.'],
    ['exceeded', false, "D1_ERROR: D1 DB's isolate exceeded its memory limit and was reset."],
    ['unavailable', false, 'D1_ERROR: D1 DB is overloaded. Requests queued for too long.'],
    ['unavailable', false, 'D1_ERROR: D1 DB is overloaded. Too many requests queued.'],
    ['unavailable', false, 'D1_ERROR: Exceeded maximum DB size'],
  ])('%s (tried again: %s): %s', async (kind, again, message) => {
    const tenant = await makeTenant()
    const { database, modes } = failing(tenant.database, () => broken(message))
    await expect(readUser(tenant.caller({ database }), 'x')).rejects.toMatchObject({ kind })
    expect(modes.length > 1).toBe(again)
  })
}
