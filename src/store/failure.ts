/** What goes wrong in a database, told apart the same way for D1, a libSQL file and sqld. */

/** Why a batch failed. Unless it says otherwise, the batch had no effect. */
export type FailureKind =
  /** The guard's condition did not hold: the world is not as it was read. */
  | 'stale'
  /** A UNIQUE index refused a value that somebody else holds. */
  | 'unique'
  /** A CHECK refused the result; `constraint` names it. */
  | 'check'
  /** A row that another refers to is missing, or still referred to. */
  | 'foreign-key'
  /** Somebody else holds the lock of the database. */
  | 'busy'
  /** There is no database, or it has no tables yet. */
  | 'absent'
  /** The platform refused before it began, or could not carry it out: trying at once is no use. */
  | 'unavailable'
  /** No answer came. The batch had no effect, or took effect wholly. */
  | 'lost'
  /** The same, and the database was reset over a limit, which trying at once would meet again. */
  | 'exceeded'

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

/** What a database says that no migration was applied to, and a libSQL server that has no such one. */
const ABSENT = /no such table: (?:namespace|token)\b|HTTP status 404\b/

/**
 * What else the databases say. D1's are those of its list of errors; whatever is not known here may
 * have taken effect.
 */
const TROUBLES: readonly (readonly [RegExp, FailureKind])[] = [
  [/SQLITE_(?:BUSY|LOCKED)|database (?:table )?is locked/, 'busy'],
  // Shed before it ran.
  [/is overloaded|too many requests queued|requests queued for too long/i, 'unavailable'],
  [/exceeded (?:its CPU time|its memory|timeout)|memory limit would be exceeded/i, 'exceeded'],
  [/SQLITE_(?:ERROR|CONSTRAINT|TOOBIG|MISMATCH|RANGE|FULL|READONLY|AUTH)\b/, 'unavailable'],
  [/NOT NULL constraint failed|no such (?:table|column)|D1_TYPE_ERROR/, 'unavailable'],
  // Rolled back by a libSQL server, whose limit the same answer meets again.
  [/\bRESPONSE_TOO_LARGE\b/, 'unavailable'],
  // What libSQL servers and Turso refuse a request with, such as for its token.
  [/HTTP status 4\d\d\b/, 'unavailable'],
  [/exceeded maximum DB size|account storage limit/i, 'unavailable'],
]

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
    if (ABSENT.test(cause.message)) return new StoreFailure('absent', undefined, error)
    const [, kind, constraint] = CONSTRAINT.exec(cause.message) ?? []
    if (kind !== undefined) {
      return new StoreFailure(KINDS[kind] ?? 'unavailable', constraint?.trim(), error)
    }
    const { message } = cause
    const [, trouble] = TROUBLES.find(([words]) => words.test(message)) ?? []
    if (trouble !== undefined) return new StoreFailure(trouble, undefined, error)
  }
  return new StoreFailure('lost', undefined, error)
}

/** Whether nobody knows if the batch took effect. */
export function isDoubtful({ kind }: StoreFailure): boolean {
  return kind === 'lost' || kind === 'exceeded'
}

/** Whether the same batch may do better in a moment. */
export function isTransient({ kind }: StoreFailure): boolean {
  return kind === 'lost' || kind === 'busy'
}

/** Whether a condition or a constraint stopped the batch. */
export function isRefused({ kind }: StoreFailure): boolean {
  return kind === 'stale' || kind === 'unique' || kind === 'check' || kind === 'foreign-key'
}
