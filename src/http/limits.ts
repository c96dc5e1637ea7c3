/**
 * Limits that keep one client from taking the platform from the others. They are those of the
 * platform, generous, and answered with 429.
 *
 * A token is limited by its hash before the database is asked; one with a wrong checksum is refused
 * anyway. A failed authentication counts against the address it came from, and only another failure
 * is answered with 429 then: providers share addresses, so a limited address must never block a
 * valid token. Whether a well-formed token is valid only the database knows; so an attempt with one
 * still costs a read, while all others cost none. Discovery and health are never limited.
 */
import { createMiddleware } from 'hono/factory'
import { hashToken, isToken } from '../tenancy/token.ts'
import { API, credentialOf, type Dependencies, type ScimEnv } from './context.ts'
import { HttpRefusal } from './failure.ts'

/** After how many seconds to try again: the periods that wrangler.toml gives the limits. */
export const TOKEN_PERIOD = 10
export const FAILURE_PERIOD = 60

const DISCOVERY = new RegExp(`^${API}/[^/]+/(?:ServiceProviderConfig|ResourceTypes|Schemas)(?:/|$)`)

/**
 * Who counts as one address: an IPv4 address, or the /64 network of an IPv6 address, in which a
 * machine chooses its addresses freely.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail = ''] = address.toLowerCase().split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [first, last] = [groups(head), groups(tail)]
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0')
  const network = [...first, ...zeros, ...last].slice(0, 4)
  return `${network.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`
}

/** Refuses the requests that are too many. */
export function limitRequests({ limits }: Dependencies) {
  return createMiddleware<ScimEnv>(async (c, next) => {
    if (limits === undefined) return next()
    const discovery = DISCOVERY.test(c.req.path)
    const token = credentialOf(c) ?? ''
    if (limits.token !== undefined && !discovery && isToken(token)) {
      if (!(await limits.token(hashToken(token)))) {
        throw new HttpRefusal({ kind: 'too-many-requests', seconds: TOKEN_PERIOD })
      }
    }
    await next()
    // The platform's proxy sets this header; without it nobody is told apart.
    const address = c.req.header('CF-Connecting-IP')
    if (c.res.status !== 401 || limits.failure === undefined || address === undefined) return
    if ((await limits.failure(networkOf(address))) || discovery) return
    // The challenge of the 401 goes with it.
    c.res = undefined
    throw new HttpRefusal({ kind: 'too-many-failures', seconds: FAILURE_PERIOD })
  })
}
