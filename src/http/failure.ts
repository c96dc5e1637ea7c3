/**
 * How every refusal looks on the wire: the one table of reasons. A SCIM route answers a SCIM Error
 * (RFC 7644 §3.12) and nothing else, since typed clients refuse more; only what the layer in front of
 * Grafana's SCIM refuses carries Grafana's `message`, `messageId` and `statusCode` as well. An admin
 * route answers Grafana's members alone. The header `X-Error-Id` has the messageId of every error.
 */
import {
  errorBody,
  type ProtocolReason,
  quote,
  Refused,
  type ScimType,
  type TooManyOperations,
} from '../scim/error.ts'
import type { JsonObject } from '../scim/json.ts'
import { type FailureKind, StoreFailure } from '../store/failure.ts'
import type { Provisioned, StoreReason } from '../store/refusal.ts'

/** What HTTP itself, or an operator's request, is refused for. */
export type HttpReason =
  | { readonly kind: 'no-route' }
  | { readonly kind: 'method-not-allowed'; readonly allowed: readonly string[] }
  | { readonly kind: 'unsupported-media-type'; readonly received: string }
  | { readonly kind: 'unsupported-coding'; readonly received: string }
  | { readonly kind: 'too-large'; readonly limit: number }
  | { readonly kind: 'slow-body'; readonly seconds: number }
  | { readonly kind: 'too-many-bodies' }
  | { readonly kind: 'not-acceptable'; readonly accept: string }
  | { readonly kind: 'unresolved-reference'; readonly bulkId: string }
  | { readonly kind: 'unsupported-version'; readonly version: string }
  | { readonly kind: 'not-implemented'; readonly feature: string }
  | { readonly kind: 'too-many-requests'; readonly seconds: number }
  | { readonly kind: 'too-many-failures'; readonly seconds: number }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'absent-database' }
  | { readonly kind: 'fault' }
  | { readonly kind: 'filtered-discovery' }
  | { readonly kind: 'unknown-schema-or-type'; readonly id: string }
  | { readonly kind: 'operator-required' }
  | { readonly kind: 'operator-not-configured'; readonly weakness?: string | undefined }
  | { readonly kind: 'bad-request'; readonly detail: string }
  | { readonly kind: 'namespace-exists'; readonly namespace: string }
  | { readonly kind: 'unlisted-namespaces' }

/** Thrown by handlers and middleware. */
export class HttpRefusal extends Refused<HttpReason> {
  override readonly name = 'HttpRefusal'
}

export type Reason = ProtocolReason | TooManyOperations | StoreReason | HttpReason

/** The header that has the messageId of an error. */
export const ERROR_ID = 'X-Error-Id'

/** A refusal, ready to be sent. */
export interface WireFailure {
  readonly status: number
  readonly scimType?: ScimType
  readonly messageId: string
  /**
   * Whether the layer that Grafana has in front of SCIM refuses: credential, namespace, permission,
   * and too many requests.
   */
  readonly inFront?: true
  /** Grafana's short message, where it has one of its own. */
  readonly message?: string
  /** A sentence: what was wrong, where, and what to do about it. */
  readonly detail: string
  readonly headers?: Readonly<Record<string, string>>
}

const ATTRIBUTE_NAMES = {
  userName: 'userName',
  externalId: 'externalId',
  emails: 'account e-mail',
  displayName: 'displayName',
} as const

/** The authentication challenge of RFC 6750 §3. */
function challenge(error?: string, more = ''): Readonly<Record<string, string>> {
  const parameters = error === undefined ? '' : `, error="${error}"${more}`
  return { 'WWW-Authenticate': `Bearer realm="scim"${parameters}` }
}

const BY_SCIM = 'change it at the identity provider, or have the operator release it from SCIM.'
const BY_GROUP_SYNC =
  'change it at the identity provider, have the operator release the team, or turn group sync off.'

/** What Grafana says to a change by hand of what SCIM manages, in its own words and codes. */
const PROVISIONED: Readonly<Record<Provisioned, WireFailure>> = {
  'user-info': {
    status: 403,
    messageId: 'user.provisioned',
    message: 'User info cannot be updated for external Users',
    detail: `SCIM manages this user: ${BY_SCIM}`,
  },
  'user-deletion': {
    status: 403,
    messageId: 'user.provisioned',
    message: 'provisioned user cannot be deleted',
    detail: `SCIM manages this user: ${BY_SCIM}`,
  },
  user: {
    status: 403,
    messageId: 'user.provisioned',
    message: 'provisioned user cannot be un-provisioned',
    detail: 'SCIM manages this user; only the operator releases it, by POST …/release.',
  },
  'team-name': {
    status: 400,
    messageId: 'team.provisioned',
    message: 'Team name cannot be changed for provisioned teams',
    detail: `SCIM manages this team: ${BY_SCIM}`,
  },
  'team-deletion': {
    status: 400,
    messageId: 'team.provisioned',
    message: 'Cannot delete provisioned teams',
    detail: `SCIM manages this team: ${BY_GROUP_SYNC}`,
  },
  'team-members': {
    status: 400,
    messageId: 'team.provisioned',
    message: 'Team memberships cannot be updated for provisioned teams',
    detail: `SCIM manages this team: ${BY_GROUP_SYNC}`,
  },
  team: {
    status: 400,
    messageId: 'team.provisioned',
    message: 'provisioned teams cannot be updated to non-provisioned teams',
    detail: 'SCIM manages this team; only the operator releases it, by POST …/release.',
  },
  'by-hand': {
    status: 403,
    messageId: 'scim.provisioned-by-hand',
    message: 'only service users can provision a user',
    detail: 'Nothing is made provisioned by hand: SCIM takes it under management by writing to it.',
  },
}

/** What Grafana says of a name that another service account or token has. */
const NAME_TAKEN = {
  'service account': {
    messageId: 'serviceaccounts.ErrAlreadyExists',
    message: 'service account already exists',
  },
  token: {
    messageId: 'serviceaccounts.ErrTokenAlreadyExists',
    message: 'service account token with given name already exists in the organization',
  },
} as const

/** What becomes of a reason; the switch is exhaustive. */
export function describeReason(reason: Reason): WireFailure {
  switch (reason.kind) {
    case 'protocol':
      return {
        status: 400,
        scimType: reason.scimType,
        messageId: `scim.${reason.scimType}`,
        detail: reason.detail,
      }
    case 'missing-token':
      return {
        status: 401,
        messageId: 'api-key.missing',
        inFront: true,
        message: 'Unauthorized',
        detail: 'Send the token of a service account: “Authorization: Bearer glsa_…”.',
        headers: challenge(),
      }
    case 'invalid-token':
      return {
        status: 401,
        messageId: 'api-key.invalid',
        inFront: true,
        message: 'Invalid API key',
        detail: 'The token is not valid here; check that it was copied whole.',
        headers: challenge('invalid_token'),
      }
    case 'wrong-scheme':
      return {
        status: 401,
        messageId: 'api-key.invalid',
        inFront: true,
        message: 'Invalid API key',
        detail:
          reason.scheme.toLowerCase() === 'basic'
            ? 'With the scheme Basic, the user name is api_key and the password is the token; or send “Authorization: Bearer glsa_…”.'
            : `The scheme ${quote(reason.scheme)} is not known here; send “Authorization: Bearer glsa_…”.`,
        headers: challenge('invalid_token'),
      }
    case 'operator-secret':
      return {
        status: 401,
        messageId: 'api-key.invalid',
        inFront: true,
        message: 'Invalid API key',
        detail:
          "This is the operator's secret, which opens no SCIM route; make a token of a service account (token create), and send that.",
        headers: challenge('invalid_token'),
      }
    case 'expired-token':
      return {
        status: 401,
        messageId: 'api-key.expired',
        inFront: true,
        message: 'Expired API key',
        detail: 'The token has expired; create another and give it to the identity provider.',
        headers: challenge('invalid_token'),
      }
    case 'revoked-token':
      return {
        status: 401,
        messageId: 'api-key.revoked',
        inFront: true,
        message: 'Revoked API key',
        detail: 'The token was revoked; create another and give it to the identity provider.',
        headers: challenge('invalid_token'),
      }
    case 'disabled-account':
      return {
        status: 401,
        messageId: 'service-account.disabled',
        inFront: true,
        message: 'Service account is disabled',
        detail: 'The service account of this token is disabled; enable it, or use another.',
        headers: challenge('invalid_token'),
      }
    case 'invalid-namespace':
      return {
        status: 403,
        messageId: 'authn.invalid-namespace',
        inFront: true,
        message: 'invalid namespace',
        detail: `invalid namespace: ${reason.advice}`,
      }
    case 'missing-permission':
      return {
        status: 403,
        messageId: 'accesscontrol.permission-denied',
        inFront: true,
        message: `You'll need additional permissions to perform this action. Permissions needed: ${reason.permission}`,
        detail: `The token lacks the permission ${reason.permission}; give it to the service account.`,
        headers: challenge('insufficient_scope', `, scope="${reason.permission}"`),
      }
    case 'sync-disabled': {
      const what = reason.setting === 'enableUserSync' ? 'user' : 'group'
      return {
        status: 403,
        messageId: `scim.${what}-sync-disabled`,
        detail:
          `SCIM ${what} sync is off in this namespace, so ${what}s can be read but not written; ` +
          `turn on ${reason.setting} at config/default.`,
      }
    }
    case 'unmanaged':
      return {
        status: 403,
        messageId: 'scim.unmanaged',
        detail:
          `SCIM does not manage this ${reason.resourceType === 'User' ? 'account' : 'team'} and ` +
          'so does not delete it; write to it first to take it under management.',
      }
    case 'not-found':
      return {
        status: 404,
        messageId: 'scim.not-found',
        detail: `There is no ${reason.resourceType} with the id ${quote(reason.id)}.`,
      }
    case 'taken':
      return {
        status: 409,
        scimType: 'uniqueness',
        messageId: 'scim.uniqueness',
        detail:
          `The ${ATTRIBUTE_NAMES[reason.attribute]} ${quote(reason.value)} is in use by another ` +
          `${reason.attribute === 'displayName' ? 'group' : 'user'}; it must be unique.`,
      }
    case 'look-alike': {
      const isTeam = reason.attribute === 'displayName'
      const what = isTeam ? 'team' : 'account'
      return {
        status: 409,
        scimType: 'uniqueness',
        messageId: 'scim.look-alike',
        detail:
          `The ${ATTRIBUTE_NAMES[reason.attribute]} ${quote(reason.value)} counts as equal to that of ` +
          `${isTeam ? 'a team' : 'an account'} which SCIM does not manage, but more than the case of ` +
          `ASCII letters differs. A person has to decide. If it is the same, PUT or PATCH the id of ` +
          `the ${what}, or give it this very value first (${isTeam ? 'team rename' : 'account update'}); ` +
          'if not, change the value in one of them.',
      }
    }
    case 'missing-external-id':
      return {
        status: 400,
        scimType: 'invalidValue',
        messageId: 'scim.external-id-required',
        detail:
          'externalId is required, since Grafana signs the person in by it; map it in the identity ' +
          "provider to what the login carries: objectId in Entra ID, the user's id in Okta.",
      }
    case 'failed-condition':
      return {
        status: 412,
        messageId: 'scim.precondition-failed',
        detail:
          reason.header === 'If-Match'
            ? 'The resource has another version than If-Match names; read it again.'
            : 'If-None-Match is * or names the version that the resource has, which forbids to write ' +
              'it; leave the header out, or send If-Match with that version.',
      }
    case 'team-full':
      return {
        status: 400,
        scimType: 'invalidValue',
        messageId: 'scim.team-full',
        detail: 'The group would have more than 100000 members, which is the most; split it.',
      }
    case 'namespace-full':
      return {
        status: 403,
        messageId: 'scim.namespace-full',
        detail: 'The namespace holds 1000000 users, which is the most; delete some first.',
      }
    case 'scan-too-large':
      return {
        status: 400,
        scimType: 'tooMany',
        messageId: 'scim.tooMany',
        detail:
          `No index serves this ${reason.by}: more than ${reason.limit} resources would have to be ` +
          'looked through, which is the most; each comparison with an attribute of several values ' +
          'looks for itself. Look users up by id, userName, externalId or ' +
          'emails.value and groups by id, displayName, externalId or members.value, with eq; or ' +
          'read the whole list by cursor and choose from it.',
      }
    case 'contention':
      return unavailable('Others keep changing the same resource; try again.')
    case 'unavailable':
      return unavailable('The database does not answer at the moment; try again.')
    case 'absent-database':
      return unavailable(
        'The database is missing or has no tables; create it and apply the migrations to it.',
      )
    case 'fault':
      return unavailable('The request failed for a reason that the log tells by its X-Request-Id.')
    case 'no-route':
      return {
        status: 404,
        messageId: 'scim.no-route',
        detail:
          'There is nothing at this path; the resources are at /Users and /Groups below ' +
          '/apis/scim.grafana.app/v0alpha1/namespaces/{namespace}.',
      }
    case 'filtered-discovery':
      return {
        status: 403,
        messageId: 'scim.filtered-discovery',
        detail: 'Discovery endpoints take no filter; read the list, or one resource by its id.',
      }
    case 'unknown-schema-or-type':
      return {
        status: 404,
        messageId: 'scim.not-found',
        detail: `There is no ${quote(reason.id)} here; the list shows all there are.`,
      }
    case 'method-not-allowed':
      return {
        status: 405,
        messageId: 'scim.method-not-allowed',
        detail: `This path takes ${reason.allowed.join(', ')} only.`,
        headers: { Allow: reason.allowed.join(', ') },
      }
    case 'too-large':
      return {
        status: 413,
        messageId: 'scim.too-large',
        detail: `The body is larger than ${reason.limit} bytes, which is the most; split it.`,
      }
    case 'slow-body':
      return {
        status: 408,
        messageId: 'scim.slow-body',
        detail:
          `The body did not arrive within ${reason.seconds} seconds; send the request again, or ` +
          'split it into smaller ones.',
      }
    case 'too-many-bodies':
      return {
        status: 503,
        messageId: 'scim.too-many-bodies',
        detail: 'The server receives as many bodies at once as it can hold; try again.',
        headers: { 'Retry-After': '5' },
      }
    case 'not-acceptable':
      return {
        status: 406,
        messageId: 'scim.not-acceptable',
        detail: `Answers are application/scim+json, which Accept ${quote(reason.accept)} excludes.`,
      }
    case 'too-many-operations':
      return {
        status: 413,
        messageId: 'scim.too-many-operations',
        detail:
          `The ${reason.message} request holds ${reason.count} operations, and one may hold ` +
          `${reason.limit} at most; send several requests.`,
      }
    case 'unresolved-reference':
      return {
        status: 409,
        messageId: 'scim.unresolved-reference',
        detail:
          `bulkId:${reason.bulkId} stands for nothing: no POST of this request has that bulkId, ` +
          'or it failed or was not carried out.',
      }
    case 'unsupported-version':
      return {
        status: 400,
        scimType: 'invalidVers',
        messageId: 'scim.invalidVers',
        detail: `Version ${quote(reason.version)} of SCIM is not supported; version 2 is at the base URL.`,
      }
    case 'resource-too-large':
      return {
        status: 413,
        messageId: 'scim.resource-too-large',
        detail:
          `The resource would take more than ${reason.limit} bytes in the database, which is the ` +
          'most; shorten its values.',
      }
    case 'unsupported-media-type':
      return {
        status: 415,
        messageId: 'scim.unsupported-media-type',
        detail: `Send the body as application/scim+json or application/json, not ${quote(reason.received)}.`,
      }
    case 'unsupported-coding':
      return {
        status: 415,
        messageId: 'scim.unsupported-coding',
        detail: `Send the body as it is, without Content-Encoding ${quote(reason.received)}.`,
        // RFC 7694 §3: what a request may be encoded with.
        headers: { 'Accept-Encoding': 'identity' },
      }
    case 'not-implemented':
      return {
        status: 501,
        messageId: 'scim.not-implemented',
        detail: `${reason.feature} is not supported; see /ServiceProviderConfig.`,
      }
    case 'too-many-requests':
      return {
        status: 429,
        messageId: 'rate-limit.token',
        inFront: true,
        message: 'Too many requests',
        detail: `The token sends more requests than it may; wait ${reason.seconds} seconds.`,
        // An integer: Okta waits five minutes for any other form.
        headers: { 'Retry-After': String(reason.seconds) },
      }
    case 'too-many-failures':
      return {
        status: 429,
        messageId: 'rate-limit.failures',
        inFront: true,
        message: 'Too many requests',
        detail:
          'Too many requests from this address had no valid credential, and this one has none ' +
          `either; check the token, and wait ${reason.seconds} seconds.`,
        headers: { 'Retry-After': String(reason.seconds) },
      }
    case 'operator-required':
      return {
        status: 401,
        messageId: 'operator.required',
        message: 'Unauthorized',
        detail: 'This needs the operator: send “Authorization: Bearer <OPERATOR_TOKEN>”.',
        headers: challenge('invalid_token'),
      }
    case 'operator-not-configured':
      return {
        status: 403,
        messageId: 'operator.not-configured',
        detail: reason.weakness ?? 'No OPERATOR_TOKEN is set; set the secret and deploy again.',
      }
    case 'bad-request':
      return { status: 400, messageId: 'bad-request', detail: reason.detail }
    case 'namespace-exists':
      return {
        status: 409,
        messageId: 'namespace.exists',
        detail:
          `The namespace ${reason.namespace} exists already and was left as it is. To use it, create ` +
          'a service account and a token in it; to begin anew, delete it or take another name.',
      }
    case 'unlisted-namespaces':
      return {
        status: 501,
        messageId: 'namespace.unlisted',
        detail:
          'Each namespace has a database of its own here, so there is no list of them; ask for one ' +
          'by its name, such as stacks-1/config/default.',
      }
    case 'unknown-namespace':
      return {
        status: 404,
        messageId: 'namespace.not-found',
        detail: `There is no namespace ${quote(reason.namespace)}; create it first.`,
      }
    case 'unknown-service-account':
      return {
        status: 404,
        messageId: 'serviceaccounts.ErrNotFound',
        message: 'service account not found',
        detail: `The namespace has no service account with the id ${quote(reason.id)}.`,
      }
    case 'unknown-token':
      return {
        status: 404,
        messageId: 'serviceaccounts.ErrTokenNotFound',
        message: 'service account token not found',
        detail: `The service account has no live token with the id ${quote(reason.id)}.`,
      }
    case 'outliving-token':
      return {
        status: 403,
        messageId: 'serviceaccounts.outliving-token',
        detail:
          `A token makes none that outlives it, and this one ends in ${reason.seconds} seconds; set ` +
          'secondsToLive to that at most, or ask the operator.',
      }
    case 'too-many-tokens':
      return {
        status: 403,
        messageId: 'serviceaccounts.too-many-tokens',
        detail:
          `The service account has ${reason.limit} tokens that are good, which is the most; revoke ` +
          'one that nobody uses.',
      }
    case 'name-taken':
      return {
        status: 400,
        ...NAME_TAKEN[reason.what],
        detail: `There is a ${reason.what} called ${quote(reason.name)} already; choose another name.`,
      }
    case 'provisioned':
      return PROVISIONED[reason.what]
    case 'listed-twice':
      return {
        status: 409,
        messageId: 'import.listed-twice',
        detail: `The list names ${quote(reason.value)} twice; the first entry counts.`,
      }
    case 'grafana-id-taken':
      return {
        status: 409,
        messageId: 'import.grafana-id-taken',
        detail:
          `The Grafana id ${quote(reason.value)} belongs to another entry, here or in the list, and ` +
          'can belong to one only; correct the list, or delete the entry that has it.',
      }
    case 'already-member':
      return {
        status: 400,
        messageId: 'team.already-member',
        message: 'User is already added to this team',
        detail: `The user ${quote(reason.id)} is a member of this team already.`,
      }
    case 'no-member':
      return {
        status: 404,
        messageId: 'team.member-not-found',
        message: 'Team member not found',
        detail: `The user ${quote(reason.id)} is no member of this team.`,
      }
    case 'unknown-conflict':
      return {
        status: 404,
        messageId: 'conflicts.not-found',
        detail: `The namespace has no open conflict with the id ${quote(reason.id)}.`,
      }
    case 'restoring':
      return {
        status: 503,
        messageId: 'namespace.restoring',
        detail:
          'A backup is being restored into this namespace; try again when that is done. The operator ' +
          'sees how far it is at GET restore, and gives it up by DELETE restore.',
        headers: { 'Retry-After': '60' },
      }
    case 'export-changed':
      return {
        status: 409,
        messageId: 'export.changed',
        detail:
          'Somebody wrote to the namespace while it was exported, so the pages do not fit together; ' +
          'begin again without a cursor, and turn both syncs off meanwhile if it keeps happening.',
      }
    case 'restore-not-empty':
      return {
        status: 409,
        messageId: 'restore.not-empty',
        detail:
          `The namespace is not empty: it holds ${reason.holds.join(', ')}. Restore into one that was ` +
          'just created; service accounts and tokens are made afterwards.',
      }
    case 'restore-not-begun':
      return {
        status: 409,
        messageId: 'restore.not-begun',
        detail: 'Nothing is being restored here; begin with the first line of the file, from=0.',
      }
    case 'restore-discarding':
      return {
        status: 409,
        messageId: 'restore.discarding',
        detail: 'A restore is being given up here; repeat DELETE restore until it is done.',
      }
    case 'restore-out-of-step':
      return {
        status: 409,
        messageId: 'restore.out-of-step',
        detail: `${reason.lines} lines are restored already; go on with from=${reason.lines}.`,
      }
    case 'restore-bad-line':
      return {
        status: 400,
        messageId: 'restore.bad-line',
        detail: `Line ${reason.line}: ${reason.detail}`,
      }
    case 'no-settings':
      return {
        status: 404,
        messageId: 'scim.config-not-found',
        detail: `The namespace ${reason.namespace} has no settings of its own; those of the file apply.`,
      }
    case 'unknown-teams':
      return {
        status: 400,
        messageId: 'migration.unknown-team',
        detail:
          `There is no team ${reason.teams.slice(0, 10).map(quote).join(', ')}` +
          `${reason.teams.length > 10 ? ` and ${reason.teams.length - 10} more` : ''}; ` +
          "give the id or the name of a team of this namespace. Grafana's ids are known once its teams " +
          'were imported: import --teams with what /api/teams/search answers.',
      }
    case 'mapped-twice':
      return {
        status: 400,
        messageId: 'migration.mapped-twice',
        detail:
          `The group ${quote(reason.groupId)} is mapped to two teams, and can stand for one only; ` +
          'leave one of them out.',
      }
    case 'unknown-mapping':
      return {
        status: 404,
        messageId: 'migration.mapping-not-found',
        detail: `The group ${quote(reason.groupId)} is mapped to no team.`,
      }
  }
}

function unavailable(detail: string): WireFailure {
  return {
    status: 503,
    messageId: 'unavailable',
    detail,
    // An integer: Okta waits five minutes for any other form.
    headers: { 'Retry-After': '1' },
  }
}

/** Failures that are nobody's fault who asks, and that pass. */
const PLATFORM_FAILURES: ReadonlySet<string> = new Set<FailureKind>([
  'busy',
  'unavailable',
  'lost',
  'exceeded',
])

/** What a thrown error means; what nobody foresaw is a fault of ours or of the platform. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof Refused) return error.reason as Reason
  if (!(error instanceof StoreFailure)) return { kind: 'fault' }
  if (error.kind === 'absent') return { kind: 'absent-database' }
  return PLATFORM_FAILURES.has(error.kind) ? { kind: 'unavailable' } : { kind: 'fault' }
}

function grafanaMembers({ status, messageId, detail, message = detail }: WireFailure) {
  return { message, messageId, statusCode: status }
}

/** The SCIM Error of a refusal. */
export function scimErrorBody(failure: WireFailure): JsonObject {
  const { status, scimType, detail, inFront } = failure
  return { ...errorBody(status, detail, scimType), ...(inFront && grafanaMembers(failure)) }
}

/** The response of a refusal. */
export function failureResponse(failure: WireFailure, scim: boolean): Response {
  const { status, messageId, detail, headers } = failure
  const body = scim ? scimErrorBody(failure) : { ...grafanaMembers(failure), detail }
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'Content-Type': scim ? 'application/scim+json' : 'application/json',
      [ERROR_ID]: messageId,
      ...headers,
    },
  })
}
