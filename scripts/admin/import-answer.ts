import { z } from 'zod'

const outcomes = {
  user: z.enum(['created', 'updated', 'unchanged', 'managed', 'conflict']),
  team: z.enum(['created', 'unchanged', 'managed', 'conflict']),
  member: z.enum(['added', 'unchanged', 'managed', 'unknown', 'conflict']),
}
const more = { id: z.string().optional(), detail: z.string().optional() }

/** What becomes of each entry of a batch, in the order in which they were sent. */
export const answerShape = z.looseObject({
  users: z.array(z.looseObject({ outcome: outcomes.user, ...more })).default([]),
  teams: z.array(z.looseObject({ outcome: outcomes.team, ...more })).default([]),
  members: z.array(z.looseObject({ outcome: outcomes.member, ...more })).default([]),
})

/** The answer to a batch. */
export type ImportAnswer = z.infer<typeof answerShape>

/** What becomes of an entry. */
export type Outcome = z.infer<(typeof outcomes)[keyof typeof outcomes]>

/** What the server says of an entry. */
export type Answer = Readonly<Record<string, unknown>> & {
  readonly outcome: Outcome
  readonly detail?: string | undefined
}
