/** Splits the text of a filter or of a PATCH path into tokens (RFC 7644 §3.4.2.2, figure 1). */
import { ProtocolError, quote } from '../error.ts'

/** A piece of the text. `at` counts UTF-16 units from the start, for errors. */
export type Token =
  | { readonly kind: 'open' | 'close' | 'openBracket' | 'closeBracket'; readonly at: number }
  | { readonly kind: 'word'; readonly text: string; readonly at: number }
  | { readonly kind: 'string'; readonly value: string; readonly at: number }

/** How long a filter or path may be, in UTF-8 bytes. */
export const MAXIMUM_FILTER_BYTES = 16 * 1024

const BRACKETS = {
  '(': 'open',
  ')': 'close',
  '[': 'openBracket',
  ']': 'closeBracket',
} as const

const WORD = /[^\s()[\]"]+/y
const STRING = /"(?:[^"\\]|\\.)*"/sy
const SPACE = /\s+/y

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/**
 * @throws ProtocolError invalidFilter: too long, or a string that does not end or is not JSON
 */
export function tokenize(text: string): Token[] {
  if (new TextEncoder().encode(text).length > MAXIMUM_FILTER_BYTES) {
    throw new ProtocolError(
      'invalidFilter',
      `The filter is longer than ${MAXIMUM_FILTER_BYTES} bytes; ask in several requests.`,
    )
  }
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const space = matchAt(SPACE, text, at)
    if (space !== undefined) {
      at += space.length
      continue
    }
    const character = text.charAt(at)
    if (character === '(' || character === ')' || character === '[' || character === ']') {
      tokens.push({ kind: BRACKETS[character], at })
      at += 1
    } else if (character === '"') {
      const literal = matchAt(STRING, text, at)
      tokens.push({ kind: 'string', value: parseString(literal, text, at), at })
      at += literal?.length ?? 0
    } else {
      const word = matchAt(WORD, text, at) ?? ''
      tokens.push({ kind: 'word', text: word, at })
      at += word.length
    }
  }
  return tokens
}

/**
 * A filter, or the end of one, as an error quotes it: without its values, which are about people and
 * end up wherever the client writes errors down.
 */
export function quoteFilter(text: string): string {
  return quote(
    text
      .replace(/"(?:[^"\\]|\\.)*"?/g, '"…"')
      .replace(/'[^']*'?/g, "'…'")
      // Values with too few quotes go on up to what joins terms.
      .replace(/(["'])…\1(?:(?!\s+(?:and|or)\b)\s*[^\s"'()[\]]+)+/gi, '$1…$1 …')
      .replace(
        /(\b(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)(?=[^\s"'()[\]])(?:(?!\s(?:and|or)\b)[^"'()[\]])+/gi,
        '$1…',
      )
      // Words first: to look for the @ behind each letter would take time in the square of them.
      .replace(/[^\s"'()[\]]+/g, (word) => (word.includes('@') ? '…' : word)),
  )
}

/** Strings of a filter are JSON strings (RFC 7644 §3.4.2.2, `compValue`). */
function parseString(literal: string | undefined, text: string, at: number): string {
  let value: string | undefined
  try {
    value = literal === undefined ? undefined : JSON.parse(literal)
  } catch {
    // Falls through to the one error: a raw control character or an unknown escape.
  }
  if (value === undefined) {
    throw new ProtocolError(
      'invalidFilter',
      `The string at character ${at + 1} is no JSON string: ${quoteFilter(text.slice(at))}. ` +
        'End it with a double quote, and write a quote or backslash inside it with a backslash.',
    )
  }
  if (value.includes('\0') || !value.isWellFormed()) {
    throw new ProtocolError(
      'invalidFilter',
      `The string at character ${at + 1} is no Unicode text that could be stored: it contains ` +
        'U+0000 or half of a surrogate pair.',
    )
  }
  return value
}
