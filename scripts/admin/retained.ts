import type { Command } from 'commander'
import { z } from 'zod'
import { type AdminClient, path, readAll } from '../lib/admin-client.ts'
import { parseDuration } from '../lib/expiry.ts'
import { failure } from '../lib/failure.ts'
import { table } from '../lib/table.ts'
import { type AdminWorld, connectNamespace, example, namespaceCommand } from './connection.ts'
import { count, shortTime } from './text.ts'

const retainedShape = z.looseObject({
  id: z.string(),
  login: z.string(),
  email: z.string().nullable(),
  externalId: z.string().nullable(),
  created: z.string(),
  deleted: z.string(),
})

const purgedShape = z.looseObject({ purged: z.number(), more: z.boolean() })

const purgeOptions = z.object({ olderThan: z.string().optional(), yes: z.boolean().optional() })

const DAY = 86_400_000

/** `retained`: accounts that the provider deleted and that are kept for audit. */
export function addRetainedCommands(root: Command, world: AdminWorld): void {
  const group = root
    .command('retained')
    .description('list and purge the records of deleted accounts')
    .addHelpText('after', example('retained list --namespace stacks-5'))

  namespaceCommand(
    group,
    'list',
    'list the deleted accounts that are retained',
    'retained list --namespace stacks-5',
  ).action(async (_options: unknown, command: Command) => {
    const { client, namespace, print } = connectNamespace(command, world)
    const retained = await readAll(client, '/retained', 'retained', retainedShape)
    print(retained, () => retainedTable(retained, namespace))
  })

  namespaceCommand(
    group,
    'purge',
    'remove retained accounts for good, with what events tell of the person',
    'retained purge --namespace stacks-5 --older-than 365d --yes',
  )
    .argument('[id]', 'the account to purge, from retained list')
    .option('--older-than <duration>', 'purge all that were deleted longer ago than, say, 365d')
    .option('--yes', 'confirm --older-than; without it nothing is purged')
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const { olderThan, yes } = purgeOptions.parse(command.opts())
      const { client, namespace, print } = connectNamespace(command, world)
      if (id !== undefined && olderThan === undefined) {
        await client.send('DELETE', path`/retained/${id}`, z.unknown())
        return print({ id, purged: true }, () => `The retained account ${id} is purged.`)
      }
      if (id !== undefined || olderThan === undefined) {
        throw failure('Say what is to be purged: either an id, or --older-than with a duration.')
      }
      const olderThanDays = parseDuration('--older-than', olderThan) / DAY
      if (!yes) {
        throw failure(
          `Purging ${namespace} removes what was deleted more than ${olderThan} ago for good; ` +
            'add --yes to confirm.',
        )
      }
      const purged = await purge(client, olderThanDays)
      print({ purged }, () => `${count(purged, 'retained account')} purged.`)
    })
}

/** The server purges a part at a time. */
async function purge(client: AdminClient, olderThanDays: number): Promise<number> {
  for (let total = 0; ; ) {
    const body = { olderThanDays }
    const { purged, more } = await client.send('POST', '/retained/purge', purgedShape, { body })
    total += purged
    // What cannot be purged must not be asked for over and over.
    if (!more || purged === 0) return total
  }
}

function retainedTable(
  retained: readonly z.infer<typeof retainedShape>[],
  namespace: string,
): string {
  if (retained.length === 0) return `The namespace ${namespace} retains no deleted account.`
  return table(
    ['ID', 'LOGIN', 'E-MAIL', 'EXTERNALID', 'CREATED', 'DELETED'],
    retained.map(({ id, login, email, externalId, created, deleted }) => [
      id,
      login,
      email ?? '',
      externalId ?? '',
      shortTime(created),
      shortTime(deleted),
    ]),
  )
}
