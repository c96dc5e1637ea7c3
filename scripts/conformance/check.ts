// What a check is, and the words to write one.
import type { Context } from './context.ts'

/** How binding a requirement is: the RFC's word, or what clients or safety need. */
export type Level = 'MUST' | 'SHOULD' | 'MAY' | 'INTEROP' | 'SEC'

/** Where a requirement comes from. */
export type Reference = `RFC ${number} §${string}`

/** What has to be there for a check to make sense. */
export type Need =
  | 'bulk'
  | 'cursor'
  | 'etag'
  | 'filter'
  | 'patch'
  | 'search'
  | 'sort'
  | 'root query'
  | 'no bulk'
  | 'no cursor'
  | 'no search'
  | 'no sort'
  | 'read-only token'
  | 'expired token'
  | 'revoked token'
  | 'other tenant'

/** One requirement and how it is tested. */
export interface Check {
  /** Stable; names the requirement. */
  readonly name: string
  readonly level: Level
  readonly reference: Reference
  /** The requirement as a sentence. */
  readonly requirement: string
  readonly needs: readonly Need[]
  /** Whether it looks at the answers of the whole run, and therefore comes at its end. */
  readonly last: boolean
  /** Sends requests and throws where an expectation is not met. */
  readonly body: (t: Context) => Promise<void> | void
}

/** The checks of one part of the protocol. */
export interface Area {
  readonly name: string
  readonly title: string
  readonly checks: readonly Check[]
}

/** Declares an area; what it needs as a whole, each of its checks needs. */
export function area(
  name: string,
  title: string,
  checks: readonly Check[],
  needs: readonly Need[] = [],
): Area {
  return {
    name,
    title,
    checks: checks.map((check) => ({ ...check, needs: [...new Set([...needs, ...check.needs])] })),
  }
}

type Declare = (
  name: string,
  reference: Reference,
  requirement: string,
  body: Check['body'],
  ...needs: readonly Need[]
) => Check

function level(word: Level): Declare {
  return (name, reference, requirement, body, ...needs) => ({
    name,
    level: word,
    reference,
    requirement,
    needs,
    last: false,
    body,
  })
}

export const must = level('MUST')
export const should = level('SHOULD')
export const may = level('MAY')
export const interop = level('INTEROP')
export const safe = level('SEC')

/** Puts a check at the end of the run, where it sees every answer. */
export function overTheRun(check: Check): Check {
  return { ...check, last: true }
}
