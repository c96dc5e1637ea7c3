import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readDataFile, readRows, rowFailure } from '../../../scripts/lib/data-file.ts'

test.each([
  ['commas', 'login,email\nada,ada@x\n'],
  ['semicolons, as spreadsheets of many languages write', 'login;email\nada;ada@x\n'],
  ['tabs', 'login\temail\nada\tada@x\n'],
  [
    'a byte order mark, carriage returns, blanks and empty lines',
    '\ufefflogin , email\r\n\r\nada, ada@x \r\n',
  ],
  ['no line feed at the end', 'login,email\nada,ada@x'],
])('a table is read with %s', (_, text) => {
  const [row, ...more] = readRows(text, 'users.CSV')
  expect({ record: { ...row?.record }, more }).toEqual({
    record: { login: 'ada', email: 'ada@x' },
    more: [],
  })
})

test('values in quotes hold separators, quotes and line feeds, and lines are counted', () => {
  const rows = readRows(
    'name,title\n"Lovelace, Ada","the ""first"""\nBob,"two\nlines"\nEve,x',
    'a.csv',
  )
  expect(rows.map(({ record }) => ({ ...record }))).toEqual([
    { name: 'Lovelace, Ada', title: 'the "first"' },
    { name: 'Bob', title: 'two\nlines' },
    { name: 'Eve', title: 'x' },
  ])
  expect(rows.map(({ place }) => place)).toEqual(['line 2', 'line 4', 'line 5'])
})

test.each([
  [
    'a,b\n1,2\n3\n',
    'u.csv, line 3: it has 1 values, but the heading names 2 columns; put a value that contains the separator in quotes.',
  ],
  [
    'a,b\n1,2,3\n',
    'u.csv, line 2: it has 3 values, but the heading names 2 columns; put a value that contains the separator in quotes.',
  ],
  [
    'a,b\n1,"2\n',
    'u.csv, line 2, column b: a value that begins with a quote has no quote at its end.',
  ],
  [
    'a,b\n1,2"3\n',
    'u.csv, line 2, column b: a quote stands inside a value; put the value in quotes and double the one inside.',
  ],
  ['a,b,a\n1,2,3\n', 'u.csv, line 1, column 3: there is a column a already; rename one of them.'],
  ['a,,b\n1,2,3\n', 'u.csv, line 1, column 2: the heading is empty; name the column.'],
])('what is wrong with the table %j is said with its place', (text, sentence) => {
  expect(() => readRows(text, 'u.csv')).toThrow(sentence)
})

test.each([
  ['a list', '[{"id":"1"},{"id":"2"}]'],
  ['a SCIM ListResponse', '{"schemas":["x"],"Resources":[{"id":"1"},{"id":"2"}]}'],
  ['an answer of Microsoft Graph', '{"@odata.context":"x","value":[{"id":"1"},{"id":"2"}]}'],
])('JSON is read as %s', (_, text) => {
  expect(readRows(text, 'users.json')).toEqual([
    { place: 'entry 1', record: { id: '1' } },
    { place: 'entry 2', record: { id: '2' } },
  ])
})

test.each([
  ['[{"id":"1"},\n {id:2}]', 'u.json, line 2, column 3: this is not JSON.'],
  ['[{"id":', 'u.json is not JSON; it may be cut off.'],
  [
    '{"id":"1"}',
    'u.json holds no list: give an array, or an object with Resources, value, users, groups, teams, mappings.',
  ],
  ['[{"id":"1"},2]', 'u.json, entry 2: it is no object.'],
])('what is wrong with the JSON %j is said with its place', (text, sentence) => {
  expect(() => readRows(text, 'u.json')).toThrow(sentence)
})

test('a file whose name tells no form is refused', () => {
  expect(() => readRows('a,b', 'users.txt')).toThrow('users.txt ends in neither .csv nor .json')
})

test('a value is complained about by file, place and column', () => {
  const [row] = readRows('userName\nada', 'u.csv')
  if (row === undefined) throw new Error('no row')
  expect(rowFailure('u.csv', row, 'userName', 'give one.').message).toBe(
    'u.csv, line 2, column userName: give one.',
  )
})

test('a file that is not there, or is no text, is told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'data-file-'))
  try {
    expect(() => readDataFile(join(folder, 'x.csv'))).toThrow('there is no such file')
    writeFileSync(join(folder, 'latin.csv'), Buffer.from([0x61, 0x0a, 0xe4]))
    expect(() => readDataFile(join(folder, 'latin.csv'))).toThrow('is not UTF-8 text')
    writeFileSync(join(folder, 'ok.csv'), 'a\n1\n')
    expect(readDataFile(join(folder, 'ok.csv'))).toHaveLength(1)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
