import { z } from 'zod'
import { failure } from './failure.ts'

const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const INSTANT = z.union([z.iso.datetime({ offset: true }), z.iso.date()])

/** The end of the four-digit years, which is as far as an ISO time goes without a sign. */
const LATEST = Date.UTC(9999, 11, 31)

/**
 * Reads when a token ends: a duration from now (`90d`, `12h`, `15m`, `30s`), an ISO time with its
 * offset, or a date, which means midnight UTC.
 *
 * @returns The moment as an ISO time in UTC
 * @throws Failure when the text is neither, or the moment is not in the future
 */
export function parseExpiry(text: string, now: number): string {
  const moment = readMoment(text.trim(), now)
  if (moment === undefined || moment > LATEST) {
    throw failure(
      `'${text}' is not an expiry: give a duration such as 90d, 12h or 30s, or an ISO time such as 2027-01-31T00:00:00Z.`,
    )
  }
  const iso = new Date(moment).toISOString()
  if (moment <= now) throw failure(`The expiry ${text} is not in the future: it means ${iso}.`)
  return iso
}

/**
 * Reads a duration such as `24h`.
 *
 * @returns Milliseconds
 * @throws Failure naming the option, when the text is none
 */
export function parseDuration(option: string, text: string): number {
  const duration = readDuration(text.trim())
  if (duration === undefined || duration > LATEST) {
    throw failure(`${option} is a duration such as 90d, 24h, 15m or 30s, not '${text}'.`)
  }
  return duration
}

/**
 * Reads an ISO time with its offset, or a date, which means midnight UTC.
 *
 * @returns Milliseconds since 1970
 * @throws Failure naming the option, when the text is neither
 */
export function parseInstant(option: string, text: string): number {
  const instant = readInstant(text.trim())
  if (instant === undefined) {
    throw failure(`${option} is an ISO time such as 2027-01-31T00:00:00Z, not '${text}'.`)
  }
  return instant
}

function readMoment(text: string, now: number): number | undefined {
  const duration = readDuration(text)
  return duration === undefined ? readInstant(text) : now + duration
}

function readDuration(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
  return amount === undefined ? undefined : Number(amount) * (UNITS[unit] ?? Number.NaN)
}

function readInstant(text: string): number | undefined {
  return INSTANT.safeParse(text).success ? Date.parse(text) : undefined
}
