import type { Command } from 'commander'
import { z } from 'zod'
import type { AdminClient } from '../lib/admin-client.ts'
import { failure } from '../lib/failure.ts'
import { facts } from '../lib/table.ts'
import { type AdminWorld, connectNamespace, example, namespaceCommand } from './connection.ts'
import { onOff } from './text.ts'

const specShape = z.object({
  enableUserSync: z.boolean(),
  enableGroupSync: z.boolean(),
  rejectNonProvisionedUsers: z.boolean(),
  requireExternalId: z.boolean(),
  hideNonProvisionedUsers: z.boolean(),
})

const configShape = z.looseObject({
  spec: specShape,
  status: z.looseObject({ source: z.string() }),
})

const PATH = '/config/default'

type Config = z.infer<typeof configShape>

/** What is set for a namespace, whose paths the client's begin at. */
export function readConfig(client: AdminClient): Promise<Config> {
  return client.send('GET', PATH, configShape)
}

const setOptions = z.object({
  userSync: z.string().optional(),
  groupSync: z.string().optional(),
  rejectNonProvisionedUsers: z.string().optional(),
  requireExternalId: z.string().optional(),
  hideNonProvisionedUsers: z.string().optional(),
})

/** `settings`: the SCIMConfig of a namespace. */
export function addSettingsCommands(root: Command, world: AdminWorld): void {
  const settings = root
    .command('settings')
    .description('show and change the settings of a namespace')
    .addHelpText('after', example('settings show --namespace stacks-5'))

  namespaceCommand(
    settings,
    'show',
    'show the settings that apply',
    'settings show --namespace stacks-5',
  ).action(async (_options: unknown, command: Command) => {
    const { client, print } = connectNamespace(command, world)
    const config = await readConfig(client)
    print(config, () => describe(config))
  })

  namespaceCommand(
    settings,
    'set',
    'change settings; those that are not named keep their value',
    'settings set --namespace stacks-5 --group-sync on',
  )
    .option('--user-sync <on|off>', 'whether the identity provider may write users')
    .option('--group-sync <on|off>', 'whether the identity provider may write teams')
    .option(
      '--reject-non-provisioned-users <on|off>',
      'whether people whom SCIM does not manage are kept from signing in',
    )
    .option('--require-external-id <on|off>', 'whether a new user must carry externalId')
    .option(
      '--hide-non-provisioned-users <on|off>',
      'whether lists leave out accounts and teams that SCIM does not manage',
    )
    .action(async (_options: unknown, command: Command) => {
      const options = setOptions.parse(command.opts())
      const changes = {
        ...readSwitch('enableUserSync', '--user-sync', options.userSync),
        ...readSwitch('enableGroupSync', '--group-sync', options.groupSync),
        ...readSwitch(
          'rejectNonProvisionedUsers',
          '--reject-non-provisioned-users',
          options.rejectNonProvisionedUsers,
        ),
        ...readSwitch('requireExternalId', '--require-external-id', options.requireExternalId),
        ...readSwitch(
          'hideNonProvisionedUsers',
          '--hide-non-provisioned-users',
          options.hideNonProvisionedUsers,
        ),
      }
      if (Object.keys(changes).length === 0) {
        throw failure('There is nothing to set: name a setting, such as --user-sync on.')
      }
      const { client, print } = connectNamespace(command, world)
      const { spec } = await readConfig(client)
      const body = { spec: { ...spec, ...changes } }
      const config = await client.send('PUT', PATH, configShape, { body })
      print(config, () => describe(config))
    })

  namespaceCommand(
    settings,
    'reset',
    'forget the settings of the namespace; those of the deployment apply again',
    'settings reset --namespace stacks-5',
  ).action(async (_options: unknown, command: Command) => {
    const { client, namespace, print } = connectNamespace(command, world)
    await client.send('DELETE', PATH, z.unknown())
    print(
      { namespace, reset: true },
      () => `The settings of ${namespace} are those of the deployment again.`,
    )
  })
}

function readSwitch(
  setting: keyof z.infer<typeof specShape>,
  option: string,
  text: string | undefined,
): Record<string, boolean> {
  if (text === undefined) return {}
  if (text !== 'on' && text !== 'off') throw failure(`${option} is on or off, not '${text}'.`)
  return { [setting]: text === 'on' }
}

function describe({ spec, status }: Config): string {
  return facts([
    ['User sync', onOff(spec.enableUserSync)],
    ['Group sync', onOff(spec.enableGroupSync)],
    ['Reject non-provisioned users', onOff(spec.rejectNonProvisionedUsers)],
    ['externalId', spec.requireExternalId ? 'required' : 'optional'],
    ['Hide non-provisioned users', onOff(spec.hideNonProvisionedUsers)],
    ['Source', status.source === 'file' ? "the deployment's file" : 'this namespace'],
  ])
}
