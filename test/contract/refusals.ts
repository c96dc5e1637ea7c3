/** The record of refused requests, and what status and health read, on every database. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import {
  expireConflicts,
  listConflicts,
  type NewConflict,
  recordRefusals,
  settleConflict,
} from '../../src/store/conflicts.ts'
import { expire } from '../../src/store/expiry.ts'
import { hourOf } from '../../src/store/hours.ts'
import { deleteNamespace } from '../../src/store/registry.ts'
import { readHealth, readStatus } from '../../src/store/status.ts'
import { createUser } from '../../src/store/users.ts'
import { held, type Open, query, START, type Tenant, tenancy } from './tenant.ts'

const DAY = 24 * 60 * 60 * 1000

function refused(subject: string, more: Partial<NewConflict> = {}): NewConflict {
  return {
    id: `c-${subject}`,
    subject,
    reason: 'scim.uniqueness',
    status: 409,
    detail: 'It is taken.',
    request: '{}',
    ...more,
  }
}

const record = (tenant: Tenant, conflicts: readonly NewConflict[], now = START) =>
  recordRefusals(
    tenant.database,
    { hash: tenant.tokenHash, namespace: tenant.namespace },
    conflicts,
    now,
  )

const subjects = async (tenant: Tenant) =>
  (await listConflicts(tenant.caller(), held({ limit: 2000 }))).map(({ subject }) => subject)

export function refusals(open: Open): void {
  const { database, tenant, bentTenant } = tenancy(open)

  describe('the record of refusals', () => {
    test('adds up what is recorded at once', async () => {
      const own = await tenant()
      const twins = [refused('a'), refused('a', { id: 'c-2', detail: 'Again.' })]
      await Promise.all(Array.from({ length: 5 }, () => record(own, twins)))
      const [conflict, ...others] = await listConflicts(own.caller(), held({ limit: 10 }))
      expect(others).toEqual([])
      expect(conflict).toMatchObject({ subject: 'a', count: 10, detail: 'Again.', account: 'okta' })
      const count = sql`select count from refusal_count where namespace = ${own.namespace}`
      expect(await query(own, count)).toEqual([{ count: 10 }])
    })

    test('keeps a thousand of many, in each namespace', async () => {
      const [own, other] = [await tenant(), await tenant()]
      await record(other, [refused('theirs')])
      await record(own, [refused('old')], START - 1)
      await record(
        own,
        Array.from({ length: 1200 }, (_, n) => refused(`s${n}`)),
      )
      const kept = await subjects(own)
      expect(kept).toHaveLength(1000)
      expect(kept).not.toContain('old')
      expect(kept).toContain('s1199')
      expect(await subjects(other)).toEqual(['theirs'])
      const count = sql`select sum(count) as count from refusal_count
        where namespace = ${own.namespace}`
      expect(await query(own, count)).toEqual([{ count: 1201 }])
    })

    test('lets go of what has expired, and settles what has not', async () => {
      const own = await tenant()
      await record(own, [refused('old')], START - 31 * DAY)
      await record(own, [refused('young'), refused('settled')])
      const { namespace } = own
      const claim = { namespace: { ok: true, namespace }, bearer: { kind: 'operator' } } as const
      await settleConflict(own.caller({ claim }), 'c-settled')
      expect(await expireConflicts(database(), START)).toBeGreaterThanOrEqual(0)
      const left = sql`select about as subject from conflict where namespace = ${namespace}`
      expect(await query(own, left)).toEqual([{ subject: 'young' }])
    })
  })

  test('counts by the hour expire, but for the newest of an account that is there', async () => {
    const own = await bentTenant()
    const hour = hourOf(START)
    const put = (kind: string, subject: string, age: number) =>
      sql`insert into activity (namespace, kind, subject, hour, count, last_at)
        values (${own.namespace}, ${kind}, ${subject}, ${hour - age}, 1, ${START})`
    await database().batch('write', [
      put('change', 'account-1', 40 * 24),
      put('change', 'account-1', 35 * 24),
      put('change', 'gone', 33 * 24),
      put('change', '', 33 * 24),
      put('change', '', 31 * 24),
      put('external-id', '', 33 * 24),
    ])
    await expire(database(), START, undefined)
    const left = sql`select subject, ${hour} - hour as age from activity
      where namespace = ${own.namespace} order by subject`
    expect(await query(own, left)).toEqual([
      { subject: '', age: 31 * 24 },
      { subject: 'account-1', age: 35 * 24 },
    ])
    // As late as that is, it still tells of the last change.
    const { accounts } = await readStatus(own.caller(), DAY)
    expect(accounts).toMatchObject([{ id: 'account-1', lastChangeAt: START }])
    await deleteNamespace(database(), own.namespace, () => START, 'r')
    expect(await query(own, left)).toEqual([])
  })

  test('status and health are read', async () => {
    const own = await tenant()
    const attributes = { userName: 'ada', externalId: 'ada@example.com' }
    await createUser(own.caller(), held(attributes))
    const denied = { reason: 'accesscontrol.permission-denied', detail: 'No.' }
    await record(own, [refused('a', denied), refused('b', denied)])
    expect(await readStatus(own.caller(), DAY)).toMatchObject({
      counters: { managedUsers: 1, managedTeams: 0, retained: 0 },
      conflicts: 2,
      changes: { lastHour: 1, lastDay: 1 },
      refusals: { lastHour: 2, lastDay: 2 },
      accounts: [{ id: 'account-1', name: 'okta', lastChangeAt: START + 1000 }],
      inheritedMembers: { count: 0, capped: false },
    })
    expect(await readHealth(own.caller())).toMatchObject({
      managedUsers: 1,
      refusals: [{ ...denied, account: 'okta', count: 2 }],
      sampled: 1,
      emailLike: 1,
      changedExternalIds: 0,
    })
  })
}
