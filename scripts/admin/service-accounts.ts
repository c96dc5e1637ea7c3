import type { Command } from 'commander'
import { z } from 'zod'
import { type AdminClient, path } from '../lib/admin-client.ts'
import { failure } from '../lib/failure.ts'
import { facts, table } from '../lib/table.ts'
import {
  type AdminWorld,
  connectNamespace,
  example,
  namespaceCommand,
  readNames,
} from './connection.ts'
import { listed, shortTime } from './text.ts'

const accountShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  role: z.string(),
  permissions: z.array(z.string()),
  isDisabled: z.boolean(),
  tokens: z.number(),
  created: z.string(),
})

const pageShape = z.looseObject({
  totalCount: z.number(),
  serviceAccounts: z.array(accountShape),
  perPage: z.number(),
})

const changedShape = z.looseObject({ serviceaccount: accountShape })

/** A service account: who holds tokens, and what they may do. */
export type ServiceAccount = z.infer<typeof accountShape>

/** What the option --permissions takes. */
export const PERMISSIONS_HELP =
  'a role (None, Viewer, Editor, Admin, "User administration", Teams) or permissions such as ' +
  'org.users:read, separated by commas; Editor is all eight of users and teams'

const changeOptions = z.object({
  name: z.string().optional(),
  role: z.string().optional(),
  permissions: z.string().optional(),
})

/** `serviceaccount`: who holds the tokens of a namespace. */
export function addServiceAccountCommands(root: Command, world: AdminWorld): void {
  const group = root
    .command('serviceaccount')
    .description('create, list, change and delete the service accounts of a namespace')
    .addHelpText('after', example('serviceaccount list --namespace stacks-5'))

  namespaceCommand(
    group,
    'create',
    'create a service account; token create makes its tokens',
    'serviceaccount create okta --namespace stacks-5 --permissions Editor',
  )
    .argument('<name>', 'its name')
    .option('--role <role>', 'None, Viewer, Editor or Admin (default: None)')
    .option('--permissions <list>', PERMISSIONS_HELP)
    .action(async (name: string, _options: unknown, command: Command) => {
      const { role, permissions } = readChange(command)
      const { client, print } = connectNamespace(command, world)
      const created = await createServiceAccount(client, { name, role, permissions })
      print(created, () => describe(created, 'is created'))
    })

  namespaceCommand(
    group,
    'list',
    'list the service accounts with what they may do',
    'serviceaccount list --namespace stacks-5',
  ).action(async (_options: unknown, command: Command) => {
    const { client, namespace, print } = connectNamespace(command, world)
    const accounts = await listServiceAccounts(client)
    print(accounts, () => accountTable(accounts, namespace))
  })

  namespaceCommand(
    group,
    'update',
    'change the name, the role or the permissions of a service account',
    'serviceaccount update okta --namespace stacks-5 --permissions "User administration"',
  )
    .argument('<account>', 'its name or id')
    .option('--name <name>', 'the new name')
    .option('--role <role>', 'None, Viewer, Editor or Admin')
    .option('--permissions <list>', `all that it may: ${PERMISSIONS_HELP}`)
    .action(async (account: string, _options: unknown, command: Command) => {
      const change = readChange(command)
      if (Object.values(change).every((value) => value === undefined)) {
        throw failure('There is nothing to change: give --name, --role or --permissions.')
      }
      await update(account, change, 'is changed', command, world)
    })

  for (const [name, isDisabled, description] of [
    ['disable', true, 'refuse all tokens of a service account until it is enabled again'],
    ['enable', false, 'let the tokens of a service account work again'],
  ] as const) {
    namespaceCommand(group, name, description, `serviceaccount ${name} okta --namespace stacks-5`)
      .argument('<account>', 'its name or id')
      .action((account: string, _options: unknown, command: Command) =>
        update(account, { isDisabled }, `is ${name}d`, command, world),
      )
  }

  namespaceCommand(
    group,
    'delete',
    'delete a service account; its tokens end at once',
    'serviceaccount delete okta --namespace stacks-5',
  )
    .argument('<account>', 'its name or id')
    .action(async (account: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      const { id, name } = await serviceAccountOf(client, account)
      await client.send('DELETE', path`/serviceaccounts/${id}`, z.unknown())
      print({ id, name, deleted: true }, () => `Service account ${name} is deleted.`)
    })
}

/** Creates a service account. */
export function createServiceAccount(
  client: AdminClient,
  account: {
    readonly name: string
    readonly role?: string | undefined
    readonly permissions?: readonly string[] | undefined
  },
): Promise<ServiceAccount> {
  return client.send('POST', '/serviceaccounts', accountShape, { body: account })
}

/** All service accounts, or those whose name contains a text. */
export async function listServiceAccounts(
  client: AdminClient,
  query?: string,
): Promise<ServiceAccount[]> {
  const all: ServiceAccount[] = []
  for (let page = 1; ; page++) {
    const { totalCount, serviceAccounts } = await client.send(
      'GET',
      '/serviceaccounts',
      pageShape,
      {
        query: { query, page, perpage: 100 },
      },
    )
    all.push(...serviceAccounts)
    if (serviceAccounts.length === 0 || all.length >= totalCount) return all
  }
}

/** Finds a service account by its exact name. */
export async function findServiceAccount(
  client: AdminClient,
  name: string,
): Promise<ServiceAccount | undefined> {
  return (await listServiceAccounts(client, name)).find((account) => account.name === name)
}

/** The service account of this name, else the one of this id. */
async function serviceAccountOf(client: AdminClient, nameOrId: string): Promise<ServiceAccount> {
  const named = await findServiceAccount(client, nameOrId)
  return named ?? client.send('GET', path`/serviceaccounts/${nameOrId}`, accountShape)
}

function readChange(command: Command) {
  const { name, role, permissions } = changeOptions.parse(command.opts())
  return { name, role, permissions: permissions === undefined ? undefined : readNames(permissions) }
}

async function update(
  account: string,
  body: unknown,
  what: string,
  command: Command,
  world: AdminWorld,
): Promise<void> {
  const { client, print } = connectNamespace(command, world)
  const { id } = await serviceAccountOf(client, account)
  const answer = await client.send('PATCH', path`/serviceaccounts/${id}`, changedShape, { body })
  print(answer.serviceaccount, () => describe(answer.serviceaccount, what))
}

function describe(account: ServiceAccount, what: string): string {
  return [
    `Service account ${account.name} ${what}.`,
    facts([
      ['Id', account.id],
      ['State', stateOf(account)],
      ['Role', account.role],
      ['Permissions', listed(account.permissions)],
      ['Tokens', String(account.tokens)],
      ['Created', shortTime(account.created)],
    ]),
  ].join('\n')
}

function accountTable(accounts: readonly ServiceAccount[], namespace: string): string {
  if (accounts.length === 0) return `The namespace ${namespace} has no service account.`
  return table(
    ['ID', 'NAME', 'STATE', 'ROLE', 'TOKENS', 'CREATED', 'PERMISSIONS'],
    accounts.map((account) => [
      account.id,
      account.name,
      stateOf(account),
      account.role,
      String(account.tokens),
      shortTime(account.created),
      listed(account.permissions),
    ]),
    ['left', 'left', 'left', 'left', 'right'],
  )
}

function stateOf({ isDisabled }: ServiceAccount): string {
  return isDisabled ? 'disabled' : 'enabled'
}
