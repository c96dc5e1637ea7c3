import type { Command } from 'commander'
import { z } from 'zod'
import { failure } from '../lib/failure.ts'
import { table } from '../lib/table.ts'
import { type AdminWorld, connectNamespace, namespaceCommand } from './connection.ts'
import { type Plan, readPlan } from './import-files.ts'
import { type Result, sendPlan } from './import-requests.ts'
import { count } from './text.ts'

const files = z.array(z.string()).default([])
const options = z.object({
  users: files,
  teams: files,
  members: files,
  dryRun: z.boolean().default(false),
})

/** How many faults of the files are told; with more, the file is another than it was taken for. */
const TOLD = 20

/** What the reader of the summary wants to see one by one. */
const NOTABLE: readonly string[] = ['conflict', 'unknown', 'managed']

/** `import`: people, teams and members from another directory, such as Grafana's own. */
export function addImportCommand(root: Command, world: AdminWorld): void {
  namespaceCommand(
    root,
    'import',
    'create and update accounts, teams and memberships that SCIM does not manage, from files',
    'import --namespace stacks-5 --users org-users.json --teams teams.json ' +
      '--members members-1.json members-2.json --dry-run',
  )
    .option(
      '--users <file...>',
      'JSON of /api/org/users or /api/users/search, or CSV: login,email,name,isDisabled',
    )
    .option('--teams <file...>', 'JSON of /api/teams/search, or CSV: name')
    .option(
      '--members <file...>',
      'JSON of /api/teams/{id}/members (with --teams), or CSV: team,login or team,email',
    )
    .option('--dry-run', 'show what would happen, and write nothing')
    .action(async (_options: unknown, command: Command) => {
      const { dryRun, ...names } = options.parse(command.opts())
      if (Object.values(names).every(({ length }) => length === 0)) {
        throw failure('There is nothing to import: give --users, --teams or --members.')
      }
      const { plan, problems } = readPlan(names)
      if (problems.length > 0) {
        for (const problem of problems.slice(0, TOLD)) world.terminal.error(problem)
        const rest = problems.length > TOLD ? `, of which these are the first ${TOLD}` : ''
        throw failure(`${count(problems.length, 'fault')} in the files${rest}; nothing was sent.`)
      }
      const { client, namespace, print } = connectNamespace(command, world)
      const progress = world.openProgress()
      const results: Result[] = []
      const interrupted = world.untilInterrupted()
      const show = () => {
        progress.close()
        print(exported(results, plan, dryRun), () => describe(results, namespace, dryRun))
      }
      try {
        await sendPlan(client, plan, { dryRun, interrupted, progress, results })
      } catch (error) {
        // What is done stays done, and is told before the reason why the rest is not.
        if (results.length > 0) show()
        throw error
      } finally {
        progress.close()
      }
      show()
      const open = results.filter(({ outcome }) => outcome === 'conflict' || outcome === 'unknown')
      if (open.length > 0) {
        throw failure(
          `${count(open.length, 'entry is', 'entries are')} in conflict or unknown; ` +
            `the others ${dryRun ? 'would be' : 'are'} imported.`,
        )
      }
    })
}

/** What --json prints. */
function exported(results: readonly Result[], plan: Plan, dryRun: boolean) {
  const of = (wanted: Result['kind']) =>
    results.flatMap(({ kind, place, answer }) => (kind === wanted ? [{ ...answer, place }] : []))
  const total = plan.users.length + plan.teams.length + plan.members.length
  return {
    dryRun,
    complete: results.length === total,
    users: of('account'),
    teams: of('team'),
    members: of('member'),
  }
}

function describe(results: readonly Result[], namespace: string, dryRun: boolean): string {
  if (results.length === 0) return 'The files hold nothing to import.'
  const parts = [
    dryRun
      ? `What the import into ${namespace} would do; nothing is written:`
      : `What the import into ${namespace} has done:`,
    summary(results),
  ]
  const notable = results.filter(({ outcome }) => NOTABLE.includes(outcome))
  if (notable.length > 0) {
    parts.push(
      table(
        ['OUTCOME', 'ENTRY', 'PLACE', 'DETAIL'],
        notable.map(({ outcome, kind, subject, place, detail }) => [
          outcome,
          `${kind} ${subject}`,
          place,
          detail ?? (outcome === 'unknown' ? 'Its team or account does not exist.' : ''),
        ]),
      ),
    )
  }
  return parts.join('\n\n')
}

function summary(results: readonly Result[]): string {
  const counts = new Map<string, number>()
  for (const { kind, outcome } of results) {
    const key = `${kind} ${outcome}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return table(
    ['KIND', 'OUTCOME', 'COUNT'],
    [...counts].map(([key, number]) => [...key.split(' '), String(number)]),
    ['left', 'left', 'right'],
  )
}
