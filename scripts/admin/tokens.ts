import type { Command } from 'commander'
import { z } from 'zod'
import { permissionNames, readPermissions } from '../../src/tenancy/permission.ts'
import { type AdminClient, isRefusal, NAMESPACES, path } from '../lib/admin-client.ts'
import { parseDuration, parseExpiry } from '../lib/expiry.ts'
import { failure } from '../lib/failure.ts'
import { facts, table } from '../lib/table.ts'
import {
  type AdminWorld,
  connectNamespace,
  example,
  namespaceCommand,
  readNames,
} from './connection.ts'
import {
  createServiceAccount,
  listServiceAccounts,
  PERMISSIONS_HELP,
  type ServiceAccount,
} from './service-accounts.ts'
import { listed, shortTime } from './text.ts'

const keyShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  key: z.string(),
  expiration: z.string().nullable(),
})

const replacedShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  expiration: z.string().nullable(),
})

const tokenShape = z.looseObject({
  id: z.string(),
  name: z.string(),
  created: z.string(),
  expiration: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
  hasExpired: z.boolean(),
  isRevoked: z.boolean(),
})

/** A token just made, with its key. */
interface NewToken {
  readonly id: string
  readonly token: string
  readonly name: string
  readonly namespace: string
  readonly account: string
  readonly permissions: readonly string[]
  readonly expiresAt: string | null
  readonly createdAt: string
}

/** A token as it is listed, with the account that holds it. */
interface HeldToken {
  readonly id: string
  readonly name: string
  readonly namespace: string
  readonly account: string
  readonly permissions: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
  readonly isRevoked: boolean
  readonly hasExpired: boolean
}

const createOptions = z.object({
  account: z.string().optional(),
  createAccount: z.boolean().optional(),
  permissions: z.string().optional(),
  expires: z.string().optional(),
  name: z.string().optional(),
})

const rotateOptions = z.object({
  overlap: z.string().optional(),
  expires: z.string().optional(),
  again: z.boolean().optional(),
})

/** How long a token lives where nobody says. */
const LIFE = '365d'

const EXPIRES_HELP = 'a duration such as 90d, 12h or 30s, an ISO time, or never'

/** The account that is made where a namespace has none and none is named. */
const FIRST_ACCOUNT = 'scim'

/** `token`: what identity providers are given. */
export function addTokenCommands(root: Command, world: AdminWorld): void {
  const token = root
    .command('token')
    .description('create, list, rotate and revoke the tokens of a namespace')
    .addHelpText('after', example('token list --namespace stacks-5'))

  namespaceCommand(
    token,
    'create',
    'make a token for an identity provider; it is shown this once',
    'token create --namespace stacks-5 --account okta --expires 90d',
  )
    .option(
      '--account <name>',
      `the service account that holds it (default: the only one); the first of a namespace is created, by default as ${FIRST_ACCOUNT}`,
    )
    .option('--create-account', 'create the service account where others exist, too')
    .option('--permissions <list>', `${PERMISSIONS_HELP} (default of a new account: Editor)`)
    .option('--expires <when>', EXPIRES_HELP, LIFE)
    .option('--name <name>', 'its name (default: that of the account and the time)')
    .action(async (_options: unknown, command: Command) => {
      const options = createOptions.parse(command.opts())
      const permissions =
        options.permissions === undefined ? undefined : readNames(options.permissions)
      const now = world.now()
      const life = readLife(options.expires, now)
      const { client, namespace, print } = connectNamespace(command, world)
      const account = await ensureAccount(client, namespace, { ...options, permissions })
      const { key, ...token } = await createToken(client, account, options.name, life, now)
      const made = show(namespace, account, token, key, now)
      print(made, () => describe(made, account, client.origin))
    })

  namespaceCommand(
    token,
    'list',
    'list the tokens of all service accounts, never their secrets',
    'token list --namespace stacks-5',
  ).action(async (_options: unknown, command: Command) => {
    const { client, namespace, print } = connectNamespace(command, world)
    const tokens: HeldToken[] = []
    for (const account of await listServiceAccounts(client)) {
      for (const token of await tokensOf(client, account)) {
        tokens.push({
          id: token.id,
          name: token.name,
          namespace,
          account: account.name,
          permissions: account.permissions,
          createdAt: token.created,
          expiresAt: token.expiration,
          lastUsedAt: token.lastUsedAt,
          isRevoked: token.isRevoked,
          hasExpired: token.hasExpired,
        })
      }
    }
    print(tokens, () => tokenTable(tokens, namespace))
  })

  namespaceCommand(
    token,
    'rotate',
    'make the token that takes the place of another, which goes on working for a while',
    'token rotate --namespace stacks-5 --overlap 24h okta-20261124T163600Z',
  )
    .argument('<token>', 'the name or the id of the token to replace, from token list')
    .option('--overlap <duration>', 'how long the old token goes on working (default: 24h)')
    .option('--expires <when>', `${EXPIRES_HELP} (default: it lives as long as the old one)`)
    .option('--again', 'rotate also while the token that was rotated last goes on working')
    .action(async (token: string, _options: unknown, command: Command) => {
      const { overlap, expires, again = false } = rotateOptions.parse(command.opts())
      const now = world.now()
      const asked = readLife(expires, now)
      const overlapSeconds =
        overlap === undefined ? undefined : parseDuration('--overlap', overlap) / 1000
      const { client, namespace, print } = connectNamespace(command, world)
      const { account, token: old, peers } = await tokenOf(client, namespace, token)
      if (peers.length > 1 && !again) throw failure(overlapping(peers))
      const body = { ...(expires === undefined ? lifeOf(peers) : asked), overlapSeconds }
      const { id } = old
      const shape = keyShape.extend({ replaces: replacedShape })
      const to = `${tokenPath(account, id)}/rotate`
      const { key, replaces, ...rotated } = await client.send('POST', to, shape, { body })
      const made = show(namespace, account, rotated, key, now)
      print({ ...made, replaces }, () => describe(made, account, client.origin, replaces))
    })

  namespaceCommand(
    token,
    'revoke',
    'end a token at once',
    'token revoke --namespace stacks-5 okta-20261124T163600Z',
  )
    .argument('<token>', 'its name or id, from token list')
    .action(async (given: string, _options: unknown, command: Command) => {
      const { client, namespace, print } = connectNamespace(command, world)
      const { account, token, peers } = await tokenOf(client, namespace, given)
      // Of two with one name, only an id says which is to end.
      if (token.id !== given && peers.length > 1) throw failure(ambiguous(given, peers))
      const { id, name } = token
      await client.send('DELETE', tokenPath(account, id), z.unknown())
      print({ id, revoked: true }, () => `Token ${name} (${id}) of ${namespace} is revoked.`)
    })
}

/** How long a token lives, in whole seconds, so that it never ends before the time asked for. */
function readLife(expires: string | undefined, now: number): { secondsToLive?: number } {
  if (expires === undefined || expires === 'never') return {}
  const end = Date.parse(parseExpiry(expires, now))
  return { secondsToLive: Math.ceil((end - now) / 1000) }
}

/** The service account for a new token. The first one of a namespace is made, others where asked. */
async function ensureAccount(
  client: AdminClient,
  namespace: string,
  {
    account: name,
    createAccount = false,
    permissions,
  }: {
    readonly account?: string | undefined
    readonly createAccount?: boolean | undefined
    readonly permissions: readonly string[] | undefined
  },
): Promise<ServiceAccount> {
  const all = await listServiceAccounts(client)
  const [first, second] = all
  const sought = name ?? FIRST_ACCOUNT
  const only = name === undefined && !createAccount && second === undefined ? first : undefined
  const account = all.find((one) => one.name === sought) ?? only
  if (account === undefined) {
    if (first === undefined || createAccount) {
      return createServiceAccount(client, { name: sought, permissions: permissions ?? ['Editor'] })
    }
    const there = listed(all.map((one) => one.name))
    throw failure(
      name === undefined
        ? `Say which service account of ${namespace} holds the token: --account with one of ${there}.`
        : `There is no service account ${name} in ${namespace}, but ${there}; to make it, add --create-account.`,
    )
  }
  if (permissions && expand(permissions) !== expand([account.role, ...account.permissions])) {
    throw failure(
      `The service account ${account.name} of ${namespace} exists with other permissions ` +
        `(${listed(account.permissions)}); leave out --permissions, name another --account, ` +
        'or change it with serviceaccount update.',
    )
  }
  return account
}

/** One text for one set of permissions, whichever shorthands it is given by. */
function expand(names: readonly string[]): string {
  const permissions = readPermissions(names)
  // Names that only the server knows are compared as they stand.
  return (typeof permissions === 'object' ? names : permissionNames(permissions))
    .toSorted()
    .join(',')
}

/** How many names are tried for a token that was given none. */
const NAMES = 20

async function createToken(
  client: AdminClient,
  account: ServiceAccount,
  name: string | undefined,
  life: { secondsToLive?: number },
  now: number,
): Promise<z.infer<typeof keyShape>> {
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')
  for (let attempt = 1; ; attempt++) {
    const made = `${account.name}-${stamp}${attempt === 1 ? '' : `-${attempt}`}`
    try {
      return await client.send('POST', path`/serviceaccounts/${account.id}/tokens`, keyShape, {
        body: { name: name ?? made, ...life },
      })
    } catch (error) {
      // Two tokens made within a second; a name that was asked for is not altered.
      const taken = isRefusal(error, 400, 'serviceaccounts.ErrTokenAlreadyExists')
      if (name !== undefined || attempt === NAMES || !taken) throw error
    }
  }
}

function tokensOf(client: AdminClient, { id }: ServiceAccount): Promise<Listed[]> {
  return client.send('GET', path`/serviceaccounts/${id}/tokens`, z.array(tokenShape))
}

type Listed = z.infer<typeof tokenShape>

/** A token with the account that holds it. */
interface Held {
  readonly account: ServiceAccount
  readonly token: Listed
  /** The live tokens of its name, itself among them: several while a rotation overlaps; newest first. */
  readonly peers: readonly Listed[]
}

/** The token of this id, else the newest live one of this name. */
async function tokenOf(client: AdminClient, namespace: string, given: string): Promise<Held> {
  const named: Held[] = []
  for (const account of await listServiceAccounts(client)) {
    const tokens = await tokensOf(client, account)
    const byId = tokens.find(({ id }) => id === given)
    if (byId !== undefined) return { account, token: byId, peers: livePeers(tokens, byId.name) }
    const peers = livePeers(tokens, given)
    const [newest] = peers
    if (newest !== undefined) named.push({ account, token: newest, peers })
  }
  const [held, other] = named
  if (other !== undefined) {
    throw failure(
      ambiguous(
        given,
        named.flatMap(({ peers }) => peers),
      ),
    )
  }
  if (held !== undefined) return held
  throw failure(
    `The namespace ${namespace} has no live token ${given}; token list shows names and ids.`,
  )
}

function livePeers(tokens: readonly Listed[], name: string): Listed[] {
  return tokens
    .filter((token) => token.name === name && !token.isRevoked && !token.hasExpired)
    .toSorted((a, b) => Date.parse(b.created) - Date.parse(a.created))
}

function ambiguous(name: string, tokens: readonly Listed[]): string {
  const which = tokens.map(({ id, created }) => `${id} (made ${shortTime(created)})`)
  return `More than one live token is named ${name}; give the id: ${which.join(', ')}.`
}

/** What is said of a rotation before the last one is over. */
function overlapping(peers: readonly Listed[]): string {
  const [newest, ...older] = peers
  const ends = older.map(({ id, expiration }) => `${id} works until ${shortTime(expiration)}`)
  return (
    `Token ${newest?.name} was rotated at ${shortTime(newest?.created ?? null)}: ` +
    `${newest?.id} is the new one, and ${ends.join(', ')}. If the new one was lost, add --again.`
  )
}

/** As long as the newest of them was made to live: the older ones were cut short. */
function lifeOf([newest]: readonly Listed[]): { secondsToLive?: number } {
  if (newest === undefined || newest.expiration === null) return {}
  const milliseconds = Date.parse(newest.expiration) - Date.parse(newest.created)
  return { secondsToLive: Math.ceil(milliseconds / 1000) }
}

function tokenPath(account: ServiceAccount, id: string): string {
  return path`/serviceaccounts/${account.id}/tokens/${id}`
}

function show(
  namespace: string,
  account: ServiceAccount,
  token: { readonly id: string; readonly name: string; readonly expiration: string | null },
  key: string,
  now: number,
): NewToken {
  return {
    id: token.id,
    token: key,
    name: token.name,
    namespace,
    account: account.name,
    permissions: account.permissions,
    expiresAt: token.expiration,
    createdAt: new Date(now).toISOString(),
  }
}

function describe(
  token: NewToken,
  account: ServiceAccount,
  origin: string,
  replaced?: z.infer<typeof replacedShape>,
): string {
  return [
    token.token,
    'Copy the token now: it is not shown again.',
    facts([
      ['Id', token.id],
      ['Name', token.name],
      ['Account', token.account],
      ...(account.isDisabled
        ? [['State', 'refused until serviceaccount enable: the account is disabled'] as const]
        : []),
      ['Permissions', listed(token.permissions)],
      ['Expires', shortTime(token.expiresAt)],
      ...(replaced ? [['Replaces', describeReplaced(replaced)] as const] : []),
      ['Tenant URL', `${origin}${NAMESPACES}/${token.namespace}`],
    ]),
  ].join('\n')
}

function describeReplaced({ id, name, expiration }: z.infer<typeof replacedShape>): string {
  return `${name} (${id}), which works until ${shortTime(expiration)}`
}

function tokenTable(tokens: readonly HeldToken[], namespace: string): string {
  if (tokens.length === 0) return `The namespace ${namespace} has no token.`
  return table(
    ['ID', 'NAME', 'ACCOUNT', 'STATE', 'CREATED', 'EXPIRES', 'LAST USED', 'PERMISSIONS'],
    tokens.map((token) => [
      token.id,
      token.name,
      token.account,
      stateOf(token),
      shortTime(token.createdAt),
      shortTime(token.expiresAt),
      shortTime(token.lastUsedAt),
      listed(token.permissions),
    ]),
  )
}

function stateOf({ isRevoked, hasExpired }: HeldToken): string {
  if (isRevoked) return 'revoked'
  return hasExpired ? 'expired' : 'active'
}
