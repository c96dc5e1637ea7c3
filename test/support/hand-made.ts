/** Accounts and teams that SCIM does not manage, as logins, imports and people make them. */
import type { Client } from './client.ts'
import { type Body, createGroup, createUser } from './directory.ts'
import { unmanage } from './tables.ts'

type Tenant = Client & { readonly namespace: string }

/** An account that was made by hand: no externalId. */
export async function handMade(client: Tenant, userName: string, more: object = {}): Promise<Body> {
  const user = await createUser(client, userName, more)
  await client.put(`/Users/${user.id}`, { ...user, externalId: null })
  await unmanage('user', client.namespace, user.id)
  return (await client.get(`/Users/${user.id}`)).body
}

/** A team that was made by hand, with members. */
export async function handMadeTeam(
  client: Tenant,
  name: string,
  ids: readonly string[] = [],
): Promise<Body> {
  const team = await createGroup(client, name, ids)
  await unmanage('team', client.namespace, team.id)
  return team
}
