/** A bulk request meets every fault at every call of the database, and a client comes to its end. */
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Answer, Client } from '../support/client.ts'
import {
  expectRetryable,
  type Undisturbed,
  undisturbed,
  withoutPauses,
} from '../support/fault-runs.ts'
import {
  type Copy,
  type Lane,
  makeLane,
  makeWorld,
  statesOf,
  type World,
  withoutOrder,
} from '../support/fault-world.ts'
import { faults } from '../support/faults.ts'
import { groupBody, PATCH_OP, userBody } from '../support/payload.ts'

// On two slow cores that are shared with other files.
vi.setConfig({ testTimeout: 300_000 })

const lane = makeLane()
let world: World

beforeAll(async () => {
  world = await makeWorld()
})

beforeEach(withoutPauses)

interface BulkOperation {
  readonly method: string
  readonly path: string
  readonly bulkId?: string
  readonly data?: object
}

const bulk = (Operations: readonly BulkOperation[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
  Operations,
})
const newUser = (name: string, more: object = {}): BulkOperation => ({
  method: 'POST',
  path: '/Users',
  bulkId: name,
  data: userBody(name, { emails: [{ value: `${name}@x` }], ...more }),
})
const newGroup = (name: string, members: readonly string[]): BulkOperation => ({
  method: 'POST',
  path: '/Groups',
  bulkId: name,
  data: groupBody(name, members),
})
/** What is sent at once. */
const bulks: readonly (readonly [name: string, operations: () => readonly BulkOperation[]])[] = [
  ['of new users', () => [newUser('n1'), newUser('n2'), newUser('n3')]],
  [
    'of users and groups that refer to each other',
    () => [
      newUser('n1'),
      newUser('n2', { emails: [] }),
      newUser('cid'),
      newGroup('New', ['bulkId:n1', world.ada]),
      {
        method: 'PATCH',
        path: `/Groups/${world.engines}`,
        data: {
          schemas: [PATCH_OP],
          Operations: [{ op: 'remove', path: 'members', value: [{ value: world.bob }] }],
        },
      },
      { method: 'DELETE', path: `/Users/${world.eve}` },
    ],
  ],
]

describe.each(bulks)('a bulk request %s', (_, operations) => {
  const send = (client: Client) => client.post('/Bulk', bulk(operations()))
  let truth: Undisturbed

  beforeAll(async () => {
    withoutPauses()
    truth = await undisturbed(lane, world, {
      name: 'bulk',
      route: 'POST /:namespace/Bulk',
      send: ({ client }) => send(client),
      status: 200,
    })
    expect(truth.modes).toContain('write')
  })

  test.each(faults)('meets $name, and comes to its end', async (fault) => {
    const copies = await lane.copies(world, truth.modes.length)
    const unfinished: Copy[] = []
    const finished: { readonly copy: Copy; readonly answer: Answer }[] = []
    for (const [at, copy] of copies.entries()) {
      const answer = await lane.send(() => send(copy.client), fault, at)
      const mode = truth.modes[at] ?? 'read'
      if (fault.outcome[mode] === 'truth' || !JSON.stringify(answer.body).includes('"503"')) {
        finished.push({ copy, answer })
        continue
      }
      await comeToEnd(lane, copy.client, operations(), answer)
      unfinished.push(copy)
    }
    const states = await statesOf(
      finished.map(({ copy }) => copy),
      finished.map(({ answer }) => answer),
    )
    for (const state of states) expect(state).toEqual(truth.after)
    for (const { stored } of await statesOf(unfinished)) {
      expect(withoutOrder(stored)).toEqual(withoutOrder(truth.after.stored))
    }
  })
})

test('a bulk request is not tried to its end where the database is down', async () => {
  const [copy] = await lane.copies(world, 1)
  if (copy === undefined) throw new Error('No copy was made.')
  const { client } = copy
  const many = Array.from({ length: 50 }, (_, at) => newGroup(`G${at}`, []))
  const down = faults.find(({ name }) => name.includes('before it ran Infinity'))
  const answer = await lane.send(() => client.post('/Bulk', bulk(many)), down, 1)
  expect(answer.status).toBe(200)
  expect(answer.body.Operations.map(({ status }: { status: string }) => status)).toEqual(
    Array(50).fill('503'),
  )
  expect(lane.calls.length).toBeLessThan(20)
})

/**
 * What a client does about the operations that failed for the moment: it sends them again, refers to
 * what was created by its id, and looks that up where it is told that it is there already.
 */
async function comeToEnd(
  lane: Lane,
  client: Client,
  operations: readonly BulkOperation[],
  first: Answer,
) {
  const ids = new Map<string, string>()
  let waiting = [...operations]
  let answer = first
  for (let round = 0; ; round++) {
    if (answer.status === 503) expectRetryable(answer)
    else {
      const next: BulkOperation[] = []
      for (const [index, result] of answer.body.Operations.entries()) {
        const operation = waiting[index]
        if (operation === undefined) throw new Error('More results than operations')
        const { bulkId } = operation
        if (/^20\d$/.test(result.status)) {
          if (bulkId !== undefined) ids.set(bulkId, result.location.split('/').at(-1))
        } else if (result.response.scimType === 'uniqueness' && bulkId !== undefined) {
          const { body } = await client.find('/Users', `userName eq "${bulkId}"`)
          ids.set(bulkId, body.Resources[0]?.id)
        } else if (result.status !== '404') {
          // Not done for the moment, or referring to one that is not.
          expect(['503', '409']).toContain(result.status)
          if (result.status === '409') expect(result.response.detail).toMatch(/stands for nothing/)
          next.push(operation)
        }
      }
      waiting = next
    }
    if (waiting.length === 0) return
    expect(round).toBeLessThan(4)
    let text = JSON.stringify(waiting)
    for (const [bulkId, id] of ids) text = text.replaceAll(`"bulkId:${bulkId}"`, `"${id}"`)
    waiting = JSON.parse(text)
    answer = await lane.send(() => client.post('/Bulk', bulk(waiting)))
  }
}
