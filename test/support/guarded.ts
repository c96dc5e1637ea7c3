/** What every route of the admin API has in common: who may use it, and in which namespace. */
import { expect } from 'vitest'
import { Client } from './client.ts'
import { expectAdminError } from './expect.ts'
import { limitedTo, operatorOf, type Tenant } from './operator.ts'
import { dump } from './tables.ts'

/** A route as it is to be asked, with what it needs. */
export interface GuardedRoute {
  readonly method: string
  /** With the ids of what is there in its place. */
  readonly path: string
  /** The same with ids of nothing that is there; absent where the path has none. */
  readonly unknownPath?: string | undefined
  /** The same with the ids of the other namespace. */
  readonly foreignPath?: string | undefined
  readonly body?: object | undefined
  /** All that a token must have; none where only the operator is let in. */
  readonly permissions: readonly string[]
}

/**
 * Expects that a route lets in who has the permissions and nobody else, that it says so before it
 * judges the body, and that ids of another namespace are as good as unknown ones.
 *
 * @param client a namespace, and `other` another one, both on one endpoint
 */
export async function expectGuarded(
  client: Tenant,
  other: Tenant,
  route: GuardedRoute,
): Promise<void> {
  const { method, path, unknownPath, foreignPath, body, permissions } = route
  const operatorOnly = permissions.length === 0
  const malformedBody = body && '{'
  const before = [await state(client), await state(other)]
  expectAdminError(await client.withToken(undefined).request(method, path, body), 401)
  expectAdminError(await client.withToken('glsa_x').request(method, path, malformedBody), 401)
  const tokens: Client[] = []
  if (operatorOnly) {
    expectAdminError(await client.request(method, path, malformedBody), 401)
  } else {
    for (const lacking of permissions) {
      const without = await limitedTo(client, ...ALL.filter((name) => name !== lacking))
      tokens.push(without)
      expectAdminError(await without.request(method, path, malformedBody), 403, lacking)
    }
  }
  const entitled = operatorOnly ? operatorOf(client) : await limitedTo(client, ...permissions)
  const at = (namespace: string) =>
    new Client(client.send, client.base.replace(client.namespace, namespace), entitled.token)
  if (operatorOnly) {
    expectAdminError(await at('stack-5').request(method, path, body), 400, /stacks-5/)
    expectAdminError(await at('stacks-999999999999').request(method, path, body), 404)
  } else {
    expectAdminError(await at(other.namespace).request(method, foreignPath ?? path, body), 403)
    expectAdminError(await at('stack-5').request(method, path, body), 403, /stacks-5/)
  }
  for (const nobody of [unknownPath, foreignPath]) {
    if (nobody !== undefined) expectAdminError(await entitled.request(method, nobody, body), 404)
  }
  expect([await state(client), await state(other)]).toEqual(before)
  expect((await entitled.request(method, path, body)).status).toBeLessThan(300)
}

/** Every permission there is. */
const ALL = [
  ...['org.users:read', 'org.users:add', 'org.users:write', 'org.users:remove'],
  ...['teams:read', 'teams:create', 'teams:write', 'teams:delete'],
  ...['settings:read', 'settings:write'],
  ...['serviceaccounts:read', 'serviceaccounts:write', 'serviceaccounts:delete'],
]

/** The directory of a namespace, without the accounts and tokens that the check itself makes. */
async function state({ namespace }: Tenant): Promise<unknown> {
  const { user, user_email, team, membership, retained, adoption, team_mapping } = JSON.parse(
    await dump(namespace),
  )
  return { user, user_email, team, membership, retained, adoption, team_mapping }
}
