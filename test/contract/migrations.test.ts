/** Migrations on a database that is in use: what is there stays, and gets what new columns say. */
import { readFileSync } from 'node:fs'
import { createClient } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { migrate as migrateByDrizzle } from 'drizzle-orm/libsql/migrator'
import { expect, test } from 'vitest'
import { migrate } from '../../src/store/migrations.ts'
import { permissionNames } from '../../src/tenancy/permission.ts'

/** The statements of a migration. */
function statementsOf(name: string): string[] {
  return readFileSync(`drizzle/${name}.sql`, 'utf8').split('--> statement-breakpoint')
}

test('tokens from before there were accounts with permissions keep what they may', async () => {
  const client = createClient({ url: ':memory:' })
  const apply = async (...names: string[]) => {
    for (const name of names) {
      for (const statement of statementsOf(name)) await client.execute(statement)
    }
  }
  await apply('0000_tables', '0001_guard')
  await client.executeMultiple(`
    insert into namespace (name, created_at) values ('default', 1), ('org-2', 1);
    insert into service_account (namespace, id, name, created_at) values
      ('default', 'a', 'okta', 1), ('default', 'b', 'idle', 1), ('org-2', 'a', 'okta', 1);
    insert into token (hash, namespace, id, account_id, permissions, created_at) values
      ('h1', 'default', 't1', 'a', 5, 1), ('h2', 'default', 't2', 'a', 513, 1),
      ('h3', 'org-2', 't1', 'a', 16, 1);
  `)
  await apply('0002_accounts', '0003_account_permissions')
  const accounts = await client.execute(
    'select namespace, id, role, permissions, disabled from service_account order by 1, 2',
  )
  const told = accounts.rows.map(({ namespace, id, role, permissions, disabled }) => [
    ...[namespace, id, role, disabled],
    permissionNames(Number(permissions)),
  ])
  expect(told).toEqual([
    ['default', 'a', 'None', 0, ['org.users:read', 'org.users:write', 'settings:write']],
    ['default', 'b', 'None', 0, []],
    ['org-2', 'a', 'None', 0, ['teams:read']],
  ])
  const tokens = await client.execute(
    'select id, name, permissions, disabled from token order by hash',
  )
  expect(tokens.rows.map((row) => [row.id, row.name, row.permissions, row.disabled])).toEqual([
    ['t1', 't1', 5, 0],
    ['t2', 't2', 513, 0],
    ['t1', 't1', 16, 0],
  ])
  client.close()
})

test('what is there is counted, and adoptions say what they are of', async () => {
  const client = createClient({ url: ':memory:' })
  const apply = async (...names: string[]) => {
    for (const name of names) {
      for (const statement of statementsOf(name)) await client.execute(statement)
    }
  }
  await apply('0000_tables', '0001_guard', '0002_accounts', '0003_account_permissions')
  await client.executeMultiple(`
    insert into namespace (name, users, teams, created_at)
      values ('default', 2, 2, 1), ('org-2', 1, 0, 1);
    insert into user (namespace, id, revision, managed, active, user_name_key,
      sessions_valid_from, created_at, last_modified, resource, folded) values
      ('default', 'u1', 1, 1, 1, 'ada', 0, 1, 1, '{}', '{}'),
      ('default', 'u2', 1, 0, 1, 'bob', 0, 1, 1, '{}', '{}'),
      ('org-2', 'u1', 1, 1, 1, 'ada', 0, 1, 1, '{}', '{}');
    insert into team (namespace, id, revision, managed, display_name, display_name_key,
      created_at, last_modified) values
      ('default', 'g1', 1, 1, 'A', 'a', 1, 1), ('default', 'g2', 1, 0, 'B', 'b', 1, 1);
    insert into retained (namespace, id, user_name_key, revision, created_at, deleted_at, resource)
      values ('org-2', 'u9', 'gone', 1, 1, 2, '{}');
    insert into adoption (namespace, subject, request_id, part, at, before) values
      ('default', 'u1', 'r1', 0, 5, '{"userName":"ada"}'),
      ('default', 'g1', 'r2', 0, 6, '{"attributes":{"displayName":"A"},"members":["u2"]}');
  `)
  await apply('0004_status', '0005_status_counts')
  const namespaces = await client.execute(
    'select name, users, teams, managed_users, managed_teams, retained from namespace order by 1',
  )
  expect(namespaces.rows.map((row) => Object.values(row))).toEqual([
    ['default', 2, 2, 1, 1, 0],
    ['org-2', 1, 0, 1, 0, 1],
  ])
  const adoptions = await client.execute('select subject, type, revision from adoption order by at')
  expect(adoptions.rows.map((row) => Object.values(row))).toEqual([
    ['u1', 'user', 0],
    ['g1', 'team', 0],
  ])
  client.close()
})

/** All that a database was made of. */
const TABLES =
  "select type, name, sql from sqlite_master where name not like '%drizzle%' order by 1, 2"

test('two starts at once apply every migration once', async () => {
  const client = createClient({ url: ':memory:' })
  const both = await Promise.all([migrate(client), migrate(client)])
  const { rows } = await client.execute('select hash from __drizzle_migrations')
  expect(both).toEqual([
    { kind: 'done', applied: rows.length },
    { kind: 'done', applied: 0 },
  ])
  expect(rows.length).toBeGreaterThan(5)
  client.close()
})

test('the migrator of Drizzle makes the same database, and ours goes on from it', async () => {
  const [ours, theirs] = [createClient({ url: ':memory:' }), createClient({ url: ':memory:' })]
  await migrate(ours)
  await migrateByDrizzle(drizzle(theirs), { migrationsFolder: 'drizzle' })
  expect((await ours.execute(TABLES)).rows).toEqual((await theirs.execute(TABLES)).rows)
  expect(await migrate(theirs)).toEqual({ kind: 'done', applied: 0 })
  ours.close()
  theirs.close()
})

test('of migrations that cannot all be applied, none is', async () => {
  const client = createClient({ url: ':memory:' })
  // A record without its tables, and a table that stands in the way of a migration.
  await client.executeMultiple(`
    create table __drizzle_migrations (id serial primary key, hash text not null, created_at numeric);
    create table retained (name text);`)
  await expect(migrate(client)).rejects.toThrow('already exists')
  const { rows } = await client.execute("select name from sqlite_master where type = 'table'")
  expect(rows.map(({ name }) => name)).toEqual(['__drizzle_migrations', 'retained'])
  expect((await client.execute('select hash from __drizzle_migrations')).rows).toEqual([])
  client.close()
})
