/** Our Worker as the suite sees it, with every credential that the suite can use. */
import { createHash } from 'node:crypto'
import type { Send } from '../../scripts/conformance/client.ts'
import type { Target } from '../../scripts/conformance/run.ts'
import { makeTokenFor, tenant } from '../support/endpoint.ts'
import { query } from '../support/tables.ts'

/** Makes two tenants, and the tokens that must not let in. */
export async function makeTarget(): Promise<Target> {
  const first = await tenant()
  const { endpoint, namespace, base } = first
  const second = await tenant({ endpoint })
  const soon = new Date(Date.now() + endpoint.clock.offset + 1000).toISOString()
  const expiredToken = await makeTokenFor(endpoint, namespace, ['Editor'], soon)
  endpoint.clock.offset += 2000

  const revokedToken = await makeTokenFor(endpoint, namespace)
  const hash = createHash('sha256').update(revokedToken).digest('hex')
  await query('update token set revoked_at = 1 where hash = ?', hash)

  const send: Send = (url, { method, headers, body }) =>
    first.send(new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }))
  return {
    baseUrl: base,
    token: first.token ?? '',
    send,
    readOnlyToken: await makeTokenFor(endpoint, namespace, ['Viewer']),
    expiredToken,
    revokedToken,
    other: { baseUrl: second.base, token: second.token ?? '' },
  }
}
