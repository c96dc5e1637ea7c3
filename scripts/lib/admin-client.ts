import { z } from 'zod'
import { failure, oneSentence } from './failure.ts'
import type { Fetch, WireResponse } from './wire.ts'

/** The path below which every namespace has its SCIM endpoint and its admin API. */
export const NAMESPACES = '/apis/scim.grafana.app/v0alpha1/namespaces'

const namespaceShape = z.looseObject({
  name: z.string(),
  settings: z.looseObject({
    enableUserSync: z.boolean(),
    enableGroupSync: z.boolean(),
    rejectNonProvisionedUsers: z.boolean(),
    requireExternalId: z.boolean(),
  }),
  users: z.number(),
  teams: z.number(),
  createdAt: z.string(),
})

const createdTokenShape = z.looseObject({
  id: z.string(),
  token: z.string(),
  namespace: z.string(),
  account: z.string(),
  permissions: z.array(z.string()),
  expiresAt: z.string().nullable(),
  createdAt: z.string(),
})

const tokenShape = createdTokenShape.omit({ token: true }).extend({
  revokedAt: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
})

/** A tenant, as the admin API describes it. */
export type NamespaceSummary = z.infer<typeof namespaceShape>
/** A token just made; the only answer that carries the token itself. */
export type CreatedToken = z.infer<typeof createdTokenShape>
/** A token as it is listed. */
export type TokenSummary = z.infer<typeof tokenShape>

/** Settings that a new namespace is to have; those left out keep the values of the deployment. */
export interface NewSettings {
  enableUserSync?: boolean
  enableGroupSync?: boolean
  requireExternalId?: boolean
}

/** What a token is made for. */
export interface NewToken {
  account?: string
  permissions: string[]
  expiresAt: string | null
}

/** The operator's calls of the admin API. Every one throws a Failure when it is refused. */
export interface AdminClient {
  createNamespace(name: string, settings: NewSettings): Promise<NamespaceSummary>
  /** Creates the namespace unless it exists; then the existing one comes back unchanged. */
  ensureNamespace(
    name: string,
    settings: NewSettings,
  ): Promise<{ namespace: NamespaceSummary; created: boolean }>
  listNamespaces(): Promise<NamespaceSummary[]>
  deleteNamespace(name: string): Promise<void>
  createToken(namespace: string, token: NewToken): Promise<CreatedToken>
  listTokens(namespace: string): Promise<TokenSummary[]>
  revokeToken(namespace: string, id: string): Promise<void>
}

/** Makes the operator's client of the deployment at an origin. */
export function createAdminClient(origin: string, secret: string, fetch: Fetch): AdminClient {
  const send = async (method: string, path: string, body?: unknown): Promise<WireResponse> => {
    const headers: Record<string, string> = {
      Authorization: `Bearer ${secret}`,
      Accept: 'application/json',
    }
    if (body === undefined) return fetch(origin + NAMESPACES + path, { method, headers })
    headers['Content-Type'] = 'application/json'
    return fetch(origin + NAMESPACES + path, { method, headers, body: JSON.stringify(body) })
  }

  const read = async <T>(response: WireResponse, shape: z.ZodType<T>): Promise<T> => {
    const text = await response.text()
    if (response.status >= 300) throw refusal(origin, response.status, text)
    const parsed = shape.safeParse(parseJson(text))
    if (!parsed.success) throw failure(`What answers at ${origin} is not scim-edge's admin API.`)
    return parsed.data
  }

  const expectSuccess = async (response: WireResponse): Promise<void> => {
    if (response.status >= 300) throw refusal(origin, response.status, await response.text())
  }

  const client: AdminClient = {
    async createNamespace(name, settings) {
      return read(await send('POST', '', { name, settings }), namespaceShape)
    },
    async ensureNamespace(name, settings) {
      const response = await send('POST', '', { name, settings })
      if (response.status !== 409) {
        return { namespace: await read(response, namespaceShape), created: true }
      }
      const existing = (await client.listNamespaces()).find((namespace) => namespace.name === name)
      if (!existing) throw refusal(origin, response.status, await response.text())
      return { namespace: existing, created: false }
    },
    async listNamespaces() {
      const shape = z.looseObject({ items: z.array(namespaceShape) })
      return (await read(await send('GET', ''), shape)).items
    },
    async deleteNamespace(name) {
      await expectSuccess(await send('DELETE', `/${encodeURIComponent(name)}`))
    },
    async createToken(namespace, token) {
      const path = `/${encodeURIComponent(namespace)}/tokens`
      return read(await send('POST', path, token), createdTokenShape)
    },
    async listTokens(namespace) {
      const shape = z.looseObject({ items: z.array(tokenShape) })
      return (await read(await send('GET', `/${encodeURIComponent(namespace)}/tokens`), shape))
        .items
    },
    async revokeToken(namespace, id) {
      const path = `/${encodeURIComponent(namespace)}/tokens/${encodeURIComponent(id)}`
      await expectSuccess(await send('DELETE', path))
    },
  }
  return client
}

/** What a refusal means: the server's own sentence, when it gave one. */
function refusal(origin: string, status: number, text: string): Error {
  if (status === 401) return failure(`The deployment at ${origin} does not accept OPERATOR_TOKEN.`)
  const parsed = z
    .looseObject({ message: z.string().min(1) })
    .or(z.looseObject({ detail: z.string().min(1) }))
    .safeParse(parseJson(text))
  if (!parsed.success) return failure(`${origin} answered with status ${status}.`)
  return failure(oneSentence(String(parsed.data.message ?? parsed.data.detail)))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
