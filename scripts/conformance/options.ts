// The options that the commands around the suite share, and the connection they lead to.
import { type Command, Option } from 'commander'
import { z } from 'zod'
import { requireSafe } from '../lib/address.ts'
import { failure } from '../lib/failure.ts'
import { findTenant, tenantOptions, tenantUrlOf } from '../lib/tenant.ts'
import { wireFetch } from '../lib/wire.ts'
import type { Send } from './client.ts'
import type { Target } from './run.ts'

const optionsShape = z.object({
  readOnlyToken: z.string().optional(),
  expiredToken: z.string().optional(),
  revokedToken: z.string().optional(),
  otherUrl: z.string().optional(),
  otherToken: z.string().optional(),
  insecure: z.boolean().optional(),
})

/** Adds the options that name a service provider and the credentials for it. */
export function targetOptions(command: Command): Command {
  const from = (variable: string, flags: string, description: string) =>
    new Option(flags, description).env(variable)
  return tenantOptions(
    command,
    'the SCIM base URL, such as https://example.com/scim/v2; an origin of scim-edge means its namespace default (default: SCIM_EDGE_URL, else the server that runs from this folder)',
  )
    .addOption(
      from('SCIM_EDGE_READ_ONLY_TOKEN', '--read-only-token <token>', 'a token that may only read'),
    )
    .addOption(
      from('SCIM_EDGE_EXPIRED_TOKEN', '--expired-token <token>', 'a token that has expired'),
    )
    .addOption(
      from('SCIM_EDGE_REVOKED_TOKEN', '--revoked-token <token>', 'a token that was revoked'),
    )
    .addOption(from('SCIM_EDGE_OTHER_URL', '--other-url <url>', 'the base URL of a second tenant'))
    .addOption(
      from(
        'SCIM_EDGE_OTHER_TOKEN',
        '--other-token <token>',
        'a token of the second tenant that may read and write',
      ),
    )
}

/**
 * Reads the options of a command.
 *
 * @throws Failure when one is missing or makes no sense
 */
export async function readTarget(command: Command): Promise<Target> {
  const options = optionsShape.parse(command.opts())
  const { url: baseUrl, token } = await findTenant(command)
  const { otherUrl, otherToken } = options
  if ((otherUrl === undefined) !== (otherToken === undefined)) {
    throw failure('--other-url and --other-token go together.')
  }
  const other =
    otherUrl === undefined || otherToken === undefined
      ? undefined
      : { baseUrl: await tenantUrlOf(otherUrl), token: otherToken }
  if (other !== undefined) requireSafe(other.baseUrl, options.insecure ?? false)
  return {
    baseUrl,
    token,
    send,
    readOnlyToken: options.readOnlyToken,
    expiredToken: options.expiredToken,
    revokedToken: options.revokedToken,
    other,
  }
}

/** Sends texts with exactly the headers given; bytes, which are few, with the built-in fetch. */
const send: Send = (url, { method, headers, body }) => {
  if (body === undefined) return wireFetch(url, { method, headers })
  if (typeof body === 'string') return wireFetch(url, { method, headers, body })
  return fetch(url, { method, headers, body: new Uint8Array(body), redirect: 'manual' })
}
