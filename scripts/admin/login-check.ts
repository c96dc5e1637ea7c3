import type { Command } from 'commander'
import { z } from 'zod'
import { parseInstant } from '../lib/expiry.ts'
import { failure } from '../lib/failure.ts'
import { facts, table } from '../lib/table.ts'
import { type AdminWorld, connectNamespace, namespaceCommand } from './connection.ts'
import { listed, managedBy, shortTime } from './text.ts'

const decisionShape = z.looseObject({
  decision: z.enum(['allow', 'deny']),
  reason: z.string(),
  message: z.string(),
  messageId: z.string().nullable(),
  statusCode: z.number(),
  user: z
    .looseObject({
      id: z.string(),
      userName: z.string(),
      email: z.string().nullable(),
      externalId: z.string().nullable(),
      isProvisioned: z.boolean(),
      active: z.boolean(),
    })
    .nullable(),
  teams: z.array(z.looseObject({ id: z.string(), name: z.string() })),
  sessionsValidFrom: z.number().nullable(),
})

type Decision = z.infer<typeof decisionShape>

const deniedShape = z.looseObject({
  denied: z.array(
    z.looseObject({
      subject: z.string(),
      reason: z.string(),
      detail: z.string(),
      count: z.number(),
      first: z.string(),
      last: z.string(),
    }),
  ),
})

const options = z.object({
  denied: z.boolean().optional(),
  externalId: z.string().optional(),
  userName: z.string().optional(),
  email: z.string().optional(),
  issuedAt: z.string().optional(),
  source: z.string().optional(),
})

/** `login-check`: whether somebody would be let in, and who was not. */
export function addLoginCheckCommand(root: Command, world: AdminWorld): void {
  namespaceCommand(
    root,
    'login-check',
    'tell whether a login would be allowed, and why; exit status 1 when it would not',
    'login-check --namespace stacks-5 --external-id 00u1 --user-name ada@example.com',
  )
    .option('--external-id <id>', 'the identity that the provider asserts')
    .option('--user-name <name>', 'the userName that it asserts')
    .option('--email <email>', 'the e-mail that it asserts')
    .option('--issued-at <time>', 'when the login was issued, as an ISO time')
    .option('--source <name>', 'where the login comes from')
    .option('--denied', 'list the logins that were denied lately: of one identity, or all')
    .action(async (_options: unknown, command: Command) => {
      const { issuedAt, denied, ...login } = options.parse(command.opts())
      if (denied) return listDenied(command, world)
      if (!login.externalId && !login.userName && !login.email) {
        throw failure('Say who logs in: give --external-id, --user-name or --email.')
      }
      const body = {
        ...login,
        issuedAt: issuedAt === undefined ? undefined : parseInstant('--issued-at', issuedAt),
      }
      const { client, print } = connectNamespace(command, world)
      const decision = await client.send('POST', '/login/check', decisionShape, { body })
      print(decision, () => describe(decision))
      if (decision.decision === 'deny') {
        throw failure(`The login would be denied: ${decision.message}`)
      }
    })
}

/** Prints the logins that were denied, of one identity where one is given. */
async function listDenied(command: Command, world: AdminWorld): Promise<void> {
  const { externalId, userName, email, issuedAt, source } = options.parse(command.opts())
  const [subject, second] = [userName, email, externalId].filter(Boolean)
  if (second !== undefined || issuedAt !== undefined || source !== undefined) {
    throw failure('With --denied, give one of --user-name, --email and --external-id, or none.')
  }
  const { client, print } = connectNamespace(command, world)
  const { denied } = await client.send('GET', '/login/denied', deniedShape, { query: { subject } })
  print(denied, () => {
    if (denied.length === 0) return 'No login was denied.'
    return table(
      ['SUBJECT', 'COUNT', 'FIRST', 'LAST', 'WHY'],
      denied.map(({ subject, count, first, last, reason, detail }) => [
        ...[subject, String(count), shortTime(first), shortTime(last), `${detail} (${reason})`],
      ]),
      ['left', 'right'],
    )
  })
}

function describe({ decision, reason, user, teams, sessionsValidFrom }: Decision): string {
  const who = user === null ? 'nobody known' : `${user.userName} (${user.id})`
  return facts([
    ['Decision', decision],
    ['Reason', reason],
    ['User', who],
    ...(user === null
      ? []
      : [
          ['E-mail', user.email ?? 'none'] as const,
          ['externalId', user.externalId ?? 'none'] as const,
          ['Managed', managedBy(user.isProvisioned)] as const,
          ['State', user.active ? 'active' : 'deactivated'] as const,
          ['Teams', listed(teams.map(({ name }) => name))] as const,
        ]),
    ...sessions(sessionsValidFrom),
  ])
}

/** Since when logins count, or that none was ever revoked, as 1970 means. */
function sessions(since: number | null): (readonly [string, string])[] {
  if (since === null) return []
  return [since === 0 ? ['Logins', 'never revoked'] : ['Logins count from', shortTime(since)]]
}
