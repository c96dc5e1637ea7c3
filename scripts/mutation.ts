/**
 * Alters the pure modules, one place at a time, and runs their unit tests; an alteration that no
 * test notices survives. Fails where fewer than 85 % of them are noticed.
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { MutantResult } from '@stryker-mutator/api/core'
import { Stryker } from '@stryker-mutator/core'
import { z } from 'zod'
import { program, run, terminal } from './lib/command.ts'
import { failure } from './lib/failure.ts'
import { table } from './lib/table.ts'

/** Percent of the mutants that have to be noticed. */
const LEAST = 85

/** A part of what decides without a database, a request or a clock, and the tests that are for it. */
interface Part {
  readonly name: string
  readonly files: readonly string[]
  readonly tests: string
  /** Whether what is computed when a module is loaded stays as it is. */
  readonly ignoreStatic: boolean
}

const PARTS: readonly Part[] = [
  {
    name: 'tenancy',
    files: ['src/tenancy/*.ts'],
    tests: 'test/unit/tenancy/**/*.test.ts',
    ignoreStatic: false,
  },
  {
    name: 'store',
    files: ['src/store/{account,failure,held,match}.ts'],
    tests: 'test/unit/store/**/*.test.ts',
    ignoreStatic: false,
  },
  {
    name: 'http',
    files: ['src/http/cursor.ts', 'src/http/{abridge,scim/content}.ts'],
    tests: 'test/unit/http/**/*.test.ts',
    ignoreStatic: false,
  },
  {
    name: 'write',
    files: ['src/scim/bulk.ts', 'src/scim/{patch,resource}/*.ts', 'src/scim/schema/attribute.ts'],
    tests: 'test/unit/scim/**/*.test.ts',
    ignoreStatic: false,
  },
  {
    // Tables, most of them definitions of attributes, which are compared with those of the RFC. Each
    // alteration would need a run of all tests.
    name: 'read',
    files: ['src/scim/!(bulk).ts', 'src/scim/filter/*.ts', 'src/scim/schema/!(attribute).ts'],
    tests: 'test/unit/scim/**/*.test.ts',
    ignoreStatic: true,
  },
]

const root = program(
  'mutation',
  `Alters the pure modules, one place at a time, and runs their unit tests. What no test notices is printed, and below ${LEAST} % of the others the exit status is 1. What was found out before is kept in .cache/mutation, and only what changed is tried again.`,
  terminal,
)
  .argument('[paths...]', 'files or folders to alter (default: all that is pure)')
  .addHelpText(
    'after',
    `
Example:
  npm run mutation -- src/scim/patch src/tenancy/credential.ts`,
  )
  .action(async (paths: string[]) => {
    const files = chosen(paths)
    const results: MutantResult[] = []
    for (const part of PARTS) {
      const mutate = filesOf(part).filter((file) => files.includes(file))
      if (mutate.length > 0) results.push(...(await alter(part, mutate)))
    }
    tell(files, results)
  })

function filesOf({ files }: Part): string[] {
  return files.flatMap((pattern) => globSync(pattern))
}

/** The files that are meant. */
function chosen(paths: readonly string[]): string[] {
  const files = PARTS.flatMap(filesOf).sort()
  if (paths.length === 0) return files
  const isIn = (file: string, path: string) =>
    file === path || file.startsWith(`${path.replace(/\/$/, '')}/`)
  for (const path of paths) {
    if (!files.some((file) => isIn(file, path))) {
      const pure = PARTS.flatMap((part) => part.files).join(', ')
      throw failure(`'${path}' is none of the pure modules: ${pure}.`)
    }
  }
  return files.filter((file) => paths.some((path) => isIn(file, path)))
}

function alter({ name, tests, ignoreStatic }: Part, mutate: string[]): Promise<MutantResult[]> {
  const incrementalFile = `.cache/mutation/${name}.json`
  forgetDoubtful(incrementalFile)
  process.env.SCIM_EDGE_MUTATION = tests
  const configFile = 'scripts/mutation/stryker.json'
  return new Stryker({ configFile, incrementalFile, mutate, ignoreStatic }).runMutationTest()
}

/** What is read of what a run has found out. */
const knownShape = z.looseObject({
  files: z.record(
    z.string(),
    z.looseObject({
      mutants: z.array(z.looseObject({ status: z.string(), static: z.boolean().optional() })),
    }),
  ),
})

/**
 * Forgets what has to be tried again although nothing says so: survivors that belong to no test,
 * since they change what is computed when a module is loaded. A run that was stopped may leave half
 * a file, which is worth nothing.
 */
function forgetDoubtful(file: string): void {
  if (!existsSync(file)) return
  try {
    const known = knownShape.parse(JSON.parse(readFileSync(file, 'utf8')))
    for (const one of Object.values(known.files)) {
      one.mutants = one.mutants.filter(
        (mutant) => !mutant.static || ['Killed', 'Timeout'].includes(mutant.status),
      )
    }
    writeFileSync(file, JSON.stringify(known))
  } catch {
    rmSync(file)
  }
}

/** How many mutants were noticed, how many were not, and the first in percent of all. */
function scoreOf(results: readonly MutantResult[]) {
  const having = (...states: readonly string[]) =>
    results.filter(({ status }) => states.includes(status)).length
  const noticed = having('Killed', 'Timeout')
  const survivors = having('Survived', 'NoCoverage')
  const all = noticed + survivors
  return { noticed, survivors, percent: all === 0 ? 100 : (100 * noticed) / all }
}

function tell(files: readonly string[], results: readonly MutantResult[]): void {
  const rows: string[][] = []
  const add = (name: string, of: readonly MutantResult[]) => {
    const { noticed, survivors, percent } = scoreOf(of)
    if (noticed + survivors > 0)
      rows.push([name, `${noticed}`, `${survivors}`, `${percent.toFixed(1)} %`])
  }
  const altered = results.map((result) => ({ ...result, file: placeOf(result) }))
  for (const file of files) {
    const of = altered.filter((result) => result.file === file)
    add(file, of)
    for (const { status, location, mutatorName, replacement = '' } of of) {
      if (status !== 'Survived' && status !== 'NoCoverage') continue
      const { line, column } = location.start
      const shown = replacement.replace(/\s+/g, ' ').slice(0, 100)
      terminal.out(`${file}:${line}:${column}  ${mutatorName}  ${shown}`)
    }
  }
  const meant = altered.filter(({ file }) => files.includes(file))
  add('in all', meant)
  const headings = ['Module', 'Noticed', 'Survivors', 'Score']
  terminal.out(`\n${table(headings, rows, ['left', 'right', 'right', 'right'])}`)
  const { percent } = scoreOf(meant)
  if (percent >= LEAST) return
  throw failure(`The score is below ${LEAST} %; write a test for what survived.`)
}

/** The path of the altered file, from here. */
function placeOf({ fileName }: MutantResult): string {
  return fileName.replace(`${process.cwd()}/`, '')
}

process.exitCode = await run(root, process.argv.slice(2), terminal)
