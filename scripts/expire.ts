/**
 * `npm run expire`: lets go of old events and conflicts on a libSQL server. A Worker does that by itself where all
 * namespaces share a database; where each has its own, it does not know which there are.
 */
import { z } from 'zod'
import { expire } from '../src/store/expiry.ts'
import { libsql } from '../src/store/libsql.ts'
import { program, run, terminal } from './lib/command.ts'
import { failure } from './lib/failure.ts'
import { onRemote, remoteOptions } from './lib/remote.ts'

const DAY = 24 * 60 * 60 * 1000

const root = remoteOptions(
  program(
    'expire',
    'Deletes events that are older than they shall be kept, 500,000 at most, and expired conflicts.',
    terminal,
  ),
)
  .requiredOption('--days <days>', 'for how many days events are kept')
  .addHelpText(
    'after',
    `
Example:
  npm run expire -- --url libsql://stacks-5-example.turso.io --days 400`,
  )
  .action(() => {
    const { days } = z.object({ days: z.string() }).parse(root.opts())
    if (!/^[1-9]\d{0,5}$/.test(days)) {
      throw failure(`--days must be a whole number from 1, not '${days}'.`)
    }
    return onRemote(root, async (client) => {
      const now = Date.now()
      const { events, conflicts } = await expire(libsql(client), now, now - Number(days) * DAY)
      terminal.out(`Deleted: ${events} events, ${conflicts} conflicts.`)
    })
  })

const status = await run(root, process.argv.slice(2), terminal)
if (status !== 0) process.exitCode = status
