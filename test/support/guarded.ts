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
  const entitled = operatorOnly ? operatorOf(client) : await limitedTo(client, ...permissions)
  const lacking: (readonly [string, Client])[] = []
  for (const permission of permissions) {
    const others = ALL.filter((name) => name !== permission)
    lacking.push([permission, await limitedTo(client, ...others)])
  }
  const inNamespace = (name: string) =>
    new Client(client.send, client.base.replace(client.namespace, name), entitled.token)
  const before = [await dump(client.namespace), await dump(other.namespace)]

  // Who may not ask is told nothing about the body, or about the query of a DELETE.
  const unread = body && '{'
  const wrong = method === 'DELETE' ? `${path}?groupId=1` : path
  expectAdminError(await client.withToken(undefined).request(method, wrong, unread), 401)
  expectAdminError(await client.withToken('glsa_x').request(method, wrong, unread), 401)
  if (wrong !== path) {
    expectAdminError(await entitled.request(method, wrong), 400, /^groupId: a DELETE has no query/)
  }
  if (operatorOnly) {
    expectAdminError(await client.request(method, path, unread), 401)
    expectAdminError(await inNamespace('stack-5').request(method, path, body), 400, /stacks-5/)
    const unknown = inNamespace('stacks-999999999999')
    expectAdminError(await unknown.request(method, path, body), 404, /stacks-9/)
  } else {
    for (const [permission, holder] of lacking) {
      expectAdminError(await holder.request(method, wrong, unread), 403, permission)
    }
    const neighbour = inNamespace(other.namespace)
    expectAdminError(await neighbour.request(method, foreignPath ?? path, body), 403)
    expectAdminError(await inNamespace('stack-5').request(method, path, body), 403, /stacks-5/)
    const unknown = operatorOf(inNamespace('stacks-999999999999'))
    expectAdminError(await unknown.request(method, path, body), 404, /stacks-9/)
  }
  for (const nobody of [unknownPath, foreignPath]) {
    if (nobody !== undefined) expectAdminError(await entitled.request(method, nobody, body), 404)
  }
  expect([await dump(client.namespace), await dump(other.namespace)]).toEqual(before)
  expect((await entitled.request(method, path, body)).status).toBeLessThan(300)
  expect(await dump(other.namespace)).toEqual(before[1])
}

/** Every permission there is. */
const ALL = [
  ...['org.users:read', 'org.users:add', 'org.users:write', 'org.users:remove'],
  ...['teams:read', 'teams:create', 'teams:write', 'teams:delete'],
  ...['settings:read', 'settings:write'],
  ...['serviceaccounts:read', 'serviceaccounts:write', 'serviceaccounts:delete'],
]
