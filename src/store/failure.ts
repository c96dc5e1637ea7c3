/** What goes wrong in a database, told apart the same way for D1, a libSQL file and sqld. */

/** Why a batch had no effect. */
export type FailureKind =
  /** The guard's condition did not hold: the world is not as it was read. */
  | 'stale'
  /** A UNIQUE index refused a value that somebody else holds. */
  | 'unique'
  /** A CHECK refused the result; `constraint` names it. */
  | 'check'
  /** A row that another refers to is missing, or still referred to. */
  | 'foreign-key'
  /** The platform failed or is overloaded. */
  | 'unavailable'

/** Thrown by `Database.batch`. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure'
  readonly kind: FailureKind
  readonly constraint: string | undefined

  constructor(kind: FailureKind, constraint: string | undefined, cause: unknown) {
    super(constraint === undefined ? kind : `${kind}: ${constraint}`, { cause })
    this.kind = kind
    this.constraint = constraint
  }
}

const CONSTRAINT = /(UNIQUE|FOREIGN KEY|CHECK|PRIMARY KEY) constraint failed(?:: ([^:()]+))?/
const KINDS: Readonly<Record<string, FailureKind>> = {
  UNIQUE: 'unique',
  'PRIMARY KEY': 'unique',
  'FOREIGN KEY': 'foreign-key',
  CHECK: 'check',
}

/**
 * Classifies what a driver threw. Only the message is common to all three databases, so that is
 * what is read, through all causes.
 */
export function classify(error: unknown): StoreFailure {
  if (error instanceof StoreFailure) return error
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.message.includes('precondition failed')) {
      return new StoreFailure('stale', undefined, error)
    }
    const [, kind, constraint] = CONSTRAINT.exec(cause.message) ?? []
    if (kind !== undefined) {
      return new StoreFailure(KINDS[kind] ?? 'unavailable', constraint?.trim(), error)
    }
  }
  return new StoreFailure('unavailable', undefined, error)
}
