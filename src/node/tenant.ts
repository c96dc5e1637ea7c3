/** Namespaces and tokens that a server on this machine makes by itself, as its operator would. */
import { randomBytes } from 'node:crypto'
import type { Caller } from '../store/authority.ts'
import type { Database } from '../store/database.ts'
import type { Databases } from '../store/databases.ts'
import { createNamespace } from '../store/registry.ts'
import { createServiceAccount, createToken } from '../store/service-accounts.ts'
import { type Namespace, parseNamespace } from '../tenancy/namespace.ts'
import { readPermissions } from '../tenancy/permission.ts'
import { defaultSettings, type Settings } from '../tenancy/settings.ts'
import { hashToken, makeToken } from '../tenancy/token.ts'
import { StartFailure } from './failure.ts'

/** Makes callers that act as the operator, each for a request of its own. */
export function operatorOf(database: Database, namespace: Namespace, now: number): () => Caller {
  return () => ({
    database,
    claim: { namespace: { ok: true, namespace }, bearer: { kind: 'operator' } },
    fileSettings: defaultSettings,
    now,
    requestId: crypto.randomUUID(),
    newId: () => crypto.randomUUID(),
    later: () => undefined,
    recognized: () => undefined,
  })
}

/**
 * The parsed name of a namespace.
 *
 * @throws StartFailure where it is malformed
 */
export function namespaceOf(name: string): Namespace {
  const parsed = parseNamespace(name)
  if (!parsed.ok) throw new StartFailure(parsed.advice)
  return parsed.namespace
}

/** Creates a namespace with both syncs on; false where it exists. */
export async function createReady(
  database: Database,
  namespace: Namespace,
  settings: Settings,
  now: number,
): Promise<boolean> {
  const own = { enableUserSync: true, enableGroupSync: true }
  return (await createNamespace(database, namespace, own, settings, now, null)) !== undefined
}

/** Creates a service account that an identity provider can work with. */
export async function createEditor(caller: Caller, account: string): Promise<void> {
  const permissions = Number(readPermissions(['Editor']))
  const form = { name: account, role: 'Editor', permissions, disabled: 0 } as const
  await createServiceAccount(caller, account, { ok: true, value: form })
}

/** The first token of a server. */
export interface FirstToken {
  readonly token: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** How long the first token is good: as long as one of `token create`. */
const LIFE = 365 * 24 * 60 * 60 * 1000

/**
 * Creates a namespace that an identity provider can be given at once, with a service account and its
 * first token, which is stored nowhere.
 *
 * @returns undefined where the namespace exists already
 */
export async function createFirst(
  databases: Databases,
  name: string,
  account: string,
  settings: Settings,
): Promise<FirstToken | undefined> {
  const namespace = namespaceOf(name)
  const database = databases.databaseFor(namespace)
  const now = Date.now()
  if (!(await createReady(database, namespace, settings, now))) return undefined
  const caller = operatorOf(database, namespace, now)
  await createEditor(caller(), account)
  const token = makeToken(randomBytes)
  const value = { id: `${account}-1`, name: `${account}-1`, hash: hashToken(token), lifetime: LIFE }
  await createToken(caller(), account, { ok: true, value })
  return { token, expiresAt: now + LIFE }
}
