// Which deployment a tool is for, and the secrets that are known of it.
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { isLoopback, readAddress } from './address.ts'
import { onlyServer, serverAt } from './running.ts'

/** A deployment. */
export interface Place {
  readonly origin: string
  /** That of the URL, where it was a Tenant URL. */
  readonly namespace?: string | undefined
  /**
   * A secret of it: from the environment, else from the file of the server that runs here. The secrets
   * of a server on this machine go to no other host.
   */
  readonly secret: (name: string) => string | undefined
}

/** A variable of the environment; an empty one counts as none. */
export function variable(name: string): string | undefined {
  return process.env[name]?.trim() || undefined
}

/**
 * Finds the deployment that is meant: the one of the option --url, else of SCIM_EDGE_URL, else the
 * server that runs from this folder and has answered.
 *
 * @throws Failure where there is none
 */
export async function findPlace(given: string | undefined): Promise<Place> {
  const url = given ?? variable('SCIM_EDGE_URL')
  if (url === undefined) {
    const server = await onlyServer()
    return { origin: server.url, secret: secretsOf(server.secrets) }
  }
  const address = readAddress(url)
  return { ...address, secret: await secretsAt(address.origin) }
}

/** The secrets that are known of what is at an origin. */
export async function secretsAt(origin: string): Promise<Place['secret']> {
  const server = await serverAt(origin)
  const kept = server?.secrets ?? (isLoopback(new URL(origin)) ? '.dev.vars' : undefined)
  return secretsOf(kept)
}

function secretsOf(file: string | undefined): Place['secret'] {
  return (name) =>
    variable(name) ?? (file === undefined ? undefined : inFile(file)[name]?.trim()) ?? undefined
}

function inFile(file: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}
