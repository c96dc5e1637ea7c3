import type { Command } from 'commander'
import { z } from 'zod'
import { inNamespace } from '../lib/admin-client.ts'
import { failure } from '../lib/failure.ts'
import { facts, table } from '../lib/table.ts'
import { type AdminWorld, connect, connectNamespace, namespaceCommand } from './connection.ts'
import { count, onOff, shortTime } from './text.ts'

const time = z.string().nullable()

const statusShape = z.looseObject({
  namespace: z.string(),
  users: z.number(),
  teams: z.number(),
  managed: z.looseObject({ users: z.number(), teams: z.number() }),
  retained: z.number(),
  conflicts: z.number(),
  changes: z.looseObject({ lastHour: z.number(), lastDay: z.number() }),
  refusals: z.looseObject({ lastHour: z.number(), lastDay: z.number() }),
  failedCredentials: z.array(
    z.looseObject({ reason: z.string(), count: z.number(), since: time, last: time }),
  ),
  deniedLogins: z.array(
    z.looseObject({ reason: z.string(), count: z.number(), since: time, last: time }),
  ),
  serviceAccounts: z.array(
    z.looseObject({
      id: z.string(),
      name: z.string(),
      isDisabled: z.boolean(),
      lastRequestAt: time,
      lastChangeAt: time,
    }),
  ),
  ignoredAttributes: z.array(
    z.looseObject({
      serviceAccount: z.string(),
      resourceType: z.string(),
      name: z.string(),
      count: z.number(),
      last: time,
      didYouMean: z.string().nullable(),
    }),
  ),
  expiringTokens: z.array(
    z.looseObject({
      serviceAccount: z.string(),
      id: z.string(),
      name: z.string(),
      expiration: time,
    }),
  ),
  inheritedMembers: z.looseObject({ count: z.number(), capped: z.boolean() }),
  settings: z.looseObject({
    enableUserSync: z.boolean(),
    enableGroupSync: z.boolean(),
    rejectNonProvisionedUsers: z.boolean(),
    requireExternalId: z.boolean(),
    hideNonProvisionedUsers: z.boolean(),
  }),
  settingsSource: z.string(),
})

const healthShape = z.looseObject({
  status: z.enum(['ok', 'warn', 'fail']),
  checks: z.array(
    z.looseObject({
      name: z.string(),
      status: z.enum(['ok', 'warn', 'fail']),
      detail: z.string(),
      remedy: z.string().optional(),
    }),
  ),
})

const healthOptions = z.object({ all: z.boolean().optional(), namespace: z.string().optional() })

const listShape = z.looseObject({ items: z.array(z.looseObject({ name: z.string() })) })

type Status = z.infer<typeof statusShape>
type Health = z.infer<typeof healthShape>

/** `status` and `health`: how provisioning goes in a namespace. */
export function addStatusCommands(root: Command, world: AdminWorld): void {
  namespaceCommand(
    root,
    'status',
    'show what there is in a namespace and what came in lately',
    'status --namespace stacks-5',
  ).action(async (_options: unknown, command: Command) => {
    const { client, print } = connectNamespace(command, world)
    const status = await client.send('GET', '/status', statusShape)
    print(status, () => describeStatus(status))
  })

  namespaceCommand(
    root,
    'health',
    'check a namespace and say what to mend; exit status 1 when a check fails',
    'health --namespace stacks-5',
  )
    .option('--all', 'check every namespace of the deployment')
    .action(async (_options: unknown, command: Command) => {
      const { all, namespace } = healthOptions.parse(command.opts())
      if (!all) return checkOne(command, world)
      if (namespace !== undefined) {
        throw failure('--all is about every namespace; leave --namespace out.')
      }
      return checkAll(command, world)
    })
}

async function checkOne(command: Command, world: AdminWorld): Promise<void> {
  const { client, print } = connectNamespace(command, world)
  const health = await client.send('GET', '/health', healthShape)
  print(health, () => describeHealth(health))
  const failed = health.checks.filter(({ status }) => status === 'fail').length
  if (failed > 0) throw failure(`${count(failed, 'check')} failed.`)
}

async function checkAll(command: Command, world: AdminWorld): Promise<void> {
  const { client, print } = connect(command, world)
  const { items } = await client.send('GET', '', listShape)
  const healths: (Health & { readonly namespace: string })[] = []
  for (const { name } of items) {
    const health = await inNamespace(client, name).send('GET', '/health', healthShape)
    healths.push({ namespace: name, ...health })
  }
  print(healths, () =>
    healths.length === 0
      ? 'There is no namespace.'
      : healths.map((health) => `${health.namespace}\n${describeHealth(health)}`).join('\n\n'),
  )
  const failing = healths.filter(({ status }) => status === 'fail')
  if (failing.length > 0) {
    const names = failing.map(({ namespace }) => namespace).join(', ')
    throw failure(`${count(failing.length, 'namespace')} of ${healths.length} failed: ${names}.`)
  }
}

/** A number that may be more than was counted. */
function atLeast(number: number, capped: boolean): string {
  return capped ? `${number} or more` : String(number)
}

function describeStatus(status: Status): string {
  const { users, teams, managed, changes, refusals, inheritedMembers, settings } = status
  const blocks = [
    facts([
      ['Namespace', status.namespace],
      ['Users', `${users}, ${managed.users} of them managed by SCIM`],
      ['Teams', `${teams}, ${managed.teams} of them managed by SCIM`],
      ['Retained', String(status.retained)],
      ['Inherited members', atLeast(inheritedMembers.count, inheritedMembers.capped)],
      ['Open conflicts', String(status.conflicts)],
      ['Changes', `${changes.lastHour} in an hour, ${changes.lastDay} in a day`],
      ['Refusals', `${refusals.lastHour} in an hour, ${refusals.lastDay} in a day`],
      ['User sync', onOff(settings.enableUserSync)],
      ['Group sync', onOff(settings.enableGroupSync)],
      ['Reject non-provisioned', onOff(settings.rejectNonProvisionedUsers)],
      ['Require externalId', onOff(settings.requireExternalId)],
      ['Hide non-provisioned', onOff(settings.hideNonProvisionedUsers)],
      ['Settings from', status.settingsSource],
    ]),
  ]
  if (status.serviceAccounts.length > 0) {
    blocks.push(
      table(
        ['SERVICE ACCOUNT', 'STATE', 'LAST REQUEST', 'LAST CHANGE'],
        status.serviceAccounts.map(({ name, isDisabled, lastRequestAt, lastChangeAt }) => [
          name,
          isDisabled ? 'disabled' : 'enabled',
          shortTime(lastRequestAt),
          shortTime(lastChangeAt),
        ]),
      ),
    )
  }
  if (status.failedCredentials.length > 0) {
    blocks.push(
      table(
        ['FAILED CREDENTIAL', 'COUNT', 'SINCE', 'LAST'],
        status.failedCredentials.map(({ reason, count: times, since, last }) => [
          reason,
          String(times),
          shortTime(since),
          shortTime(last),
        ]),
      ),
    )
  }
  if (status.deniedLogins.length > 0) {
    blocks.push(
      table(
        ['DENIED LOGIN', 'COUNT', 'SINCE', 'LAST'],
        status.deniedLogins.map(({ reason, count: times, since, last }) => [
          reason,
          String(times),
          shortTime(since),
          shortTime(last),
        ]),
      ),
    )
  }
  if (status.ignoredAttributes.length > 0) {
    blocks.push(
      table(
        ['IGNORED ATTRIBUTE', 'OF', 'SERVICE ACCOUNT', 'COUNT', 'LAST', 'DID YOU MEAN'],
        status.ignoredAttributes.map((one) => [
          one.name,
          one.resourceType,
          one.serviceAccount,
          String(one.count),
          shortTime(one.last),
          one.didYouMean ?? '',
        ]),
      ),
    )
  }
  if (status.expiringTokens.length > 0) {
    blocks.push(
      table(
        ['EXPIRING TOKEN', 'SERVICE ACCOUNT', 'ID', 'EXPIRES'],
        status.expiringTokens.map(({ serviceAccount, id, name, expiration }) => [
          name,
          serviceAccount,
          id,
          shortTime(expiration),
        ]),
      ),
    )
  }
  return blocks.join('\n\n')
}

function describeHealth({ checks }: Health): string {
  return checks
    .flatMap(({ name, status, detail, remedy }) => [
      `${status.padEnd(4)}  ${name}: ${detail}`,
      ...(remedy === undefined ? [] : [`      ${remedy}`]),
    ])
    .join('\n')
}
