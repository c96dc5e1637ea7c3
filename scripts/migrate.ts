/** `npm run migrate`: brings the database of a libSQL server, or of Turso, to the newest schema. */
import { createClient } from '@libsql/client/http'
import { z } from 'zod'
import { isTemplate } from '../src/store/databases.ts'
import { migrate } from '../src/store/migrations.ts'
import { program, run, terminal } from './lib/command.ts'
import { readVariable } from './lib/environment.ts'
import { failure } from './lib/failure.ts'

const optionsShape = z.object({ url: z.string().optional(), authToken: z.string().optional() })

const root = program(
  'migrate',
  'Applies the migrations that a libSQL database lacks, all or none. Other programs may run it meanwhile.',
  terminal,
)
  .option('--url <url>', 'libsql://…, https://… or http://… (default: LIBSQL_URL)')
  .option('--auth-token <token>', 'for a server that wants one (default: LIBSQL_AUTH_TOKEN)')
  .addHelpText(
    'after',
    `
Example:
  npm run migrate -- --url libsql://scim-edge-example.turso.io`,
  )
  .action(async () => {
    const options = optionsShape.parse(root.opts())
    const url = options.url ?? readVariable('LIBSQL_URL')
    const authToken = options.authToken ?? readVariable('LIBSQL_AUTH_TOKEN')
    if (url === undefined) throw failure('The database is missing: give --url or LIBSQL_URL.')
    if (isTemplate(url)) {
      throw failure('Each namespace has a database of its own: give --url with the name in place.')
    }
    const migrated = await attempt(url, authToken)
    if (migrated.kind === 'newer') {
      throw failure(`The database at ${url} was used by a newer version of scim-edge than this.`)
    }
    if (migrated.kind === 'foreign') {
      throw failure(`The database at ${url} holds tables that scim-edge did not make.`)
    }
    const { applied } = migrated
    terminal.out(
      applied === 0
        ? 'The database has the newest schema already.'
        : `${applied === 1 ? 'One migration was' : `${applied} migrations were`} applied.`,
    )
  })

async function attempt(url: string, authToken: string | undefined) {
  try {
    const client = createClient({ url, ...(authToken === undefined ? {} : { authToken }) })
    return await migrate(client)
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw failure(`The database at ${url} cannot be migrated (${why}).`)
  }
}

const status = await run(root, process.argv.slice(2), terminal)
if (status !== 0) process.exitCode = status
