/** The deployment, as far as it goes without an account. */
import { expect, test } from 'vitest'
import { withBundle } from '../../scripts/lib/bundle.ts'

test('the Worker bundles for deployment as it stands, below 150 KiB gzip', () => {
  withBundle(({ printed, size }) => {
    expect(printed).toContain('env.DB (scim-edge)')
    expect(printed).toMatch(/env\.TOKEN_LIMIT .*1000 requests\/10s/)
    expect(printed).toMatch(/env\.FAILURE_LIMIT .*100 requests\/60s/)
    expect(size).toBeLessThan(150 * 1024)
  })
})
