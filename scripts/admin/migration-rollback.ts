// `migration rollback`: adopted accounts and teams as they were before.
import type { Command } from 'commander'
import { z } from 'zod'
import type { AdminClient } from '../lib/admin-client.ts'
import { failure } from '../lib/failure.ts'
import { table } from '../lib/table.ts'
import { type AdminWorld, connectNamespace, namespaceCommand } from './connection.ts'
import { readConfig } from './settings.ts'
import { count } from './text.ts'

const subjectShape = z.looseObject({ id: z.string(), type: z.string(), name: z.string() })

const rolledBackShape = subjectShape.extend({
  attributes: z.array(z.string()),
  members: z
    .looseObject({ added: z.number(), removed: z.number(), skipped: z.number() })
    .optional(),
})

const refusedShape = subjectShape.extend({
  reason: z.string(),
  detail: z.string(),
  changes: z.array(z.string()).optional(),
})

const answerShape = z.looseObject({
  rolledBack: z.array(rolledBackShape),
  refused: z.array(refusedShape),
  nextCursor: z.string().nullish(),
})

type RolledBack = z.infer<typeof rolledBackShape>
type Refused = z.infer<typeof refusedShape>

const options = z.object({
  user: z.string().optional(),
  team: z.string().optional(),
  all: z.literal(true).optional(),
  force: z.boolean().optional(),
  dryRun: z.boolean().optional(),
  yes: z.boolean().optional(),
})

/** `migration rollback`: one account, one team, or all. */
export function addRollbackCommand(parent: Command, world: AdminWorld): void {
  namespaceCommand(
    parent,
    'rollback',
    'put adopted accounts and teams back as they were before SCIM managed them',
    'migration rollback --namespace stacks-5 --all --dry-run',
  )
    .option('--user <user>', 'the account of this id or login')
    .option('--team <team>', 'the team of this id or name')
    .option('--all', 'all accounts and teams that were adopted')
    .option('--force', 'give up what was changed after the adoption')
    .option('--dry-run', 'tell what would be done, and do nothing')
    .option('--yes', 'confirm that all are meant')
    .action(async (_options: unknown, command: Command) => {
      const { user, team, all, yes, ...how } = options.parse(command.opts())
      const { force = false, dryRun = false } = how
      if ([user, team, all].filter((one) => one !== undefined).length !== 1) {
        throw failure('Say what is to be rolled back: --user, --team or --all.')
      }
      const { client, namespace, print } = connectNamespace(command, world)
      const nextPush = await nextPushOf(client, {
        users: team === undefined,
        teams: user === undefined,
      })
      if (all && !dryRun && !yes) {
        throw failure(
          `Rolling back ${namespace} puts all adopted accounts and teams back as they were before SCIM managed ` +
            `them. ${nextPush ?? ''} Add --yes to confirm, or --dry-run to see what would be done.`,
        )
      }
      const target = all === undefined ? { user, team } : { all }
      const { rolledBack, refused } = await rollBack(client, { ...target, force, dryRun })
      print({ dryRun, rolledBack, refused, nextPush: nextPush ?? null }, () => {
        const table = describe(rolledBack, refused, dryRun)
        return nextPush === undefined ? table : `${table}\n\n${nextPush}`
      })
      if (refused.length > 0) {
        const left = count(refused.length, 'account or team was', 'accounts and teams were')
        throw failure(`${left} left as ${refused.length === 1 ? 'it is' : 'they are'}.`)
      }
    })
}

/** What the next push of the identity provider would do to it, where its sync is on. */
async function nextPushOf(
  client: AdminClient,
  { users, teams }: { readonly users: boolean; readonly teams: boolean },
): Promise<string | undefined> {
  const { spec } = await readConfig(client)
  const on = [
    ...(users && spec.enableUserSync ? ['user'] : []),
    ...(teams && spec.enableGroupSync ? ['group'] : []),
  ]
  if (on.length === 0) return undefined
  const names = on.map((name) => `${name} sync`).join(' and ')
  const switches = on.map((name) => `--${name}-sync off`).join(' ')
  return (
    `The provider's next push adopts again what it matches, as ${names} ${on.length === 1 ? 'is' : 'are'} on; ` +
    `stop the provider first, or run settings set ${switches}.`
  )
}

/**
 * Rolls back to the end of the list. What failed since another one had its name is tried again as
 * long as others go back, which may have been the ones.
 */
async function rollBack(
  client: AdminClient,
  request: { readonly all?: true | undefined; readonly force: boolean; readonly dryRun: boolean },
): Promise<{ rolledBack: RolledBack[]; refused: Refused[] }> {
  const rolledBack: RolledBack[] = []
  for (;;) {
    const refused: Refused[] = []
    const before = rolledBack.length
    for (let cursor: string | undefined; ; ) {
      const body = { ...request, cursor }
      const page = await client.send('POST', '/migration/rollback', answerShape, { body })
      rolledBack.push(...page.rolledBack)
      refused.push(...page.refused)
      if (!page.nextCursor) break
      cursor = page.nextCursor
    }
    const progress = rolledBack.length > before
    const blocked = refused.some(({ reason }) => reason === 'taken')
    if (!request.all || request.dryRun || !progress || !blocked) return { rolledBack, refused }
  }
}

function describe(
  rolledBack: readonly RolledBack[],
  refused: readonly Refused[],
  dryRun: boolean,
): string {
  const done = dryRun ? 'would be rolled back' : 'rolled back'
  const rows = [
    ...rolledBack.map(({ type, name, id, attributes, members }) => {
      const what = [...attributes, ...(members ? membersOf(members) : [])].join(', ')
      return [type, name, id, done, what]
    }),
    ...refused.map(({ type, name, id, reason, detail }) => [type, name, id, reason, detail]),
  ]
  if (rows.length === 0) return 'No account or team was adopted.'
  return table(['', 'NAME', 'ID', 'OUTCOME', 'WHAT'], rows)
}

function membersOf(members: NonNullable<RolledBack['members']>): string[] {
  const { added, removed, skipped } = members
  return [
    ...(added > 0 ? [`${count(added, 'member')} back`] : []),
    ...(removed > 0 ? [`${count(removed, 'member')} gone`] : []),
    ...(skipped > 0 ? [`${count(skipped, 'member')} deleted meanwhile`] : []),
  ]
}
