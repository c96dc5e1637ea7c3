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
async function refusalOf(opening: Promise<unknown>): Promise<string | undefined> {
  const error = await opening.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error === undefined) return undefined
  if (!(error instanceof ProtocolError)) throw error
  expect(error.reason.detail).toMatch(/^The cursor is .*begin again with an empty one\.$/)
  return error.reason.scimType
}

describe('a cursor', () => {
  test.each([place, { key: 7, id: 'u1' }, { key: null, id: 'u1' }])(
    'is the place that it was made for: %j',
    async (made) => {
      const cursors = cursorsAt(NOW)
      const cursor = await cursors.seal(made, binding)
      expect(await cursors.open(cursor, binding)).toEqual(made)
      // Another instance with the same secret opens it as well.
      expect(await cursorsAt(NOW).open(cursor, [...binding])).toEqual(made)
    },
  )

  test('tells nothing of the place, and is another each time', async () => {
    const cursors = cursorsAt(NOW)
    const [one, two] = [await cursors.seal(place, binding), await cursors.seal(place, binding)]
    expect(one).not.toBe(two)
    expect(one).toMatch(/^[\w-]+$/)
    expect(Buffer.from(one, 'base64url').toString('latin1')).not.toContain('ada')
    // 12 bytes of vector, 16 of tag.
    const text = JSON.stringify([NOW, 'ada', 'u1'])
    expect(Buffer.from(one, 'base64url')).toHaveLength(12 + text.length + 16)
  })

  test('lives for a day, to the millisecond', async () => {
    expect(CURSOR_LIFETIME).toBe(86_400)
    const cursor = await cursorsAt(NOW).seal(place, binding)
    const later = NOW + 86_400_000
    expect(await cursorsAt(later).open(cursor, binding)).toEqual(place)
    expect(await refusalOf(cursorsAt(later + 1).open(cursor, binding))).toBe('expiredCursor')
  })

  test('opens no list that differs in anything', async () => {
    const cursors = cursorsAt(NOW)
    const cursor = await cursors.seal(place, binding)
    for (let at = 0; at < binding.length; at++) {
      const other = binding.map((part, index) => (index === at ? 'x' : part))
      expect(await refusalOf(cursors.open(cursor, other)), `${at}`).toBe('invalidCursor')
    }
    expect(await refusalOf(cursors.open(cursor, binding.slice(0, -1)))).toBe('invalidCursor')
    expect(await refusalOf(cursors.open(cursor, []))).toBe('invalidCursor')
  })

  test('opens nothing under another secret', async () => {
    const cursor = await cursorsAt(NOW).seal(place, binding)
    const opening = cursorsAt(NOW, 'other').open(cursor, binding)
    expect(await refusalOf(opening)).toBe('invalidCursor')
  })

  test('that was altered, cut or made up is refused', async () => {
    const cursors = cursorsAt(NOW)
    const bytes = Buffer.from(await cursors.seal(place, binding), 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes)
      altered.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      const opening = cursors.open(altered.toString('base64url'), binding)
      expect(await refusalOf(opening), `${at}`).toBe('invalidCursor')
    }
    for (const made of ['', 'x', 'garbage', bytes.subarray(0, -1).toString('base64url')]) {
      expect(await refusalOf(cursors.open(made, binding)), made).toBe('invalidCursor')
    }
  })
})
