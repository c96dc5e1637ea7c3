/**
 * A database that refuses, and reports, every statement which reaches beyond the namespace of its
 * request. All tests of the application and of the store go through one, so that a statement which
 * no test of isolation thought of is found all the same.
 */
import { type Database, render } from '../../src/store/database.ts'
import { type Binding, bindingOf } from './bound.ts'

/** Statements that are not about one namespace, by what they are for. */
const EXCEPTIONS: Readonly<Record<string, RegExp>> = {
  'the operator reads the history of all namespaces':
    /^select h\.namespace, [^()]* from namespace_change h order by h\.at desc, h\.rowid desc limit \?1$/,
  'the operator lists all namespaces': /^select n\.name, [^()]* from namespace n order by n\.name$/,
}

/**
 * Refused requests are recorded in the namespace of the token, whichever the path names, and failed
 * credentials during a later request.
 */
const RECORD =
  /^insert into refusal_count\b|^select n\.name as counted\b|^insert into activity .* 'credential'|^insert into ignored_name\b/

const plainly = (sql: string) => sql.replace(/\s+/g, ' ').trim()

const known = new Map<string, Binding>()
const violations: string[] = []

/** What was refused since the last time that somebody asked. */
export const takeViolations = () => violations.splice(0)

function analyse(sql: string): Binding {
  const binding = known.get(sql) ?? bindingOf(sql)
  known.set(sql, binding)
  return binding
}

/**
 * Checks every statement that goes to a database.
 *
 * @param namespaceNow that of the request which is being served; where it tells none, all statements
 *   of a batch must be about the same
 */
export function isolated(
  database: Database,
  namespaceNow: () => string | undefined = () => undefined,
): Database {
  return {
    emptyLog: database.emptyLog,
    batch(mode, statements, observe) {
      const rendered = statements.map(render)
      const record = rendered.some(({ sql }) => RECORD.test(plainly(sql)))
      let expected: unknown = record ? undefined : namespaceNow()
      for (const { sql, parameters } of rendered) {
        const { problems, slots } = analyse(sql)
        const plain = plainly(sql)
        const exception =
          expected === undefined && Object.values(EXCEPTIONS).some((form) => form.test(plain))
        const wrong = exception ? [] : [...problems]
        for (const slot of slots) {
          const value = parameters[slot - 1]
          expected ??= value
          if (value !== expected) wrong.push(`?${slot} is ${value} and not ${expected}.`)
        }
        if (wrong.length > 0) {
          const violation = `${wrong.join(' ')} In: ${plain}`
          violations.push(violation)
          throw new Error(violation)
        }
      }
      return database.batch(mode, statements, observe)
    },
  }
}
