/** Importing people, teams and members that SCIM does not manage. */
import { Hono } from 'hono'
import * as z from 'zod/mini'
import { fold } from '../../scim/comparison.ts'
import { release } from '../../store/held.ts'
import { importDirectory, type MemberOutcome, type Outcome } from '../../store/import.ts'
import { MAXIMUM_BODY } from '../body.ts'
import type { Dependencies, ScimEnv } from '../context.ts'
import { describeReason } from '../failure.ts'
import { accountFields } from './accounts.ts'
import { adminCallerOf } from './caller.ts'
import { grafanaIds, listOf, readBody, requiredText } from './validate.ts'

/** How much one request imports: D1 allows a thousand statements in one invocation. */
const MOST_SUBJECTS = 50
const MOST_MEMBERS = 5000
const MOST_MEMBER_TEAMS = 25

const importForm = z
  .strictObject({
    dryRun: z._default(z.boolean(), false),
    users: z._default(
      listOf(
        z.strictObject({ login: requiredText, ...accountFields, ...grafanaIds }),
        MOST_MEMBERS,
      ),
      [],
    ),
    teams: z._default(
      listOf(z.strictObject({ name: requiredText, ...grafanaIds }), MOST_MEMBERS),
      [],
    ),
    members: z._default(
      listOf(
        z
          .strictObject({
            team: requiredText,
            login: z.optional(requiredText),
            email: z.optional(requiredText),
          })
          .check(
            z.refine(({ login, email }) => login !== undefined || email !== undefined, {
              error: 'give the login or the email of the member',
            }),
          ),
        MOST_MEMBERS,
      ),
      [],
    ),
  })
  .check(
    z.refine(({ users, teams }) => users.length + teams.length <= MOST_SUBJECTS, {
      error: `holds more than ${MOST_SUBJECTS} users and teams together; send several requests`,
    }),
    z.refine(
      ({ members }) => new Set(members.map(({ team }) => fold(team))).size <= MOST_MEMBER_TEAMS,
      { error: `holds members of more than ${MOST_MEMBER_TEAMS} teams; send several requests` },
    ),
  )

function show(outcome: Outcome | MemberOutcome | undefined) {
  const id = outcome && 'id' in outcome ? outcome.id : undefined
  const refusal = outcome?.refusal
  return {
    outcome: outcome?.outcome,
    ...(id === undefined ? {} : { id }),
    ...(refusal === undefined ? {} : { detail: describeReason(refusal).detail }),
  }
}

/** The route of /import below the base URL of a namespace. */
export function importRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()

  routes.post('/', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const form = await readBody(c, caller, importForm, MAXIMUM_BODY)
    const imported = await importDirectory(caller, form)
    const { dryRun, users, teams, members } = release(form)
    return c.json({
      dryRun,
      users: users.map(({ login }, at) => ({ login, ...show(imported.users[at]) })),
      teams: teams.map(({ name }, at) => ({ name, ...show(imported.teams[at]) })),
      members: members.map((member, at) => ({ ...member, ...show(imported.members[at]) })),
    })
  })

  return routes
}
