import { describe, expect, test } from 'vitest'
import { parseDuration, parseExpiry, parseInstant } from '../../../scripts/lib/expiry.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')

describe('an expiry', () => {
  test.each([
    ['30s', '2026-11-24T12:00:30.000Z'],
    ['15m', '2026-11-24T12:15:00.000Z'],
    ['12h', '2026-11-25T00:00:00.000Z'],
    ['90d', '2027-02-22T12:00:00.000Z'],
    ['2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['2027-01-31T10:00:00+02:00', '2027-01-31T08:00:00.000Z'],
  ])('%s', (text, iso) => {
    expect(parseExpiry(text, NOW)).toBe(iso)
  })

  test.each(['', '90', '3y', '-5d', '1.5h', '99999999999d', '2027-02-30', '2027-01-31T10:00'])(
    "'%s' is none",
    (text) => {
      expect(() => parseExpiry(text, NOW)).toThrow('is not an expiry')
    },
  )

  test.each(['0s', '2026-11-24T12:00:00Z'])('%s is not in the future', (text) => {
    expect(() => parseExpiry(text, NOW)).toThrow('is not in the future')
  })
})

describe('a duration and an instant', () => {
  test.each([
    ['0s', 0],
    ['90s', 90_000],
    ['24h', 86_400_000],
  ])('%s lasts %d ms', (text, milliseconds) => {
    expect(parseDuration('--overlap', text)).toBe(milliseconds)
  })

  test.each(['', '24', '1y', '2027-01-31', '9999999999999d'])("'%s' does not last", (text) => {
    expect(() => parseDuration('--overlap', text)).toThrow(`not '${text}'`)
  })

  test('an instant is a date or a time with its offset', () => {
    expect(parseInstant('--issued-at', '2026-11-24')).toBe(Date.UTC(2026, 10, 24))
    expect(parseInstant('--issued-at', '2026-11-24T12:00:00+02:00')).toBe(
      Date.UTC(2026, 10, 24, 10),
    )
    expect(() => parseInstant('--issued-at', '24h')).toThrow("not '24h'")
  })
})
