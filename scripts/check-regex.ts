/**
 * Checks that no regular expression backtracks where it meets what others send: one that can share a
 * text between two repetitions in many ways takes minutes for a header of 100 kB. recheck looks for the
 * worst text of each, and knows whether its time grows faster than the text.
 *
 * An expression that is made from a text must be made from constants, so that it can be judged here.
 */
import { globSync, readFileSync } from 'node:fs'
import jsTokens, { type Token } from 'js-tokens'
import { noOptions } from './lib/command.ts'

await noOptions('check-regex', 'Checks that no regular expression backtracks on what others send.')

// Somebody who has pulled this and installed nothing since shall read what to do.
const { check } = await import('recheck').catch(() => {
  console.error('The package recheck is not installed yet; run `npm install`, then this again.')
  process.exit(1)
})

/** An expression, and where it stands. */
interface Expression {
  readonly place: string
  readonly source: string
  readonly flags: string
}

/** What the endpoint runs, and the tools that read what a server answers. */
const FILES = ['src/**/*.{ts,tsx}', 'scripts/{admin,lib,simulate,conformance}/**/*.ts']

/** Expressions that recheck cannot judge, and why a text takes no more time than it is long. */
const REVIEWED: ReadonlyMap<string, string> = new Map(
  [
    {
      expression: /(["'])…\1(?:(?!\s+(?:and|or)\b)\s*[^\s"'()[\]]+)+/gi,
      why: 'nothing follows the repetition, so no way of sharing a text is given up for another',
    },
    {
      expression:
        /(\b(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)(?=[^\s"'()[\]])(?:(?!\s(?:and|or)\b)[^"'()[\]])+/gi,
      why: 'it begins at a word, and the blanks behind that are gone through twice at most',
    },
    {
      expression: /^0+(?=.)/,
      why: 'it begins at the start alone, and gives back one zero at most',
    },
    {
      expression: /(?:[\w.+=~-]|%2[BF]|%3D){20,}/gi,
      why: 'its alternatives begin differently, and a run that fails is shorter than twenty',
    },
  ].map(({ expression, why }) => [String(expression), why]),
)

const constants = /^[A-Z_]+$/

/** The expression that the arguments of `new RegExp(` give; undefined where nobody can tell here. */
function readArguments(tokens: readonly Token[]): string | undefined {
  let source = ''
  for (const { type, value } of tokens) {
    if (value === ')' && type === 'Punctuator') return source
    if (type === 'StringLiteral' || type.includes('Template')) {
      // Without the marks at its ends: quotes, or what surrounds an embedded constant.
      const text = value.replace(/^['"`}]/, '').replace(/(?:\$\{|['"`])$/, '')
      source += text.replaceAll('\\\\', '\\')
    } else if (type === 'IdentifierName' && constants.test(value)) {
      // It stands for a text without repetitions.
      source += 'x'
    } else if (!/^(?:WhiteSpace|LineTerminatorSequence)$/.test(type) && value !== ',') {
      return undefined
    }
  }
  return undefined
}

function expressionsOf(file: string): Expression[] {
  const tokens = [...jsTokens(readFileSync(file, 'utf8'))]
  const found: Expression[] = []
  let line = 1
  tokens.forEach(({ type, value }, at) => {
    const place = `${file}:${line}`
    line += value.split('\n').length - 1
    if (type === 'RegularExpressionLiteral') {
      const end = value.lastIndexOf('/')
      found.push({ place, source: value.slice(1, end), flags: value.slice(end + 1) })
    }
    if (value !== 'RegExp' || tokens[at + 1]?.value !== '(') return
    const source = readArguments(tokens.slice(at + 2))
    if (source === undefined) complain(`${place}: RegExp is given more than constants.`)
    else found.push({ place, source, flags: '' })
  })
  return found
}

function complain(sentence: string): void {
  console.error(sentence)
  process.exitCode = 1
}

const files = process.argv.length > 2 ? process.argv.slice(2) : globSync(FILES).sort()
const expressions = files.flatMap(expressionsOf)
/** Whether an expression has anything that repeats; recheck does not know all classes of `v`. */
function repeats(source: string): boolean {
  return /[*+?{]/.test(source.replace(/\\[pPu]\{\w+\}/g, ''))
}

// Many are the same in several places.
const judged = new Map<string, Promise<string>>()
const used = new Set<string>()

/** What is wrong with an expression; nothing where its time grows as the text does. */
async function judge(key: string, { source, flags }: Expression): Promise<string> {
  if (REVIEWED.has(key)) {
    used.add(key)
    return ''
  }
  if (!repeats(source)) return ''
  // The other checker of recheck guesses, and not the same each time.
  const result = await check(source, flags, { checker: 'automaton', timeout: 60_000 })
  if (result.status === 'safe') return ''
  return result.status === 'vulnerable'
    ? `takes ${result.complexity.summary} time; bound what it repeats, or read the text by hand`
    : 'cannot be judged; make it simpler, or say in REVIEWED why it is linear'
}

for (const expression of expressions) {
  const key = `/${expression.source}/${expression.flags}`
  const verdict = judged.get(key) ?? judge(key, expression)
  judged.set(key, verdict)
  const fault = await verdict
  if (fault !== '') complain(`${expression.place}: ${key} ${fault}.`)
}
for (const key of [...REVIEWED.keys()].filter((one) => !used.has(one))) {
  complain(`scripts/check-regex.ts has reviewed ${key}, which is nowhere any more; take it out.`)
}
