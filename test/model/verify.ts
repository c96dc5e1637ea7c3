/**
 * Judging a history by the model. Events are in the order of commits, so the requests that left some
 * are carried out in the model in that order, and each must be answered as the model answers it, and
 * leave the same events. Whoever left none (a read, a refusal, what changes nothing) must be answered
 * as the model would at one of the moments between its beginning and its end. In other words: the
 * history is linearizable, with the events as the proof. Where requests do not overlap there is one
 * such moment, and so everything is compared with exactly one state.
 */
import { query } from '../support/tables.ts'
import {
  apply,
  type Context,
  canonical,
  type Directory,
  groupsText,
  type Occurrence,
  type Outcome,
} from './directory.ts'
import type { Played } from './history.ts'

/** A commit: the events of one request. */
interface Commit {
  readonly requestId: string
  readonly at: number
  readonly events: readonly Occurrence[]
}

/** What a history leads to. */
export interface Judged {
  readonly directory: Directory
  /** What was done, and what was answered: for counting. */
  readonly kinds: readonly string[]
}

const sorted = (value: unknown) => (Array.isArray(value) ? [...value].sort() : [])

/** An event without what its order of ids and its parts say. */
function plain({ action, subject, changes }: Occurrence): string {
  const lists = Object.entries(changes).map(([name, value]): [string, unknown] =>
    ['added', 'removed', 'skipped', 'groups'].includes(name)
      ? [name, sorted(value)]
      : [name, value],
  )
  return canonical({ action, subject, changes: Object.fromEntries(lists) })
}

/** A long change of members is spread over several events; here they are one again. */
function joined(first: Occurrence, next: Occurrence): Occurrence {
  const changes: Record<string, unknown> = { ...first.changes }
  for (const [name, value] of Object.entries(next.changes)) {
    const before = changes[name]
    changes[name] = Array.isArray(before) ? [...before, ...value] : value
  }
  return { ...first, changes }
}

/** The commits behind an event, in their order. */
export async function commitsOf(namespace: string, after: number): Promise<Commit[]> {
  const rows = await query(
    'select * from event where namespace = ? and seq > ? order by seq',
    namespace,
    after,
  )
  const commits: { requestId: string; at: number; events: Occurrence[] }[] = []
  for (const [index, row] of rows.entries()) {
    if (row.seq !== after + index + 1) throw new Error(`The event before ${row.seq} is missing.`)
    const requestId = String(row.request_id)
    const occurrence: Occurrence = {
      action: String(row.action),
      subject: String(row.subject),
      changes: JSON.parse(String(row.changes)),
    }
    const last = commits.at(-1)
    if (last?.requestId !== requestId) {
      commits.push({ requestId, at: Number(row.at), events: [occurrence] })
    } else {
      const [first = occurrence] = last.events
      last.events = [joined(first, occurrence)]
    }
  }
  return commits
}

/** Learns which digest in a version stands for which groups, and that it stands for no others. */
export function digestsOf(played: readonly Played[]): Context['digestOf'] {
  const byGroups = new Map<string, string>()
  const byDigest = new Map<string, string>()
  const learn = (body: unknown) => {
    const { groups = [], meta } = (body ?? {}) as {
      readonly groups?: { readonly value: string; readonly display: string }[]
      readonly meta?: { readonly resourceType?: string; readonly version?: string }
    }
    if (meta?.resourceType !== 'User') return
    const digest = String(meta.version?.match(/^W\/"\d+-(.+)"$/)?.[1])
    const pairs = groups.map(({ value, display }) => ({ id: value, name: display }))
    const text = groupsText(pairs.sort((a, b) => (a.id < b.id ? -1 : 1)))
    if ((byGroups.get(text) ?? digest) !== digest || (byDigest.get(digest) ?? text) !== text) {
      throw new Error(`The version ${meta.version} stands for the groups ${text} and for others.`)
    }
    byGroups.set(text, digest)
    byDigest.set(digest, text)
  }
  for (const { answer } of played) {
    learn(answer.body)
    for (const resource of answer.body?.Resources ?? []) learn(resource)
  }
  return (groups) => byGroups.get(groups)
}

/** JSON of a body, with what has no order in one. */
function unordered(body: unknown): string {
  const sortedLists = JSON.parse(JSON.stringify(body ?? null), (name, value) =>
    ['Resources', 'groups', 'members'].includes(name) && Array.isArray(value)
      ? value
          .map((one): [string, unknown] => [canonical(one), one])
          .sort()
          .map(([, one]) => one)
      : value,
  )
  return canonical(sortedLists)
}

/** What is wrong with an answer by the model; undefined where nothing is. */
function complaint({ answer, request, whole }: Played, expected: Outcome): string | undefined {
  const { status, body } = answer
  if (status !== expected.status) {
    const detail = body?.detail === undefined ? '' : ` (${body.detail})`
    return `answered ${status}${detail}, and the model says ${expected.status}`
  }
  const told = expected.scimType !== undefined && request.byHand !== true
  if (told && expected.scimType?.split(' ').includes(String(body?.scimType)) === false) {
    return `answered ${body?.scimType}, and the model says ${expected.scimType}`
  }
  const { version } = expected
  // In a bulk response the groups of a user are not shown, and so their digest may never be.
  if (version !== undefined && !version.includes('?') && answer.version !== version) {
    return `the version is ${answer.version}, and by the model ${version}`
  }
  if (!whole || status >= 300) return undefined
  const shown = request.byHand === true ? only(expected.body, body) : body
  const [got, wanted] = [unordered(shown), unordered(expected.body)]
  return got === wanted
    ? undefined
    : `answered\n        ${got}\n      and by the model\n        ${wanted}`
}

/** The members of a body that the model knows. */
function only(model: object | undefined, body: unknown): unknown {
  const names = Object.keys(model ?? {})
  const entries = Object.entries(body ?? {})
  return Object.fromEntries(entries.filter(([name]) => names.includes(name)))
}

/**
 * Judges a history.
 *
 * @param start the directory before it, which is changed to what the history makes of it
 * @throws Error that names the request and the difference
 */
export function judge(
  start: Directory,
  played: readonly Played[],
  commits: readonly Commit[],
  known: Pick<Context, 'base' | 'digestOf'>,
): Judged {
  const byRequest = new Map(commits.map((commit, index) => [commit.requestId, index + 1]))
  if (byRequest.size < commits.length) throw new Error('The events of a request are torn apart.')
  const placed = played.map((one) => ({ one, at: byRequest.get(one.requestId) }))
  const nobody = commits.find(({ requestId }) => played.every((one) => one.requestId !== requestId))
  if (nobody !== undefined) {
    throw new Error(`Nobody asked for ${nobody.events.map(plain).join()}`)
  }
  // Between which commits a request was under way.
  const windows = placed.map(({ one, at }) => ({
    ...{ one, at },
    from: Math.max(0, ...placed.flatMap((o) => (o.one.ended < one.began ? (o.at ?? 0) : 0))),
    to: Math.min(
      commits.length,
      ...placed.flatMap((o) => (o.one.began > one.ended && o.at !== undefined ? o.at - 1 : [])),
    ),
  }))
  const fail = ({ text }: Played, what: string) => new Error(`${text}\n      ${what}`)
  const context = (at: number, id = ''): Context => ({ ...known, id, at })
  const snapshots: Directory[] = []
  for (let moment = 0; moment <= commits.length; moment += 1) {
    if (moment > 0) carryOut(moment)
    for (const { one, at, from, to } of windows) {
      if (at !== undefined || from !== moment || to !== moment) continue
      const what = quiet(one, start)
      if (what !== undefined) throw fail(one, what)
    }
    snapshots.push(structuredClone(start))
  }
  for (const { one, at, from, to } of windows) {
    if (at !== undefined || from === to) continue
    const states = snapshots.slice(from, to + 1)
    const complaints = states.map((state) => quiet(one, structuredClone(state)))
    if (complaints.every((what) => what !== undefined)) {
      throw fail(one, [...new Set(complaints)].join('\n      or '))
    }
  }
  const done = commits.flatMap(({ events }) => events.map(({ action }) => action))
  const answered = played.map(({ request, answer }) => {
    const [, route = ''] = request.path.split(/[/?]/)
    return `${request.method} /${route} ${answer.status}`
  })
  return { directory: start, kinds: [...done, ...answered] }

  /** Carries out in the model what made a commit. */
  function carryOut(moment: number): void {
    const commit = commits[moment - 1]
    const found = windows.find(({ at }) => at === moment)
    if (commit === undefined || found === undefined) return
    const { one, from, to } = found
    if (moment <= from || moment > to) throw fail(one, 'its events are not from while it ran')
    const outcome = apply(one.request.rule, start, context(commit.at, commit.events[0]?.subject))
    const what = complaint(one, outcome)
    if (what !== undefined) throw fail(one, what)
    const [events, expected] = [commit.events, outcome.events].map((list) => list.map(plain).join())
    if (events !== expected) {
      throw fail(
        one,
        `left the event\n        ${events}\n      and by the model\n        ${expected}`,
      )
    }
  }

  /** What is wrong with a request that left no event. */
  function quiet(one: Played, state: Directory): string | undefined {
    const outcome = apply(one.request.rule, state, context(0))
    if (outcome.events.length > 0 && one.answer.status < 400) {
      return `left no event, and by the model\n        ${outcome.events.map(plain).join()}`
    }
    return complaint(one, outcome)
  }
}
