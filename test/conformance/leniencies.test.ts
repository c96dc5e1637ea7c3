/** The list of what is tolerated is true: each of its requests is served, with the effect it names. */
import { describe, expect, test } from 'vitest'
import { DEVIATIONS } from '../../scripts/conformance/deviations.ts'
import { type Example, LENIENCIES } from '../../scripts/conformance/leniencies.ts'
import { createGroup, createUser } from '../support/directory.ts'
import { tenant } from '../support/endpoint.ts'

/** Sends the request of an example, and looks at what it names. */
async function play(example: Example): Promise<void> {
  const client = await tenant()
  const ada = await createUser(client, 'ada', {
    title: 'Dr',
    nickName: '007',
    roles: [{ value: 'Admin', type: 'Win' }],
    emails: [
      { value: 'ada@work.example', type: 'work' },
      { value: 'ada@home.example', type: 'home' },
    ],
  })
  const bob = await createUser(client, 'bob')
  const team = await createGroup(client, 'team', [ada.id, bob.id])
  const ids: Readonly<Record<string, string>> = { ada: ada.id, bob: bob.id, team: team.id }
  const known = (text: string) => text.replace(/\{(ada|bob|team)\}/g, (_, name) => ids[name] ?? '')
  const { method, path, body, status, answer, after } = JSON.parse(known(JSON.stringify(example)))
  const answered = await client.request(method, path, body)
  expect(answered.status).toBe(status)
  if (answer !== undefined) expect(answered.body).toMatchObject(answer)
  if (after === undefined) return
  const stored = await client.get(path)
  expect(stored.status).toBe(200)
  expect(stored.body).toMatchObject(after)
}

describe.each(LENIENCIES)('$what', ({ examples }) => {
  test.each(examples)('$method $path %#', play)

  test('has an example', () => {
    expect(examples.length).toBeGreaterThan(0)
  })
})

test('nothing is listed twice', () => {
  const all = [...DEVIATIONS, ...LENIENCIES].map(({ what }) => what)
  expect(new Set(all).size).toBe(all.length)
})
