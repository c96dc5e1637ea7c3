/** What operations of PATCH on users and on groups have in common. */
import fc from 'fast-check'
import { canonical, Refused, type Value } from './directory.ts'

/** An operation as it is sent, and its effect, once it is known which id a reference stands for. */
export type Shape<Effect> = (idOf: (reference: string) => string) => {
  readonly sent: object
  readonly effect: Effect
}

/** Assigns a value; an empty one is none. */
export function assign(draft: { [name: string]: Value }, name: string, value: Value | null): void {
  if (value === null || canonical(value) === '[]' || canonical(value) === '{}') delete draft[name]
  else draft[name] = value
}

/** The effect of what is refused. */
export function refuse(status: number, scimType: string) {
  return (): never => {
    throw new Refused(status, scimType)
  }
}

export const oneOf = (...names: string[]) => fc.constantFrom(...names)
