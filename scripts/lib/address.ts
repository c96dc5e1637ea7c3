// The addresses of a deployment, in the forms that people have them in.
import { NAMESPACES } from './admin-client.ts'
import { readUrl } from './command.ts'
import { failure } from './failure.ts'

/** Where a deployment answers. */
export interface Address {
  readonly origin: string
  /** That of a Tenant URL. */
  readonly namespace?: string
}

const OF_A_DEPLOYMENT = new RegExp(`^(?:${NAMESPACES}(?:/([^/]+)(?:/v2)?)?)?/*$`)

/**
 * Reads an origin, a base URL or a Tenant URL, with or without a slash at its end.
 *
 * @throws Failure when it is none of them
 */
export function readAddress(text: string): Address {
  const url = readUrl(text)
  const address = addressIn(url)
  if (address !== undefined) return address
  throw failure(
    `'${text}' is no address of a deployment: give its origin, such as https://scim.example.com, or a Tenant URL.`,
  )
}

/** The address that a URL is; undefined for that of another SCIM server. */
export function addressIn({ origin, pathname }: URL): Address | undefined {
  const found = OF_A_DEPLOYMENT.exec(pathname)
  if (found === null) return undefined
  const [, namespace] = found
  return namespace === undefined ? { origin } : { origin, namespace }
}

/** Whether a host is this machine, so that what is sent to it goes over no network. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

/**
 * Lets a secret go to an address.
 *
 * @throws Failure where anybody on the way could read it
 */
export function requireSafe(address: string, insecure: boolean): void {
  const url = new URL(address)
  if (url.protocol !== 'http:' || isLoopback(url) || insecure) return
  throw failure(
    `Over http:// to ${url.origin}, anybody on the way can read the secret; give an https URL, or add --insecure.`,
  )
}

/** The option that lets a secret go over plain HTTP. */
export const INSECURE = [
  '--insecure',
  'send the secret over http:// also to a host that is not this machine',
] as const

/** A URL without the slashes at its end. */
export function withoutEndSlashes(url: string): string {
  let end = url.length
  while (url.charAt(end - 1) === '/') end -= 1
  return url.slice(0, end)
}
