// What every command starts with: the deployment, the operator's secret, and where to print.
import type { Command, CommandOptions } from 'commander'
import { z } from 'zod'
import { requireSafe } from '../lib/address.ts'
import { type AdminClient, createAdminClient, inNamespace } from '../lib/admin-client.ts'
import type { Terminal } from '../lib/command.ts'
import { failure } from '../lib/failure.ts'
import type { Place } from '../lib/place.ts'
import type { Progress } from '../lib/progress.ts'
import type { Fetch } from '../lib/wire.ts'

/** What the tool needs of the world around it. */
export interface AdminWorld {
  fetch: Fetch
  terminal: Terminal
  /** Finds the deployment that --url names, or the one that is meant without it. */
  findPlace(url: string | undefined): Promise<Place>
  /** The namespace that is meant where neither --namespace nor the URL says one. */
  namespace: string | undefined
  now(): number
  /** Waits; returns early when the signal is given. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>
  /** From this call on, Ctrl-C gives a signal instead of ending the process. */
  untilInterrupted(): AbortSignal
  /** Shows how far a long command is, where somebody watches. */
  openProgress(): Progress
}

const globalOptions = z.object({
  url: z.string().optional(),
  json: z.boolean().optional(),
  insecure: z.boolean().optional(),
  place: z.custom<Place>(),
})
const namespaceOption = z.object({ namespace: z.string().optional() })

/** A connection to a deployment. */
export interface Connection {
  readonly client: AdminClient
  readonly json: boolean
  /** Prints the value itself with --json, else the text for a reader. */
  print(value: unknown, describe: () => string): void
}

/** Has the deployment found before a command begins. */
export function findFirst(root: Command, world: AdminWorld): void {
  root.hook('preAction', async () => {
    const { url } = z.object({ url: z.string().optional() }).parse(root.opts())
    root.setOptionValue('place', await world.findPlace(url))
  })
}

/** Connects to the deployment that the global options name. */
export function connect(command: Command, world: AdminWorld): Connection {
  const options = globalOptions.parse(command.optsWithGlobals())
  const { origin, secret } = options.place
  const operatorToken = secret('OPERATOR_TOKEN')
  if (!operatorToken) {
    throw failure(`OPERATOR_TOKEN is missing: set it to the operator's secret of ${origin}.`)
  }
  requireSafe(origin, options.insecure ?? false)
  return {
    client: createAdminClient(origin, operatorToken, world.fetch),
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
  const namespace = namespaceOf(command, world)
  const connection = connect(command, world)
  return { ...connection, namespace, client: inNamespace(connection.client, namespace) }
}

/** The namespace of --namespace, else that of the Tenant URL, else that of the environment. */
function namespaceOf(command: Command, world: AdminWorld): string {
  const { namespace: given } = namespaceOption.parse(command.opts())
  const { place, url } = globalOptions.parse(command.optsWithGlobals())
  if (given !== undefined && url !== undefined && (place.namespace ?? given) !== given) {
    throw failure(
      `--namespace is ${given}, but --url is that of ${place.namespace}; leave one out.`,
    )
  }
  const namespace = given ?? place.namespace ?? world.namespace
  if (namespace !== undefined) return namespace
  throw failure('The namespace is missing: give --namespace, or set SCIM_EDGE_NAMESPACE.')
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
    .option(
      '--namespace <ns>',
      'the namespace (default: that of a Tenant URL, else SCIM_EDGE_NAMESPACE)',
    )
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
