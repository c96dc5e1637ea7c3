// Carries an import out: users first, then teams, then members, who refer to both.
import { type AdminClient, isRefusal } from '../lib/admin-client.ts'
import { failure, isFailure } from '../lib/failure.ts'
import type { Progress } from '../lib/progress.ts'
import { type Answer, answerShape, type Outcome } from './import-answer.ts'
import type { Entry, Plan } from './import-files.ts'
import { createPreview } from './import-preview.ts'

/** How many users or teams a request carries: as many as the server takes. */
const RESOURCES = 100

/** How many members: fewer than the server takes, so that the bar moves and bodies stay small. */
const MEMBERS = 1000

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
  /** Takes the results as they come, in the order of the plan. */
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
  const preview = createPreview(client)
  const send = (body: object) =>
    client.send('POST', '/import', answerShape, { body: { dryRun, ...body } })
  try {
    await inBatches('Accounts', plan.users, RESOURCES, sending, async (batch) => {
      const { users } = await send({ users: batch.map(({ value }) => value) })
      for (const [{ value, place }, answer] of pair(client, batch, users)) {
        preview.noteUser(value, answer.outcome)
        results.push(resultOf('account', value.login, place, answer))
      }
    })
    await inBatches('Teams', plan.teams, RESOURCES, sending, async (batch) => {
      const { teams } = await send({ teams: batch.map(({ value }) => value) })
      for (const [{ value, place }, answer] of pair(client, batch, teams)) {
        preview.noteTeam(value, answer.outcome)
        results.push(resultOf('team', value.name, place, answer))
      }
    })
    await inBatches('Members', plan.members, MEMBERS, sending, async (batch) => {
      const { members } = await send({ members: batch.map(({ value }) => value) })
      for (const [{ value, place }, given] of pair(client, batch, members)) {
        const answer = dryRun ? await preview.foresee(value, given) : given
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

async function inBatches<T>(
  title: string,
  entries: readonly Entry<T>[],
  size: number,
  { progress, interrupted }: Sending,
  send: (batch: readonly Entry<T>[]) => Promise<void>,
): Promise<void> {
  if (entries.length === 0) return
  progress.phase(title, entries.length)
  for (let start = 0; start < entries.length; start += size) {
    if (interrupted.aborted) throw failure('The import was interrupted.')
    const batch = entries.slice(start, start + size)
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
