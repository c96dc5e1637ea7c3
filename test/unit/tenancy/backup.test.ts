/** The lines of a backup: each tells whether it and all before it are as they were written. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  BACKUP_FORMAT,
  BACKUP_VERSION,
  NO_LINES,
  noRecords,
  openLine,
  recordTypes,
  sealLine,
} from '../../../src/tenancy/backup.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

test('what is written today can be read by those who read it yesterday', () => {
  expect([BACKUP_FORMAT, BACKUP_VERSION]).toEqual(['scim-edge', 1])
  expect(recordTypes).toEqual([
    'settings',
    'serviceAccount',
    'user',
    'team',
    'membership',
    'teamMapping',
    'retained',
    'adoption',
    'event',
  ])
  expect(noRecords).toEqual(Object.fromEntries(recordTypes.map((type) => [type, 0])))
})

test('a line ends with the first 16 digits of the digest of all lines', () => {
  const first = sealLine(NO_LINES, { type: 'header' })
  expect(first.digest).toBe(sha256('{"type":"header"}'))
  expect(first.line).toBe(`{"type":"header","check":"${first.digest.slice(0, 16)}"}`)
  const second = sealLine(first.digest, { type: 'user', id: 'u1' })
  expect(second.digest).toBe(sha256(`${first.digest}{"type":"user","id":"u1"}`))
})

describe('a line that is opened', () => {
  const { line, digest } = sealLine('before', { a: 1 })

  test('tells its content and the digest, and is JSON itself', () => {
    expect(openLine('before', line)).toEqual({ content: '{"a":1}', digest })
    expect(JSON.parse(line)).toEqual({ a: 1, check: digest.slice(0, 16) })
  })

  test('may say nothing', () => {
    const nothing = sealLine('before', {})
    expect(openLine('before', nothing.line)).toEqual({ content: '{}', digest: nothing.digest })
  })

  test('is refused behind other lines', () => {
    expect(openLine('other', line)).toBeUndefined()
    expect(openLine(NO_LINES, line)).toBeUndefined()
  })

  test('is refused with any character altered, added or left out', () => {
    for (let at = 0; at < line.length; at++) {
      const next = line.charAt(at) === '0' ? '1' : '0'
      expect(openLine('before', line.slice(0, at) + next + line.slice(at + 1))).toBeUndefined()
      expect(openLine('before', line.slice(0, at) + line.slice(at + 1))).toBeUndefined()
      expect(openLine('before', `${line.slice(0, at)}0${line.slice(at)}`)).toBeUndefined()
    }
    expect(openLine('before', `${line} `)).toBeUndefined()
    expect(openLine('before', ` ${line}`)).toBeUndefined()
  })

  test('is refused where it is too short to be one', () => {
    for (const short of ['', '"}', '{}', `,"check":"${'0'.repeat(16)}"}`]) {
      expect(openLine('before', short)).toBeUndefined()
    }
    // The shortest that could be one: its check would be that of `{}` alone.
    const check = sha256('before}').slice(0, 16)
    expect(openLine('before', `,"check":"${check}"}`)).toBeUndefined()
  })
})
