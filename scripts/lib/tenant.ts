// The SCIM endpoint that a tool plays a client of, and the token for it.
import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { z } from 'zod'
import { addressIn, INSECURE, requireSafe, withoutEndSlashes } from './address.ts'
import { NAMESPACES } from './admin-client.ts'
import { readUrl } from './command.ts'
import { failure } from './failure.ts'
import { secretsAt, variable } from './place.ts'
import { isOurs, onlyServer } from './running.ts'

/** An endpoint with a token for it. */
export interface Tenant {
  /** Without a slash at its end. */
  readonly url: string
  readonly token: string
}

const optionsShape = z.object({
  url: z.string().optional(),
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  insecure: z.boolean().optional(),
})

/** Adds the options that name an endpoint and the token for it. */
export function tenantOptions(command: Command, url: string): Command {
  return command
    .option('--url <url>', url)
    .addOption(
      new Option(
        '--token <token>',
        'the bearer token, which npm then shows (default: SCIM_EDGE_TOKEN, else the one of npm run dev)',
      ).conflicts('tokenFile'),
    )
    .option('--token-file <file>', 'a file that holds the bearer token alone')
    .option(...INSECURE)
}

/**
 * The endpoint that the options name, else SCIM_EDGE_URL, else the server that runs from this folder.
 *
 * @throws Failure where there is none, or no token for it, or the token would be seen on its way
 */
export async function findTenant(command: Command): Promise<Tenant> {
  const options = optionsShape.parse(command.opts())
  const given = options.url ?? variable('SCIM_EDGE_URL')
  const url = await tenantUrlOf(given ?? (await onlyServer()).url)
  const token = options.token?.trim() || tokenIn(options.tokenFile) || (await knownToken(url))
  if (!token) throw failure(missingToken(url))
  requireSafe(url, options.insecure ?? false)
  return { url, token }
}

/**
 * The endpoint at an address: an origin or a base URL of scim-edge leads to the namespace of
 * SCIM_EDGE_NAMESPACE, or `default`. What is none of scim-edge's addresses stays as it is.
 */
export async function tenantUrlOf(text: string): Promise<string> {
  const url = readUrl(text)
  // Flags such as Entra's aadOptscim062020 are for the provider.
  url.search = ''
  url.hash = ''
  const plain = withoutEndSlashes(url.href)
  const address = addressIn(url)
  if (address === undefined || address.namespace !== undefined) return plain
  const bare = url.pathname === '/' && !(await isOurs(address.origin))
  if (bare) return plain
  return `${address.origin}${NAMESPACES}/${variable('SCIM_EDGE_NAMESPACE') ?? 'default'}`
}

function tokenIn(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  let token: string
  try {
    token = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw failure(`The token in ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
  if (/^\S+$/.test(token)) return token
  throw failure(`${file} must hold the bearer token and nothing else.`)
}

/** A token of the environment, else the one that `npm run dev` keeps for this namespace. */
async function knownToken(url: string): Promise<string | undefined> {
  const { origin, namespace = '' } = addressIn(new URL(url)) ?? { origin: new URL(url).origin }
  const kept = keptToken(namespace)
  return (
    variable('SCIM_EDGE_TOKEN') ??
    variable('SCIM_TOKEN') ??
    (kept === undefined ? undefined : (await secretsAt(origin))(kept))
  )
}

/** The variable in which `npm run dev` keeps the token of a namespace. */
export function keptToken(namespace: string): string | undefined {
  return { default: 'SCIM_TOKEN', 'stacks-1': 'SCIM_TOKEN_STACKS_1' }[namespace]
}

function missingToken(url: string): string {
  const { origin, namespace } = addressIn(new URL(url)) ?? {}
  const how =
    namespace === undefined
      ? ''
      : `; npm run -s admin -- --url ${origin} token create --namespace ${namespace} makes one`
  return `The bearer token for ${url} is missing: set SCIM_EDGE_TOKEN, or give --token-file${how}.`
}
