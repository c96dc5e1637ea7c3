// Plays random operations against the endpoint and against a model of it, longer than `npm test` does.
import { spawn } from 'node:child_process'
import { z } from 'zod'
import { program, run, terminal } from './lib/command.ts'
import { failure } from './lib/failure.ts'

const optionsShape = z.object({
  operations: z.string(),
  minutes: z.string().optional(),
  seed: z.string().optional(),
  replay: z.string().optional(),
})

const root = program(
  'model',
  'Plays random operations, one after the other and in lanes at once, against the Worker on D1 and against a model of the directory. Any difference makes the exit status 1, and the case is printed as small as it gets.',
  terminal,
)
  .option('--operations <number>', 'how many operations to play at least', '10000')
  .option('--minutes <number>', 'go on for so long, however many operations that is')
  .option('--seed <number>', 'where to begin (default: random; it is printed)')
  .option('--replay <case>', 'play a case again that was found: its mode, seed and path')
  .addHelpText(
    'after',
    `
Example:
  npm run model -- --minutes 30 --seed 42`,
  )
  .action(async () => {
    const options = optionsShape.parse(root.opts())
    if (options.replay !== undefined && !/^(alone|lanes)\/\d+\/[\d:]+$/.test(options.replay)) {
      throw failure(
        `--replay is what a failure printed, such as lanes/42/0:1, not '${options.replay}'.`,
      )
    }
    const seed = readNumber('--seed', options.seed, 0) ?? Math.floor(Math.random() * 2 ** 30)
    const asked = {
      operations: readNumber('--operations', options.operations, 1),
      minutes: readNumber('--minutes', options.minutes, 1),
      seed,
      replay: options.replay,
    }
    if (options.replay === undefined) terminal.out(`The seed is ${seed}.`)
    process.exitCode = await vitest({ SCIM_EDGE_MODEL: JSON.stringify(asked) })
  })

/** Runs the test of the model, and gives its exit status. */
function vitest(environment: Readonly<Record<string, string>>): Promise<number> {
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--project', 'workerd', 'test/model'],
    { stdio: 'inherit', env: { ...process.env, ...environment } },
  )
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

function readNumber(option: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text) || Number(text) < least) {
    throw failure(`${option} is a whole number from ${least}, not '${text}'.`)
  }
  return Number(text)
}

const status = await run(root, process.argv.slice(2), terminal)
if (status !== 0) process.exitCode = status
