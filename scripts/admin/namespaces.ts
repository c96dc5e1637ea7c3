import type { Command } from 'commander'
import { z } from 'zod'
import { type AdminClient, isRefusal, PAGE, path } from '../lib/admin-client.ts'
import { failure } from '../lib/failure.ts'
import { facts, table } from '../lib/table.ts'
import { type AdminWorld, connect, example } from './connection.ts'
import { onOff, shortTime } from './text.ts'

const namespaceShape = z.looseObject({
  name: z.string(),
  settings: z.looseObject({
    enableUserSync: z.boolean(),
    enableGroupSync: z.boolean(),
    rejectNonProvisionedUsers: z.boolean(),
    requireExternalId: z.boolean(),
  }),
  users: z.number(),
  teams: z.number(),
  createdAt: z.string(),
})

/** What a status says that a list would say. */
const statusShape = namespaceShape.omit({ name: true })

const listShape = z.looseObject({ items: z.array(namespaceShape) })

const historyShape = z.looseObject({
  changes: z.array(
    z.looseObject({
      namespace: z.string(),
      action: z.string(),
      at: z.string(),
      completedAt: z.string().nullable(),
      requestId: z.string().nullable(),
    }),
  ),
})

type Namespace = z.infer<typeof namespaceShape>

/** Settings that a new namespace is to have; those left out keep the values of the deployment. */
interface NewSettings {
  enableUserSync?: boolean
  enableGroupSync?: boolean
  requireExternalId?: boolean
}

const createOptions = z.object({
  userSync: z.boolean().optional(),
  groupSync: z.boolean().optional(),
  requireExternalId: z.boolean(),
  ifMissing: z.boolean().optional(),
})

const deleteOptions = z.object({ yes: z.boolean().optional() })

/** `namespace`: the tenants of the deployment. */
export function addNamespaceCommands(root: Command, world: AdminWorld): void {
  const namespace = root
    .command('namespace')
    .description('create, list and delete namespaces, and tell when that was done')
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
      const options = createOptions.parse(command.opts())
      const settings: NewSettings = {}
      if (options.userSync) settings.enableUserSync = true
      if (options.groupSync) settings.enableGroupSync = true
      if (!options.requireExternalId) settings.requireExternalId = false
      const { client, print } = connect(command, world)
      const { namespace, created } = options.ifMissing
        ? await ensureNamespace(client, name, settings)
        : { namespace: await createNamespace(client, name, settings), created: true }
      print(namespace, () => describe(namespace, created))
    })

  namespace
    .command('list')
    .description('list the namespaces with their settings and sizes')
    .addHelpText('after', example('namespace list --json'))
    .action(async (_options: unknown, command: Command) => {
      const { client, print } = connect(command, world)
      const { items } = await client.send('GET', '', listShape)
      print(items, () => namespaceTable(items))
    })

  namespace
    .command('history')
    .description('list when namespaces were created and deleted, also those that are gone')
    .argument('[ns]', 'of one namespace only')
    .addHelpText('after', example('namespace history stacks-5'))
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const { client, print } = connect(command, world)
      const query = { namespace: name, limit: PAGE }
      const { changes } = await client.send('GET', '/history', historyShape, { query })
      print(changes, () => {
        if (changes.length === 0) return 'Nothing is recorded.'
        return table(
          ['AT', 'ACTION', 'NAMESPACE', 'COMPLETED', 'REQUEST'],
          changes.map(({ namespace, action, at, completedAt, requestId }) => [
            ...[shortTime(at), action, namespace],
            completedAt === null ? 'not yet' : shortTime(completedAt),
            requestId ?? '',
          ]),
        )
      })
    })

  namespace
    .command('delete')
    .description('delete a namespace with all its users, teams, tokens and events')
    .argument('<ns>', 'its name')
    .option('--yes', 'confirm; without it nothing is deleted')
    .addHelpText('after', example('namespace delete stacks-5 --yes'))
    .action(async (name: string, _options: unknown, command: Command) => {
      if (!deleteOptions.parse(command.opts()).yes) {
        throw failure(
          `Deleting ${name} removes its users, teams, tokens and events for good; add --yes to confirm.`,
        )
      }
      const { client, print } = connect(command, world)
      await client.send('DELETE', path`/${name}`, z.unknown())
      print({ name, deleted: true }, () => `Namespace ${name} is deleted.`)
    })
}

function createNamespace(
  client: AdminClient,
  name: string,
  settings: NewSettings,
): Promise<Namespace> {
  return client.send('POST', '', namespaceShape, { body: { name, settings } })
}

/** Creates the namespace unless it exists; then the existing one comes back unchanged. */
async function ensureNamespace(
  client: AdminClient,
  name: string,
  settings: NewSettings,
): Promise<{ namespace: Namespace; created: boolean }> {
  try {
    return { namespace: await createNamespace(client, name, settings), created: true }
  } catch (error) {
    if (!isRefusal(error, 409)) throw error
    const existing = await findNamespace(client, name)
    if (!existing) throw error
    return { namespace: existing, created: false }
  }
}

/** A namespace out of the list of all, or by its name where each has a database of its own. */
async function findNamespace(client: AdminClient, name: string): Promise<Namespace | undefined> {
  try {
    const { items } = await client.send('GET', '', listShape)
    return items.find((namespace) => namespace.name === name)
  } catch (error) {
    if (!isRefusal(error, 501)) throw error
    const status = await client.send('GET', path`/${name}/status`, statusShape)
    const { settings, users, teams, createdAt } = status
    return { name, settings, users, teams, createdAt }
  }
}

function describe(namespace: Namespace, created: boolean): string {
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

function namespaceTable(namespaces: readonly Namespace[]): string {
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
