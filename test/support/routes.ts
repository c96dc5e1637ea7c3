/** Every route of a namespace that has to do with its users and groups, and what it needs. */
import type { Answer, Client } from './client.ts'
import { groupBody, userBody } from './payload.ts'

export interface Route {
  readonly name: string
  readonly permission: string
  /** The status of an answer to somebody who may. */
  readonly status: number
  /** Sends the request; `user` and `group` are ids. */
  readonly send: (client: Client, user: string, group: string) => Promise<Answer>
}

const rename = (path: string) => [{ op: 'replace', path, value: 'Renamed' }]

export const routes: readonly Route[] = [
  {
    name: 'GET /Users',
    permission: 'org.users:read',
    status: 200,
    send: (client) => client.get('/Users'),
  },
  {
    name: 'GET /Users?filter',
    permission: 'org.users:read',
    status: 200,
    send: (client) => client.find('/Users', 'userName sw "u" or emails pr'),
  },
  {
    name: 'GET /Users/{id}',
    permission: 'org.users:read',
    status: 200,
    send: (client, user) => client.get(`/Users/${user}`),
  },
  {
    name: 'HEAD /Users/{id}',
    permission: 'org.users:read',
    status: 200,
    send: (client, user) => client.request('HEAD', `/Users/${user}`),
  },
  {
    name: 'POST /Users',
    permission: 'org.users:add',
    status: 201,
    send: (client) => client.post('/Users', userBody('new')),
  },
  {
    name: 'PUT /Users/{id}',
    permission: 'org.users:write',
    status: 200,
    send: (client, user) => client.put(`/Users/${user}`, userBody('renamed')),
  },
  {
    name: 'PATCH /Users/{id}',
    permission: 'org.users:write',
    status: 200,
    send: (client, user) => client.patch(`/Users/${user}`, rename('title')),
  },
  {
    name: 'DELETE /Users/{id}',
    permission: 'org.users:remove',
    status: 204,
    send: (client, user) => client.delete(`/Users/${user}`),
  },
  {
    name: 'GET /Groups',
    permission: 'teams:read',
    status: 200,
    send: (client) => client.get('/Groups'),
  },
  {
    name: 'GET /Groups?filter',
    permission: 'teams:read',
    status: 200,
    send: (client, user) => client.find('/Groups', `members eq "${user}" or displayName pr`),
  },
  {
    name: 'GET /Groups/{id}',
    permission: 'teams:read',
    status: 200,
    send: (client, _user, group) => client.get(`/Groups/${group}`),
  },
  {
    name: 'POST /Groups',
    permission: 'teams:create',
    status: 201,
    send: (client, user) => client.post('/Groups', groupBody('New', [user])),
  },
  {
    name: 'PUT /Groups/{id}',
    permission: 'teams:write',
    status: 200,
    send: (client, _user, group) => client.put(`/Groups/${group}`, groupBody('Renamed')),
  },
  {
    name: 'PATCH /Groups/{id}',
    permission: 'teams:write',
    status: 204,
    send: (client, _user, group) => client.patch(`/Groups/${group}`, rename('displayName')),
  },
  {
    name: 'PATCH /Groups/{id} members',
    permission: 'teams:write',
    status: 204,
    send: (client, user, group) =>
      client.patch(`/Groups/${group}`, [
        { op: 'remove', path: `members[type eq "User" and value eq "${user}"]` },
      ]),
  },
  {
    name: 'DELETE /Groups/{id}',
    permission: 'teams:delete',
    status: 204,
    send: (client, _user, group) => client.delete(`/Groups/${group}`),
  },
]
