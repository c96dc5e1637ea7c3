/**
 * What Grafana calls people and teams: the id and the uid that an import brings along. They are no
 * attributes, so that writing them down makes no new version, and SCIM neither shows nor changes them.
 * They go with a person or team that is deleted. One event says what was written down at once.
 */
import { sql } from 'drizzle-orm'
import type { Namespace } from '../tenancy/namespace.ts'
import type { Permission } from '../tenancy/permission.ts'
import { type Allowed, type Caller, readAs, untilWon, writeAs } from './authority.ts'
import { list, type Statement } from './database.ts'
import { closeEvents, recordChange } from './event.ts'

/** What Grafana calls somebody or something; what is absent is not known. */
export interface GrafanaIds {
  readonly grafanaId?: number | undefined
  readonly grafanaUid?: string | undefined
}

/** The same as it is stored. */
export interface GrafanaIdsRow {
  readonly id: string
  readonly grafanaId: number | null
  readonly grafanaUid: string | null
}

type Table = 'user' | 'team'

/** The rows that have one of the ids or uids; each branch is one lookup in an index. */
export function selectByGrafanaIds(
  namespace: Namespace,
  table: Table,
  wanted: readonly GrafanaIds[],
  allowed: Allowed,
): Statement<GrafanaIdsRow> {
  const from = sql.raw(`"${table}"`)
  const ids = wanted.flatMap(({ grafanaId }) => grafanaId ?? [])
  const uids = wanted.flatMap(({ grafanaUid }) => grafanaUid ?? [])
  return sql<GrafanaIdsRow>`
    select r.id, r.grafana_id as "grafanaId", r.grafana_uid as "grafanaUid"
    from ${allowed} ${from} r where r.namespace = ${namespace} and r.id in (
      select id from ${from} where namespace = ${namespace} and grafana_id in ${list(ids)}
      union all
      select id from ${from} where namespace = ${namespace} and grafana_uid in ${list(uids)})`
}

/** What somebody else is called already of what `wanted` is to be called; undefined where it is free. */
export function takenOf(
  rows: readonly GrafanaIdsRow[],
  { grafanaId, grafanaUid }: GrafanaIds,
  ownId: string | undefined,
): string | undefined {
  const others = rows.filter(({ id }) => id !== ownId)
  if (grafanaId !== undefined && others.some((row) => row.grafanaId === grafanaId)) {
    return String(grafanaId)
  }
  const isTaken = grafanaUid !== undefined && others.some((row) => row.grafanaUid === grafanaUid)
  return isTaken ? grafanaUid : undefined
}

/** Whether something is said that is not stored. */
export function differs(
  { grafanaId, grafanaUid }: GrafanaIds,
  stored: Pick<GrafanaIdsRow, 'grafanaId' | 'grafanaUid'> | undefined,
): boolean {
  return (
    (grafanaId !== undefined && grafanaId !== stored?.grafanaId) ||
    (grafanaUid !== undefined && grafanaUid !== stored?.grafanaUid)
  )
}

/**
 * Writes down what Grafana calls people or teams. Who is gone, and what belongs to somebody else, is
 * left out.
 *
 * @throws Refusal
 */
export async function noteGrafanaIds(
  caller: Caller,
  permissions: readonly Permission[],
  table: Table,
  wanted: readonly (GrafanaIds & { readonly id: string })[],
): Promise<void> {
  const named = wanted.filter((one) => differs(one, undefined))
  if (named.length === 0) return
  const from = sql.raw(`"${table}"`)
  await untilWon(async () => {
    const { principal, rows } = await readAs(caller, permissions, (namespace, allowed) => [
      selectByGrafanaIds(namespace, table, named, allowed),
      sql<GrafanaIdsRow>`select r.id, r.grafana_id as "grafanaId", r.grafana_uid as "grafanaUid"
        from ${allowed} ${from} r
        where r.namespace = ${namespace} and r.id in ${list(named.map(({ id }) => id))}`,
    ])
    const stored = new Map(rows[1].map((row) => [row.id, row]))
    const changed = named.flatMap((one) => {
      const before = stored.get(one.id)
      if (before === undefined || !differs(one, before)) return []
      if (takenOf(rows[0], one, one.id) !== undefined) return []
      const { id, grafanaId = before.grafanaId, grafanaUid = before.grafanaUid } = one
      return [{ id, grafanaId, grafanaUid }]
    })
    if (changed.length === 0) return
    const text = JSON.stringify(changed)
    const { namespace } = principal
    const own = { ...caller, requestId: `${caller.requestId}/grafana-${table}s` }
    const before = changed.flatMap(({ id }) => stored.get(id) ?? [])
    const change = { before: { ids: before }, after: { ids: changed } }
    const value = (name: string) => sql`(select ${sql.raw(`json_extract(j.value, '$.${name}')`)}
      from json_each(${text}) j where json_extract(j.value, '$.id') = ${from}.id)`
    const update = sql`update ${from}
      set grafana_id = ${value('grafanaId')}, grafana_uid = ${value('grafanaUid')}
      where namespace = ${namespace} and id in (
        select json_extract(j.value, '$.id') from json_each(${text}) j)`
    const statements = [
      update,
      recordChange(own, principal, 'grafana.identify', `${table}s`, change),
      ...closeEvents(own, principal),
    ]
    // Who has what is to be given is asked again by the unique indexes.
    await writeAs(own, principal, sql`1`, statements, [])
  })
}
