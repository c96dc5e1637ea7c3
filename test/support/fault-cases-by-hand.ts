/** Operations by hand that meet every fault: accounts, teams, import, migration, namespaces. */
import type { Operation } from './fault-runs.ts'

/** What an administrator writes by hand. */
export const byHand: readonly Operation[] = [
  {
    name: 'the creation of an account by hand',
    route: 'POST /:namespace/accounts',
    send: ({ operator }) => operator.post('/accounts', { login: 'new', email: 'new@x' }),
    status: 201,
    again: 409,
  },
  {
    name: 'the return of a deleted account by hand',
    route: 'POST /:namespace/accounts',
    send: ({ operator }) => operator.post('/accounts', { login: 'back', externalId: 'ext-gone' }),
    status: 201,
    again: 409,
  },
  {
    name: 'the change of an account by hand',
    route: 'PATCH /:namespace/accounts/:account',
    send: ({ operator, world }) =>
      operator.request('PATCH', `/accounts/${world.cid}`, { name: 'Cid', isDisabled: true }),
    status: 200,
  },
  {
    name: 'the deletion of an account by hand',
    route: 'DELETE /:namespace/accounts/:account',
    send: ({ operator, world }) => operator.delete(`/accounts/${world.cid}`),
    status: 200,
    again: 404,
  },
  {
    name: 'the release of an account',
    route: 'POST /:namespace/accounts/:account/release',
    send: ({ operator, world }) => operator.post(`/accounts/${world.ada}/release`, undefined),
    status: 200,
  },
  {
    name: 'the creation of a team by hand',
    route: 'POST /:namespace/teams',
    send: ({ operator }) => operator.post('/teams', { name: 'New' }),
    status: 201,
    again: 409,
  },
  {
    name: 'the new name of a team by hand',
    route: 'PATCH /:namespace/teams/:team',
    send: ({ operator, world }) =>
      operator.request('PATCH', `/teams/${world.hand}`, { name: 'Looms' }),
    status: 200,
  },
  {
    name: 'the deletion of a team by hand',
    route: 'DELETE /:namespace/teams/:team',
    send: ({ operator, world }) => operator.delete(`/teams/${world.hand}`),
    status: 200,
    again: 404,
  },
  {
    name: 'the release of a team',
    route: 'POST /:namespace/teams/:team/release',
    send: ({ operator, world }) => operator.post(`/teams/${world.engines}/release`, undefined),
    status: 200,
  },
  {
    name: 'the addition of a member by hand',
    route: 'POST /:namespace/teams/:team/members',
    send: ({ operator, world }) =>
      operator.post(`/teams/${world.hand}/members`, { userId: world.ada }),
    status: 200,
    again: 400,
  },
  {
    name: 'the replacement of members by hand',
    route: 'PUT /:namespace/teams/:team/members',
    send: ({ operator, world }) =>
      operator.put(`/teams/${world.hand}/members`, { members: [world.ada, world.cid] }),
    status: 200,
  },
  {
    name: 'the removal of a member by hand',
    route: 'DELETE /:namespace/teams/:team/members/:user',
    send: ({ operator, world }) => operator.delete(`/teams/${world.hand}/members/${world.bob}`),
    status: 200,
    again: 404,
  },
  {
    name: 'an import',
    route: 'POST /:namespace/import',
    send: ({ operator }) =>
      operator.post('/import', {
        users: [{ login: 'n1' }, { login: 'cid', name: 'Cid' }, { login: 'n2', email: 'n2@x' }],
        teams: [{ name: 'New' }],
        members: [{ team: 'Hand', email: 'n2@x' }],
      }),
    status: 200,
    pieces: true,
    // Behind the set of the new ones, change by change as each is by itself.
    alike: [2, 9],
  },
  {
    name: 'new mappings of Team Sync',
    route: 'PUT /:namespace/migration/team-sync',
    send: ({ operator }) =>
      operator.put('/migration/team-sync', {
        mappings: [
          { groupId: 'g1', team: 'Hand' },
          { groupId: 'g2', team: 'Crew' },
        ],
      }),
    status: 200,
  },
  {
    name: 'the removal of all mappings',
    route: 'DELETE /:namespace/migration/team-sync',
    send: ({ operator }) => operator.delete('/migration/team-sync'),
    status: 200,
  },
  {
    name: 'the removal of a mapping',
    route: 'DELETE /:namespace/migration/team-sync/:group',
    send: ({ operator }) => operator.delete('/migration/team-sync/g1'),
    status: 200,
    again: 404,
  },
  {
    name: 'the rollback of an account',
    route: 'POST /:namespace/migration/rollback',
    send: ({ operator }) => operator.post('/migration/rollback', { user: 'dan' }),
    status: 200,
  },
  {
    name: 'the rollback of a team',
    route: 'POST /:namespace/migration/rollback',
    send: ({ operator }) => operator.post('/migration/rollback', { team: 'CREW', force: true }),
    status: 200,
  },
  {
    name: 'the rollback of all',
    route: 'POST /:namespace/migration/rollback',
    send: ({ operator }) => operator.post('/migration/rollback', { all: true, force: true }),
    status: 200,
    pieces: true,
  },
  {
    name: 'the settlement of a conflict',
    route: 'DELETE /:namespace/conflicts/:id',
    send: ({ operator, world }) => operator.delete(`/conflicts/${world.conflict}`),
    status: 200,
    again: 404,
  },
]

const own = { enableUserSync: true }

/** What makes and ends namespaces. */
export const ofNamespaces: readonly Operation[] = [
  {
    name: 'the creation of a namespace',
    route: 'POST /',
    send: ({ registry, namespace }) => registry.post('', { name: namespace }),
    status: 201,
    again: 409,
    isNew: true,
  },
  {
    name: 'the creation of a namespace with settings of its own',
    route: 'POST /',
    send: ({ registry, namespace }) => registry.post('', { name: namespace, settings: own }),
    status: 201,
    again: 409,
    isNew: true,
  },
  {
    name: 'the creation of a namespace that is there',
    route: 'POST /',
    send: ({ registry, namespace }) => registry.post('', { name: namespace, settings: own }),
    status: 409,
    silent: true,
  },
  {
    name: 'the deletion of a namespace',
    route: 'DELETE /:namespace',
    send: ({ operator }) => operator.delete(''),
    status: 204,
    again: 404,
    pieces: true,
    silent: true,
    // Table by table.
    alike: [1, 12],
  },
]
