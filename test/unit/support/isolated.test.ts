import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import type { Database } from '../../../src/store/database.ts'
import { isolated, takeViolations } from '../../support/isolated.ts'

const nothing = { batch: async () => [] } as unknown as Database

/** What was reported of a batch; one that is refused is reported as well. */
async function reported(namespace: string | undefined, ...statements: ReturnType<typeof sql>[]) {
  const database = isolated(nothing, () => namespace)
  const outcome = await (async () => database.batch('read', statements))().then(
    () => 'passed',
    () => 'refused',
  )
  const violations = takeViolations()
  expect(violations).toHaveLength(outcome === 'refused' ? 1 : 0)
  return violations.join('')
}

const users = (namespace: string) => sql`select id from user where namespace = ${namespace}`
const all = sql`select n.name, n.users from namespace n order by n.name`

describe('a batch', () => {
  test('about the namespace of its request passes', async () => {
    expect(await reported('org-2', users('org-2'), sql`select 1`)).toBe('')
  })

  test('with one statement about another namespace is refused and reported', async () => {
    expect(await reported('org-2', users('org-2'), users('org-3'))).toContain('org-3 and not org-2')
  })

  test('about two namespaces is refused where the request names none', async () => {
    expect(await reported(undefined, users('org-2'))).toBe('')
    expect(await reported(undefined, users('org-2'), users('org-3'))).toContain('org-3')
  })

  test('that reaches beyond a namespace is refused', async () => {
    expect(await reported('org-2', sql`select id from user`)).toContain('of user')
  })

  test('that lists all namespaces passes only where the request names none', async () => {
    expect(await reported(undefined, all)).toBe('')
    expect(await reported('org-2', all)).toContain('of namespace n')
  })
})
