/** What a simulation removes: all that it made, after a failure too, and nothing of others. */
import { expect, test } from 'vitest'
import { failure } from '../../../scripts/lib/failure.ts'
import type { Fetch } from '../../../scripts/lib/wire.ts'
import { inLanes } from '../../../scripts/simulate/client.ts'
import type { JsonObject } from '../../../scripts/simulate/compare.ts'
import { type Ledger, makeLedger, type Removal } from '../../../scripts/simulate/ledger.ts'
import { type Report, simulate } from '../../../scripts/simulate/simulate.ts'

const FRESH = { created: '2026-11-24T16:00:00Z', lastModified: '2026-11-24T16:00:00Z' }
const OLDER = { created: '2020-01-01T00:00:00Z', lastModified: '2026-11-24T16:00:00Z' }

/** The paths that a ledger deletes, at an endpoint that answers this. */
async function removed(ledger: Ledger, status: (path: string) => number = () => 204) {
  const paths: string[] = []
  const fetch: Fetch = (url, { method, headers }) => {
    const path = url.slice('https://scim.example/base'.length)
    paths.push(`${method} ${path} ${headers.Authorization}`)
    return { status: status(path), headers: { get: () => null }, text: async () => '' }
  }
  const headers = { Authorization: 'Bearer x' }
  const removal = await ledger.remove({ baseUrl: 'https://scim.example/base', headers, fetch })
  return { removal, paths }
}

const user = (id: string, meta: JsonObject = FRESH): JsonObject => ({ id, meta })

test('what a POST has made is removed, teams first, the last first', async () => {
  const ledger = makeLedger()
  ledger.note('POST', '/Users', 201, user('u1'))
  ledger.note('POST', '/Groups', 201, user('g1'))
  ledger.note('POST', '/Users', 201, { id: 'u/2' })
  expect(ledger.size).toBe(3)
  const { removal, paths } = await removed(ledger)
  expect(paths).toEqual([
    'DELETE /Groups/g1 Bearer x',
    'DELETE /Users/u%2F2 Bearer x',
    'DELETE /Users/u1 Bearer x',
  ])
  expect(removal).toEqual({ users: 2, groups: 1, left: [], reason: undefined })
  expect(ledger.size).toBe(0)
})

test.each<[string, (ledger: Ledger) => void]>([
  ['was refused', (ledger) => ledger.note('POST', '/Users', 409, user('u1'))],
  ['was adopted', (ledger) => ledger.note('POST', '/Users', 201, user('u1', OLDER))],
  [
    'a lookup had found before',
    (ledger) => {
      ledger.note('GET', '/Users?filter=x', 200, { Resources: [user('u1')] })
      ledger.note('POST', '/Users', 201, user('u1'))
    },
  ],
  ['was searched', (ledger) => ledger.note('POST', '/Users/.search', 201, user('u1'))],
  ['was changed', (ledger) => ledger.note('PUT', '/Users/u1', 200, user('u1'))],
])('what %s is nobody to remove', async (_what, note) => {
  const ledger = makeLedger()
  note(ledger)
  expect(await removed(ledger)).toEqual({
    removal: { users: 0, groups: 0, left: [], reason: undefined },
    paths: [],
  })
})

test('what is gone already is no fault, and what cannot be removed is named', async () => {
  const ledger = makeLedger()
  for (const id of ['u1', 'u2', 'u3']) ledger.note('POST', '/Users', 201, user(id))
  const statuses: Record<string, number> = { '/Users/u2': 404, '/Users/u1': 403 }
  const { removal } = await removed(ledger, (path) => statuses[path] ?? 204)
  expect(removal).toEqual({ users: 1, groups: 0, left: ['/Users/u1'], reason: 'status 403' })
})

/** A run against an endpoint that makes users and then fails. */
async function failing(after: number, fail: () => never | number, signal?: AbortSignal) {
  const requests: string[] = []
  const removals: Removal[] = []
  const headers = { get: () => 'application/scim+json' }
  let posts = 0
  const fetch: Fetch = (url, { method }) => {
    const path = url.slice('https://scim.example'.length)
    requests.push(`${method} ${path.replace(/\?.*/, '')}`)
    if (method === 'DELETE') return { status: 204, headers, text: async () => '' }
    if (method === 'POST' && path === '/Users') {
      posts += 1
      const body = JSON.stringify(user(`u${posts}`))
      const status = posts > after ? fail() : 201
      return { status, headers, text: async () => body }
    }
    const body = { totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] }
    return { status: 200, headers, text: async () => JSON.stringify(body) }
  }
  const report: Report = {
    phase: () => undefined,
    task: () => undefined,
    removed: (removal) => removals.push(removal),
  }
  const run = simulate({
    ...{ provider: 'okta-wizard', users: 12, groups: 1, baseUrl: 'https://scim.example/' },
    ...{ token: 'x', fetch, run: 'run-', report },
    ...(signal === undefined ? {} : { signal }),
  })
  const error = await run.then(
    () => 'none',
    (thrown: Error) => thrown.message,
  )
  const deleted = requests.filter((request) => request.startsWith('DELETE'))
  return { error, deleted, removals, posts }
}

test('after a failure what was made is removed', async () => {
  const { error, deleted, removals } = await failing(3, () => {
    throw failure('Nothing answers at https://scim.example')
  })
  expect(error).toBe('Nothing answers at https://scim.example.')
  expect(deleted.sort()).toEqual(['DELETE /Users/u1', 'DELETE /Users/u2', 'DELETE /Users/u3'])
  expect(removals).toEqual([{ users: 3, groups: 0, left: [], reason: undefined }])
})

test('after Ctrl-C nothing more is made, and what was made is removed', async () => {
  const controller = new AbortController()
  const stopped = await failing(
    2,
    () => {
      controller.abort()
      return 201
    },
    controller.signal,
  )
  expect(stopped.error).toBe('The simulation was stopped.')
  expect(stopped.posts).toBeLessThanOrEqual(6)
  expect(stopped.deleted).toHaveLength(stopped.posts)
})

test('a failure waits for what was begun, and begins nothing more', async () => {
  const begun: number[] = []
  const ended: number[] = []
  const tasks = Array.from({ length: 8 }, (_, at) => async () => {
    begun.push(at)
    if (at === 0) throw failure('No')
    await new Promise((done) => setTimeout(done, 10))
    ended.push(at)
  })
  await expect(inLanes(tasks, 3)).rejects.toThrow('No.')
  expect(ended).toEqual(begun.slice(1))
  expect(begun.length).toBeLessThanOrEqual(3)
})
