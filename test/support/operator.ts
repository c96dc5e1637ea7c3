/** The operator of a namespace, and what the admin API is asked by tests. */
import type { Client } from './client.ts'
import { type Endpoint, makeTokenFor, OPERATOR_TOKEN, tenant } from './endpoint.ts'

export type Tenant = Awaited<ReturnType<typeof tenant>>

/** The same client with the operator's secret. */
export function operatorOf(client: Client): Client {
  return client.withToken(OPERATOR_TOKEN)
}

/** The same client with a token of exactly these permissions. */
export async function limitedTo(client: Tenant, ...permissions: string[]): Promise<Client> {
  return client.withToken(await makeTokenFor(client.endpoint, client.namespace, permissions))
}

/** A namespace with a service account of the given permissions, and a token of it. */
export async function accountWithToken(
  permissions: readonly string[] = ['Editor'],
  endpoint?: Endpoint,
) {
  const client = await tenant(endpoint === undefined ? {} : { endpoint })
  const operator = operatorOf(client)
  const account = (await operator.post('/serviceaccounts', { name: 'okta', permissions })).body
  const path = `/serviceaccounts/${account.id}`
  const token = (await operator.post(`${path}/tokens`, { name: 'first' })).body
  return { client, operator, account, path, token, holder: client.withToken(token.key) }
}
