// Tries a SCIM service provider against RFC 7643, 7644 and 9865, black-box.
import { z } from 'zod'
import { AREAS } from './conformance/areas/index.ts'
import { readTarget, targetOptions } from './conformance/options.ts'
import { report } from './conformance/report.ts'
import { conform } from './conformance/run.ts'
import { program, run, terminal } from './lib/command.ts'
import { failure } from './lib/failure.ts'

const NAMES = AREAS.map(({ name }) => name)

const optionsShape = z.object({ only: z.string().optional(), json: z.boolean().optional() })

const root = targetOptions(
  program(
    'conformance',
    'Tries a SCIM 2.0 service provider against the RFCs, through its base URL alone, and removes what it made. Any failed check makes the exit status 1.',
    terminal,
  ),
)
  .option('--only <areas>', `areas to run, with commas (default: all): ${NAMES.join(', ')}`)
  .option('--json', 'print one JSON value: the base URL and every result')
  .addHelpText(
    'after',
    `
Example:
  npm run conformance -- --url https://example.com/scim/v2 --token-file token.txt`,
  )
  .action(async () => {
    const target = await readTarget(root)
    const { only, json } = optionsShape.parse(root.opts())
    const areas = only?.split(',').map((name) => name.trim())
    const unknown = areas?.find((name) => !NAMES.includes(name))
    if (unknown !== undefined) {
      throw failure(`'${unknown}' is no area; there are ${NAMES.join(', ')}.`)
    }
    const results = await conform(target, { areas })
    const { baseUrl } = target
    terminal.out(json ? JSON.stringify({ baseUrl, results }, null, 2) : report(baseUrl, results))
    if (results.some(({ outcome }) => outcome === 'fail')) process.exitCode = 1
  })

const status = await run(root, process.argv.slice(2), terminal)
if (status !== 0) process.exitCode = status
