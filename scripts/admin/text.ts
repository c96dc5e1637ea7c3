// How values are written for a reader.
import type { RecordCounts } from '../../src/tenancy/backup.ts'

/** Whether a switch is on. */
export function onOff(value: boolean): string {
  return value ? 'on' : 'off'
}

/** Whether SCIM manages an account or a team. */
export function managedBy(isProvisioned: boolean): string {
  return isProvisioned ? 'by SCIM' : 'by hand'
}

/** Names in a row, or that there are none. */
export function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}

/** `1 entry`, `2 entries` */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

/** `2026-11-24 16:36:00 UTC`; what never happened is said to be so. */
export function shortTime(time: string | number | null | undefined): string {
  if (time === null || time === undefined) return 'never'
  const moment = new Date(time)
  if (Number.isNaN(moment.getTime())) return String(time)
  return `${moment.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** What a backup holds. */
export function contents({ user, team, membership, event }: RecordCounts): string {
  return [
    count(user, 'user'),
    count(team, 'team'),
    count(membership, 'membership'),
    count(event, 'event'),
  ].join(', ')
}

/** A line on what Grafana calls a person or team, where an import has said it. */
export function inGrafana(ids: {
  readonly grafanaId?: number | undefined
  readonly grafanaUid?: string | undefined
}): [string, string][] {
  const { grafanaId, grafanaUid } = ids
  const known = [
    ...(grafanaId === undefined ? [] : [`id ${grafanaId}`]),
    ...(grafanaUid === undefined ? [] : [`uid ${grafanaUid}`]),
  ]
  return known.length === 0 ? [] : [['In Grafana', known.join(', ')]]
}
