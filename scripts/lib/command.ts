import { Command, CommanderError } from 'commander'
import { failure, isFailure, oneSentence } from './failure.ts'
import { version } from './version.ts'

/** Where a command writes: results to one stream, what went wrong to the other. */
export interface Terminal {
  out(text: string): void
  error(text: string): void
}

/** A reader that has seen enough, such as `head`, closes the pipe: that ends a tool without a word. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
}
process.stdout.on('error', endWithReader)

/** Lets a tool go on without its reader, such as a server whose log nobody reads any more. */
export function goOnWithoutReader(): void {
  process.stdout.off('error', endWithReader)
}

/** The terminal of this process. */
export const terminal: Terminal = {
  out: (text) => process.stdout.write(`${text}\n`),
  error: (text) => process.stderr.write(`${text}\n`),
}

/** The command of package.json, which is the operator's command line and has the tools as commands. */
const COMMAND = 'scim-edge'

/** The name of a tool in its help. */
function calledAs(name: string): string {
  if (process.argv[1] !== COMMAND) return name
  return name === 'admin' ? COMMAND : `${COMMAND} ${name}`
}

/**
 * Makes the root of a command-line program whose help goes to the terminal and whose usage errors
 * are left to {@link run}. Subcommands inherit that.
 */
export function program(name: string, description: string, to: Terminal): Command {
  return new Command(calledAs(name))
    .description(description)
    .version(version(), '--version', 'print the version')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => to.out(text.trimEnd()),
      writeErr: () => {},
      outputError: () => {},
    })
}

/**
 * Runs a program with arguments (those after the script's name) and says what went wrong in one
 * sentence.
 *
 * @returns The exit status: 0, or 1 after a failure
 */
export async function run(root: Command, args: readonly string[], to: Terminal): Promise<number> {
  try {
    await root.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0
      to.error(usageSentence(root, error))
    } else if (isFailure(error)) {
      to.error(error.message)
    } else {
      throw error
    }
    return 1
  }
}

/**
 * For a script without options, before it does anything: goes on where it is called without any, and
 * else ends the process after its help, its version, or a sentence that refuses what was given.
 */
export async function noOptions(name: string, description: string): Promise<void> {
  let called = false
  const root = program(name, description, terminal).action(() => {
    called = true
  })
  const status = await run(root, process.argv.slice(2), terminal)
  if (!called) process.exit(status)
}

function usageSentence(root: Command, error: CommanderError): string {
  // Commander answers a missing subcommand with the whole help; its error carries no sentence.
  if (error.code === 'commander.help') {
    const how = root.name() === COMMAND ? `npx ${COMMAND}` : `npm run ${root.name()} --`
    return `A command is missing; ${how} --help lists them.`
  }
  const message = error.message.replace(/^error: /, '').replace('. Expected', ', expected')
  return oneSentence(message.charAt(0).toUpperCase() + message.slice(1))
}

/**
 * Reads the address given with --url.
 *
 * @throws Failure when it is not an http or https URL
 */
export function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw failure(`'${text}' is not an http or https URL.`)
  }
  return url
}
