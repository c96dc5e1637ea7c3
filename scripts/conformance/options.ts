// The options that the commands around the suite share, and the connection they lead to.
import type { Command } from 'commander'
import { z } from 'zod'
import { readUrl } from '../lib/command.ts'
import { readVariable } from '../lib/environment.ts'
import { failure } from '../lib/failure.ts'
import { wireFetch } from '../lib/wire.ts'
import type { Send } from './client.ts'
import type { Target } from './run.ts'

const optionsShape = z.object({
  url: z.string().optional(),
  token: z.string().optional(),
  readOnlyToken: z.string().optional(),
  expiredToken: z.string().optional(),
  revokedToken: z.string().optional(),
  otherUrl: z.string().optional(),
  otherToken: z.string().optional(),
})

/** Adds the options that name a service provider and the credentials for it. */
export function targetOptions(command: Command): Command {
  return command
    .option('--url <url>', 'the SCIM base URL, such as https://example.com/scim/v2')
    .option(
      '--token <token>',
      'a bearer token that may read and write (default: SCIM_TOKEN of environment or .dev.vars)',
    )
    .option('--read-only-token <token>', 'a token that may only read')
    .option('--expired-token <token>', 'a token that has expired')
    .option('--revoked-token <token>', 'a token that was revoked')
    .option('--other-url <url>', 'the base URL of a second tenant')
    .option('--other-token <token>', 'a token of the second tenant that may read and write')
}

/**
 * Reads the options of a command.
 *
 * @throws Failure when one is missing or makes no sense
 */
export function readTarget(command: Command): Target {
  const options = optionsShape.parse(command.opts())
  if (options.url === undefined) throw failure('The base URL is missing: give --url.')
  const token = options.token ?? readVariable('SCIM_TOKEN')
  if (!token) throw failure('The bearer token is missing: give --token or SCIM_TOKEN.')
  const { otherUrl, otherToken } = options
  if ((otherUrl === undefined) !== (otherToken === undefined)) {
    throw failure('--other-url and --other-token go together.')
  }
  return {
    baseUrl: baseOf(options.url),
    token,
    send,
    readOnlyToken: options.readOnlyToken,
    expiredToken: options.expiredToken,
    revokedToken: options.revokedToken,
    other:
      otherUrl === undefined || otherToken === undefined
        ? undefined
        : { baseUrl: baseOf(otherUrl), token: otherToken },
  }
}

function baseOf(text: string): string {
  const url = readUrl(text)
  url.search = ''
  return url.href.replace(/\/+$/, '')
}

/** Sends texts with exactly the headers given; bytes, which are few, with the built-in fetch. */
const send: Send = (url, { method, headers, body }) => {
  if (body === undefined) return wireFetch(url, { method, headers })
  if (typeof body === 'string') return wireFetch(url, { method, headers, body })
  return fetch(url, { method, headers, body: new Uint8Array(body), redirect: 'manual' })
}
