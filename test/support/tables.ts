/** What is in the tables, past the application. */
import { binding } from './endpoint.ts'

export type Row = Record<string, string | number | null>

/** Runs a statement and gives its rows. */
export async function query(statement: string, ...parameters: (string | number | null)[]) {
  const { results } = await binding
    .prepare(statement)
    .bind(...parameters)
    .all<Row>()
  return results
}

const TABLES = {
  namespace: 'name',
  service_account: 'namespace',
  token: 'namespace',
  user: 'namespace',
  user_email: 'namespace',
  team: 'namespace',
  membership: 'namespace',
  event: 'namespace',
  retained: 'namespace',
  adoption: 'namespace',
  team_mapping: 'namespace',
} as const

/** What is written down after a refused request. */
const RECORDS = ['conflict', 'refusal_count'] as const

/** Everything that is recorded of the refused requests of a namespace, as text. */
export async function recordsOf(namespace: string): Promise<string> {
  const rows = RECORDS.map((table) =>
    query(`select * from "${table}" where namespace = ?`, namespace),
  )
  return JSON.stringify(await Promise.all(rows))
}

/** Every row of a namespace, by table. */
export async function tablesOf(namespace: string): Promise<Record<string, Row[]>> {
  const results = await binding.batch<Row>(
    Object.entries(TABLES).map(([table, key]) =>
      binding.prepare(`select * from "${table}" where "${key}" = ?`).bind(namespace),
    ),
  )
  return Object.fromEntries(
    Object.keys(TABLES).map((table, at) => [table, results[at]?.results ?? []]),
  )
}

/**
 * Every row of a namespace, as text: two dumps are equal when nothing changed between them.
 * The record of refused requests is apart: it is bookkeeping that a refusal leaves behind.
 */
export async function dump(namespace: string): Promise<string> {
  const tables: Record<string, string[]> = {}
  for (const [table, rows] of Object.entries(await tablesOf(namespace))) {
    // The last use of a token is bookkeeping that even a read leaves behind.
    tables[table] = rows.map(({ last_used_at: _, ...row }) => JSON.stringify(row)).sort()
  }
  return JSON.stringify(tables, null, 1)
}

/** The tables of a namespace with the conflicts. */
const WITH_CONFLICTS = { ...TABLES, conflict: 'namespace' } as const

let columns: Promise<Record<string, string[]>> | undefined

/** The columns of every table, which are looked up once. */
async function lookUpColumns(): Promise<Record<string, string[]>> {
  const tables = Object.keys(WITH_CONFLICTS)
  const results = await binding.batch<Row>(
    tables.map((table) =>
      binding.prepare(`select name from pragma_table_info('${table}') where name <> 'incarnation'`),
    ),
  )
  return Object.fromEntries(
    tables.map((table, at) => [table, results[at]?.results.map(({ name }) => String(name)) ?? []]),
  )
}

const columnsOf = () => (columns ??= lookUpColumns())

/** Every row of each namespace and its conflicts, by table, in one trip. */
export async function rowsOf(namespaces: readonly string[]): Promise<Record<string, Row[]>[]> {
  const known = await columnsOf()
  const lists = Object.entries(WITH_CONFLICTS).map(([table, key]) => {
    const fields = (known[table] ?? []).map((name) => `'${name}', "${name}"`)
    return `(select json_group_array(json_object(${fields})) from "${table}" where "${key}" = ?1)
      as "${table}"`
  })
  const statement = binding.prepare(`select ${lists}`)
  const results = await binding.batch<Row>(namespaces.map((name) => statement.bind(name)))
  return results.map(({ results: [row = {}] }) =>
    Object.fromEntries(
      Object.entries(row).map(([table, rows]) => [table, JSON.parse(String(rows))]),
    ),
  )
}

/** A copy to be made of a namespace. */
export interface NewCopy {
  readonly name: string
  /** The hashes that its tokens have, by their names: a token belongs to one namespace. */
  readonly hashes: Readonly<Record<string, string>>
}

/** Puts all that a namespace holds into others, under the same ids. */
export async function copyNamespace(from: string, copies: readonly NewCopy[]): Promise<void> {
  const known = await columnsOf()
  const given = JSON.stringify(copies)
  const inserts = Object.entries(WITH_CONFLICTS).map(([table, key]) => {
    const names = known[table] ?? []
    const values = names.map((name) => {
      if (name === key) return `json_extract(j.value, '$.name')`
      return name === 'hash' ? `json_extract(j.value, '$.hashes.' || t.name)` : `t."${name}"`
    })
    const list = names.map((name) => `"${name}"`)
    const text = `insert into "${table}" (${list}) select ${values}
      from "${table}" t cross join json_each(?1) j where t."${key}" = ?2`
    return binding.prepare(text).bind(given, from)
  })
  await binding.batch(inserts)
}

/** The row of a user. */
export async function userRow(namespace: string, id: string): Promise<Row | undefined> {
  const [row] = await query('select * from user where namespace = ? and id = ?', namespace, id)
  return row
}

/** Makes an account or team one that SCIM does not manage yet, such as one made by hand. */
export async function unmanage(table: 'user' | 'team', namespace: string, id: string) {
  await query(`update ${table} set managed = 0 where namespace = ? and id = ?`, namespace, id)
  const counter = `managed_${table}s`
  await query(`update namespace set ${counter} = ${counter} - 1 where name = ?`, namespace)
}

/**
 * The events of a namespace in order: what was done to whom, and what changed.
 *
 * @param about the actions that count; those of the accounts and tokens of the test do not
 */
export async function eventsOf(namespace: string, about = /^(user|team)\./) {
  const all = await query('select * from event where namespace = ? order by seq', namespace)
  const rows = all.filter(({ action }) => about.test(String(action)))
  return rows.map(({ action, subject, changes }) => ({
    action,
    subject,
    changes: JSON.parse(String(changes)),
  }))
}
