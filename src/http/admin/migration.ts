/**
 * Moving to SCIM: what would become of a provider's people and groups, the mappings of Team Sync,
 * how far the migration is, and the way back.
 */
import { Hono } from 'hono'
import * as z from 'zod/mini'
import {
  type Adoption,
  listAdoptions,
  MOST_COUNTED,
  readMigrationStatus,
} from '../../store/adoptions.ts'
import { andThen, hold, release } from '../../store/held.ts'
import { previewMigration } from '../../store/preview.ts'
import { rollBack } from '../../store/rollback.ts'
import { deleteMappings, listMappings, type Mapping, saveMappings } from '../../store/team-sync.ts'
import { type Dependencies, queryOf, type ScimEnv } from '../context.ts'
import { adminCallerOf } from './caller.ts'
import { attributesOfGroup, attributesOfUser, showGroup, showUser } from './migration-preview.ts'
import { readRollback, rollbackForm, showRefused, showRolledBack } from './migration-rollback.ts'
import { operatorOnly } from './operator.ts'
import { limitOf, MAXIMUM_PAGE, pageOf, wordOf } from './parameters.ts'
import { listOf, readBody, requiredText, text } from './validate.ts'

const previewForm = z.strictObject({
  users: z._default(
    listOf(
      z.strictObject({
        userName: requiredText,
        externalId: z.nullish(text),
        email: z.nullish(text),
        displayName: z.nullish(text),
      }),
      MAXIMUM_PAGE,
    ),
    [],
  ),
  groups: z._default(
    listOf(
      z.strictObject({ displayName: requiredText, externalId: z.nullish(text) }),
      MAXIMUM_PAGE,
    ),
    [],
  ),
})

/** As long as an event can hold the ids of a thousand groups, before and after. */
const groupId = requiredText.check(z.maxLength(256))

const mappingsForm = z.strictObject({
  mappings: listOf(
    z.strictObject({ groupId, team: z.union([requiredText, z.int()]) }),
    MAXIMUM_PAGE,
  ),
})

function iso(time: number): string {
  return new Date(time).toISOString()
}

function showMapping({ groupId, teamId, teamName, managed }: Mapping) {
  return { groupId, team: { id: teamId, name: teamName, isProvisioned: managed === 1 } }
}

function showAdoption(adoption: Adoption) {
  const { id, type, at, nameBefore, name, managed, adoptedRevision, revision } = adoption
  return {
    id,
    type,
    at: iso(at),
    nameBefore,
    name,
    isProvisioned: managed === 1,
    isDeleted: revision === null,
    /** What the revision does not tell counts as changed. */
    isChanged: revision !== null && revision !== adoptedRevision,
  }
}

/** The routes of /migration below the base URL of a namespace. */
export function migrationRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()
  const operator = operatorOnly(dependencies)

  routes.post('/preview', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const form = await readBody(c, caller, previewForm)
    const lists = andThen(form, ({ users, groups }) => ({
      users: users.map(attributesOfUser),
      groups: groups.map(attributesOfGroup),
    }))
    const { settings, users, groups } = await previewMigration(caller, lists)
    const given = release(form)
    const { enableUserSync, enableGroupSync, requireExternalId } = settings
    return c.json({
      settings: { enableUserSync, enableGroupSync, requireExternalId },
      users: users.map((fate, at) => ({ ...given.users[at], ...showUser(fate) })),
      groups: groups.map((fate, at) => ({ ...given.groups[at], ...showGroup(fate) })),
    })
  })

  routes.get('/status', async (c) => {
    const status = await readMigrationStatus(adminCallerOf(c, dependencies))
    const { users, managedUsers, teams, managedTeams, lastAdoptionAt } = status
    return c.json({
      users: {
        total: users,
        managed: managedUsers,
        unmanaged: users - managedUsers,
        adopted: status.adoptedUsers,
      },
      teams: {
        total: teams,
        managed: managedTeams,
        unmanaged: teams - managedTeams,
        adopted: status.adoptedTeams,
      },
      mappings: status.mappings,
      lastAdoptionAt: lastAdoptionAt === null ? null : iso(lastAdoptionAt),
      ...(status.capped ? { capped: MOST_COUNTED } : {}),
    })
  })

  routes.get('/adoptions', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const query = queryOf(c)
    const asked = hold(() => ({
      limit: limitOf(query),
      type: wordOf(query, 'type', ['user', 'team']),
    }))
    const after = query.get('cursor') ?? ''
    const page = andThen(asked, ({ limit }) => ({ after, limit: limit + 1 }))
    const adoptions = await listAdoptions(caller, page)
    const { limit, type } = release(asked)
    const { shown, nextCursor } = pageOf(adoptions, limit, ({ id }) => id)
    // A page of one type holds fewer, so that no list is longer to read than its page.
    const chosen = shown.filter((adoption) => type === undefined || adoption.type === type)
    return c.json({ adoptions: chosen.map(showAdoption), nextCursor })
  })

  routes.get('/team-sync', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const query = queryOf(c)
    const limit = hold(() => limitOf(query))
    const after = query.get('cursor') ?? ''
    const page = andThen(limit, (limit) => ({ after, limit: limit + 1 }))
    const mappings = await listMappings(caller, page)
    const { shown, nextCursor } = pageOf(mappings, release(limit), ({ groupKey }) => groupKey)
    return c.json({ mappings: shown.map(showMapping), nextCursor })
  })

  routes.put('/team-sync', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const form = await readBody(c, caller, mappingsForm)
    const saved = await saveMappings(
      caller,
      andThen(form, ({ mappings }) => mappings),
    )
    return c.json({ mappings: saved.map(showMapping) })
  })

  routes.delete('/team-sync', operator, async (c) => {
    return c.json(await deleteMappings(adminCallerOf(c, dependencies), undefined))
  })

  routes.delete('/team-sync/:group', async (c) => {
    const caller = adminCallerOf(c, dependencies)
    return c.json(await deleteMappings(caller, c.req.param('group')))
  })

  routes.post('/rollback', operator, async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const form = await readBody(c, caller, rollbackForm)
    const { rolledBack, refused, next } = await rollBack(caller, andThen(form, readRollback))
    return c.json({
      dryRun: release(form).dryRun,
      rolledBack: rolledBack.map(showRolledBack),
      refused: refused.map(showRefused),
      nextCursor: next,
    })
  })

  return routes
}
