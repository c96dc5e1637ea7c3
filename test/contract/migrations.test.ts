/** Migrations on a database that is in use: what is there stays, and gets what new columns say. */
import { readFileSync } from 'node:fs'
import { createClient } from '@libsql/client'
import { expect, test } from 'vitest'
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
