/**
 * Faults of the platform: a D1 binding that fails at one call, in one of the ways that D1 documents
 * (platform.md, section 1.1), before or after what it was asked to do.
 */
import { binding } from './endpoint.ts'

type Results = D1Result<unknown>[]
/** Carries a call out for real. */
type Run = () => Promise<Results>

/** One call of the binding, as a fault sees it. */
export interface Call {
  readonly mode: 'read' | 'write'
  /** How many calls ago the fault struck; 0 for the call that it strikes. */
  readonly age: number
  readonly run: Run
}

/** What may become of a request that meets a fault: only the true answer, or also a 503. */
export type Outcome = 'truth' | '503 or truth'

/** A way to fail. `carryOut` stands for the calls from the one that it strikes onwards. */
export interface Fault {
  readonly name: string
  readonly outcome: Readonly<Record<Call['mode'], Outcome>>
  /** Makes the fault for one request, which may keep what it needs between the calls. */
  readonly make: () => (call: Call) => Promise<Results>
}

const NETWORK = 'Network connection lost.'
/** Failures after which D1 advises to try again. */
const PASSING = [
  NETWORK,
  'D1 DB reset because its code was updated.',
  'Internal error in D1 DB storage caused object to be reset.',
  'Internal error while starting up D1 DB storage caused object to be reset.',
  'Cannot resolve D1 DB due to transient issue on remote node.',
]
/** A reset over a limit; trying again at once is no use. */
const LIMITS = [
  'D1 DB storage operation exceeded timeout which caused object to be reset.',
  'D1 DB exceeded its CPU time limit and was reset.',
  "D1 DB's isolate exceeded its memory limit and was reset.",
]
const OVERLOADS = [
  'D1 DB is overloaded. Requests queued for too long.',
  'D1 DB is overloaded. Too many requests queued.',
]
const UNIQUE =
  'UNIQUE constraint failed: user.namespace, user.user_name_key: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)'
const GUARD = 'precondition failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_TRIGGER)'

function fail(message: string): Promise<never> {
  return Promise.reject(new Error(`D1_ERROR: ${message}`))
}

const truth = { read: 'truth', write: 'truth' } as const
const anything = { read: '503 or truth', write: '503 or truth' } as const

/** Fails for so many calls without doing anything. */
function before(message: string, outcome: Fault['outcome'], calls = 1): Fault {
  const times = calls === 1 ? '' : ` ${calls} times`
  return {
    name: `“${message}” before it ran${times}`,
    outcome,
    make:
      () =>
      ({ age, run }) =>
        age < calls ? fail(message) : run(),
  }
}

/** Does what it is asked, and fails; the next calls, up to so many in all, do nothing and fail. */
function after(message: string, outcome: Fault['outcome'], calls = 1): Fault {
  const then = calls === 1 ? '' : ` and before ${calls - 1} more calls`
  return {
    name: `“${message}” after it ran${then}`,
    outcome,
    make:
      () =>
      async ({ age, run }) => {
        if (age === 0) await run()
        return age < calls ? fail(message) : run()
      },
  }
}

/** Fails, and what was asked for is done later, when the next write comes: before or after that. */
function late(order: 'before' | 'after'): Fault {
  return {
    name: `“${NETWORK}”, and it runs ${order} the next write`,
    outcome: truth,
    make: () => {
      let kept: Run | undefined
      const land = async () => {
        await kept?.().catch(() => undefined)
        kept = undefined
      }
      return async ({ mode, age, run }) => {
        if (age === 0) {
          kept = run
          return fail(NETWORK)
        }
        if (mode === 'write' && order === 'before') await land()
        try {
          return await run()
        } finally {
          if (mode === 'write') await land()
        }
      }
    },
  }
}

/** Every fault. */
export const faults: readonly Fault[] = [
  before(NETWORK, truth),
  ...PASSING.map((message) => after(message, truth)),
  ...LIMITS.slice(0, 1).map((message) => before(message, anything)),
  // The event tells the truth; a read that met a limit would meet it again.
  ...LIMITS.map((message) => after(message, { read: '503 or truth', write: 'truth' })),
  ...OVERLOADS.map((message) => before(message, anything)),
  before('database is locked: SQLITE_BUSY', truth, 3),
  before(UNIQUE, { read: '503 or truth', write: 'truth' }),
  before(GUARD, { read: '503 or truth', write: 'truth' }),
  before(NETWORK, truth, 3),
  after(NETWORK, truth, 3),
  before(NETWORK, anything, Number.POSITIVE_INFINITY),
  after(NETWORK, anything, Number.POSITIVE_INFINITY),
  late('before'),
  late('after'),
]

interface Prepared {
  readonly text: string
  readonly statement: D1PreparedStatement
}

/** A binding that fails where it is told to, and notes the mode of every call. */
export function makeFaultyBinding() {
  const calls: Call['mode'][] = []
  const plan: { at: number; carryOut: ((call: Call) => Promise<Results>) | undefined } = {
    at: 0,
    carryOut: undefined,
  }
  const wrapped = {
    prepare: (text: string) => ({
      bind: (...values: unknown[]): Prepared => ({
        text,
        statement: binding.prepare(text).bind(...values),
      }),
    }),
    batch(prepared: readonly Prepared[]): Promise<Results> {
      const mode = prepared.every(({ text }) => /^\s*select\b/i.test(text)) ? 'read' : 'write'
      const age = calls.push(mode) - 1 - plan.at
      const run = () => binding.batch(prepared.map(({ statement }) => statement))
      return plan.carryOut === undefined || age < 0 ? run() : plan.carryOut({ mode, age, run })
    },
  }
  return {
    binding: wrapped as unknown as D1Database,
    calls,
    /** Runs a task without faults, or with one that strikes at a call. */
    async during<T>(task: () => Promise<T>, fault?: Fault, at = 0): Promise<T> {
      calls.length = 0
      Object.assign(plan, { at, carryOut: fault?.make() })
      try {
        return await task()
      } finally {
        plan.carryOut = undefined
      }
    },
  }
}
