import type { Command } from 'commander'
import { z } from 'zod'
import { fold } from '../../src/scim/comparison.ts'
import { type AdminClient, path, readAll } from '../lib/admin-client.ts'
import { facts, table } from '../lib/table.ts'
import { accountOf } from './accounts.ts'
import {
  type AdminWorld,
  connectNamespace,
  example,
  namespaceCommand,
  readYesNo,
} from './connection.ts'
import { inGrafana, managedBy, shortTime } from './text.ts'

const teamShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  externalUID: z.string().nullable(),
  isProvisioned: z.boolean(),
  memberCount: z.number(),
  grafanaId: z.number().optional(),
  grafanaUid: z.string().optional(),
  created: z.string(),
  updated: z.string(),
})

const memberShape = z.looseObject({
  userId: z.string(),
  login: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
})

const pageShape = z.looseObject({ teams: z.array(teamShape) })

type Team = z.infer<typeof teamShape>

const listOptions = z.object({ name: z.string().optional(), managed: z.string().optional() })

/** `team`: the teams of a namespace, and who is in them. */
export function addTeamCommands(root: Command, world: AdminWorld): void {
  const group = root
    .command('team')
    .description('list teams; create, change, fill and remove those that SCIM does not manage')
    .addHelpText('after', example('team list --namespace stacks-5 --managed no'))

  namespaceCommand(
    group,
    'list',
    'list the teams, and whether SCIM manages them',
    'team list --namespace stacks-5 --managed no',
  )
    .option('--name <name>', 'the one of this name')
    .option('--managed <yes|no>', 'those that SCIM manages, or those that it does not')
    .action(async (_options: unknown, command: Command) => {
      const { name, managed } = listOptions.parse(command.opts())
      const filter = { name, isProvisioned: readYesNo('--managed', managed) }
      const { client, namespace, print } = connectNamespace(command, world)
      const teams = await readAll(client, '/teams', 'teams', teamShape, filter)
      const all = Object.values(filter).every((value) => value === undefined)
      print(teams, () => teamTable(teams, all ? namespace : undefined))
    })

  namespaceCommand(group, 'show', 'show a team', 'team show Platform --namespace stacks-5')
    .argument('<team>', 'its name or id')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      const team = await teamOf(client, name)
      print(team, () => describe(team))
    })

  namespaceCommand(
    group,
    'create',
    'create a team that SCIM does not manage',
    'team create Platform --namespace stacks-5',
  )
    .argument('<name>', 'its name')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      const team = await client.send('POST', '/teams', teamShape, { body: { name } })
      print(team, () => describe(team, 'is created'))
    })

  namespaceCommand(
    group,
    'rename',
    'give another name to a team that SCIM does not manage',
    'team rename Platform "Platform Engineering" --namespace stacks-5',
  )
    .argument('<team>', 'its name or id')
    .argument('<name>', 'the new name')
    .action(async (old: string, name: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      const { id } = await teamOf(client, old)
      const team = await client.send('PATCH', path`/teams/${id}`, teamShape, { body: { name } })
      print(team, () => describe(team, 'has its new name'))
    })

  namespaceCommand(
    group,
    'remove',
    'remove a team that SCIM does not manage; its members stay',
    'team remove Platform --namespace stacks-5',
  )
    .argument('<team>', 'its name or id')
    .action(async (old: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      const { id, name } = await teamOf(client, old)
      await client.send('DELETE', path`/teams/${id}`, z.unknown())
      print({ id, name, removed: true }, () => `The team ${name} is removed.`)
    })

  namespaceCommand(
    group,
    'release',
    'take a team out of the management of SCIM; it stays as it is',
    'team release Platform --namespace stacks-5',
  )
    .argument('<team>', 'its name or id')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      const { id } = await teamOf(client, name)
      const team = await client.send('POST', path`/teams/${id}/release`, teamShape)
      print(team, () => describe(team, 'is no longer managed by SCIM'))
    })

  addMemberCommands(group, world)
}

function addMemberCommands(group: Command, world: AdminWorld): void {
  namespaceCommand(
    group,
    'members',
    'list who is in a team',
    'team members Platform --namespace stacks-5',
  )
    .argument('<team>', 'its name or id')
    .action(async (team: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      const { id, name } = await teamOf(client, team)
      const members = await readAll(client, path`/teams/${id}/members`, 'members', memberShape)
      print(members, () => memberTable(members, name))
    })

  namespaceCommand(
    group,
    'add-member',
    'add an account to a team that SCIM does not manage',
    'team add-member Platform ada --namespace stacks-5',
  )
    .argument('<team>', 'its name or id')
    .argument('<account>', 'its login or id')
    .action(async (team: string, account: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      const { id: teamId, name } = await teamOf(client, team)
      const { id: userId, login } = await accountOf(client, account)
      const body = { userId }
      await client.send('POST', path`/teams/${teamId}/members`, z.unknown(), { body })
      print({ teamId, userId, added: true }, () => `${login} is in the team ${name}.`)
    })

  namespaceCommand(
    group,
    'remove-member',
    'take an account out of a team that SCIM does not manage',
    'team remove-member Platform ada --namespace stacks-5',
  )
    .argument('<team>', 'its name or id')
    .argument('<account>', 'its login or id')
    .action(async (team: string, account: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      const { id: teamId, name } = await teamOf(client, team)
      const { id: userId, login } = await accountOf(client, account)
      await client.send('DELETE', path`/teams/${teamId}/members/${userId}`, z.unknown())
      print({ teamId, userId, removed: true }, () => `${login} is no longer in the team ${name}.`)
    })
}

/** The team of a name, however it is capitalized. */
export async function findTeam(client: AdminClient, name: string): Promise<Team | undefined> {
  const { teams } = await client.send('GET', '/teams', pageShape, { query: { name } })
  return teams.find((team) => fold(team.name) === fold(name))
}

/**
 * The team of this name, else the one of this id.
 *
 * @throws Failure when there is neither
 */
async function teamOf(client: AdminClient, nameOrId: string): Promise<Team> {
  const known = await findTeam(client, nameOrId)
  return known ?? client.send('GET', path`/teams/${nameOrId}`, teamShape)
}

function describe(team: Team, what?: string): string {
  const shown = facts([
    ['Name', team.name],
    ['Id', team.id],
    ['externalUID', team.externalUID ?? 'none'],
    ['Managed', managedBy(team.isProvisioned)],
    ['Members', String(team.memberCount)],
    ...inGrafana(team),
    ['Created', shortTime(team.created)],
    ['Changed', shortTime(team.updated)],
  ])
  return what === undefined ? shown : `The team ${team.name} ${what}.\n${shown}`
}

function teamTable(teams: readonly Team[], namespace: string | undefined): string {
  if (teams.length === 0) {
    return namespace === undefined ? 'No team matches.' : `The namespace ${namespace} has no team.`
  }
  return table(
    ['ID', 'NAME', 'MEMBERS', 'MANAGED', 'CREATED'],
    teams.map((team) => [
      team.id,
      team.name,
      String(team.memberCount),
      managedBy(team.isProvisioned),
      shortTime(team.created),
    ]),
    ['left', 'left', 'right'],
  )
}

function memberTable(members: readonly z.infer<typeof memberShape>[], team: string): string {
  if (members.length === 0) return `The team ${team} has no member.`
  return table(
    ['USER ID', 'LOGIN', 'E-MAIL', 'NAME'],
    members.map(({ userId, login, email, name }) => [userId, login, email ?? '', name ?? '']),
  )
}
