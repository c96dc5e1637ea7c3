/** How a rollback is asked for, and how what came of it is shown. */
import * as z from 'zod/mini'
import type { NotRolledBack, RollbackRequest, RolledBack } from '../../store/rollback.ts'
import { describeReason } from '../failure.ts'
import { requiredText, text } from './validate.ts'

const name = z.optional(requiredText)

export const rollbackForm = z
  .strictObject({
    /** The id or userName of an account. */
    user: name,
    /** The id or name of a team. */
    team: name,
    all: z.optional(z.literal(true)),
    /** Where to go on with all of them. */
    cursor: z.optional(text),
    force: z._default(z.boolean(), false),
    dryRun: z._default(z.boolean(), false),
  })
  .check(
    z.refine(
      ({ user, team, all }) => [user, team, all].filter((one) => one !== undefined).length === 1,
      { message: 'says neither what nor how much is to be rolled back; give user, team or all.' },
    ),
    z.refine(({ all, cursor }) => all === true || cursor === undefined, {
      message: 'has a cursor, which goes with all only.',
    }),
  )

/** What the store is asked for. */
export function readRollback(form: z.infer<typeof rollbackForm>): RollbackRequest {
  const { user, team, cursor = '', force, dryRun } = form
  if (user !== undefined) return { target: { type: 'user', name: user }, force, dryRun }
  if (team !== undefined) return { target: { type: 'team', name: team }, force, dryRun }
  return { target: { after: cursor }, force, dryRun }
}

export function showRolledBack({ id, type, name, attributes, members }: RolledBack) {
  return { id, type, name, attributes, ...(members === undefined ? {} : { members }) }
}

export function showRefused({ id, type, name, why }: NotRolledBack) {
  const changes =
    why.reason === 'changed' ? [...why.attributes, ...(why.members ? ['members'] : [])] : undefined
  return {
    ...{ id, type, name, reason: why.reason, detail: describe(why, type) },
    ...(changes === undefined ? {} : { changes }),
  }
}

function describe(why: NotRolledBack['why'], type: NotRolledBack['type']): string {
  const what = type === 'user' ? 'account' : 'team'
  switch (why.reason) {
    case 'changed': {
      const { attributes, members } = why
      const changed = [...attributes, ...(members ? ['members'] : [])].join(', ')
      return (
        `After its adoption the ${what} was changed` +
        `${changed === '' ? '' : ` (${changed})`}; with force, that is given up.`
      )
    }
    case 'taken':
      return describeReason({ kind: 'taken', ...why }).detail
    case 'deleted':
      return `The ${what} was deleted after its adoption, so there is nothing to put back.`
    case 'not-managed':
      return `SCIM does not manage the ${what} any more, so there is nothing to put back.`
    case 'not-adopted':
      return `The ${what} was not adopted by SCIM, so there is nothing to put back.`
  }
}
