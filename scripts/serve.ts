/** `npm run serve`: scim-edge on this machine, for people who host it themselves. */
import { z } from 'zod'
import { serve } from '../src/server.ts'
import { goOnWithoutReader, program, run, terminal } from './lib/command.ts'

const root = program(
  'serve',
  'Serves scim-edge on this machine, from a libSQL file, until it is stopped.',
  terminal,
)
  .option(
    '--port <port>',
    'the port to listen on; 0 takes any that is free (default: PORT, else 8787)',
  )
  .addHelpText(
    'after',
    `
Variables: HOST, PORT, DATABASE_FILE, PUBLIC_URL, OPERATOR_TOKEN, and the settings of wrangler.toml;
docs/self-hosting.md says what each means.

Example:
  npm run serve -- --port 8911`,
  )
  .action(async () => {
    const { port } = z.object({ port: z.string().optional() }).parse(root.opts())
    goOnWithoutReader()
    await serve(port)
  })

// What still listens or is open ends with the process.
process.exit(await run(root, process.argv.slice(2), terminal))
