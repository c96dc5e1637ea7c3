import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

const migrations = await readD1Migrations('drizzle')

export default defineConfig({
  test: {
    // Failures alone; the summary says how far it is and what came out.
    reporters: ['minimal', './test/support/summary.ts'],
    // A test waits more than it computes: one worker a core, where Vitest keeps one core free.
    maxWorkers: '100%',
    projects: [
      {
        // The protocol and the tools: nothing but JavaScript.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'] },
      },
      {
        // The Worker with D1, in workerd.
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                TEST_MIGRATIONS: migrations,
                OPERATOR_TOKEN: 'operator-secret-of-the-tests-of-scim-edge',
                // How long the model is played with; see scripts/model.ts.
                MODEL: process.env.SCIM_EDGE_MODEL ?? '{}',
                RATE_LIMITS: 'off',
                ...(process.env.FUZZ_RUNS && { FUZZ_RUNS: process.env.FUZZ_RUNS }),
              },
            },
          }),
        ],
        test: {
          name: 'workerd',
          include: [
            'test/contract/d1.test.ts',
            'test/contract/growth.test.ts',
            'test/http/**/*.test.ts',
            'test/model/**/*.test.ts',
            'test/identity-providers/**/*.test.ts',
            'test/conformance/**/*.test.ts',
          ],
          setupFiles: [
            'test/support/migrate.ts',
            'test/support/watch.ts',
            'test/support/no-secrets-stored.ts',
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // libSQL, the command line tools and the deployment, in Node.
        test: {
          name: 'node',
          include: [
            'test/contract/libsql.test.ts',
            'test/contract/sqld.test.ts',
            'test/contract/migrations.test.ts',
            'test/contract/walk.test.ts',
            'test/contract/purge.test.ts',
            'test/tools/**/*.test.ts',
          ],
          setupFiles: ['test/support/watch.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
