import { type Client, createClient } from '@libsql/client/http'
import type { Command } from 'commander'
import { z } from 'zod'
import { isTemplate } from '../../src/store/databases.ts'
import { INSECURE, requireSafe } from './address.ts'
import { readVariable } from './environment.ts'
import { failure, isFailure } from './failure.ts'

const optionsShape = z.object({
  url: z.string().optional(),
  authToken: z.string().optional(),
  insecure: z.boolean().optional(),
})

/** Adds the options that name a database on a libSQL server. */
export function remoteOptions(command: Command): Command {
  return command
    .option('--url <url>', 'libsql://…, https://… or http://… (default: LIBSQL_URL)')
    .option('--auth-token <token>', 'for a server that wants one (default: LIBSQL_AUTH_TOKEN)')
    .option(...INSECURE)
}

/**
 * Runs a task on the database that the options name.
 *
 * @throws Failure where they name none, or it cannot be reached
 */
export async function onRemote<T>(
  command: Command,
  task: (client: Client, url: string) => Promise<T>,
): Promise<T> {
  const options = optionsShape.parse(command.opts())
  const url = options.url ?? readVariable('LIBSQL_URL')
  const authToken = options.authToken ?? readVariable('LIBSQL_AUTH_TOKEN')
  if (url === undefined) throw failure('The database is missing: give --url or LIBSQL_URL.')
  if (isTemplate(url)) {
    throw failure(
      'Each namespace has a database of its own: give --url with the name in the place of {namespace}.',
    )
  }
  if (authToken !== undefined) requireSafe(httpUrlOf(url), options.insecure ?? false)
  try {
    const client = createClient({ url, ...(authToken === undefined ? {} : { authToken }) })
    return await task(client, url)
  } catch (error) {
    throw isFailure(error) ? error : failure(`The database cannot be used (${whyOf(error)}).`)
  }
}

/** What the client connects to: `libsql:` is HTTP over TLS, unless its address says otherwise. */
function httpUrlOf(text: string): string {
  if (!URL.canParse(text)) throw failure(`'${text}' is not the URL of a database.`)
  const url = new URL(text)
  const plain = /^(?:http|ws):$/.test(url.protocol) || url.searchParams.get('tls') === '0'
  return text.replace(/^[^:]+:/, plain ? 'http:' : 'https:')
}

/** The innermost reason, in a line. */
function whyOf(error: unknown): string {
  let why = error
  while (why instanceof Error && why.cause instanceof Error) why = why.cause
  return (why instanceof Error ? why.message : String(why)).split('\n')[0] ?? ''
}
