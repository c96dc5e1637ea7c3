/** The store on an embedded libSQL file, opened as `npm run serve` does. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import Connection from 'libsql'
import { afterAll, expect, test } from 'vitest'
import { type Files, openFiles } from '../../src/node/files.ts'
import { embedded } from '../../src/store/embedded.ts'
import { createUser, readUser } from '../../src/store/users.ts'
import { storeContract } from './contract.ts'
import { filterContract } from './filters.ts'
import { held, makeTenant, refusalOf } from './tenant.ts'

const directory = mkdtempSync(join(tmpdir(), 'scim-edge-libsql-'))
let files: Files | undefined

async function open() {
  files ??= await openFiles(join(directory, 'store.db'))
  const { shared } = files.databases
  if (shared === undefined) throw new Error('A path without {namespace} is one database.')
  return shared
}

afterAll(async () => {
  await files?.close()
  rmSync(directory, { recursive: true, force: true })
})

storeContract('an embedded libSQL file', open)
filterContract('an embedded libSQL file', open)

test('serves more statements than it keeps prepared, again and again', async () => {
  const database = await open()
  for (const round of [1, 2]) {
    for (let number = 0; number < 300; number += 1) {
      const statement = sql<{ sum: number }>`select ${sql.raw(String(number))} + ${round} as sum`
      expect(await database.batch('read', [statement])).toEqual([[{ sum: number + round }]])
    }
  }
})

test('a batch that fails leaves nothing behind, and what it prepared serves the next', async () => {
  const database = await open()
  const add = (name: string) => sql`insert into namespace (name, created_at) values (${name}, ${1})`
  const count = sql<{
    count: number
  }>`select count(*) as count from namespace where name in ('stacks-901', 'stacks-902')`
  const failure = { name: 'StoreFailure', kind: 'unique' }
  for (const _ of [1, 2]) {
    const batch = database.batch('write', [add('stacks-901'), add('stacks-901')])
    await expect(batch).rejects.toMatchObject(failure)
    expect(await database.batch('read', [count])).toEqual([[{ count: 0 }]])
  }
  const added = await database.batch('write', [add('stacks-901'), add('stacks-902'), count])
  expect(added[2]).toEqual([{ count: 2 }])
})

/** The database over a connection of its own, which tells what it runs and fails where it is told to. */
async function watched(fails: (sql: string) => void = () => undefined) {
  await open()
  const connection = new Connection(join(directory, 'store.db'), { timeout: 5000 })
  const ran: string[] = []
  const database = embedded({
    get inTransaction() {
      return connection.inTransaction
    },
    prepare(text) {
      const statement = connection.prepare(text)
      return {
        reader: statement.reader,
        raw: (on) => statement.raw(on),
        columns: () => statement.columns(),
        all: (parameters) => statement.all(parameters),
        run(parameters) {
          fails(text)
          ran.push(text)
          return statement.run(parameters)
        },
      }
    },
    exec(text) {
      fails(text)
      ran.push(text)
      connection.exec(text)
    },
  })
  return { connection, database, ran }
}

const addNamespace = (name: string) =>
  sql`insert into namespace (name, created_at) values (${name}, ${1})`
const namesLike = (pattern: string) =>
  sql<{ name: string }>`select name from namespace where name like ${pattern} order by name`

test('batches of one turn share a commit, and each takes effect wholly or not at all', async () => {
  const { connection, database, ran } = await watched()
  const [first, failed, third] = await Promise.allSettled([
    database.batch('write', [addNamespace('org-911'), namesLike('org-91%')]),
    database.batch('write', [addNamespace('org-912'), addNamespace('org-911')]),
    database.batch('write', [addNamespace('org-913'), namesLike('org-91%')]),
  ])
  expect(first).toMatchObject({ status: 'fulfilled', value: [[], [{ name: 'org-911' }]] })
  expect(failed).toMatchObject({ status: 'rejected', reason: { kind: 'unique' } })
  const both = [{ name: 'org-911' }, { name: 'org-913' }]
  expect(third).toMatchObject({ status: 'fulfilled', value: [[], both] })
  expect(await database.batch('read', [namesLike('org-91%')])).toEqual([both])
  expect(ran.filter((text) => text === 'commit')).toHaveLength(2)
  connection.close()
})

test('where a commit fails, no batch of it took effect, and all say so', async () => {
  let failing = true
  const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
  const { connection, database } = await watched((text) => {
    if (failing && text === 'commit') throw full
  })
  const add = () =>
    Promise.allSettled(
      ['org-921', 'org-922'].map((name) => database.batch('write', [addNamespace(name)])),
    )
  const lost = { status: 'rejected', reason: { name: 'StoreFailure', cause: { cause: full } } }
  expect(await add()).toMatchObject([lost, lost])
  failing = false
  expect(await database.batch('read', [namesLike('org-92%')])).toEqual([[]])
  expect(await add()).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }])
  connection.close()
})

test('what ends the transaction of one batch ends those that share it', async () => {
  let failing = true
  const broken = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' })
  const { connection, database } = await watched((text) => {
    if (!failing || !text.startsWith('insert into namespace')) return
    failing = false
    connection.prepare('rollback').run([])
    throw broken
  })
  const answers = await Promise.allSettled([
    database.batch('write', [addNamespace('org-931')]),
    database.batch('write', [addNamespace('org-932')]),
  ])
  const lost = { status: 'rejected', reason: { name: 'StoreFailure', cause: { cause: broken } } }
  expect(answers).toMatchObject([lost, lost])
  expect(await database.batch('read', [namesLike('org-93%')])).toEqual([[]])
  connection.close()
})

test('a lock that somebody else holds stops a write, and nothing after it', async () => {
  await open()
  const file = join(directory, 'store.db')
  const connection = new Connection(file, { timeout: 10 })
  const database = embedded(connection)
  const other = new Connection(file)
  for (const round of [1, 2]) {
    other.exec('begin immediate')
    const writes = [1, 2].map((at) => database.batch('write', [addNamespace(`org-94${at}`)]))
    const busy = { status: 'rejected', reason: { name: 'StoreFailure', kind: 'busy' } }
    expect(await Promise.allSettled(writes)).toMatchObject([busy, busy])
    expect(await database.batch('read', [namesLike('org-94%')]), `round ${round}`).toEqual([[]])
    other.exec('rollback')
  }
  await database.batch('write', [addNamespace('org-941')])
  expect(await database.batch('read', [namesLike('org-94%')])).toEqual([[{ name: 'org-941' }]])
  other.close()
  connection.close()
})

test('while somebody else holds the lock others are served, and a write comes through in the end', async () => {
  const database = await open()
  // A wait in SQLite would stop the thread.
  expect(await database.batch('read', [sql`pragma busy_timeout`])).toEqual([[{ timeout: 10 }]])
  const tenant = await makeTenant(database)
  const other = new Connection(join(directory, 'store.db'))
  other.exec('begin immediate')
  let written = false
  const write = createUser(tenant.caller(), held({ userName: 'ada', externalId: 'x' })).then(() => {
    written = true
  })
  for (const _ of [1, 2, 3]) {
    expect(await refusalOf(readUser(tenant.caller(), 'nobody'))).toMatchObject({
      kind: 'not-found',
    })
    await new Promise((done) => setTimeout(done, 50))
  }
  expect(written).toBe(false)
  other.exec('rollback')
  await write
  other.close()
})

test('what a full disk has no room for is refused, and nothing of it is there', async () => {
  await open()
  const connection = new Connection(join(directory, 'store.db'))
  const database = embedded(connection)
  const pages = (count: number) => connection.prepare(`pragma max_page_count = ${count}`).all([])
  // No limit goes below what is there already.
  pages(1)
  const large = `{"x":"${'x'.repeat(10_000_000)}"}`
  const add = (name: string, settings: string | null) =>
    sql`insert into namespace (name, settings, created_at) values (${name}, ${settings}, ${1})`
  const full = { name: 'StoreFailure', kind: 'unavailable' }
  await expect(
    database.batch('write', [add('org-951', null), add('org-952', large)]),
  ).rejects.toMatchObject(full)
  expect(await database.batch('read', [namesLike('org-95%')])).toEqual([[]])
  pages(1_000_000)
  await database.batch('write', [add('org-951', null)])
  expect(await database.batch('read', [namesLike('org-95%')])).toEqual([[{ name: 'org-951' }]])
  connection.close()
})
