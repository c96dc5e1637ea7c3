/**
 * The directory against a model of it: whatever is asked of a namespace, one after the other or at
 * once, it is answered and stored as the model says, and its twin stays what it was.
 */
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeEndpoint, tenant } from '../support/endpoint.ts'
import { dump, query } from '../support/tables.ts'
import { copyDirectory } from '../support/twin.ts'
import { type Directory, emptyDirectory } from './directory.ts'
import { changeMembers, postAccount, postTeam } from './hand.ts'
import { byHand } from './hand-operations.ts'
import { makePlayer, type Notes } from './history.ts'
import { type IdOf, idsOf, type Operation, plainly, type Request } from './operation.ts'
import { anyOperation } from './operations.ts'
import { everything } from './reading.ts'
import { createGroup, createUser } from './scim-operations.ts'
import { expectStored } from './stored.ts'
import { deleteUser } from './users.ts'
import { commitsOf, digestsOf, judge } from './verify.ts'

const { MODEL = '{}' } = env as { readonly MODEL?: string }

/** What `npm run model` asks for. */
const asked: {
  readonly operations?: number
  readonly minutes?: number
  readonly seed?: number
  /** A case to play again: its mode, seed and path. */
  readonly replay?: string
} = JSON.parse(MODEL)

const operations = asked.operations ?? 2000
const seed = asked.seed ?? Math.floor(Math.random() * 2 ** 31)
const minutes = asked.minutes ?? 0

/** How long a failing case may be made smaller, in milliseconds. */
const SHRINKING = 2 * 60_000

const endpoint = makeEndpoint()

/** How often what was done, and what was answered. */
const tally = new Map<string, number>()

/** What a run of the usual length has to have come to; else it would prove little. */
const ACTIONS = [
  ...['user.create', 'user.adopt', 'user.restore', 'user.update', 'user.delete', 'user.release'],
  ...['team.create', 'team.adopt', 'team.update', 'team.delete', 'team.release', 'settings.update'],
]
const work = (value: string) => [{ value, type: 'work', primary: true }]
const form = { login: 'éva', email: 'éva@x', name: 'Éva' }

/** Somebody and something of each kind: managed, made by hand, deleted. */
const beginning: readonly ((idOf: IdOf) => Request)[] = [
  () => createUser({ userName: 'ada', externalId: 'e1', displayName: 'A', emails: work('ada@x') }),
  () => createUser({ userName: 'bob', externalId: 'e2', title: 'B' }),
  () => byHand('POST', '/accounts', postAccount(form), form),
  () => byHand('POST', '/accounts', postAccount({ login: 'dan' }), { login: 'dan' }),
  () => createUser({ userName: 'gone', externalId: 'e3' }),
  (idOf) => ({
    ...{ method: 'DELETE', path: `/Users/${idOf('user 4')}` },
    rule: deleteUser(idOf('user 4'), undefined),
  }),
  (idOf) => createGroup({ displayName: 'Crew', members: ['user 0', 'user 1'].map(idOf) }),
  () => byHand('POST', '/teams', postTeam('Core'), { name: 'Core' }),
  (idOf) => {
    const members = ['user 1', 'user 2'].map(idOf)
    const path = `/teams/${idOf('team 1')}/members`
    return byHand('PUT', path, changeMembers(idOf('team 1'), { kind: 'replace', users: members }), {
      members,
    })
  },
]

type Namespace = Awaited<ReturnType<typeof tenant>>

/** A namespace with the beginning; those that are played in are copies of it, and it is their twin. */
async function makeTwin() {
  const client = await tenant({ endpoint, settings: emptyDirectory().settings })
  const player = makePlayer({ users: [], teams: [], versions: new Map() }, pass)
  const numbered = await lastEvent(client)
  for (const request of beginning) await player.play(plainly(request(idsOf(player.notes))), client)
  const played = await judged(client, player, numbered, emptyDirectory())
  return { client, notes: player.notes, ...played, dumped: await dump(client.namespace) }
}

/** A second goes by with every request, so that each leaves times of its own. */
function pass(): void {
  endpoint.clock.offset += 1000
}

async function lastEvent({ namespace }: Namespace): Promise<number> {
  const [row] = await query('select event_seq from namespace where name = ?', namespace)
  return Number(row?.event_seq)
}

/** Judges what was played, and reads everything at the end. */
async function judged(
  client: Namespace,
  { played, play }: ReturnType<typeof makePlayer>,
  numbered: number,
  start: Directory,
  inherited = true,
) {
  for (const request of everything) await play(plainly(request), client)
  const commits = await commitsOf(client.namespace, numbered)
  const known = { base: client.base, digestOf: digestsOf(played) }
  const { directory, kinds } = judge(start, played, commits, known)
  await expectStored(client.namespace, directory, inherited)
  for (const kind of kinds) tally.set(kind, (tally.get(kind) ?? 0) + 1)
  return { directory, numbered: await lastEvent(client) }
}

/** Operations that follow one another in each lane; the lanes act at once. */
type Lanes = readonly (readonly Operation[])[]

let twin: Awaited<ReturnType<typeof makeTwin>> | undefined

/** Plays lanes in a copy of the twin. */
async function play(lanes: Lanes): Promise<void> {
  twin ??= await makeTwin()
  const client = await tenant({ endpoint, settings: emptyDirectory().settings })
  await copyDirectory(twin.client.namespace, client.namespace)
  const notes: Notes = twin.notes
  const player = makePlayer(notes, pass)
  await Promise.all(
    lanes.map(async (lane) => {
      for (const operation of lane) await player.play(operation, client)
    }),
  )
  const start = structuredClone(twin.directory)
  // At once, whoever changes nothing may still unmark members, and no event says when.
  await judged(client, player, twin.numbered, start, lanes.length === 1)
  await endpoint.settled()
  expect(await dump(twin.client.namespace), 'the twin').toBe(twin.dumped)
  endpoint.batches.length = 0
  endpoint.log.length = 0
}

/** A case as a list to read: the operations of each lane, one a line. */
function written(lanes: Lanes): string {
  const lines = lanes.flatMap((lane, index) => [
    ...(lanes.length > 1 ? [`  lane ${index + 1}`] : []),
    ...lane.map(({ text }, place) => `  ${String(place + 1).padStart(3)}  ${text}`),
  ])
  return lines.join('\n')
}

const MODES = {
  alone: fc.array(fc.array(anyOperation, { maxLength: 60, size: 'max' }), {
    minLength: 1,
    maxLength: 1,
  }),
  lanes: fc.array(fc.array(anyOperation, { maxLength: 16, size: 'max' }), {
    minLength: 4,
    maxLength: 4,
  }),
} as const

type Mode = keyof typeof MODES

/** Checks some runs. */
async function check(mode: Mode, seed: number, more: { path?: string }): Promise<number> {
  let performed = 0
  const property = fc.asyncProperty(MODES[mode], async (lanes) => {
    await play(lanes)
    performed += lanes.reduce((sum, { length }) => sum + length, 0)
  })
  const interruptAfterTimeLimit = SHRINKING
  const result = await fc.check(property, { seed, numRuns: 4, interruptAfterTimeLimit, ...more })
  if (!result.failed) return performed
  const { lanes, what } = await thinned(result.counterexample?.[0] ?? [], result.errorInstance)
  throw new Error(
    [
      'The directory is not what the model says. Once more:',
      `  npm run model -- --replay ${mode}/${seed}/${result.counterexamplePath}`,
      written(lanes),
      '',
      `    ${what instanceof Error ? what.message : what}`,
    ].join('\n'),
  )
}

/** A case that fails, without the operations that are not needed for that. */
async function thinned(failing: Lanes, why: unknown) {
  let lanes = failing
  let what = why
  for (const operation of failing.flat()) {
    const fewer = lanes.map((lane) => lane.filter((one) => one !== operation))
    await play(fewer).catch((error: unknown) => {
      lanes = fewer
      what = error
    })
  }
  return { lanes, what }
}

const timeout = SHRINKING + minutes * 60_000 + operations * 200

test.for([
  ['one after the other', 'alone'],
  ['in lanes at once', 'lanes'],
] as const)(
  'operations %s are answered and stored as the model says',
  { timeout },
  async ([, mode]) => {
    if (asked.replay !== undefined) {
      const [wanted, from, path] = asked.replay.split('/')
      if (wanted === mode) await check(mode, Number(from), path === undefined ? {} : { path })
      return
    }
    const until = Date.now() + (minutes * 60_000) / 2
    let performed = 0
    for (let round = 0; performed < operations / 2 || Date.now() < until; round += 1) {
      performed += await check(mode, seed + round, {})
    }
    if (performed >= 1000) expect([...tally.keys()]).toEqual(expect.arrayContaining(ACTIONS))
    if (MODEL === '{}') return
    const counts = [...tally]
      .sort()
      .map(([kind, count]) => `  ${String(count).padStart(6)} ${kind}`)
    console.log([`${mode}: ${performed} operations from seed ${seed}`, ...counts].join('\n'))
    tally.clear()
  },
)
