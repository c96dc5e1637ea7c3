/** Brings the test database to the newest schema, once for each test file. */
import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

const { DB, TEST_MIGRATIONS } = env as unknown as {
  readonly DB: D1Database
  readonly TEST_MIGRATIONS: D1Migration[]
}
await applyD1Migrations(DB, TEST_MIGRATIONS)
