/**
 * The walk from the first migration to the last, with a row in every table, on libSQL and on D1:
 * nothing is lost on the way, and the Workers of before go on writing to the newest schema.
 */
import { readFileSync } from 'node:fs'
import { createClient } from '@libsql/client'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { describe, expect, test } from 'vitest'

type Row = Readonly<Record<string, unknown>>

/** A database as this walk uses it. */
interface Walked {
  readonly run: (sql: string, parameters?: readonly (string | number)[]) => Promise<readonly Row[]>
  readonly close: () => void | Promise<void>
}

const databases: Readonly<Record<string, () => Promise<Walked>>> = {
  async libSQL() {
    const client = createClient({ url: ':memory:' })
    await client.execute('pragma foreign_keys = on')
    return {
      run: async (sql, parameters = []) =>
        (await client.execute({ sql, args: [...parameters] })).rows as unknown as Row[],
      close: () => client.close(),
    }
  },
  async D1() {
    const server = new Miniflare(
      convertV4MiniflareOptions({
        modules: true,
        script: 'export default { fetch: () => new Response() }',
        compatibilityDate: '2026-11-01',
        d1Databases: ['DB'],
      } as Parameters<typeof convertV4MiniflareOptions>[0]),
    )
    const binding = await server.getD1Database('DB')
    return {
      run: async (sql, parameters = []) =>
        (
          await binding
            .prepare(sql)
            .bind(...parameters)
            .all<Row>()
        ).results,
      close: () => server.dispose(),
    }
  },
}

const journal: { readonly entries: readonly { readonly tag: string }[] } = JSON.parse(
  readFileSync('drizzle/meta/_journal.json', 'utf8'),
)
const steps = journal.entries.map(({ tag }) => tag)

/** What a migration does, without its comments, which D1 takes for a statement. */
function statementsOf(step: string): string[] {
  return readFileSync(`drizzle/${step}.sql`, 'utf8')
    .split('--> statement-breakpoint')
    .map((statement) => statement.replace(/^--.*$/gm, '').trim())
    .filter((statement) => statement !== '')
}

/** All tables, each behind those that its foreign keys name. */
const TABLES = [
  ...['namespace', 'service_account', 'token', 'user', 'user_email', 'team', 'membership'],
  ...[
    'event',
    'retained',
    'adoption',
    'team_mapping',
    'conflict',
    'refusal_count',
    'activity',
    'ignored_name',
    'denied_login',
    'namespace_change',
  ],
  'sealing_key',
]

const IDS: Readonly<Record<string, string>> = {
  'user.id': 'u1',
  'team.id': 'g1',
  'service_account.id': 's1',
  user_id: 'u1',
  team_id: 'g1',
  account_id: 's1',
}

/** The value of a column in the row of a namespace. */
function cellOf(table: string, column: string, type: string, namespace: string): string | number {
  if (column === 'namespace' || (table === 'namespace' && column === 'name')) return namespace
  const id = IDS[`${table}.${column}`] ?? IDS[column]
  if (id !== undefined) return id
  if (type.toUpperCase() === 'INTEGER') return 1
  // A token is found by its hash alone.
  if (column === 'hash') return `hash of ${namespace}`
  return ['before', 'resource', 'folded', 'actor', 'changes', 'request'].includes(column)
    ? '{"a":1}'
    : `${table} ${column}`
}

interface Column {
  readonly name: string
  readonly type: string
}

/** The tables that there are with their columns, in the order in which rows can be put into them. */
async function shapeOf({ run }: Walked): Promise<Map<string, readonly Column[]>> {
  const found = await run("select name from sqlite_master where type = 'table'")
  const names = found
    .map(({ name }) => String(name))
    .filter((name) => !/^(sqlite_|_cf_)/.test(name))
  expect(
    names.filter((name) => !TABLES.includes(name)),
    'a table that this walk must know',
  ).toEqual([])
  const shape = new Map<string, readonly Column[]>()
  for (const table of TABLES.filter((name) => names.includes(name))) {
    shape.set(table, (await run(`pragma table_info("${table}")`)) as unknown as Column[])
  }
  return shape
}

/**
 * What statements rely on beside columns: the indexes that they name (INDEXED BY), and the columns
 * that are unique together (ON CONFLICT), those of primary keys included.
 */
async function reliedOn({ run }: Walked): Promise<readonly string[]> {
  const indexes = await run(`select m.name as "table", l.name, l.origin, l."unique", s.sql,
      (select group_concat(i.name) from pragma_index_info(l.name) i) as columns
    from sqlite_master m cross join pragma_index_list(m.name) l
    left join sqlite_master s on s.type = 'index' and s.name = l.name
    where m.type = 'table' and m.name not glob 'sqlite_*' and m.name not glob '_cf_*'`)
  return indexes.flatMap(({ table, name, origin, unique, sql, columns }) => {
    // A partial index is no target without its condition.
    const [where = ''] = / where .*/is.exec(String(sql ?? '')) ?? []
    return [
      ...(origin === 'c' ? [`the index ${name}`] : []),
      ...(unique === 1 ? [`unique ${table} (${columns})${where}`] : []),
    ]
  })
}

async function insert(
  { run }: Walked,
  table: string,
  columns: readonly Column[],
  namespace: string,
): Promise<void> {
  const names = columns.map(({ name }) => `"${name}"`).join()
  const places = columns.map((_, index) => `?${index + 1}`).join()
  const values = columns.map(({ name, type }) => cellOf(table, name, type, namespace))
  await run(`insert into "${table}" (${names}) values (${places})`, values)
}

/** The row of a namespace, in some of its columns. */
async function read({ run }: Walked, table: string, columns: readonly Column[], namespace: string) {
  const names = columns.map(({ name }) => `"${name}"`).join()
  const key = table === 'namespace' ? 'name' : 'namespace'
  const rows = await run(`select ${names} from "${table}" where "${key}" = ?1`, [namespace])
  return rows.map((row) => columns.map(({ name }) => row[name]))
}

describe.each(Object.entries(databases))(
  'from the first migration to the last on %s',
  (_, open) => {
    test('rows of every table stay, and every version before can still write', async () => {
      const database = await open()
      /** The tables as they were after each step. */
      const shapes: Map<string, readonly Column[]>[] = []
      const relied = new Set<string>()
      const born = new Map<string, readonly Column[]>()
      for (const step of steps) {
        for (const statement of statementsOf(step)) await database.run(statement)
        const shape = await shapeOf(database)
        shapes.push(shape)
        for (const one of await reliedOn(database)) relied.add(one)
        for (const [table, columns] of shape) {
          if (born.has(table)) continue
          born.set(table, columns)
          await insert(database, table, columns, 'default')
        }
      }
      expect([...born.keys()].sort()).toEqual([...TABLES].sort())
      for (const [table, columns] of born) {
        const values = columns.map(({ name, type }) => cellOf(table, name, type, 'default'))
        expect(await read(database, table, columns, 'default'), table).toEqual([values])
      }
      for (const [index, shape] of shapes.entries()) {
        const namespace = `org-${index + 2}`
        for (const [table, columns] of shape) await insert(database, table, columns, namespace)
      }
      expect(relied).toContain('the index conflict_subject')
      expect(relied).toContain('unique conflict (namespace,subject,reason)')
      expect(await reliedOn(database)).toEqual(expect.arrayContaining([...relied]))
      const [orphans] = await database.run('select count(*) as count from pragma_foreign_key_check')
      expect(orphans).toEqual({ count: 0 })
      await database.close()
    })
  },
)
