/** Cloudflare's price list, applied. */
import { expect, test } from 'vitest'
import { plus, readCost, times } from '../../../scripts/costs/client.ts'
import { changesOf, priceOf } from '../../../scripts/costs/prices.ts'

const nothing = { read: 0, written: 0, trips: 0 }
const unchanged = changesOf(nothing, 0)

test('what is included costs the plan and no more', () => {
  expect(priceOf(nothing, 0, unchanged, 0).dollars).toBe(5)
  // 10 million requests would be 50 million ms of CPU time, of which 20 are above.
  expect(priceOf(nothing, 10e6 / 730, unchanged, 5e9).dollars).toBeCloseTo(5.4)
})

test('each thing above what is included has its price', () => {
  const read = { ...nothing, read: 26e9 / 730 }
  expect(priceOf(read, 0, unchanged, 0).dollars).toBeCloseTo(6)
  const written = { ...nothing, written: 51e6 / 730 }
  expect(priceOf(written, 0, unchanged, 0).dollars).toBeCloseTo(6)
  expect(priceOf(nothing, 0, unchanged, 7e9).dollars).toBeCloseTo(6.5)
})

test('one per cent of the people change in a day, in two requests', () => {
  const { requests, cost } = changesOf({ read: 10, written: 2, trips: 4 }, 10_000)
  const count = Math.round((100 * 730) / 24)
  expect(requests).toBe(2 * count)
  expect(cost).toEqual({ read: 10 * count, written: 2 * count, trips: 4 * count })
})

test('the cost of a request is read from Server-Timing', () => {
  const header = 'db;dur=1.5, trips;desc="2", rows-read;desc="13", rows-written;desc="4"'
  const cost = readCost(header)
  expect(cost).toEqual({ read: 13, written: 4, trips: 2 })
  expect(plus(times(3, cost), cost)).toEqual({ read: 52, written: 16, trips: 8 })
  expect(() => readCost(null)).toThrow('Server-Timing')
})
