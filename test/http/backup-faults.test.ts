/** A restore meets every fault at every call of the database, and whoever goes on ends the same. */
import { beforeEach, expect, test, vi } from 'vitest'
import { createApp } from '../../src/app.ts'
import { API } from '../../src/http/context.ts'
import { d1 } from '../../src/store/d1.ts'
import { oneForAll } from '../../src/store/databases.ts'
import { defaultSettings } from '../../src/tenancy/settings.ts'
import { sendLines } from '../support/backup.ts'
import { fileOf } from '../support/backup-lines.ts'
import { Client } from '../support/client.ts'
import { freshNamespace, OPERATOR_TOKEN, ORIGIN } from '../support/endpoint.ts'
import { faults, makeFaultyBinding } from '../support/faults.ts'
import { dump } from '../support/tables.ts'

const faulty = makeFaultyBinding()
const app = createApp({
  databases: oneForAll(d1(faulty.binding)),
  settings: defaultSettings,
  operatorToken: OPERATOR_TOKEN,
  maxBulkOperations: 1000,
  now: () => 1_900_000_000_000,
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  log: () => undefined,
})
const context = {
  waitUntil: () => undefined,
  passThroughOnException: () => undefined,
  props: {},
}
const send = (request: Request) => Promise.resolve(app.fetch(request, {}, context))

/** The operator's client of a new namespace. */
async function target() {
  const name = freshNamespace()
  await new Client(send, `${ORIGIN}${API}`, OPERATOR_TOKEN).post('', { name })
  const client = new Client(send, `${ORIGIN}${API}/${name}`, OPERATOR_TOKEN)
  // What tells two namespaces apart is no part of what was restored.
  const stored = async () =>
    (await dump(name)).replaceAll(name, '-').replace(/("incarnation\\":\\")[0-9a-f]{32}/, '$1-')
  return { client, stored }
}

const account = { revision: 1, managed: true, created: 1, lastModified: 1 }
const file = fileOf([
  {
    ...{ type: 'header', format: 'scim-edge', version: 1, namespace: 'default', time: 'T' },
    ...{
      eventSeq: 4,
      counts: { users: 1, teams: 1, managedUsers: 1, managedTeams: 1, retained: 0 },
    },
  },
  {
    ...{ type: 'user', id: 'u1', ...account, sessionsValidFrom: 0 },
    resource: { userName: 'Ada', emails: [{ value: 'ada@x' }] },
  },
  { type: 'team', id: 'g1', ...account, displayName: 'Crew', externalId: null },
  { type: 'membership', team: 'g1', user: 'u1', inherited: false },
  {
    ...{ type: 'event', seq: 4, at: 1, actor: { operator: true }, action: 'user.create' },
    ...{ subject: 'u1', changes: {}, requestId: 'r', part: 0 },
  },
])

beforeEach(() => {
  // No pause takes any time.
  vi.spyOn(Math, 'random').mockReturnValue(0)
})

/** The steps of a restore: a chunk in the middle, and the last one. */
const steps = [
  [0, 4],
  [4, file.length],
] as const

test.each(faults)('a chunk meets $name', async (fault) => {
  const undisturbed = await target()
  for (const [from, until] of steps)
    await sendLines(undisturbed.client, from, file.slice(from, until))
  for (const disturbed of steps) {
    // What reads and what writes.
    for (const at of [0, 1]) {
      const { client, stored } = await target()
      for (const step of steps) {
        const [from, until] = step
        const chunk = () => sendLines(client, from, file.slice(from, until))
        const answer = await (step === disturbed
          ? faulty.during(chunk, fault, at)
          : faulty.during(chunk))
        if (answer.status !== 200) {
          expect(answer.status).toBe(503)
          expect((await faulty.during(chunk)).status).toBe(200)
        }
      }
      expect(await stored()).toBe(await undisturbed.stored())
    }
  }
})

/** The first and the last of the calls that empty the tables: each fault strikes at one, in turn. */
const EMPTYING = [3, 13] as const

test.each(faults)('giving a restore up meets $name', async (fault) => {
  const { client, stored } = await target()
  const before = await stored()
  const [first, last] = EMPTYING
  const turn = first + (faults.indexOf(fault) % (last - first + 1))
  for (let at = 0; ; at++) {
    if (at >= first && at <= last && at !== turn) continue
    await faulty.during(() => sendLines(client, 0, file.slice(0, 4)))
    const answer = await faulty.during(() => client.delete('/restore'), fault, at)
    const calls = faulty.calls.length
    if (answer.status !== 200) {
      expect(answer.status).toBe(503)
      const again = await faulty.during(() => client.delete('/restore'))
      // Where the first had taken effect, nothing is left to give up.
      expect([200, 409]).toContain(again.status)
    }
    expect(await stored()).toBe(before)
    if (at >= calls) break
  }
})
