// Reading the files that administrators have: tables as CSV, and the JSON of directories.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { CsvError, parse } from 'csv-parse/sync'
import { failure } from './failure.ts'

/** One record of a file, by the names of its columns or members. */
export interface Row {
  /** Where it stands, such as `line 3` of a table or `entry 3` of a JSON list. */
  readonly place: string
  readonly record: Readonly<Record<string, unknown>>
}

/**
 * Reads a file of records; its name says which form it has.
 *
 * @throws Failure where it cannot be read, or is none
 */
export function readDataFile(path: string): Row[] {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(readFileSync(path))
  } catch (error) {
    if (error instanceof TypeError) throw failure(`${path} is not UTF-8 text; save it as UTF-8.`)
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const reason = code === 'ENOENT' ? 'there is no such file' : `the error is ${code}`
    throw failure(`${path} cannot be read: ${reason}.`)
  }
  return readRows(text, basename(path))
}

/**
 * Takes a text apart into records: a name that ends in `.csv` stands for a table with a heading
 * line, whose columns a comma, semicolon or tab separates; `.json` for a list, bare or in the answer
 * of a directory (SCIM's `Resources`, Microsoft Graph's `value`).
 *
 * @throws Failure naming the line and column, or the entry, and what is wrong there
 */
export function readRows(text: string, fileName: string): Row[] {
  if (/\.csv$/i.test(fileName)) return readTable(text, fileName)
  if (/\.json$/i.test(fileName)) return readList(text, fileName)
  throw failure(`${fileName} ends in neither .csv nor .json, so its form is not known.`)
}

/** What is wrong with one value of a row; `column` is the name of its column or member. */
export function rowFailure(fileName: string, row: Row, column: string, advice: string): Error {
  return failure(`${fileName}, ${row.place}, column ${column}: ${advice}`)
}

/** The text of a column, without blanks around it; undefined where it is empty or none. */
export function textOf(record: Row['record'], column: string): string | undefined {
  const value = record[column]
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

interface TableRow {
  readonly record: Record<string, string>
  readonly info: { readonly lines: number }
}

function readTable(text: string, fileName: string): Row[] {
  const columns = (heading: string[]) => {
    const names = heading.map((name) => name.trim())
    for (const [at, name] of names.entries()) {
      const where = `${fileName}, line 1, column ${at + 1}`
      if (name === '') throw failure(`${where}: the heading is empty; name the column.`)
      if (names.indexOf(name) !== at) {
        throw failure(`${where}: there is a column ${name} already; rename one of them.`)
      }
    }
    return names
  }
  try {
    const rows = parse<TableRow>(text, {
      bom: true,
      columns,
      delimiter: separatorOf(text),
      info: true,
      skip_empty_lines: true,
      trim: true,
    } as never)
    // A value in quotes may go over several lines; `lines` counts to the end of the record.
    return rows.map(({ record, info }) => ({ place: `line ${info.lines}`, record }))
  } catch (error) {
    if (error instanceof CsvError) throw failure(describe(error, fileName))
    throw error
  }
}

/** What separates the columns of the heading; spreadsheets write what their language uses. */
function separatorOf(text: string): string {
  const heading =
    text
      .replace(/^\ufeff/, '')
      .trimStart()
      .split(/\r?\n/, 1)[0] ?? ''
  const outside = heading.replace(/"(?:[^"]|"")*"/g, '')
  const count = (separator: string) => outside.split(separator).length
  return [',', ';', '\t'].reduce((best, one) => (count(one) > count(best) ? one : best))
}

function describe(error: CsvError, fileName: string): string {
  const place = `${fileName}, line ${error.lines}`
  const column = typeof error.column === 'string' ? `, column ${error.column}` : ''
  switch (error.code) {
    case 'CSV_RECORD_INCONSISTENT_COLUMNS': {
      const values = Array.isArray(error.record) ? error.record.length : 0
      const names = Array.isArray(error.columns) ? error.columns.length : 0
      return `${place}: it has ${values} values, but the heading names ${names} columns; put a value that contains the separator in quotes.`
    }
    case 'CSV_QUOTE_NOT_CLOSED':
      return `${place}${column}: a value that begins with a quote has no quote at its end.`
    case 'INVALID_OPENING_QUOTE':
    case 'CSV_INVALID_CLOSING_QUOTE':
      return `${place}${column}: a quote stands inside a value; put the value in quotes and double the one inside.`
    default:
      return `${place}${column}: ${error.message}`
  }
}

/** The members in which directories put their lists. */
const LISTS = ['Resources', 'value', 'users', 'groups', 'teams', 'mappings']

function readList(text: string, fileName: string): Row[] {
  const value = parseJson(text, fileName)
  const name = isRecord(value) ? LISTS.find((list) => Array.isArray(value[list])) : undefined
  const list = isRecord(value) && name !== undefined ? value[name] : value
  if (!Array.isArray(list)) {
    throw failure(
      `${fileName} holds no list: give an array, or an object with ${LISTS.join(', ')}.`,
    )
  }
  return list.map((record: unknown, at) => {
    const place = `entry ${at + 1}`
    if (!isRecord(record)) throw failure(`${fileName}, ${place}: it is no object.`)
    return { place, record }
  })
}

/** Tells an object from everything else. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string, fileName: string): unknown {
  const content = text.replace(/^\ufeff/, '')
  try {
    return JSON.parse(content)
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    const [, position] = /at position (\d+)/.exec(message) ?? []
    if (position === undefined) throw failure(`${fileName} is not JSON; it may be cut off.`)
    const before = content.slice(0, Number(position)).split('\n')
    const column = (before.at(-1) ?? '').length + 1
    throw failure(`${fileName}, line ${before.length}, column ${column}: this is not JSON.`)
  }
}
