import type { Command } from 'commander'
import { z } from 'zod'
import { path, readAll } from '../lib/admin-client.ts'
import { table } from '../lib/table.ts'
import { type AdminWorld, connectNamespace, example, namespaceCommand } from './connection.ts'
import { shortTime } from './text.ts'

const conflictShape = z.looseObject({
  id: z.string(),
  subject: z.string(),
  reason: z.string(),
  status: z.number(),
  detail: z.string(),
  remedy: z.string(),
  request: z.looseObject({ method: z.string(), path: z.string() }),
  account: z.string(),
  count: z.number(),
  first: z.string(),
  last: z.string(),
})

type Conflict = z.infer<typeof conflictShape>

interface Narrowed {
  readonly subject?: string
  readonly reason?: string
}

/** `conflicts`: refused provisioning requests, and settling them. */
export function addConflictCommands(root: Command, world: AdminWorld): void {
  const group = root
    .command('conflicts')
    .description('list and settle the provisioning requests that were refused')
    .addHelpText('after', example('conflicts --namespace stacks-5'))

  namespaceCommand(
    group,
    'list',
    'list the open conflicts, those that occurred last first',
    'conflicts --namespace stacks-5 --subject ada@example.com',
    { isDefault: true },
  )
    .option('--subject <name>', 'about this userName, name of a team, id or path')
    .option('--reason <reason>', 'refused for this, such as scim.uniqueness')
    .action(async ({ subject, reason }: Narrowed, command: Command) => {
      const { client, namespace, print } = connectNamespace(command, world)
      const conflicts = await readAll(client, '/conflicts', 'conflicts', conflictShape, {
        subject,
        reason,
      })
      const narrowed = subject !== undefined || reason !== undefined
      print(conflicts, () => describe(conflicts, namespace, narrowed))
    })

  namespaceCommand(
    group,
    'settle',
    'forget a conflict; it comes back when it occurs again',
    'conflicts settle --namespace stacks-5 c0mjq1x2y3',
  )
    .argument('<id>', 'the conflict, from conflicts')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { client, print } = connectNamespace(command, world)
      await client.send('DELETE', path`/conflicts/${id}`, z.unknown())
      print({ id, settled: true }, () => `The conflict ${id} is settled.`)
    })
}

function describe(conflicts: readonly Conflict[], namespace: string, narrowed: boolean): string {
  if (conflicts.length === 0) {
    return narrowed
      ? `The namespace ${namespace} has no such open conflict.`
      : `The namespace ${namespace} has no open conflict.`
  }
  const overview = table(
    ['ID', 'SUBJECT', 'STATUS', 'COUNT', 'LAST', 'ACCOUNT', 'WHAT WAS WRONG'],
    conflicts.map(({ id, subject, status, detail, count, last, account }) => [
      id,
      short(subject),
      String(status),
      String(count),
      shortTime(last),
      account,
      detail,
    ]),
    ['left', 'left', 'right', 'right'],
  )
  // What to do is the same for all conflicts of one reason.
  const byReason = new Map(conflicts.map((conflict) => [conflict.reason, conflict]))
  const advice = [...byReason.values()].map(({ reason, remedy }) => {
    const ids = conflicts.filter((conflict) => conflict.reason === reason).map(({ id }) => id)
    const more = ids.length > 3 ? ` and ${ids.length - 3} more` : ''
    return `${ids.slice(0, 3).join(', ')}${more} (${reason}): ${remedy}`
  })
  return [overview, '', ...advice, '', '--json shows the request of each.'].join('\n')
}

/** A subject in the width of a column. */
function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}
