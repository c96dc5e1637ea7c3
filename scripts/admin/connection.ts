// What every command starts with: the deployment, the operator's secret, and where to print.
import type { Command, CommandOptions } from 'commander'
import { z } from 'zod'
import { type AdminClient, createAdminClient, inNamespace } from '../lib/admin-client.ts'
import { readUrl, type Terminal } from '../lib/command.ts'
import { failure } from '../lib/failure.ts'
import type { Progress } from '../lib/progress.ts'
import type { Fetch } from '../lib/wire.ts'

/** What the tool needs of the world around it. */
export interface AdminWorld {
  fetch: Fetch
  terminal: Terminal
  /** The operator's secret, when there is one. */
  operatorToken: string | undefined
  now(): number
  /** Waits; returns early when the signal is given. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>
  /** From this call on, Ctrl-C gives a signal instead of ending the process. */
  untilInterrupted(): AbortSignal
  /** Shows how far a long command is, where somebody watches. */
  openProgress(): Progress
}

const globalOptions = z.object({ url: z.string(), json: z.boolean().optional() })
const namespaceOption = z.object({ namespace: z.string() })

/** A connection to a deployment. */
export interface Connection {
  readonly client: AdminClient
  readonly json: boolean
  /** Prints the value itself with --json, else the text for a reader. */
  print(value: unknown, describe: () => string): void
}

/** Connects to the deployment that the global options name. */
export function connect(command: Command, world: AdminWorld): Connection {
  const options = globalOptions.parse(command.optsWithGlobals())
  const { origin } = readUrl(options.url)
  if (!world.operatorToken) {
    throw failure('OPERATOR_TOKEN is missing: set it in the environment or in .dev.vars.')
  }
  return {
    client: createAdminClient(origin, world.operatorToken, world.fetch),
    json: options.json ?? false,
    print(value, describe) {
      world.terminal.out(options.json ? JSON.stringify(value, null, 2) : describe())
    },
  }
}

/** Connects to the namespace given with --namespace; the paths of the client begin there. */
export function connectNamespace(
  command: Command,
  world: AdminWorld,
): Connection & { readonly namespace: string } {
  const { namespace } = namespaceOption.parse(command.opts())
  const connection = connect(command, world)
  return { ...connection, namespace, client: inNamespace(connection.client, namespace) }
}

/** Adds a command that works in one namespace, with an example of its use. */
export function namespaceCommand(
  parent: Command,
  name: string,
  description: string,
  exampleArgs: string,
  options: CommandOptions = {},
): Command {
  return parent
    .command(name, options)
    .description(description)
    .requiredOption('--namespace <ns>', 'the namespace')
    .addHelpText('after', example(exampleArgs))
}

/** The example at the end of a help. */
export function example(args: string): string {
  return `\nExample:\n  npm run -s admin -- ${args}`
}

/**
 * Reads a list separated by commas. The server knows the names and refuses those it does not know;
 * here they are only taken apart.
 */
export function readNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('')) {
    throw failure(
      `'${text}' does not name permissions: give a role or a list such as org.users:read.`,
    )
  }
  return names
}

/**
 * Reads an answer of yes or no.
 *
 * @throws Failure naming the option, when the text is neither
 */
export function readYesNo(option: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined
  if (text !== 'yes' && text !== 'no') throw failure(`${option} is yes or no, not '${text}'.`)
  return text === 'yes'
}
