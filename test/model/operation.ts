/**
 * An operation that is played: what is sent, and the rule of the model for it. Users and teams are
 * referred to by their number among those that were made so far, so that an operation still means
 * something when others before it are left out.
 */
import { ENTERPRISE_USER as ENTERPRISE } from '../support/payload.ts'
import type { Rule } from './directory.ts'
import type { Tag } from './users.ts'

/** What a lane knows of the directory. */
export interface Known {
  readonly users: readonly string[]
  readonly teams: readonly string[]
}

export type IdOf = (reference: string) => string

/**
 * The id that a reference stands for, by what is known now; a number beyond the end counts on from
 * the beginning.
 */
export function idsOf(known: Known): IdOf {
  const [users, teams] = [[...known.users], [...known.teams]]
  return (reference) => {
    const [kind, number] = reference.split(' ')
    const ids = kind === 'user' ? users : kind === 'team' ? teams : []
    return ids[Number(number) % ids.length] ?? reference
  }
}

/** A request, and its rule. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly body?: object
  /** Sent by the operator, on the admin API. */
  readonly byHand?: boolean
  readonly rule: Rule
  /** The name of what is created, within a bulk request. */
  readonly bulkId?: string
  /** For a bulk request: its operations, once it is known what the references stand for. */
  readonly bulk?: (idOf: IdOf) => readonly Request[]
}

/** Which version an operation demands: none, the one that a read before it shows, or another. */
export type Condition = 'none' | 'current' | 'any' | 'old'

export interface Operation {
  readonly text: string
  readonly condition: Condition
  /** The resource whose version is demanded. */
  readonly target?: (idOf: IdOf) => Request
  readonly request: (idOf: IdOf, tag: Tag) => Request
}

/** What a client sends beside the attributes, and the server ignores. */
export const aside = { password: 'secret', favouriteColour: 'red', meta: { resourceType: 'User' } }

/** A body without what every one of its kind has. */
function telling(body: object | undefined): string {
  if (body === undefined) return ''
  const text = JSON.stringify(body, (name, value) =>
    name in aside || name === 'schemas' ? undefined : value,
  )
  return text.replaceAll(ENTERPRISE, 'enterprise')
}

const literally: IdOf = (reference) => `‹${reference}›`

/** An operation without references. */
export const plainly = (request: Request): Operation => operation('none', () => request)

/** An operation; its text is what is sent, with references for ids. */
export function operation(
  condition: Condition,
  request: Operation['request'],
  target?: Operation['target'],
): Operation {
  const { method, path, body, byHand } = request(literally, undefined)
  const words = [
    byHand === true ? 'by hand:' : '',
    method,
    path,
    telling(body),
    condition === 'none' ? '' : `If-Match: ${condition}`,
  ]
  return {
    text: words.filter((word) => word !== '').join(' '),
    condition,
    request,
    ...(target === undefined ? {} : { target }),
  }
}
