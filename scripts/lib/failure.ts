/**
 * Makes an error that is meant for the reader of the terminal: one sentence, no stack trace.
 */
export function failure(sentence: string): Error {
  const error = new Error(oneSentence(sentence))
  error.name = 'Failure'
  return error
}

/** Tells a sentence meant for the reader from a fault of the program. */
export function isFailure(error: unknown): error is Error {
  return error instanceof Error && error.name === 'Failure'
}

/** Puts a text on one line, with a full stop at its end. */
export function oneSentence(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return /[.!?]$/.test(line) ? line : `${line}.`
}
