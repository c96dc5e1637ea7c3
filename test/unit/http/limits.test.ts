/** What wrangler.toml limits, and what a client that is limited is told. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FAILURE_PERIOD, TOKEN_PERIOD } from '../../../src/http/limits.ts'

const [, ...sections] = readFileSync('wrangler.toml', 'utf8').split('[[ratelimits]]')
const limits = new Map(
  sections.map((section) => {
    const [, name] = /name = "(\w+)"/.exec(section) ?? []
    const [, limit, period] = /limit = (\d+), period = (\d+)/.exec(section) ?? []
    return [name, { limit: Number(limit), period: Number(period) }]
  }),
)

test('a token may ask fifty times a second or more, and is told the period to wait', () => {
  const { limit = 0, period = 0 } = limits.get('TOKEN_LIMIT') ?? {}
  expect(limit / period).toBeGreaterThanOrEqual(50)
  expect(period).toBe(TOKEN_PERIOD)
})

test('an address that fails is told the period to wait', () => {
  expect(limits.get('FAILURE_LIMIT')).toMatchObject({ period: FAILURE_PERIOD })
})
