/** What operations come to when the database fails. */
import { expect, vi } from 'vitest'
import type { Answer } from './client.ts'
import { messageIdOf } from './expect.ts'
import {
  answersOf,
  type Copy,
  type Lane,
  type State,
  statesOf,
  type World,
  withoutOrder,
} from './fault-world.ts'
import { type Fault, faults } from './faults.ts'

/** Lets no pause take any time. */
export function withoutPauses(): void {
  vi.spyOn(Math, 'random').mockReturnValue(0)
}

/** Something that a client asks for. */
export interface Operation {
  readonly name: string
  /** The route, as it is registered, below the collection of namespaces. */
  readonly route: string
  readonly send: (copy: Copy) => Promise<Answer>
  readonly status: number
  /** What a client is told that tries again what had taken effect; as the first time by default. */
  readonly again?: number
  /** It changes nothing and leaves no event, so that none tells what became of it. */
  readonly silent?: true
  /** Trying again what had taken effect does it once more. */
  readonly repeats?: true
  /** It is made of several changes, in no order, each of which takes effect wholly or not at all. */
  readonly pieces?: true
  /** The first and the last of calls that a loop makes: each fault strikes at one, in turn. */
  readonly alike?: readonly [first: number, last: number]
  /** It makes the namespace. */
  readonly isNew?: boolean
}

/** A 503 that says, as a whole number of seconds, when to try again, and nothing of the fault. */
export function expectRetryable(answer: Answer) {
  expect(answer.status).toBe(503)
  expect(answer.headers.get('Retry-After')).toMatch(/^\d+$/)
  expect(messageIdOf(answer)).toBe('unavailable')
  expect(JSON.stringify(answer.body)).not.toContain('D1')
}

/** What an operation comes to without faults. */
export interface Undisturbed {
  readonly before: State
  readonly after: State
  /** The modes of the calls of the database. */
  readonly modes: readonly ('read' | 'write')[]
}

/** Carries an operation out without faults. */
export async function undisturbed(
  lane: Lane,
  world: World,
  { route, send, status, isNew }: Operation,
): Promise<Undisturbed> {
  const copies = await lane.copies(world, 1, isNew)
  const [before] = await statesOf(copies)
  lane.routes.length = 0
  const answers = await inTurn(copies, (copy) => lane.send(() => send(copy)))
  expect(lane.routes).toEqual([route])
  const modes = [...lane.calls]
  expect(answers[0]?.status, JSON.stringify(answers[0]?.body)).toBe(status)
  const [after] = await statesOf(copies, answers)
  if (before === undefined || after === undefined) throw new Error('No copy was made.')
  return { before, after, modes }
}

/** A fault that strikes at a call, and the copy that it does so on. */
interface Case {
  readonly fault: Fault
  readonly at: number
  readonly copy: Copy
}

/**
 * Runs an operation with every fault at every call, each on a copy of its own, and where the client
 * is told to try again, once more without.
 */
export async function meetEveryFault(
  lane: Lane,
  world: World,
  operation: Operation,
  truth: Undisturbed,
): Promise<void> {
  const { send, isNew } = operation
  const strikes = strikesOf(operation, truth.modes)
  const copies = await lane.copies(world, strikes.length, isNew)
  const cases = copies.flatMap((copy, index) => ({ ...(strikes[index] as Strike), copy }))
  const answers = await inTurn(cases, ({ fault, at, copy }) =>
    lane.send(() => send(copy), fault, at),
  )
  const found = await statesOf(copies, answers)
  const unanswered = cases.flatMap((one, index) => {
    const state = found[index]
    const answer = answers[index]
    if (state === undefined || answer === undefined) throw new Error('A case has no answer.')
    return named(one, () => judge(operation, one, answer, state, truth)) ? [] : [{ ...one, state }]
  })
  const retried = await inTurn(unanswered, ({ copy }) => lane.send(() => send(copy)))
  const ends = await statesOf(
    unanswered.map(({ copy }) => copy),
    retried,
  )
  for (const [index, one] of unanswered.entries()) {
    named(one, () => judgeRetry(operation, one.state, ends[index], truth))
  }
}

type Strike = Omit<Case, 'copy'>

/** Every fault at every call; of those that a loop makes, at one in turn. */
function strikesOf({ alike }: Operation, modes: Undisturbed['modes']): Strike[] {
  const [first, last] = alike ?? [0, -1]
  return faults.flatMap((fault, turn) =>
    [...modes.keys()]
      .filter((at) => at < first || at > last || at === first + (turn % (last - first + 1)))
      .map((at) => ({ fault, at })),
  )
}

/** Whether what came of a fault is the truth; where it is not, it must be a 503. */
function judge(
  { silent, pieces }: Operation,
  { fault, at }: Case,
  answer: Answer,
  found: State,
  { before, after, modes }: Undisturbed,
): boolean {
  // Without an event a write is as good as a read.
  const mode = silent === true ? 'read' : (modes[at] ?? 'read')
  if (fault.outcome[mode] === 'truth' || answer.status !== 503) {
    expect(found.answered).toEqual(after.answered)
    expect(ordered(found, pieces)).toEqual(ordered(after, pieces))
    return true
  }
  expectRetryable(answer)
  if (!pieces) expect([before.stored, after.stored]).toContainEqual(found.stored)
  return false
}

/** Trying again ends where an undisturbed request ends. */
function judgeRetry(
  { status, again = status, repeats, pieces }: Operation,
  found: State,
  end: State | undefined,
  { before, after }: Undisturbed,
): void {
  if (end === undefined) throw new Error('A case has no end.')
  const tookEffect = JSON.stringify(found.stored) !== JSON.stringify(before.stored)
  const isWhole =
    tookEffect && JSON.stringify(ordered(found, pieces)) === JSON.stringify(ordered(after, pieces))
  expect(end.answered?.status).toBe(isWhole ? again : status)
  if (repeats && tookEffect) expect(end.stored).not.toEqual(after.stored)
  else expect(ordered(end, pieces)).toEqual(ordered(after, pieces))
}

function ordered({ stored }: State, pieces: boolean | undefined) {
  return pieces ? withoutOrder(stored) : stored
}

/** Does something for each, one after the other. */
async function inTurn<T, R>(all: readonly T[], task: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const one of all) results.push(await task(one))
  return results
}

/** Lets a failure tell of which case it is. */
function named<T>({ fault, at }: Strike, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (error instanceof Error) {
      error.message = `With ${fault.name} at call ${at}: ${error.message}`
    }
    throw error
  }
}

/** Runs what only reads with every fault at every call, all on one copy, and tries again. */
export async function readThroughEveryFault(
  lane: Lane,
  world: World,
  operation: Operation,
  { before, after, modes }: Undisturbed,
): Promise<void> {
  const [copy] = await lane.copies(world, 1)
  if (copy === undefined) throw new Error('No copy was made.')
  const answered = await answersOf(copy)
  for (const strike of strikesOf(operation, modes)) {
    const { fault, at } = strike
    const answer = await lane.send(() => operation.send(copy), fault, at)
    named(strike, () => {
      if (fault.outcome.read === 'truth' || answer.status !== 503) {
        expect(answered(answer)).toEqual(after.answered)
      } else expectRetryable(answer)
    })
    if (answer.status !== 503) continue
    const again = await lane.send(() => operation.send(copy))
    named(strike, () => expect(answered(again)).toEqual(after.answered))
  }
  expect((await statesOf([copy]))[0]?.stored).toEqual(before.stored)
}
