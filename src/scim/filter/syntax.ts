/**
 * The grammar of filters: RFC 7644 §3.4.2.2, figure 1, with errata 4690 and 7322, and with the
 * comparison of a sub-attribute behind a value path, which Entra ID sends:
 * `emails[type eq "work"].value eq "x"`.
 *
 * The result still holds names as they were written; `bind.ts` finds out what they mean.
 */
import { ProtocolError } from '../error.ts'
import { quoteFilter, type Token, tokenize } from './token.ts'

export type Operator = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le'

/**
 * A literal. A word is text without quotes, which some clients send for a string; what else stands
 * without quotes is such a text, too, where the attribute is a string.
 */
export type Literal =
  | { readonly kind: 'string' | 'word'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly text: string }
  | { readonly kind: 'null'; readonly text: string }

export type Syntax =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Syntax[] }
  | { readonly kind: 'not'; readonly term: Syntax }
  | { readonly kind: 'present'; readonly name: string }
  | {
      readonly kind: 'compare'
      readonly name: string
      readonly operator: Operator
      readonly operand: Literal
    }
  | {
      readonly kind: 'element'
      readonly name: string
      readonly filter: Syntax
      /** What follows the bracket: `.sub op value`, with `name` being the sub-attribute. */
      readonly comparison?: Syntax & { readonly kind: 'present' | 'compare' }
    }

/** A path as PATCH writes it: a name, or a name with a filter and perhaps a sub-attribute. */
export interface PathSyntax {
  readonly name: string
  readonly filter?: Syntax
  readonly sub?: string
}

/** How deep a filter may nest. */
export const MAXIMUM_DEPTH = 50

const OPERATORS: ReadonlySet<string> = new Set<Operator>([
  'eq',
  'ne',
  'co',
  'sw',
  'ew',
  'gt',
  'ge',
  'lt',
  'le',
])
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
/** Attribute names (RFC 7643 §2.1), perhaps qualified by a URN; `$ref` begins with a dollar. */
const NAME = /^(?:urn:[a-z0-9][\w.:-]*|\$?[a-z][\w-]*)(?:\.\$?[a-z][\w-]*)?$/i
/** A URN that ends in a colon, or has nothing between two. */
const EMPTY_SEGMENT = /::|:$/
const SUB_NAME = /^\.(\$?[a-z][\w-]*)$/i
const ADVICE = 'Write for example userName eq "ada@example.com".'

/** Reads tokens one after the other. */
class Reader {
  readonly #tokens: readonly Token[]
  readonly #text: string
  #next = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokenize(text)
  }

  peek(): Token | undefined {
    return this.#tokens[this.#next]
  }

  take(): Token | undefined {
    const token = this.#tokens[this.#next]
    this.#next += 1
    return token
  }

  /** Takes the next token if it is this bracket. */
  takes(kind: 'open' | 'close' | 'openBracket' | 'closeBracket'): boolean {
    const found = this.peek()?.kind === kind
    if (found) this.#next += 1
    return found
  }

  /** Takes the next token if it is this word, in any case. */
  takesWord(word: string): boolean {
    const token = this.peek()
    const found = token?.kind === 'word' && token.text.toLowerCase() === word
    if (found) this.#next += 1
    return found
  }

  /** Runs `read` one level deeper. */
  nested<T>(read: () => T): T {
    this.#depth += 1
    if (this.#depth > MAXIMUM_DEPTH) {
      throw new ProtocolError(
        'invalidFilter',
        `The filter nests deeper than ${MAXIMUM_DEPTH} levels; simplify it.`,
      )
    }
    const result = read()
    this.#depth -= 1
    return result
  }

  /** The refusal of what comes next, where something else was expected. */
  unexpected(expected: string, token: Token | undefined = this.peek()): ProtocolError {
    const found = token === undefined ? 'it ends' : `character ${token.at + 1} is`
    return new ProtocolError(
      'invalidFilter',
      `The filter ${quoteFilter(this.#text)} needs ${expected} where ${found}. ${ADVICE}`,
    )
  }
}

/**
 * Parses a filter.
 *
 * @throws ProtocolError invalidFilter, with the place of the mistake
 */
export function parseFilter(text: string): Syntax {
  if (text.trim() === '') {
    throw new ProtocolError('invalidFilter', 'The filter is empty; leave the parameter out.')
  }
  const reader = new Reader(text)
  const filter = readOr(reader)
  if (reader.peek() !== undefined) throw reader.unexpected('“and”, “or” or its end')
  return filter
}

/**
 * Parses the path of a PATCH operation (RFC 7644 §3.5.2, figure 7).
 *
 * @throws ProtocolError invalidPath
 */
export function parsePath(text: string): PathSyntax {
  try {
    return readPath(text)
  } catch (error) {
    // A mistake inside the brackets is still one of the path.
    if (!(error instanceof ProtocolError) || error.reason.scimType === 'invalidPath') throw error
    throw new ProtocolError('invalidPath', `The path ${quoteFilter(text)}: ${error.reason.detail}`)
  }
}

/** The name with which the text of a path begins. */
export function nameOf(path: string): string {
  const bracket = path.indexOf('[')
  return (bracket === -1 ? path : path.slice(0, bracket)).trim()
}

function readPath(text: string): PathSyntax {
  const malformed = () =>
    new ProtocolError(
      'invalidPath',
      `The path ${quoteFilter(text)} is malformed; write an attribute, attribute.sub, ` +
        'attribute[filter] or attribute[filter].sub.',
    )
  const name = nameOf(text)
  if (!NAME.test(name) || EMPTY_SEGMENT.test(name)) throw malformed()
  const bracket = text.indexOf('[')
  if (bracket === -1) return { name }
  const reader = new Reader(text.slice(bracket))
  reader.takes('openBracket')
  const filter = readOr(reader)
  if (!reader.takes('closeBracket')) throw malformed()
  const rest = reader.take()
  if (rest === undefined) return { name, filter }
  const sub = rest.kind === 'word' ? SUB_NAME.exec(rest.text)?.[1] : undefined
  if (sub === undefined || reader.peek() !== undefined) throw malformed()
  return { name, filter, sub }
}

function readOr(reader: Reader): Syntax {
  return reader.nested(() => readSeries(reader, 'or', readAnd))
}

function readAnd(reader: Reader): Syntax {
  return readSeries(reader, 'and', readFactor)
}

function readSeries(reader: Reader, word: 'and' | 'or', read: (reader: Reader) => Syntax): Syntax {
  const first = read(reader)
  const terms = [first]
  while (reader.takesWord(word)) terms.push(read(reader))
  return terms.length === 1 ? first : { kind: word, terms }
}

function readFactor(reader: Reader): Syntax {
  if (reader.takes('open')) return readGroup(reader)
  const token = reader.take()
  if (token?.kind !== 'word') throw reader.unexpected('an attribute', token)
  if (token.text.toLowerCase() === 'not') {
    if (!reader.takes('open')) throw reader.unexpected('“(” after “not”')
    return { kind: 'not', term: readGroup(reader) }
  }
  if (!NAME.test(token.text)) throw reader.unexpected('an attribute', token)
  return readExpression(reader, token.text)
}

function readGroup(reader: Reader): Syntax {
  const filter = readOr(reader)
  if (!reader.takes('close')) throw reader.unexpected('“)”')
  return filter
}

function readExpression(reader: Reader, name: string): Syntax {
  if (!reader.takes('openBracket')) return readComparison(reader, name)
  const filter = readOr(reader)
  if (!reader.takes('closeBracket')) throw reader.unexpected('“]”')
  const token = reader.peek()
  if (token?.kind !== 'word' || !token.text.startsWith('.')) {
    return { kind: 'element', name, filter }
  }
  const sub = SUB_NAME.exec(token.text)?.[1]
  if (sub === undefined) throw reader.unexpected('a sub-attribute')
  reader.take()
  return { kind: 'element', name, filter, comparison: readComparison(reader, sub) }
}

function readComparison(
  reader: Reader,
  name: string,
): Syntax & { readonly kind: 'present' | 'compare' } {
  const token = reader.take()
  const operator = token?.kind === 'word' ? token.text.toLowerCase() : ''
  if (operator === 'pr') return { kind: 'present', name }
  if (!isOperator(operator)) {
    throw reader.unexpected('one of pr, eq, ne, co, sw, ew, gt, ge, lt, le', token)
  }
  return { kind: 'compare', name, operator, operand: readLiteral(reader) }
}

function isOperator(word: string): word is Operator {
  return OPERATORS.has(word)
}

function readLiteral(reader: Reader): Literal {
  const token = reader.take()
  if (token?.kind === 'string') return { kind: 'string', value: token.value }
  if (token?.kind !== 'word') throw reader.unexpected('a value in double quotes', token)
  const { text } = token
  switch (text.toLowerCase()) {
    case 'true':
      return { kind: 'boolean', value: true, text }
    case 'false':
      return { kind: 'boolean', value: false, text }
    case 'null':
      return { kind: 'null', text }
  }
  if (NUMBER.test(text)) return { kind: 'number', value: Number(text), text }
  // A word has a letter or a digit. Single quotes are a mistake that would otherwise compare with
  // the quotes.
  if (!/[\p{L}\p{N}]/u.test(text) || /['\\\0]/.test(text) || !text.isWellFormed()) {
    throw reader.unexpected('a value in double quotes', token)
  }
  return { kind: 'word', value: text }
}
