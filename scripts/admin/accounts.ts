import type { Command } from 'commander'
import { z } from 'zod'
import { fold } from '../../src/scim/comparison.ts'
import { type AdminClient, path, readAll } from '../lib/admin-client.ts'
import { failure } from '../lib/failure.ts'
import { facts, table } from '../lib/table.ts'
import {
  type AdminWorld,
  connectNamespace,
  example,
  namespaceCommand,
  readYesNo,
} from './connection.ts'
import { inGrafana, managedBy, shortTime } from './text.ts'

const accountShape = z.looseObject({
  id: z.string(),
  login: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  externalId: z.string().nullable(),
  isDisabled: z.boolean(),
  isProvisioned: z.boolean(),
  grafanaId: z.number().optional(),
  grafanaUid: z.string().optional(),
  created: z.string(),
  updated: z.string(),
})

const pageShape = z.looseObject({ accounts: z.array(accountShape) })

/** A person, whether SCIM manages the account or somebody made it by hand. */
export type Account = z.infer<typeof accountShape>

const listOptions = z.object({
  login: z.string().optional(),
  email: z.string().optional(),
  managed: z.string().optional(),
})

const changeOptions = z.object({
  login: z.string().optional(),
  email: z.string().optional(),
  name: z.string().optional(),
  externalId: z.string().optional(),
  disabled: z.string().optional(),
})

/** `account`: the people of a namespace. */
export function addAccountCommands(root: Command, world: AdminWorld): void {
  const group = root
    .command('account')
    .description('list accounts; create, change and remove those that SCIM does not manage')
    .addHelpText('after', example('account list --namespace stacks-5 --managed no'))

  namespaceCommand(
    group,
    'list',
    'list the accounts, and whether SCIM manages them',
    'account list --namespace stacks-5 --managed no',
  )
    .option('--login <login>', 'the one of this login')
    .option('--email <email>', 'the one of this e-mail')
    .option('--managed <yes|no>', 'those that SCIM manages, or those that it does not')
    .action(async (_options: unknown, command: Command) => {
      const { managed, ...known } = listOptions.parse(command.opts())
      const filter = { ...known, isProvisioned: readYesNo('--managed', managed) }
      const { client, namespace, print } = connectNamespace(command, world)
      const accounts = await readAll(client, '/accounts', 'accounts', accountShape, filter)
      const all = Object.values(filter).every((value) => value === undefined)
      print(accounts, () => accountTable(accounts, all ? namespace : undefined))
    })

  namespaceCommand(group, 'show', 'show an account', 'account show ada --namespace stacks-5')
    .argument('<account>', 'its login or id')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      const account = await accountOf(client, name)
      print(account, () => describe(account))
    })

  changeOptionsOf(
    namespaceCommand(
      group,
      'create',
      'create an account that SCIM does not manage',
      'account create ada --namespace stacks-5 --email ada@example.com --name "Ada Lovelace"',
    ).argument('<login>', 'what the person is known by'),
  ).action(async (login: string, _options: unknown, command: Command) => {
    const given = Object.entries(readChange(command)).filter(([, value]) => value !== null)
    const body = { login, ...Object.fromEntries(given) }
    const { client, print } = connectNamespace(command, world)
    const account = await client.send('POST', '/accounts', accountShape, { body })
    print(account, () => describe(account, 'is created'))
  })

  changeOptionsOf(
    namespaceCommand(
      group,
      'update',
      'change an account that SCIM does not manage; an empty value removes what was there',
      'account update ada --namespace stacks-5 --email ada@example.org --disabled no',
    )
      .argument('<account>', 'its login or id')
      .option('--login <login>', 'the new login'),
  ).action(async (name: string, _options: unknown, command: Command) => {
    const body = readChange(command)
    if (Object.keys(body).length === 0) {
      throw failure(
        'There is nothing to change: give --login, --email, --name, --external-id or --disabled.',
      )
    }
    const { client, print } = connectNamespace(command, world)
    const { id } = await accountOf(client, name)
    const account = await client.send('PATCH', path`/accounts/${id}`, accountShape, { body })
    print(account, () => describe(account, 'is changed'))
  })

  namespaceCommand(
    group,
    'remove',
    'remove an account that SCIM does not manage, and its memberships',
    'account remove ada --namespace stacks-5',
  )
    .argument('<account>', 'its login or id')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      const { id, login } = await accountOf(client, name)
      await client.send('DELETE', path`/accounts/${id}`, z.unknown())
      print({ id, login, removed: true }, () => `The account ${login} is removed.`)
    })

  namespaceCommand(
    group,
    'release',
    'take an account out of the management of SCIM; it stays as it is',
    'account release ada --namespace stacks-5',
  )
    .argument('<account>', 'its login or id')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      const { id } = await accountOf(client, name)
      const account = await client.send('POST', path`/accounts/${id}/release`, accountShape)
      print(account, () => describe(account, 'is no longer managed by SCIM'))
    })
}

/** The account of a login, however it is capitalized. */
export async function findAccount(
  client: AdminClient,
  query: { readonly login: string } | { readonly email: string },
): Promise<Account | undefined> {
  const { accounts } = await client.send('GET', '/accounts', pageShape, { query })
  return accounts.find(({ login, email }) =>
    'login' in query
      ? fold(login) === fold(query.login)
      : email !== null && fold(email) === fold(query.email),
  )
}

/**
 * The account of this login, else the one of this id.
 *
 * @throws Failure when there is neither
 */
export async function accountOf(client: AdminClient, loginOrId: string): Promise<Account> {
  const known = await findAccount(client, { login: loginOrId })
  return known ?? client.send('GET', path`/accounts/${loginOrId}`, accountShape)
}

function changeOptionsOf(command: Command): Command {
  return command
    .option('--email <email>', 'the e-mail')
    .option('--name <name>', 'the name that is shown')
    .option('--external-id <id>', 'the identity that a login asserts')
    .option('--disabled <yes|no>', 'whether the person is kept from signing in')
}

/**
 * What is given, with null for what is given empty.
 *
 * @throws Failure for an empty login, which nobody can have
 */
function readChange(command: Command): Record<string, string | boolean | null> {
  const { disabled, ...texts } = changeOptions.parse(command.opts())
  const isDisabled = readYesNo('--disabled', disabled)
  if (texts.login === '') throw failure('--login cannot be empty: an account is known by it.')
  const given = Object.entries(texts).filter(([, value]) => value !== undefined)
  return {
    ...Object.fromEntries(given.map(([key, value]) => [key, value === '' ? null : value])),
    ...(isDisabled === undefined ? {} : { isDisabled }),
  }
}

function describe(account: Account, what?: string): string {
  const shown = facts([
    ['Login', account.login],
    ['Id', account.id],
    ['E-mail', account.email ?? 'none'],
    ['Name', account.name ?? 'none'],
    ['externalId', account.externalId ?? 'none'],
    ['Managed', managedBy(account.isProvisioned)],
    ['State', stateOf(account)],
    ...inGrafana(account),
    ['Created', shortTime(account.created)],
    ['Changed', shortTime(account.updated)],
  ])
  return what === undefined ? shown : `The account ${account.login} ${what}.\n${shown}`
}

function accountTable(accounts: readonly Account[], namespace: string | undefined): string {
  if (accounts.length === 0) {
    return namespace === undefined
      ? 'No account matches.'
      : `The namespace ${namespace} has no account.`
  }
  return table(
    ['ID', 'LOGIN', 'E-MAIL', 'NAME', 'MANAGED', 'STATE', 'CREATED'],
    accounts.map((account) => [
      account.id,
      account.login,
      account.email ?? '',
      account.name ?? '',
      managedBy(account.isProvisioned),
      stateOf(account),
      shortTime(account.created),
    ]),
  )
}

function stateOf({ isDisabled }: Account): string {
  return isDisabled ? 'disabled' : 'enabled'
}
