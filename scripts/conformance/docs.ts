// Writes docs/conformance.md from a run, or from the JSON that a run has left.
import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { program, run, terminal } from '../lib/command.ts'
import { failure } from '../lib/failure.ts'
import { AREAS } from './areas/index.ts'
import type { Reference } from './check.ts'
import { DEVIATIONS, UNSEEN } from './deviations.ts'
import { document } from './document.ts'
import { LENIENCIES } from './leniencies.ts'
import { readTarget, targetOptions } from './options.ts'
import { conform, type Result } from './run.ts'

const PAGE = 'docs/conformance.md'

const resultsShape = z.object({
  results: z.array(
    z.object({
      name: z.string(),
      area: z.string(),
      level: z.enum(['MUST', 'SHOULD', 'MAY', 'INTEROP', 'SEC']),
      reference: z.custom<Reference>((value) => /^RFC \d+ §\S+$/.test(String(value))),
      requirement: z.string(),
      outcome: z.enum(['pass', 'fail', 'skip']),
      reason: z.string().exactOptional(),
    }),
  ),
})

const root = targetOptions(
  program(
    'conformance:docs',
    `Writes ${PAGE} from what npm run conformance -- --json has printed, or from a run of its own.`,
    terminal,
  ),
)
  .option('--results <file>', 'the JSON of a run')
  .action(async () => {
    const { results: file } = z.object({ results: z.string().optional() }).parse(root.opts())
    const results = file === undefined ? await conform(await readTarget(root)) : readResults(file)
    const titles = new Map(AREAS.map(({ name, title }) => [name, title]))
    const page = document({
      results,
      titles,
      deviations: [...DEVIATIONS, ...LENIENCIES],
      unseen: UNSEEN,
    })
    writeFileSync(PAGE, page)
    terminal.out(`${PAGE} describes ${results.length} checks.`)
  })

function readResults(file: string): Result[] {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw failure(`${file} cannot be read as JSON.`)
  }
  const parsed = resultsShape.safeParse(content)
  if (!parsed.success) throw failure(`${file} is not what npm run conformance -- --json prints.`)
  return parsed.data.results
}

const status = await run(root, process.argv.slice(2), terminal)
if (status !== 0) process.exitCode = status
