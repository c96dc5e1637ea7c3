// `migration preview`: the provider's list beside the directory, before anything is written.
import type { Command } from 'commander'
import { z } from 'zod'
import { fold } from '../../src/scim/comparison.ts'
import { type AdminClient, readAll } from '../lib/admin-client.ts'
import { failure } from '../lib/failure.ts'
import { type Group, type Person, readGroups, readPeople } from '../lib/provider-list.ts'
import { table } from '../lib/table.ts'
import { type AdminWorld, connectNamespace, namespaceCommand } from './connection.ts'
import { count } from './text.ts'

const outcomes = [
  'provisioned',
  'linked',
  'created',
  'restored',
  'ambiguous',
  'conflict',
  'only in Grafana',
] as const

const fateShape = z.looseObject({
  outcome: z.string(),
  by: z.string().optional(),
  detail: z.string().optional(),
})

const userShape = fateShape.extend({
  userName: z.string(),
  account: z.looseObject({ id: z.string(), login: z.string() }).optional(),
})

const groupShape = fateShape.extend({
  displayName: z.string(),
  team: z.looseObject({ id: z.string(), name: z.string() }).optional(),
})

const previewShape = z.looseObject({
  settings: z.looseObject({
    enableUserSync: z.boolean(),
    enableGroupSync: z.boolean(),
    requireExternalId: z.boolean(),
  }),
  users: z.array(userShape),
  groups: z.array(groupShape),
})

const accountShape = z.looseObject({ id: z.string(), login: z.string() })
const teamShape = z.looseObject({ id: z.string(), name: z.string() })

const options = z.object({ idp: z.string(), groups: z.string().optional() })

/** How many people or groups are sent at once: well below the size of a body. */
const BATCH = 500

/** One line of the report. */
interface Line {
  readonly kind: 'user' | 'team'
  readonly name: string
  readonly outcome: string
  readonly by?: string | undefined
  /** The account or team of the directory. */
  readonly id?: string | undefined
  readonly detail?: string | undefined
}

/** `migration preview`: what each person and group would become. */
export function addPreviewCommand(parent: Command, world: AdminWorld): void {
  namespaceCommand(
    parent,
    'preview',
    'compare the list of a provider with the directory; the exit status is 1 where a person has to decide',
    'migration preview --namespace stacks-5 --idp users.csv --groups groups.json',
  )
    .requiredOption('--idp <file>', "the provider's people, as .csv or .json")
    .option('--groups <file>', "the provider's groups, as .csv or .json")
    .action(async (_options: unknown, command: Command) => {
      const files = options.parse(command.opts())
      const people = readPeople(files.idp)
      const groups = files.groups === undefined ? [] : readGroups(files.groups)
      const { client, print } = connectNamespace(command, world)
      const { settings, users, teams } = await askAll(client, people, groups)
      const lines = [
        ...claimedOnce(users, people.map(claimsOfPerson)),
        ...claimedOnce(
          teams,
          groups.map(({ displayName }) => [`name ${fold(displayName)}`]),
        ),
        ...(await onlyInGrafana(client, [...users, ...teams], files.groups !== undefined)),
      ]
      print({ settings, entries: lines }, () => describe(lines, settings, groups.length > 0))
      const open = lines.filter(({ outcome }) => needsSomebody(outcome)).length
      if (open > 0)
        throw failure(`Somebody has to decide about ${count(open, 'entry', 'entries')}.`)
    })
}

function needsSomebody(outcome: string): boolean {
  return outcome === 'ambiguous' || outcome === 'conflict'
}

type Settings = z.infer<typeof previewShape>['settings']

/** Asks for all, a part at a time. */
async function askAll(client: AdminClient, people: readonly Person[], groups: readonly Group[]) {
  const [users, teams]: [Line[], Line[]] = [[], []]
  let settings: Settings | undefined
  const length = Math.max(people.length, groups.length, 1)
  for (let at = 0; at < length; at += BATCH) {
    const part = <T>(list: readonly T[]) => list.slice(at, at + BATCH)
    const body = { users: part(people), groups: part(groups) }
    const preview = await client.send('POST', '/migration/preview', previewShape, { body })
    settings = preview.settings
    users.push(
      ...preview.users.map(({ userName, outcome, by, detail, account }) => ({
        ...{ kind: 'user' as const, name: userName, outcome, by, detail, id: account?.id },
      })),
    )
    teams.push(
      ...preview.groups.map(({ displayName, outcome, by, detail, team }) => ({
        ...{ kind: 'team' as const, name: displayName, outcome, by, detail, id: team?.id },
      })),
    )
  }
  return { settings, users, teams }
}

/** What only one person can have, as it is compared. */
function claimsOfPerson({ userName, externalId, email }: Person): string[] {
  const all = [
    ['userName', fold(userName)],
    ['externalId', externalId],
    ['email', email && fold(email)],
  ]
  return all.flatMap(([name, value]) => (value ? [`${name} ${value}`] : []))
}

/** The server sees a part of the list at a time; what two parts claim is found out here. */
function claimedOnce(lines: readonly Line[], claims: readonly (readonly string[])[]): Line[] {
  const keysOf = (line: Line, at: number) =>
    line.outcome === 'conflict'
      ? []
      : [...(claims[at] ?? []), ...(line.id ? [`id ${line.id}`] : [])]
  const owners = new Map<string, number[]>()
  for (const [at, line] of lines.entries()) {
    for (const key of keysOf(line, at)) owners.set(key, [...(owners.get(key) ?? []), at])
  }
  return lines.map((line, at) => {
    if (line.outcome === 'conflict') return line
    const all = keysOf(line, at).map((key) => owners.get(key) ?? [])
    const others = [...new Set(all.flat())].filter((other) => other !== at)
    if (others.length === 0) return line
    const names = others.slice(0, 5).map((other) => `entry ${other + 1} (${lines[other]?.name})`)
    const detail = `The list has the same again in ${names.join(', ')}; correct the list.`
    return { ...line, outcome: 'ambiguous', detail }
  })
}

/** The accounts and teams that SCIM does not manage, and that no entry stands for. */
async function onlyInGrafana(
  client: AdminClient,
  lines: readonly Line[],
  withTeams: boolean,
): Promise<Line[]> {
  const known = new Set(lines.flatMap(({ id }) => id ?? []))
  const rest = (kind: Line['kind']) => (all: readonly { id: string; name: string }[]) =>
    all
      .filter(({ id }) => !known.has(id))
      .map(({ id, name }) => ({ kind, name, outcome: 'only in Grafana', id }))
  const accounts = await readAll(client, '/accounts', 'accounts', accountShape, {
    isProvisioned: 'false',
  })
  const users = accounts.map(({ id, login }) => ({ id, name: login }))
  if (!withTeams) return rest('user')(users)
  const teams = await readAll(client, '/teams', 'teams', teamShape, { isProvisioned: 'false' })
  return [...rest('user')(users), ...rest('team')(teams)]
}

function describe(
  lines: readonly Line[],
  settings: Settings | undefined,
  withGroups: boolean,
): string {
  const shown = table(
    ['', 'NAME', 'OUTCOME', 'BY', 'ID', 'DETAIL'],
    lines.map(({ kind, name, outcome, by, id, detail }) => [
      ...[kind, name, outcome, by ?? '', id ?? '', detail ?? ''],
    ]),
  )
  const sums = outcomes.flatMap((outcome) => {
    const all = lines.filter((line) => line.outcome === outcome)
    return all.length === 0 ? [] : [`${all.length} ${outcome}`]
  })
  const off = [
    ...(settings?.enableUserSync ? [] : ['User sync']),
    ...(settings?.enableGroupSync || !withGroups ? [] : ['Group sync']),
  ]
  const hint =
    off.length === 0
      ? ''
      : `\n${off.join(' and ')} ${off.length === 1 ? 'is' : 'are'} off: until it is turned on (settings set), nothing is written.`
  if (lines.length === 0) return `Neither the list nor the directory holds anybody.${hint}`
  return `${shown}\n\n${sums.join(', ')}.${hint}`
}
