/** What a request carries through middleware and handlers. */
import type { Context } from 'hono'
import type { Json } from '../scim/json.ts'
import type { Caller } from '../store/authority.ts'
import type { Database } from '../store/database.ts'
import type { Databases } from '../store/databases.ts'
import { type Meter, metered } from '../store/meter.ts'
import { Refusal } from '../store/refusal.ts'
import { type Claim, type CredentialReason, type Holder, readClaim } from '../tenancy/credential.ts'
import { type Namespace, parseNamespace } from '../tenancy/namespace.ts'
import type { Settings } from '../tenancy/settings.ts'
import { readCredential, sameSecret, schemeOf } from '../tenancy/token.ts'
import type { Pools } from './pending.ts'

/** One line of the log: what was asked and what came of it, without personal data. */
export interface LogLine {
  readonly time: string
  readonly requestId: string
  readonly method: string
  /** The pattern of the route; ids and queries would tell about people. */
  readonly route: string
  readonly namespace?: string
  /** The ids of the service account and of the token, where the token is good. */
  readonly account?: string
  readonly token?: string
  readonly status: number
  /** Why it was refused: the messageId of the error. */
  readonly messageId?: string
  /** How many trips to the database it took before the answer. */
  readonly trips: number
  readonly milliseconds: number
  readonly error?: string
}

/** Counts a request; false where it is one too many. */
export type Limit = (key: string) => Promise<boolean>

/** What is limited, each where there is a limit for it. */
export interface Limits {
  /** The requests of a token, by its hash. */
  readonly token?: Limit | undefined
  /** The failed authentications of an address. */
  readonly failure?: Limit | undefined
}

/** What an application is made from. */
export interface Dependencies {
  readonly databases: Databases
  /** The settings of the file. */
  readonly settings: Settings
  /** The operator's secret; absent where none is set, or one that is refused. */
  readonly operatorToken: string | undefined
  /** Why the secrets are refused, as a sentence. */
  readonly weakness?: string | undefined
  /** What seals the keys in the database; without it they are kept in memory. */
  readonly sealingSecret?: string | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly randomBytes: (length: number) => Uint8Array<ArrayBuffer>
  /** How many operations one bulk request may hold. */
  readonly maxBulkOperations: number
  /** How many resources a list may look through for want of an index; absent where any number. */
  readonly maxScanned?: number | undefined
  /** Whether any client may ask what its request cost; otherwise only the operator may. */
  readonly serverTiming?: boolean
  readonly log: (line: LogLine) => void
  /** Where clients reach it, as an origin; absent where a request's own URL says it. */
  readonly publicOrigin?: string | undefined
  /** What the platform limits; absent where nothing is. */
  readonly limits?: Limits | undefined
}

/** The bindings are left out on purpose: a handler reaches the database through a caller only. */
export interface ScimEnv {
  Variables: {
    requestId: string
    origin: string
    later: (task: () => Promise<unknown>) => void
    /** What the Authorization header carries, once it was read. */
    credential?: string
    /** All bodies that are on their way. */
    bodies: Pools
    /** Who calls, once the token is known to be good. */
    holder?: Holder
    /** The namespace of a token that is good no more. */
    owner?: Namespace
    /** The body, once it was read. */
    body?: Json
    /** The operations of a bulk request that failed. */
    failedOperations?: readonly FailedOperation[]
    /** Those that succeeded. */
    doneOperations?: readonly Operation[]
    /** Counts what the request costs. */
    meter: Meter
  }
}

/** A request, or an operation of a bulk request; the path is below the base URL. */
export interface Operation {
  readonly method: string
  readonly path: string
  readonly body: Json | undefined
}

/** One that failed. */
export interface FailedOperation extends Operation {
  readonly status: number
  readonly messageId: string
  readonly detail: string
}

/** Where the API is. */
export const API = '/apis/scim.grafana.app/v0alpha1/namespaces'

/** The base URL of the namespace that a request names, as the client addressed it. */
export function baseUrl(c: Context<ScimEnv>): string {
  return `${c.get('origin')}${API}/${c.req.param('namespace')}`
}

/**
 * What the Authorization header carries. Many parts of a request ask for it, and it is read once.
 *
 * @returns undefined where there is no header, or a blank one
 */
export function credentialOf(c: Context<ScimEnv>): string | undefined {
  const header = c.req.header('Authorization')
  if (header === undefined || header.trim() === '') return undefined
  const credential = c.get('credential') ?? readCredential(header)
  c.set('credential', credential)
  return credential
}

/**
 * The caller of a request: its claim, still undecided, and all that the store needs beside it.
 *
 * @throws Refusal where there is no token or its form is wrong; the body was not touched yet
 */
export function callerOf(c: Context<ScimEnv>, dependencies: Dependencies): Caller {
  const namespace = parseNamespace(c.req.param('namespace') ?? '')
  const claim = readClaim(credentialOf(c), namespace)
  if ('kind' in claim) {
    throw new Refusal(claim.kind === 'invalid-token' ? explained(c, dependencies) : claim)
  }
  return requestOf(c, dependencies, claim)
}

/** Whether a request carries the operator's secret; how long that takes tells nothing about it. */
export function isOperator(c: Context<ScimEnv>, { operatorToken }: Dependencies): boolean {
  if (operatorToken === undefined || operatorToken === '') return false
  return sameSecret(credentialOf(c) ?? '', operatorToken)
}

/** Why what was sent is no token, as far as that can be told without the database. */
function explained(c: Context<ScimEnv>, dependencies: Dependencies): CredentialReason {
  if (isOperator(c, dependencies)) return { kind: 'operator-secret' }
  const header = c.req.header('Authorization') ?? ''
  const scheme = credentialOf(c) === '' ? schemeOf(header) : undefined
  return scheme === undefined ? { kind: 'invalid-token' } : { kind: 'wrong-scheme', scheme }
}

/** A database as a request sees it: what goes through is counted. */
export function counted(c: Context<ScimEnv>, database: Database): Database {
  return metered(database, c.get('meter'))
}

/** A request with its claim, and all that the store needs beside it. */
export function requestOf(c: Context<ScimEnv>, dependencies: Dependencies, claim: Claim): Caller {
  const now = dependencies.now()
  const { namespace } = claim
  const { databaseFor } = dependencies.databases
  const database = databaseFor(namespace.ok ? namespace.namespace : undefined)
  return {
    database: counted(c, database),
    claim,
    fileSettings: dependencies.settings,
    now,
    requestId: c.get('requestId'),
    newId: (type) => makeId(type === 'user' ? 'u' : 'g', now, dependencies.randomBytes),
    maxScanned: dependencies.maxScanned,
    later: c.get('later'),
    settles: c.req.method !== 'GET',
    recognized: (holder) => c.set('holder', holder),
    outdated: (owner) => c.set('owner', owner),
  }
}

const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * Makes an id: a letter for the type, the time, and 80 random bits, all in lower case. It begins
 * with a letter, so that nobody takes it for a number, and it orders by time, so that a page of a
 * list does not shift when a resource is created.
 */
export function makeId(
  prefix: string,
  now: number,
  randomBytes: Dependencies['randomBytes'],
): string {
  const time = now.toString(36).padStart(9, '0')
  const random = [...randomBytes(16)].map((byte) => DIGITS.charAt(byte & 31)).join('')
  return `${prefix}${time}${random}`
}

/** The parameters of the query by lower-cased name; of one that is repeated, the first. */
export function queryOf(c: Context<ScimEnv>): Map<string, string> {
  const query = new Map<string, string>()
  for (const [name, value] of new URL(c.req.url).searchParams) {
    const key = name.toLowerCase()
    if (!query.has(key)) query.set(key, value)
  }
  return query
}
