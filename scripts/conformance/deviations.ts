// Where our server goes its own way on purpose, and why. The checks accept these choices: they are
// within the RFCs, or what the RFCs leave open. What it tolerates is in leniencies.ts.

/** A choice and its reason. */
export interface Deviation {
  readonly what: string
  readonly reference: string
  readonly why: string
}

export const DEVIATIONS: readonly Deviation[] = [
  {
    what: 'A new user needs an `externalId`; without one it is 400 `invalidValue`.',
    reference: 'RFC 7643 §3.1',
    why: 'Grafana takes it as the login identity. The setting `requireExternalId` turns this off.',
  },
  {
    what: '`externalId` and the account e-mail are unique in a namespace, not only `userName`.',
    reference: 'RFC 7644 §3.3',
    why: 'Grafana finds people by them; two accounts of one e-mail could log in as each other.',
  },
  {
    what: '`displayName` of a group is unique in its namespace, whatever its case.',
    reference: 'RFC 7643 §4.2',
    why: 'Groups are teams, and Grafana has one team of a name.',
  },
  {
    what: 'A member id that is unknown, deleted or that of a group is skipped; the rest is applied.',
    reference: 'RFC 7644 §3.5.2',
    why: 'Clients push groups before all of their people exist. An error would stop the whole group; the event says who was skipped.',
  },
  {
    what: 'Groups have users as members, not groups.',
    reference: 'RFC 7643 §4.2',
    why: 'Teams of Grafana are flat.',
  },
  {
    what: 'PUT that leaves out `active` or `externalId` keeps them; null clears `externalId`.',
    reference: 'RFC 7644 §3.5.1',
    why: 'Okta puts the whole user back without `externalId`; clearing it would lock people out.',
  },
  {
    what: 'POST that matches an account which SCIM does not manage takes it over: 201 with the id it had.',
    reference: 'RFC 7644 §3.3',
    why: 'People who were in Grafana before provisioning began keep their dashboards and history.',
  },
  {
    what: 'DELETE of an account that SCIM does not manage is 403.',
    reference: 'RFC 7644 §3.6',
    why: 'What a client did not make, it cannot remove.',
  },
  {
    what: 'A deleted user is gone for SCIM but retained; POST with the same `externalId` brings the record back, with its id.',
    reference: 'RFC 7644 §3.6',
    why: 'Audit and compliance need the record, and a person who returns is the same person. It reserves no name and no e-mail.',
  },
  {
    what: '/Schemas lists `externalId` among the attributes of users and groups.',
    reference: 'RFC 7643 §3.1',
    why: 'Clients that build their mapping from /Schemas would not offer what we ask for.',
  },
  {
    what: '/Schemas says `uniqueness: server` of `externalId` of users and of `displayName` of groups, and `required: true` of `externalId` of users where the namespace wants it.',
    reference: 'RFC 7643 §8.7.1',
    why: 'It is what we hold; clients that go by the schema would send what is refused.',
  },
  {
    what: 'PATCH of a group is answered with 204 unless `attributes` or `excludedAttributes` asks for a body.',
    reference: 'RFC 7644 §3.5.2',
    why: 'Entra ID asks for it, and a team of 100,000 members is not sent back for one change.',
  },
  {
    what: 'A refusal of the credential, namespace or permission (401, 403), and 429, carries `message`, `messageId` and `statusCode` beside the members of a SCIM Error; no other error does.',
    reference: 'RFC 7644 §3.12',
    why: "In Grafana a layer in front of SCIM answers these, and tools around Grafana's API read them.",
  },
  {
    what: 'A malformed or foreign namespace is 403 for a valid token, not 404.',
    reference: 'RFC 7644 §6',
    why: 'It tells nothing about which namespaces exist, and it is how Grafana answers.',
  },
  {
    what: 'In a bulk request, a POST may come without a `bulkId`, `failOnErrors: 0` sets no limit, and a path may leave out its slash.',
    reference: 'RFC 7644 §3.7',
    why: 'Clients send it so, and it can mean nothing else; the result has no `bulkId` then.',
  },
]

/** Requirements that cannot be seen from outside, and are tested elsewhere or not at all. */
export const UNSEEN: readonly string[] = [
  'Tokens are stored as a hash only, and no log line holds a credential or a password (RFC 7644 §7.4).',
  'The server never opens a URI that a client sends, such as `photos.value` (RFC 7644 §7).',
  'A fault of the database is answered with 503 and Retry-After (RFC 9110 §15.6.4).',
  'A cursor that is too old is answered with `expiredCursor` (RFC 9865 §2.1).',
  'Required extensions and resource types of one’s own (RFC 7643 §3.3): there are none.',
  '/Me of a user’s own token (RFC 7644 §3.11): a provisioning token is nobody’s.',
]
