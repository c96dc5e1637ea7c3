// `migration`: from Team Sync and hand-made accounts to SCIM, and back.
import type { Command } from 'commander'
import { z } from 'zod'
import { type AdminClient, path, readAll } from '../lib/admin-client.ts'
import { failure } from '../lib/failure.ts'
import { readMappings } from '../lib/provider-list.ts'
import { facts, table } from '../lib/table.ts'
import { type AdminWorld, connectNamespace, example, namespaceCommand } from './connection.ts'
import { addPreviewCommand } from './migration-preview.ts'
import { addRollbackCommand } from './migration-rollback.ts'
import { count, shortTime } from './text.ts'

const countsShape = z.looseObject({
  total: z.number(),
  managed: z.number(),
  unmanaged: z.number(),
  adopted: z.number(),
})

const statusShape = z.looseObject({
  users: countsShape,
  teams: countsShape,
  mappings: z.number(),
  lastAdoptionAt: z.string().nullable(),
  capped: z.number().optional(),
})

const mappingShape = z.looseObject({
  groupId: z.string(),
  team: z.looseObject({ id: z.string(), name: z.string(), isProvisioned: z.boolean() }),
})

/** How many mappings are sent at once: the most that the server takes. */
const BATCH = 1000

/** `migration`: preview, mappings, status, rollback. */
export function addMigrationCommands(root: Command, world: AdminWorld): void {
  const group = root
    .command('migration')
    .description('move people and teams to SCIM: preview, Team Sync mappings, progress, way back')
    .addHelpText('after', example('migration preview --namespace stacks-5 --idp users.csv'))
  addPreviewCommand(group, world)
  addMappingCommands(group, world)

  namespaceCommand(
    group,
    'status',
    'show how many accounts and teams SCIM manages, and how many of them it adopted',
    'migration status --namespace stacks-5',
  ).action(async (_options: unknown, command: Command) => {
    const { client, print } = connectNamespace(command, world)
    const status = await client.send('GET', '/migration/status', statusShape)
    print(status, () => describeStatus(status))
  })

  addRollbackCommand(group, world)
}

function describeStatus(status: z.infer<typeof statusShape>): string {
  const { users, teams, mappings, lastAdoptionAt, capped } = status
  const row = (name: string, { total, managed, unmanaged, adopted }: typeof users) =>
    [name, total, managed, adopted, unmanaged].map(String)
  const numbers = table(
    ['', 'TOTAL', 'MANAGED BY SCIM', 'OF THEM ADOPTED', 'NOT MANAGED'],
    [row('Users', users), row('Teams', teams)],
    ['left', 'right', 'right', 'right', 'right'],
  )
  const more = facts([
    ['Mappings', String(mappings)],
    ['Last adoption', shortTime(lastAdoptionAt)],
  ])
  const cap =
    capped === undefined ? '' : `\n\nOf adoptions and mappings, no more than ${capped} are counted.`
  return `${numbers}\n\n${more}${cap}`
}

function addMappingCommands(parent: Command, world: AdminWorld): void {
  const group = parent
    .command('mappings')
    .description('load, list and clear which team a group of the provider stands for')
    .addHelpText('after', example('migration mappings load --namespace stacks-5 teams.csv'))

  namespaceCommand(
    group,
    'load',
    'add mappings from a table or list with groupId and team, or change those that are there',
    'migration mappings load --namespace stacks-5 team-sync.json',
  )
    .argument('<file>', 'a .csv or .json with groupId, and team or teamId (an id or a name)')
    .action(async (file: string, _options: unknown, command: Command) => {
      const { client, namespace, print } = connectNamespace(command, world)
      const mappings = readMappings(file)
      if (mappings.length === 0) throw failure(`${file} holds no mapping.`)
      const saved: z.infer<typeof mappingShape>[] = []
      const shape = z.looseObject({ mappings: z.array(mappingShape) })
      for (let at = 0; at < mappings.length; at += BATCH) {
        const body = { mappings: mappings.slice(at, at + BATCH) }
        saved.push(...(await client.send('PUT', '/migration/team-sync', shape, { body })).mappings)
      }
      print(saved, () => describeLoaded(saved, namespace))
    })

  namespaceCommand(
    group,
    'list',
    'list the mappings',
    'migration mappings list --namespace stacks-5',
  ).action(async (_options: unknown, command: Command) => {
    const { client, namespace, print } = connectNamespace(command, world)
    const mappings = await readAll(client, '/migration/team-sync', 'mappings', mappingShape)
    print(mappings, () => mappingTable(mappings, namespace))
  })

  namespaceCommand(
    group,
    'clear',
    'remove the mapping of one group, or all of them; the teams stay as they are',
    'migration mappings clear --namespace stacks-5 --all',
  )
    .argument('[groupId]', 'the group')
    .option('--all', 'remove all mappings')
    .action(async (groupId: string | undefined, _options: unknown, command: Command) => {
      const { all } = z.object({ all: z.boolean().optional() }).parse(command.opts())
      if ((groupId === undefined) === (all === undefined)) {
        throw failure('Say which mappings are to go: the id of a group, or --all.')
      }
      const { client, print } = connectNamespace(command, world)
      const deleted = await clear(client, groupId)
      print({ deleted }, () => `${count(deleted, 'mapping')} removed.`)
    })
}

async function clear(client: AdminClient, groupId: string | undefined): Promise<number> {
  const place = groupId === undefined ? '' : path`/${groupId}`
  const shape = z.looseObject({ deleted: z.number() })
  return (await client.send('DELETE', `/migration/team-sync${place}`, shape)).deleted
}

type Mapping = z.infer<typeof mappingShape>

function describeLoaded(saved: readonly Mapping[], namespace: string): string {
  const managed = saved.filter(({ team }) => team.isProvisioned)
  const loaded = `${count(saved.length, 'mapping')} loaded into ${namespace}.`
  if (managed.length === 0) return loaded
  const names = [...new Set(managed.map(({ team }) => team.name))].slice(0, 10).join(', ')
  return `${loaded}\n${count(managed.length, 'mapping')} will not be used, since SCIM manages the team already: ${names}`
}

function mappingTable(mappings: readonly Mapping[], namespace: string): string {
  if (mappings.length === 0) return `The namespace ${namespace} has no mapping.`
  return table(
    ['GROUP', 'TEAM', 'ID', 'MANAGED BY SCIM'],
    mappings.map(({ groupId, team }) => [
      groupId,
      team.name,
      team.id,
      team.isProvisioned ? 'yes' : 'no',
    ]),
  )
}
