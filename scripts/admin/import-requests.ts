// Carries an import out: users first, then teams, then members, who refer to both.
import { fold } from '../../src/scim/comparison.ts'
import { type AdminClient, isRefusal } from '../lib/admin-client.ts'
import { failure, isFailure } from '../lib/failure.ts'
import type { Progress } from '../lib/progress.ts'
import { type Answer, answerShape, type Outcome } from './import-answer.ts'
import type { Entry, ImportMember, Plan } from './import-files.ts'
import { createPreview } from './import-preview.ts'

/** How many users or teams a request carries: as many as the server takes. */
const RESOURCES = 50

/** How many members: fewer than the server takes, so that the bar moves and bodies stay small. */
const MEMBERS = 1000

/** Of how many teams the members of a request are: as many as the server takes. */
const TEAMS_OF_MEMBERS = 25

/** What has become of an entry. */
export interface Result {
  readonly kind: 'account' | 'team' | 'member'
  /** Who or what it is: a login, a name, `ada of Platform`. */
  readonly subject: string
  readonly place: string
  readonly outcome: Outcome
  readonly detail: string | undefined
  /** What the server says of it. */
  readonly answer: Answer
}

/** How an import is carried out. */
export interface Sending {
  readonly dryRun: boolean
  readonly interrupted: AbortSignal
  readonly progress: Progress
  /** Takes the results as they come: users, teams, and members team by team. */
  readonly results: Result[]
}

/**
 * Sends what is to be imported in batches. Each takes effect by itself, and a second import of the
 * same leaves it as it is, so that one that was cut short is simply run again.
 *
 * @throws Failure when a batch is refused, or Ctrl-C was pressed
 */
export async function sendPlan(client: AdminClient, plan: Plan, sending: Sending): Promise<void> {
  const { dryRun, results } = sending
  const total = plan.users.length + plan.teams.length + plan.members.length
  const send = (body: object) =>
    client.send('POST', '/import', answerShape, { body: { dryRun, ...body } })
  const preview = createPreview(send, RESOURCES)
  try {
    await inBatches('Accounts', chunked(plan.users), sending, async (batch) => {
      const { users } = await send({ users: batch.map(({ value }) => value) })
      for (const [{ value, place }, answer] of pair(client, batch, users)) {
        preview.noteUser(value, answer.outcome)
        results.push(resultOf('account', value.login, place, answer))
      }
    })
    await inBatches('Teams', chunked(plan.teams), sending, async (batch) => {
      const { teams } = await send({ teams: batch.map(({ value }) => value) })
      for (const [{ value, place }, answer] of pair(client, batch, teams)) {
        preview.noteTeam(value, answer.outcome)
        results.push(resultOf('team', value.name, place, answer))
      }
    })
    await inBatches('Members', memberBatches(plan.members), sending, async (batch) => {
      const asked = batch.map(({ value }) => value)
      const { members } = await send({ members: asked })
      const answers = dryRun ? await preview.foresee(asked, members) : members
      for (const [{ value, place }, answer] of pair(client, batch, answers)) {
        const person = 'login' in value ? value.login : value.email
        results.push(resultOf('member', `${person} of ${value.team}`, place, answer))
      }
    })
  } catch (error) {
    if (!isFailure(error) || results.length === 0 || dryRun) throw error
    throw failure(
      `${error.message} ${results.length} of ${total} entries were sent; ` +
        'run the same import again, and it goes on from there.',
    )
  }
}

function chunked<T>(entries: readonly Entry<T>[]): (readonly Entry<T>[])[] {
  const batches: (readonly Entry<T>[])[] = []
  for (let start = 0; start < entries.length; start += RESOURCES) {
    batches.push(entries.slice(start, start + RESOURCES))
  }
  return batches
}

/** Members team by team: the server writes each team of a request once. */
function memberBatches(members: readonly Entry<ImportMember>[]): Entry<ImportMember>[][] {
  const teams = Map.groupBy(members, ({ value }) => fold(value.team))
  const batches: Entry<ImportMember>[][] = []
  let batch: Entry<ImportMember>[] = []
  let inBatch = new Set<string>()
  for (const [team, entries] of teams) {
    for (const entry of entries) {
      inBatch.add(team)
      if (batch.length === MEMBERS || inBatch.size > TEAMS_OF_MEMBERS || batch.length === 0) {
        batch = []
        inBatch = new Set([team])
        batches.push(batch)
      }
      batch.push(entry)
    }
  }
  return batches
}

async function inBatches<T>(
  title: string,
  batches: readonly (readonly Entry<T>[])[],
  { progress, interrupted }: Sending,
  send: (batch: readonly Entry<T>[]) => Promise<void>,
): Promise<void> {
  if (batches.length === 0) return
  progress.phase(title, batches.flat().length)
  for (const batch of batches) {
    if (interrupted.aborted) throw failure('The import was interrupted.')
    try {
      await send(batch)
    } catch (error) {
      // The server counts within the request; the reader has the files.
      if (!isRefusal(error, 400) || !isFailure(error)) throw error
      throw failure(`The batch that begins with ${batch[0]?.place} is refused: ${error.message}`)
    }
    progress.advance(batch.length)
  }
}

/** Each entry with its answer; they come in the order in which they were asked for. */
function pair<T, A>(
  client: AdminClient,
  batch: readonly Entry<T>[],
  answers: readonly A[],
): [Entry<T>, A][] {
  if (answers.length !== batch.length) {
    throw failure(
      `The deployment at ${client.origin} answers ${answers.length} of ${batch.length} entries.`,
    )
  }
  return answers.flatMap((answer, index) => {
    const entry = batch[index]
    return entry === undefined ? [] : [[entry, answer]]
  })
}

function resultOf(kind: Result['kind'], subject: string, place: string, answer: Answer): Result {
  const { outcome, detail } = answer
  return { kind, subject, place, outcome, detail, answer }
}
