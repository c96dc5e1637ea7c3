import type { Command } from 'commander'
import { z } from 'zod'
import { type AdminClient, PAGE, type Query } from '../lib/admin-client.ts'
import { failure } from '../lib/failure.ts'
import { table } from '../lib/table.ts'
import { type AdminWorld, connectNamespace, namespaceCommand } from './connection.ts'
import { shortTime } from './text.ts'

const changesShape = z
  .looseObject({
    before: z.record(z.string(), z.unknown()).optional(),
    after: z.record(z.string(), z.unknown()).optional(),
    added: z.array(z.unknown()).optional(),
    removed: z.array(z.unknown()).optional(),
    skipped: z.array(z.unknown()).optional(),
  })
  // What another kind of change looks like is no reason not to list the event.
  .catch({})

const eventShape = z.looseObject({
  seq: z.number(),
  at: z.string(),
  actor: z.looseObject({
    serviceAccount: z.string().optional(),
    serviceAccountId: z.string().optional(),
    token: z.string().nullish(),
    operator: z.boolean().optional(),
  }),
  action: z.string(),
  subject: z.string(),
  subjectName: z.string().optional(),
  outcome: z.string(),
  changes: z.unknown(),
  requestId: z.string().nullable(),
})

const pageShape = z.looseObject({
  events: z.array(eventShape),
  nextCursor: z.string().nullish(),
})

type Event = z.infer<typeof eventShape>

const options = z.object({
  from: z.string().optional(),
  to: z.string().optional(),
  actor: z.string().optional(),
  subject: z.string().optional(),
  action: z.string().optional(),
  outcome: z.string().optional(),
  limit: z.string().optional(),
  format: z.string(),
  follow: z.boolean().optional(),
})

/** How many events a table shows unless told otherwise. */
const SHOWN = 100

/** How long a follower waits before it asks again. */
const PAUSE = 2000

/** `events`: who changed what, and when. */
export function addEventsCommand(root: Command, world: AdminWorld): void {
  namespaceCommand(
    root,
    'events',
    'show the changes of a namespace, the newest first, or follow them as they happen',
    'events --namespace stacks-5 --actor okta --action user. --from 2026-11-01',
  )
    .option('--from <time>', 'not before this ISO time')
    .option('--to <time>', 'before this ISO time')
    .option('--actor <name>', 'by the service account of this name or id, or by operator')
    .option('--subject <who>', 'of this account or team, by userName, e-mail, name or id')
    .option('--action <action>', 'such as user.update, or user. for everything done to users')
    .option('--outcome <outcome>', 'success or partial')
    .option('--limit <number>', `at most so many (default: ${SHOWN}, or all as ndjson or csv)`)
    .option('--format <format>', 'table, ndjson or csv', 'table')
    .option('--follow', 'print a line for every event from now (or from --from) on, until Ctrl-C')
    .action(async (_options: unknown, command: Command) => {
      const { limit: limitText, format, follow, ...filter } = options.parse(command.opts())
      const limit = limitText === undefined ? undefined : readLimit(limitText)
      if (format !== 'table' && format !== 'ndjson' && format !== 'csv') {
        throw failure(`--format is table, ndjson or csv, not '${format}'.`)
      }
      const { client, json, print } = connectNamespace(command, world)
      if (follow) {
        requireEndless({ json, format, limit, to: filter.to })
        const line = format === 'ndjson' ? (event: Event) => JSON.stringify(event) : lineOf
        return followEvents(client, filter, world, (event) => world.terminal.out(line(event)))
      }
      if (format !== 'table') {
        if (json) throw failure(`--json and --format ${format} exclude each other.`)
        const text = await client.text('/events', { ...filter, limit, format })
        if (text.trimEnd() !== '') world.terminal.out(text.trimEnd())
        return
      }
      const { events, more } = await readEvents(client, filter, limit ?? SHOWN)
      print(events, () => eventTable(events, more))
    })
}

function readLimit(text: string): number {
  const limit = Number(text)
  if (!/^\d+$/.test(text) || limit < 1 || !Number.isSafeInteger(limit)) {
    throw failure(`--limit is a whole number from 1, not '${text}'.`)
  }
  return limit
}

/** What goes on until it is stopped has no end, no size, and is no single value. */
function requireEndless(given: {
  json: boolean
  format: string
  limit: number | undefined
  to: string | undefined
}): void {
  if (given.json) throw failure('--follow has no end; with it, give --format ndjson, not --json.')
  if (given.format === 'csv') throw failure('--follow prints lines or --format ndjson, not csv.')
  if (given.limit !== undefined) throw failure('--follow and --limit exclude each other.')
  if (given.to !== undefined) throw failure('--follow and --to exclude each other.')
}

async function readEvents(
  client: AdminClient,
  filter: Query,
  limit: number,
): Promise<{ events: Event[]; more: boolean }> {
  const events: Event[] = []
  for (let cursor: string | undefined; ; ) {
    const query = { ...filter, limit: Math.min(PAGE, limit - events.length), cursor }
    const page = await client.send('GET', '/events', pageShape, { query })
    events.push(...page.events)
    if (!page.nextCursor) return { events, more: false }
    if (events.length >= limit) return { events, more: true }
    cursor = page.nextCursor
  }
}

/** Hands on every event that matches, in the order in which they happen, until it is stopped. */
async function followEvents(
  client: AdminClient,
  filter: Query,
  world: AdminWorld,
  show: (event: Event) => void,
): Promise<void> {
  const interrupted = world.untilInterrupted()
  const ask = (query: Query) => client.send('GET', '/events', pageShape, { query })
  let cursor: number | undefined
  if (filter.from === undefined) {
    // Whoever follows from now on needs the place of the last event, whatever that was.
    const { events } = await ask({ limit: 1 })
    cursor = events[0]?.seq ?? 0
  }
  while (!interrupted.aborted) {
    const page = await ask({ ...filter, order: 'asc', cursor, limit: PAGE })
    for (const event of page.events) {
      show(event)
      cursor = event.seq
    }
    if (!page.nextCursor) await world.sleep(PAUSE, interrupted)
  }
}

function eventTable(events: readonly Event[], more: boolean): string {
  if (events.length === 0) return 'No event matches.'
  const shown = table(
    ['SEQ', 'AT', 'ACTOR', 'ACTION', 'SUBJECT', 'NAME', 'OUTCOME', 'CHANGES'],
    events.map((event) => [
      String(event.seq),
      shortTime(event.at),
      actorOf(event),
      event.action,
      event.subject,
      event.subjectName ?? '',
      event.outcome,
      changesOf(event),
    ]),
    ['right'],
  )
  return more ? `${shown}\n\nThere are more; raise --limit or narrow them down.` : shown
}

/** One event in a line, to be read as it scrolls by. */
function lineOf(event: Event): string {
  const { action, subject, subjectName, outcome } = event
  const whom = subjectName === undefined ? subject : `${subject} (${subjectName})`
  return [shortTime(event.at), actorOf(event), action, whom, outcome, changesOf(event)]
    .join('  ')
    .trimEnd()
}

function actorOf({ actor }: Event): string {
  return actor.operator ? 'operator' : (actor.serviceAccount ?? 'unknown')
}

/** Which attributes have changed, and how many members. */
function changesOf(event: Event): string {
  const { before = {}, after = {}, added, removed, skipped } = changesShape.parse(event.changes)
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  const counts = [
    ['added', added],
    ['removed', removed],
    ['skipped', skipped],
  ] as const
  return [
    ...names,
    ...counts.flatMap(([what, ids]) => (ids && ids.length > 0 ? [`${ids.length} ${what}`] : [])),
  ].join(', ')
}
