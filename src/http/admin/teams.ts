/** Teams by hand: listing all, and changing those that SCIM does not manage. */
import { Hono } from 'hono'
import * as z from 'zod/mini'
import { MAXIMUM_MEMBERS } from '../../scim/patch/members.ts'
import type { Attributes } from '../../scim/resource/resource.ts'
import { accountEmail } from '../../store/account.ts'
import {
  type CountedTeam,
  changeHandTeam,
  changeTeamMembers,
  createHandTeam,
  deleteHandTeam,
  type HandMemberChange,
  listHandTeams,
  listTeamMembers,
  type MemberAccount,
  readHandTeam,
  releaseTeam,
} from '../../store/hand-teams.ts'
import { andThen, type Held, hold } from '../../store/held.ts'
import { MAXIMUM_GROUP_BODY } from '../body.ts'
import { type Dependencies, queryOf, type ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'
import { adminCallerOf } from './caller.ts'
import { operatorOnly } from './operator.ts'
import { flagOf, limitOf, pageOf } from './parameters.ts'
import { listOf, readBody, requiredText, showGrafanaIds } from './validate.ts'

const teamForm = z.strictObject({ name: requiredText })

const teamChange = z.strictObject({
  name: z.optional(requiredText),
  isProvisioned: z.optional(z.boolean()),
})

const memberForm = z.strictObject({ userId: requiredText })

const membersForm = z.strictObject({
  members: listOf(requiredText, MAXIMUM_MEMBERS),
})

function show({ team, members }: CountedTeam) {
  const { id, managed, attributes, createdAt, lastModified, withheld } = team
  if (withheld) return { id }
  return {
    id,
    name: attributes.displayName,
    externalUID: attributes.externalId ?? null,
    isProvisioned: managed,
    memberCount: members,
    ...showGrafanaIds(team),
    created: new Date(createdAt).toISOString(),
    updated: new Date(lastModified).toISOString(),
  }
}

function showMember({ id, resource }: MemberAccount) {
  const attributes: Attributes = JSON.parse(resource)
  return {
    userId: id,
    login: attributes.userName,
    email: accountEmail(attributes) ?? null,
    name: attributes.displayName ?? null,
  }
}

/** The routes of /teams below the base URL of a namespace. */
export function teamRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()

  routes.get('/', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const query = queryOf(c)
    const limit = hold(() => limitOf(query))
    const asked = andThen(limit, (limit) => ({
      name: query.get('name') || undefined,
      isProvisioned: flagOf(query, 'isProvisioned'),
      after: query.get('cursor') ?? '',
      limit: limit + 1,
    }))
    const { total, teams } = await listHandTeams(caller, asked)
    const { shown, nextCursor } = pageOf(teams, limit.ok ? limit.value : 0, ({ team }) => team.id)
    return c.json({ totalCount: total, teams: shown.map(show), nextCursor })
  })

  // Grafana's clients search here; an answer of all teams would mislead them.
  routes.get('/search', async (c) => {
    const detail =
      'There is no search here: GET teams lists all teams, ?name= finds one by its name.'
    const refused = hold(() => {
      throw new HttpRefusal({ kind: 'bad-request', detail })
    })
    return c.json(await listHandTeams(adminCallerOf(c, dependencies), refused))
  })

  routes.post('/', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const form = await readBody(c, caller, teamForm)
    const name = andThen(form, ({ name }) => name)
    return c.json(show(await createHandTeam(caller, name)), 201)
  })

  routes.get('/:team', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    return c.json(show(await readHandTeam(caller, c.req.param('team'))))
  })

  routes.patch('/:team', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const change = await readBody(c, caller, teamChange)
    return c.json(show(await changeHandTeam(caller, c.req.param('team'), change)))
  })

  routes.delete('/:team', async (c) => {
    await deleteHandTeam(adminCallerOf(c, dependencies), c.req.param('team'))
    return c.json({ message: 'Team deleted' })
  })

  routes.post('/:team/release', operatorOnly(dependencies), async (c) => {
    const caller = adminCallerOf(c, dependencies)
    return c.json(show(await releaseTeam(caller, c.req.param('team'))))
  })

  routes.get('/:team/members', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const query = queryOf(c)
    const limit = hold(() => limitOf(query))
    const after = query.get('cursor') ?? ''
    const page = andThen(limit, (limit) => ({ after, limit: limit + 1 }))
    const members = await listTeamMembers(caller, c.req.param('team'), page)
    const { shown, nextCursor } = pageOf(members, limit.ok ? limit.value : 0, ({ id }) => id)
    return c.json({ members: shown.map(showMember), nextCursor })
  })

  routes.post('/:team/members', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const form = await readBody(c, caller, memberForm)
    const change: Held<HandMemberChange> = andThen(form, ({ userId }) => ({
      kind: 'add',
      user: userId,
    }))
    await changeTeamMembers(caller, c.req.param('team'), change)
    return c.json({ message: 'Member added to Team' })
  })

  routes.put('/:team/members', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const form = await readBody(c, caller, membersForm, MAXIMUM_GROUP_BODY)
    const change: Held<HandMemberChange> = andThen(form, ({ members }) => ({
      kind: 'replace',
      users: members,
    }))
    await changeTeamMembers(caller, c.req.param('team'), change)
    return c.json({ message: 'Team memberships have been updated' })
  })

  routes.delete('/:team/members/:user', async (c) => {
    const { team, user } = c.req.param()
    const change = { ok: true, value: { kind: 'remove', user } } as const
    await changeTeamMembers(adminCallerOf(c, dependencies), team, change)
    return c.json({ message: 'Team Member removed' })
  })

  return routes
}
