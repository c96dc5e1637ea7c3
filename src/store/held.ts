/**
 * Errors held back: whether a request is allowed comes before whether it makes sense. What is
 * read from a request before the credential is decided is held, and released afterwards.
 */
import { Refused } from '../scim/error.ts'

/** A value, or the error that reading it gave. */
export type Held<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Error }

/** Runs `read` and holds what comes of it. Only errors that are the client's are held. */
export function hold<T>(read: () => T): Held<T> {
  try {
    return { ok: true, value: read() }
  } catch (error) {
    if (error instanceof Refused) return { ok: false, error }
    throw error
  }
}

/** The same for what takes time, such as reading a body. */
export async function holdAsync<T>(read: () => Promise<T>): Promise<Held<T>> {
  try {
    return { ok: true, value: await read() }
  } catch (error) {
    if (error instanceof Refused) return { ok: false, error }
    throw error
  }
}

/** The value; or the error is thrown now. */
export function release<T>(held: Held<T>): T {
  if (held.ok) return held.value
  throw held.error
}

/** What is made of a held value; an error stays held, and one that this gives is held, too. */
export function andThen<T, U>(held: Held<T>, read: (value: T) => U): Held<U> {
  return held.ok ? hold(() => read(held.value)) : held
}
