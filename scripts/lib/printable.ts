// What is written to a terminal of what others have named.
import type { Terminal } from './command.ts'

/** What a terminal obeys instead of showing it: controls, ends of lines, directions of writing. */
const OBEYED = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/**
 * A text that a terminal shows and does not obey, on one line. What is written instead means the same
 * in JSON.
 */
export function printable(text: string): string {
  return text.replace(OBEYED, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * A terminal that is given what people and groups are called, which the identity provider decides,
 * and still obeys nobody but the program. Lines stay lines.
 */
export function showing(to: Terminal): Terminal {
  const lines = (text: string) =>
    text.replace(OBEYED, (one, at: number) => {
      const ends = one === '\r' && text[at + 1] === '\n'
      return one === '\n' || one === '\t' || ends ? one : printable(one)
    })
  return { out: (text) => to.out(lines(text)), error: (text) => to.error(lines(text)) }
}
