/** A body that is written piece by piece is the same text. */
import { array, assert, asyncProperty, integer, record, string } from 'fast-check'
import { expect, test } from 'vitest'
import { contentOf } from '../../../src/http/scim/content.ts'
import type { JsonObject } from '../../../src/scim/json.ts'

const textOf = (body: JsonObject) => new Response(contentOf(body)).text()

const members = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ value: `u${at}`, display: 'É "quoted" 😀' }))

test.each([0, 1, 1000])('a group of %i members is written at once', async (count) => {
  const group = { id: 'g', members: members(count) }
  expect(contentOf(group)).toBe(JSON.stringify(group))
})

test.each([1001, 2000, 2001, 5000])('a group of %i members is written in pieces', async (count) => {
  const group = { id: 'g', members: members(count), meta: { version: 'W/"1"' } }
  const content = contentOf(group)
  expect(content).toBeInstanceOf(ReadableStream)
  expect(await new Response(content).text()).toBe(JSON.stringify(group))
})

test('a list is, with large groups among small ones', async () => {
  const sizes = array(integer({ min: 0, max: 2500 }), { maxLength: 6 })
  const list = record({ sizes, name: string() })
  await assert(
    asyncProperty(list, async ({ sizes, name }) => {
      const Resources = sizes.map((size, at) => ({ id: `${at}`, name, members: members(size) }))
      const body = { totalResults: sizes.length, Resources, [name]: name }
      expect(await textOf(body)).toBe(JSON.stringify(body))
    }),
    { numRuns: 30 },
  )
})

test('what is undefined is left out, as JSON does it', async () => {
  const body = { nextCursor: undefined, members: members(1001) } as unknown as JsonObject
  expect(await textOf(body)).toBe(JSON.stringify(body))
})

/** How many members the largest piece holds, so far as it is cut from the body. */
async function largestPiece(body: JsonObject): Promise<number> {
  const content = contentOf(body)
  if (typeof content === 'string') throw new Error('The body was written at once.')
  const decoder = new TextDecoder()
  let largest = 0
  let whole = ''
  for await (const piece of content as unknown as AsyncIterable<Uint8Array>) {
    const text = decoder.decode(piece)
    whole += text
    largest = Math.max(largest, text.split('"value"').length - 1)
  }
  expect(whole).toBe(JSON.stringify(body))
  return largest
}

test('no piece holds more than a thousand members, wherever they are', async () => {
  const large = { id: 'g', members: members(2500) }
  const small = { id: 'h', members: members(10) }
  expect(await largestPiece(large)).toBe(1000)
  expect(await largestPiece({ Resources: [small, large, small] })).toBe(1000)
  expect(await largestPiece({ Resources: ['text', 7, null, large] })).toBe(1000)
})

test('a thousand small resources are one piece, and those beside a large one a piece each', async () => {
  const small = { id: 'h', members: members(1) }
  const many = Array.from({ length: 1001 }, () => small)
  expect(await largestPiece({ Resources: many })).toBe(1000)
  const large = { id: 'g', members: members(1001) }
  expect(await largestPiece({ Resources: [...many.slice(0, 1000), large] })).toBe(1000)
})
