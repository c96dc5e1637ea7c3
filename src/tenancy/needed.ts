/**
 * What every route below the base URL of a namespace needs: the one table, for SCIM and the admin API
 * alike. The store asks for what stands here, and a test walks through all routes.
 */
import { missingFrom, type Permission } from './permission.ts'

const everything = ['org.users:read', 'teams:read'] as const
const readUsers = ['org.users:read'] as const
const addUsers = ['org.users:add'] as const
const writeUsers = ['org.users:write'] as const
const removeUsers = ['org.users:remove'] as const
const readTeams = ['teams:read'] as const
const createTeams = ['teams:create'] as const
const writeTeams = ['teams:write'] as const
const deleteTeams = ['teams:delete'] as const
const readAccounts = ['serviceaccounts:read'] as const
const writeAccounts = ['serviceaccounts:write'] as const
const writeSettings = ['settings:write'] as const
/** A good token is enough. */
const nothing = [] as const
/** No token is enough. */
const operator = 'operator'

/** Each route, as it is registered, with all the permissions that it needs. */
export const needed = {
  'GET /': everything,
  'POST /.search': everything,
  'GET /Users': readUsers,
  'POST /Users/.search': readUsers,
  'GET /Users/:id': readUsers,
  'POST /Users': addUsers,
  'PUT /Users/:id': writeUsers,
  'PATCH /Users/:id': writeUsers,
  'DELETE /Users/:id': removeUsers,
  'GET /Groups': readTeams,
  'POST /Groups/.search': readTeams,
  'GET /Groups/:id': readTeams,
  'POST /Groups': createTeams,
  'PUT /Groups/:id': writeTeams,
  'PATCH /Groups/:id': writeTeams,
  'DELETE /Groups/:id': deleteTeams,
  /** Each operation needs what it would need by itself; a token that may do none is refused. */
  'POST /Bulk': nothing,
  'GET /ServiceProviderConfig': nothing,
  'GET /ResourceTypes': nothing,
  'GET /ResourceTypes/:id': nothing,
  'GET /Schemas': nothing,
  'GET /Schemas/:id': nothing,

  'GET /accounts': readUsers,
  'POST /accounts': addUsers,
  'GET /accounts/:account': readUsers,
  'PATCH /accounts/:account': writeUsers,
  'DELETE /accounts/:account': removeUsers,
  'POST /accounts/:account/release': operator,
  'GET /teams': readTeams,
  'GET /teams/search': readTeams,
  'POST /teams': createTeams,
  'GET /teams/:team': readTeams,
  'PATCH /teams/:team': writeTeams,
  'DELETE /teams/:team': deleteTeams,
  'POST /teams/:team/release': operator,
  /** It shows the logins and addresses of the members. */
  'GET /teams/:team/members': everything,
  'POST /teams/:team/members': writeTeams,
  'PUT /teams/:team/members': writeTeams,
  'DELETE /teams/:team/members/:user': writeTeams,
  /** Each list needs what its entries would need by themselves: see store/import.ts. */
  'POST /import': nothing,

  'POST /login/check': readUsers,
  'GET /login/denied': readUsers,
  'GET /events': everything,
  'GET /conflicts': everything,
  'DELETE /conflicts/:id': writeSettings,
  'GET /status': everything,
  'GET /health': everything,
  'GET /retained': readUsers,
  'DELETE /retained/:id': operator,
  'POST /retained/purge': operator,
  'POST /migration/preview': everything,
  'GET /migration/status': everything,
  'GET /migration/adoptions': everything,
  'GET /migration/team-sync': readTeams,
  /** It tells which teams the names stand for. */
  'PUT /migration/team-sync': ['teams:write', 'teams:read'],
  'DELETE /migration/team-sync/:group': writeTeams,
  'DELETE /migration/team-sync': operator,
  'POST /migration/rollback': operator,

  'GET /config/default': ['settings:read'],
  'PUT /config/default': writeSettings,
  'DELETE /config/default': writeSettings,
  'GET /serviceaccounts': readAccounts,
  'GET /serviceaccounts/search': readAccounts,
  'POST /serviceaccounts': writeAccounts,
  'GET /serviceaccounts/:account': readAccounts,
  'PATCH /serviceaccounts/:account': writeAccounts,
  'DELETE /serviceaccounts/:account': ['serviceaccounts:delete'],
  'GET /serviceaccounts/:account/tokens': readAccounts,
  'POST /serviceaccounts/:account/tokens': writeAccounts,
  'POST /serviceaccounts/:account/tokens/:token/rotate': writeAccounts,
  'DELETE /serviceaccounts/:account/tokens/:token': writeAccounts,
  'GET /export': operator,
  'GET /restore': operator,
  'POST /restore': operator,
  'DELETE /restore': operator,
} as const satisfies Readonly<Record<string, readonly Permission[] | typeof operator>>

/** What a caller may see of an answer: whoever writes need not be allowed to read. */
export function mayRead(granted: number, permission: Permission): boolean {
  return missingFrom(granted, [permission]) === undefined
}
