/** A cursor opens the list that it came from, for a day, and nothing else. */
import { describe, expect, test } from 'vitest'
import { CURSOR_LIFETIME, makeCursors } from '../../../src/http/cursor.ts'
import { ProtocolError } from '../../../src/scim/error.ts'

const NOW = 1_800_000_000_000
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const cursorsAt = (now: number, secret = 'secret') => makeCursors(secret, () => now, random)

const place = { key: 'ada', id: 'u1' }
const binding = ['stacks-7', 'User', undefined, 'userName', 'ascending']

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

/** The same by the Web Cryptography API: a key by HKDF with SHA-256, and AES-256-GCM. */
async function sealed(text: string, secret: string, authenticated: string): Promise<string> {
  const bytes = (value: string) => new TextEncoder().encode(value)
  const from = await crypto.subtle.importKey('raw', bytes(secret), 'HKDF', false, ['deriveKey'])
  const key = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: bytes('scim-edge cursor') },
    from,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt'],
  )
  const iv = random(12)
  const algorithm = { name: 'AES-GCM', iv, additionalData: bytes(authenticated) }
  const cipher = await crypto.subtle.encrypt(algorithm, key, bytes(text))
  return Buffer.concat([iv, new Uint8Array(cipher)]).toString('base64url')
}

describe('a cursor', () => {
  test.each([place, { key: 7, id: 'u1' }, { key: null, id: 'u1' }])(
    'is the place that it was made for: %j',
    (made) => {
      const cursors = cursorsAt(NOW)
      const cursor = cursors.seal(made, binding)
      expect(cursors.open(cursor, binding)).toEqual(made)
      // Another instance with the same secret opens it as well.
      expect(cursorsAt(NOW).open(cursor, [...binding])).toEqual(made)
    },
  )

  test('tells nothing of the place, and is another each time', () => {
    const cursors = cursorsAt(NOW)
    const [one, two] = [cursors.seal(place, binding), cursors.seal(place, binding)]
    expect(one).not.toBe(two)
    expect(one).toMatch(/^[\w-]+$/)
    expect(Buffer.from(one, 'base64url').toString('latin1')).not.toContain('ada')
    // 12 bytes of vector, 16 of tag.
    const text = JSON.stringify([NOW, 'ada', 'u1'])
    expect(Buffer.from(one, 'base64url')).toHaveLength(12 + text.length + 16)
  })

  test.each(['secret', ''])(
    'is AES-256-GCM under a key by HKDF of the secret %j',
    async (secret) => {
      const authenticated = '["stacks-7","User",null,"userName","ascending"]'
      const cursor = await sealed(JSON.stringify([NOW, 'ada', 'u1']), secret, authenticated)
      expect(cursorsAt(NOW, secret).open(cursor, binding)).toEqual(place)
    },
  )

  test('lives for a day, to the millisecond', () => {
    expect(CURSOR_LIFETIME).toBe(86_400)
    const cursor = cursorsAt(NOW).seal(place, binding)
    const later = NOW + 86_400_000
    expect(cursorsAt(later).open(cursor, binding)).toEqual(place)
    expect(refusalOf(() => cursorsAt(later + 1).open(cursor, binding))).toBe('expiredCursor')
  })

  test('opens no list that differs in anything', () => {
    const cursors = cursorsAt(NOW)
    const cursor = cursors.seal(place, binding)
    for (let at = 0; at < binding.length; at++) {
      const other = binding.map((part, index) => (index === at ? 'x' : part))
      expect(
        refusalOf(() => cursors.open(cursor, other)),
        `${at}`,
      ).toBe('invalidCursor')
    }
    expect(refusalOf(() => cursors.open(cursor, binding.slice(0, -1)))).toBe('invalidCursor')
    expect(refusalOf(() => cursors.open(cursor, []))).toBe('invalidCursor')
  })

  test('opens nothing under another secret', () => {
    const cursor = cursorsAt(NOW).seal(place, binding)
    const opening = () => cursorsAt(NOW, 'other').open(cursor, binding)
    expect(refusalOf(opening)).toBe('invalidCursor')
  })

  test('that was altered, cut or made up is refused', () => {
    const cursors = cursorsAt(NOW)
    const bytes = Buffer.from(cursors.seal(place, binding), 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes)
      altered.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      const opening = () => cursors.open(altered.toString('base64url'), binding)
      expect(refusalOf(opening), `${at}`).toBe('invalidCursor')
    }
    for (const made of ['', 'x', 'garbage', bytes.subarray(0, -1).toString('base64url')]) {
      expect(
        refusalOf(() => cursors.open(made, binding)),
        made,
      ).toBe('invalidCursor')
    }
  })
})
