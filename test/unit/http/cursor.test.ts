/** A cursor opens the list that it came from, for a day, and nothing else. */
import { createSecretKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CURSOR_LIFETIME, keyIdOf, openCursor, sealCursor } from '../../../src/http/cursor.ts'
import { ProtocolError } from '../../../src/scim/error.ts'

const NOW = 1_800_000_000_000
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const keyOf = (id: string, bytes = random(32)) => ({ id, secret: createSecretKey(bytes) })
const raw = random(32)
const key = keyOf('abcdefghijk_', raw)

const place = { key: 'ada', id: 'u1' }
const binding = ['stacks-7', 'User', undefined, 'userName', 'ascending']
const sealAt = (now: number) => sealCursor(key, place, binding, now, random)

/** With which scimType a cursor is refused; the sentence says what to do. */
function refusalOf(opening: () => unknown): string | undefined {
  try {
    opening()
    return undefined
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    expect(error.reason.detail).toMatch(/^The cursor is .*begin again with an empty one\.$/)
    return error.reason.scimType
  }
}

/** The same by the Web Cryptography API: the id of the key, and AES-256-GCM. */
async function sealed(text: string, authenticated: string): Promise<string> {
  const bytes = (value: string) => new TextEncoder().encode(value)
  const secret = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt'])
  const iv = random(12)
  const algorithm = { name: 'AES-GCM', iv, additionalData: bytes(authenticated) }
  const cipher = await crypto.subtle.encrypt(algorithm, secret, bytes(text))
  return `abcdefghijk_${Buffer.concat([iv, new Uint8Array(cipher)]).toString('base64url')}`
}
const AUTHENTICATED = '["stacks-7","User",null,"userName","ascending"]'

describe('a cursor', () => {
  test.each([place, { key: 7, id: 'u1' }, { key: null, id: 'u1' }])(
    'is the place that it was made for: %j',
    (made) => {
      const cursor = sealCursor(key, made, binding, NOW, random)
      expect(openCursor(key, cursor, [...binding], NOW)).toEqual(made)
    },
  )

  test('names its key, tells nothing of the place, and is another each time', () => {
    const [one, two] = [sealAt(NOW), sealAt(NOW)]
    expect(one).not.toBe(two)
    expect(one).toMatch(/^[\w-]+$/)
    expect(keyIdOf(one)).toBe(key.id)
    const rest = Buffer.from(one.slice(12), 'base64url')
    expect(rest.toString('latin1')).not.toContain('ada')
    // 12 bytes of vector, 16 of tag.
    const text = JSON.stringify([NOW, 'ada', 'u1'])
    expect(rest).toHaveLength(12 + text.length + 16)
  })

  test('is AES-256-GCM under its key', async () => {
    const cursor = await sealed(JSON.stringify([NOW, 'ada', 'u1']), AUTHENTICATED)
    expect(openCursor(key, cursor, binding, NOW)).toEqual(place)
  })

  test.each([
    '',
    'no JSON',
    'null',
    '5',
    '{}',
    '{"0":1,"1":"a","2":"b","length":3}',
    '[]',
    `[${NOW},"ada"]`,
    `[${NOW},"ada","u1",1]`,
    '["now","ada","u1"]',
    '[null,"ada","u1"]',
    `[${NOW},{"a":1},"u1"]`,
    `[${NOW},["ada"],"u1"]`,
    `[${NOW},true,"u1"]`,
    `[${NOW},"ada",7]`,
    `[${NOW},"ada",null]`,
    `[${NOW},"ada",{"toString":1}]`,
  ])('that was sealed with another shape inside is refused: %s', async (text) => {
    const cursor = await sealed(text, AUTHENTICATED)
    expect(refusalOf(() => openCursor(key, cursor, binding, NOW))).toBe('invalidCursor')
  })

  test('lives for a day, to the millisecond', () => {
    expect(CURSOR_LIFETIME).toBe(86_400)
    const cursor = sealAt(NOW)
    const later = NOW + 86_400_000
    expect(openCursor(key, cursor, binding, later)).toEqual(place)
    expect(refusalOf(() => openCursor(key, cursor, binding, later + 1))).toBe('expiredCursor')
  })

  test('opens no list that differs in anything', () => {
    const cursor = sealAt(NOW)
    for (let at = 0; at < binding.length; at++) {
      const other = binding.map((part, index) => (index === at ? 'x' : part))
      expect(
        refusalOf(() => openCursor(key, cursor, other, NOW)),
        `${at}`,
      ).toBe('invalidCursor')
    }
    const shorter = binding.slice(0, -1)
    expect(refusalOf(() => openCursor(key, cursor, shorter, NOW))).toBe('invalidCursor')
    expect(refusalOf(() => openCursor(key, cursor, [], NOW))).toBe('invalidCursor')
  })

  test('opens nothing with another key, or with none', () => {
    const cursor = sealAt(NOW)
    for (const other of [keyOf(key.id), undefined]) {
      expect(refusalOf(() => openCursor(other, cursor, binding, NOW))).toBe('invalidCursor')
    }
  })

  test('that was altered, cut or made up is refused', () => {
    const cursor = sealAt(NOW)
    const bytes = Buffer.from(cursor.slice(12), 'base64url')
    const opening = (text: string) => () => openCursor(key, `${key.id}${text}`, binding, NOW)
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes)
      altered.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      expect(refusalOf(opening(altered.toString('base64url'))), `${at}`).toBe('invalidCursor')
    }
    for (const made of ['', 'x', 'garbage', bytes.subarray(0, -1).toString('base64url')]) {
      expect(refusalOf(opening(made)), made).toBe('invalidCursor')
    }
  })

  test.each(['', 'abc', 'abcdefghijkl', 'abcdefghijk l', 'abcdefghijkl.m', 'ä'.repeat(20)])(
    'names no key where it cannot be one of ours: %j',
    (text) => {
      expect(keyIdOf(text)).toBeUndefined()
    },
  )
})
