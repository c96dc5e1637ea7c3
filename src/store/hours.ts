/** Hours since 1970, by which things are counted. */

const HOUR = 60 * 60 * 1000
export const DAY_HOURS = 24

/** The start of an hour. */
export function startOf(hour: number): number {
  return hour * HOUR
}

/** The hour of a time, as everything is counted by. */
export function hourOf(time: number): number {
  return Math.floor(time / HOUR)
}

/** The first hour of the day of a time, for what is counted by the day. */
export function dayOf(time: number): number {
  return hourOf(time) - (hourOf(time) % DAY_HOURS)
}
