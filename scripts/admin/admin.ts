// The operator's tool: namespaces, and the tokens that identity providers get.
import type { Command } from 'commander'
import { z } from 'zod'
import {
  type AdminClient,
  type CreatedToken,
  createAdminClient,
  NAMESPACES,
  type NamespaceSummary,
  type NewSettings,
  type NewToken,
  type TokenSummary,
} from '../lib/admin-client.ts'
import { program, readUrl, run, type Terminal } from '../lib/command.ts'
import { parseExpiry } from '../lib/expiry.ts'
import { failure } from '../lib/failure.ts'
import { facts, table } from '../lib/table.ts'
import type { Fetch } from '../lib/wire.ts'

/** What the tool needs of the world around it. */
export interface AdminWorld {
  fetch: Fetch
  terminal: Terminal
  /** The operator's secret, when there is one. */
  operatorToken: string | undefined
  now(): number
}

/**
 * Runs the tool with the arguments after its name.
 *
 * @returns The exit status
 */
export function runAdmin(args: readonly string[], world: AdminWorld): Promise<number> {
  return run(commands(world), args, world.terminal)
}

const globalOptions = z.object({ url: z.string(), json: z.boolean().optional() })

const createNamespaceOptions = z.object({
  userSync: z.boolean().optional(),
  groupSync: z.boolean().optional(),
  requireExternalId: z.boolean(),
  ifMissing: z.boolean().optional(),
})

const deleteNamespaceOptions = z.object({ yes: z.boolean().optional() })

const createTokenOptions = z.object({
  namespace: z.string(),
  account: z.string().optional(),
  permissions: z.string(),
  expires: z.string().optional(),
})

const ofNamespace = z.object({ namespace: z.string() })

function commands(world: AdminWorld): Command {
  const root = program(
    'admin',
    'Manages the namespaces (tenants) of a scim-edge deployment and their tokens.',
    world.terminal,
  )
    .option('--url <origin>', 'where the deployment answers', 'http://127.0.0.1:8787')
    .option('--json', 'print one JSON value and nothing else')
    .addHelpText(
      'after',
      `
The operator's secret is read from the environment variable OPERATOR_TOKEN, else from .dev.vars.

Example:
  npm run -s admin -- namespace create stacks-5 --user-sync --group-sync
  npm run -s admin -- token create --namespace stacks-5 --account okta --expires 90d`,
    )
  addNamespaceCommands(root, world)
  addTokenCommands(root, world)
  return root
}

function addNamespaceCommands(root: Command, world: AdminWorld): void {
  const namespace = root
    .command('namespace')
    .description('create, list and delete namespaces')
    .addHelpText('after', example('namespace list'))

  namespace
    .command('create')
    .description('create a namespace: default, org-<n> or stacks-<n>')
    .argument('<ns>', 'its name, such as stacks-5')
    .option('--user-sync', 'let the identity provider write users')
    .option('--group-sync', 'let the identity provider write teams')
    .option('--no-require-external-id', 'accept new users without an externalId')
    .option('--if-missing', 'succeed, and change nothing, when the namespace exists')
    .addHelpText('after', example('namespace create stacks-5 --user-sync --group-sync'))
    .action(async (name: string, _options: unknown, command: Command) => {
      const options = createNamespaceOptions.parse(command.opts())
      const settings: NewSettings = {}
      if (options.userSync) settings.enableUserSync = true
      if (options.groupSync) settings.enableGroupSync = true
      if (!options.requireExternalId) settings.requireExternalId = false
      const { client, print } = connect(command, world)
      const { namespace, created } = options.ifMissing
        ? await client.ensureNamespace(name, settings)
        : { namespace: await client.createNamespace(name, settings), created: true }
      print(namespace, () => describeNamespace(namespace, created))
    })

  namespace
    .command('list')
    .description('list the namespaces with their settings and sizes')
    .addHelpText('after', example('namespace list --json'))
    .action(async (_options: unknown, command: Command) => {
      const { client, print } = connect(command, world)
      const namespaces = await client.listNamespaces()
      print(namespaces, () => namespaceTable(namespaces))
    })

  namespace
    .command('delete')
    .description('delete a namespace with all its users, teams, tokens and events')
    .argument('<ns>', 'its name')
    .option('--yes', 'confirm; without it nothing is deleted')
    .addHelpText('after', example('namespace delete stacks-5 --yes'))
    .action(async (name: string, _options: unknown, command: Command) => {
      if (!deleteNamespaceOptions.parse(command.opts()).yes) {
        throw failure(
          `Deleting ${name} removes its users, teams, tokens and events for good; add --yes to confirm.`,
        )
      }
      const { client, print } = connect(command, world)
      await client.deleteNamespace(name)
      print({ name, deleted: true }, () => `Namespace ${name} is deleted.`)
    })
}

function addTokenCommands(root: Command, world: AdminWorld): void {
  const token = root
    .command('token')
    .description('create, list and revoke the tokens of a namespace')
    .addHelpText('after', example('token list --namespace stacks-5'))

  token
    .command('create')
    .description('make a token for an identity provider; it is shown this once')
    .requiredOption('--namespace <ns>', 'the namespace it is good for')
    .option('--account <name>', 'the service account that holds it')
    .option(
      '--permissions <list>',
      'a role (None, Viewer, Editor, Admin, "User administration", Teams) or permissions such as ' +
        'org.users:read, separated by commas; Editor is all eight of users and teams',
      'Editor',
    )
    .option('--expires <when>', 'a duration such as 90d, 12h or 30s, or an ISO time; else never')
    .addHelpText('after', example('token create --namespace stacks-5 --account okta --expires 90d'))
    .action(async (_options: unknown, command: Command) => {
      const options = createTokenOptions.parse(command.opts())
      const wanted: NewToken = {
        permissions: readList(options.permissions),
        expiresAt: options.expires === undefined ? null : parseExpiry(options.expires, world.now()),
      }
      if (options.account !== undefined) wanted.account = options.account
      const { client, print, origin } = connect(command, world)
      const created = await client.createToken(options.namespace, wanted)
      print(created, () => describeToken(created, origin))
    })

  token
    .command('list')
    .description('list the tokens of a namespace, never their secrets')
    .requiredOption('--namespace <ns>', 'the namespace')
    .addHelpText('after', example('token list --namespace stacks-5'))
    .action(async (_options: unknown, command: Command) => {
      const { namespace } = ofNamespace.parse(command.opts())
      const { client, print } = connect(command, world)
      const tokens = await client.listTokens(namespace)
      print(tokens, () => tokenTable(tokens, namespace, world.now()))
    })

  token
    .command('revoke')
    .description('end a token at once')
    .argument('<id>', 'its id, from token list')
    .requiredOption('--namespace <ns>', 'the namespace it belongs to')
    .addHelpText('after', example('token revoke --namespace stacks-5 <id>'))
    .action(async (id: string, _options: unknown, command: Command) => {
      const { namespace } = ofNamespace.parse(command.opts())
      const { client, print } = connect(command, world)
      await client.revokeToken(namespace, id)
      print({ id, revoked: true }, () => `Token ${id} of ${namespace} is revoked.`)
    })
}

function example(args: string): string {
  return `\nExample:\n  npm run -s admin -- ${args}`
}

interface Connection {
  client: AdminClient
  origin: string
  /** Prints the value itself with --json, else the text for a reader. */
  print(value: unknown, describe: () => string): void
}

function connect(command: Command, world: AdminWorld): Connection {
  const options = globalOptions.parse(command.optsWithGlobals())
  const { origin } = readUrl(options.url)
  if (!world.operatorToken) {
    throw failure('OPERATOR_TOKEN is missing: set it in the environment or in .dev.vars.')
  }
  return {
    client: createAdminClient(origin, world.operatorToken, world.fetch),
    origin,
    print(value, describe) {
      world.terminal.out(options.json ? JSON.stringify(value, null, 2) : describe())
    },
  }
}

/** The server knows the names and refuses those it does not know; here they are only taken apart. */
function readList(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('')) {
    throw failure(
      `'${text}' does not name permissions: give a role or a list such as org.users:read.`,
    )
  }
  return names
}

function describeNamespace(namespace: NamespaceSummary, created: boolean): string {
  const { settings } = namespace
  return [
    `Namespace ${namespace.name} ${created ? 'is created' : 'exists already'}.`,
    facts([
      ['User sync', onOff(settings.enableUserSync)],
      ['Group sync', onOff(settings.enableGroupSync)],
      ['externalId', settings.requireExternalId ? 'required' : 'optional'],
      ['Users', String(namespace.users)],
      ['Teams', String(namespace.teams)],
      ['Created', shortTime(namespace.createdAt)],
    ]),
  ].join('\n')
}

function namespaceTable(namespaces: readonly NamespaceSummary[]): string {
  if (namespaces.length === 0) return 'There is no namespace yet.'
  return table(
    ['NAME', 'USERS', 'TEAMS', 'USER SYNC', 'GROUP SYNC', 'EXTERNALID', 'CREATED'],
    namespaces.map(({ name, users, teams, settings, createdAt }) => [
      name,
      String(users),
      String(teams),
      onOff(settings.enableUserSync),
      onOff(settings.enableGroupSync),
      settings.requireExternalId ? 'required' : 'optional',
      shortTime(createdAt),
    ]),
    ['left', 'right', 'right'],
  )
}

function describeToken(token: CreatedToken, origin: string): string {
  return [
    token.token,
    'Copy the token now: it is not shown again.',
    facts([
      ['Id', token.id],
      ['Account', token.account],
      ['Permissions', listed(token.permissions)],
      ['Expires', token.expiresAt === null ? 'never' : shortTime(token.expiresAt)],
      ['Tenant URL', `${origin}${NAMESPACES}/${token.namespace}`],
    ]),
  ].join('\n')
}

function tokenTable(tokens: readonly TokenSummary[], namespace: string, now: number): string {
  if (tokens.length === 0) return `The namespace ${namespace} has no token.`
  return table(
    ['ID', 'ACCOUNT', 'STATE', 'CREATED', 'EXPIRES', 'LAST USED', 'PERMISSIONS'],
    tokens.map((token) => [
      token.id,
      token.account,
      stateOf(token, now),
      shortTime(token.createdAt),
      token.expiresAt === null ? 'never' : shortTime(token.expiresAt),
      token.lastUsedAt === null ? 'never' : shortTime(token.lastUsedAt),
      listed(token.permissions),
    ]),
  )
}

function stateOf(token: TokenSummary, now: number): string {
  if (token.revokedAt !== null) return 'revoked'
  return token.expiresAt !== null && Date.parse(token.expiresAt) <= now ? 'expired' : 'active'
}

function listed(permissions: readonly string[]): string {
  return permissions.length === 0 ? 'none' : permissions.join(', ')
}

function onOff(value: boolean): string {
  return value ? 'on' : 'off'
}

/** `2026-11-24 16:36:00 UTC` */
function shortTime(iso: string): string {
  const moment = new Date(iso)
  if (Number.isNaN(moment.getTime())) return iso
  return `${moment.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
