/** Our Worker as the suite sees it, with every credential that the suite can use. */
import type { Send } from '../../scripts/conformance/client.ts'
import type { Target } from '../../scripts/conformance/run.ts'
import { Client } from '../support/client.ts'
import { makeTokenFor, OPERATOR_TOKEN, tenant } from '../support/endpoint.ts'

/** Makes two tenants, and the tokens that must not let in. */
export async function makeTarget(): Promise<Target> {
  const first = await tenant()
  const { endpoint, namespace, base } = first
  const second = await tenant({ endpoint })
  const soon = new Date(Date.now() + endpoint.clock.offset + 1000).toISOString()
  const expiredToken = await makeTokenFor(endpoint, namespace, ['Editor'], soon)
  endpoint.clock.offset += 2000

  const operator = new Client(first.send, base, OPERATOR_TOKEN)
  const revoked = await operator.post('/tokens', { permissions: ['Editor'], expiresAt: null })
  const { status } = await operator.delete(`/tokens/${revoked.body.id}`)
  if (status !== 204) throw new Error('The token was not revoked.')

  const send: Send = (url, { method, headers, body }) =>
    first.send(new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }))
  return {
    baseUrl: base,
    token: first.token ?? '',
    send,
    readOnlyToken: await makeTokenFor(endpoint, namespace, ['Viewer']),
    expiredToken,
    revokedToken: revoked.body.token,
    other: { baseUrl: second.base, token: second.token ?? '' },
  }
}
