/** `npm run migrate`: brings the database of a libSQL server, or of Turso, to the newest schema. */
import { migrate } from '../src/store/migrations.ts'
import { program, run, terminal } from './lib/command.ts'
import { failure } from './lib/failure.ts'
import { onRemote, remoteOptions } from './lib/remote.ts'

const root = remoteOptions(
  program(
    'migrate',
    'Applies the migrations that a libSQL database lacks, all or none. It may be in use meanwhile.',
    terminal,
  ),
)
  .addHelpText(
    'after',
    `
Example:
  npm run migrate -- --url libsql://scim-edge-example.turso.io`,
  )
  .action(() =>
    onRemote(root, async (client, url) => {
      const migrated = await migrate(client)
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
    }),
  )

const status = await run(root, process.argv.slice(2), terminal)
if (status !== 0) process.exitCode = status
