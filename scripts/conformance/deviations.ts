// Where our server goes its own way on purpose, and why. The checks accept these choices: they are
// within the RFCs, or what the RFCs leave open, or leniency towards clients.

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
    what: 'A word or number without quotes in a filter is a text where the attribute is one, as it is written: `externalId eq 007`, `title eq true`. Only `null` keeps its meaning.',
    reference: 'RFC 7644 §3.4.2.2',
    why: 'The RFC itself writes `meta.resourceType eq User` (§3.4.2.1), and clients copied it.',
  },
  {
    what: '`"True"` and `"False"` count as booleans, in bodies, operations and filters.',
    reference: 'RFC 7643 §2.3.2',
    why: 'Entra ID sends them. They are returned as booleans.',
  },
  {
    what: 'A path of PATCH that names an attribute no schema has is ignored.',
    reference: 'RFC 7644 §3.5.2',
    why: 'Identity providers map attributes of other products; one of them must not stop the rest.',
  },
  {
    what: '`remove` of `members` with a list as value removes those listed.',
    reference: 'RFC 7644 §3.5.2.2',
    why: 'Entra ID removes members so; to the letter, the group would be emptied.',
  },
  {
    what: '`add` or `replace` of `attr[… eq …].sub` without a match creates the element from the filter.',
    reference: 'RFC 7644 §3.5.2.3',
    why: 'Entra ID sets work e-mails and addresses so, whether there is one or not.',
  },
  {
    what: 'A PATCH whose `Operations` are absent, null or empty succeeds and changes nothing.',
    reference: 'RFC 7644 §3.5.2',
    why: "Microsoft's validator sends an empty list, and a connector of two identity managers none; RFC 7643 §2.5 takes the three for one.",
  },
  {
    what: 'Messages (PatchOp, BulkRequest, SearchRequest) may leave `schemas` out; a wrong one is 400.',
    reference: 'RFC 7644 §3.1',
    why: 'A gateway in wide use sends all its PATCHes without, and the route says which message it is.',
  },
  {
    what: '/Schemas lists `externalId` among the attributes of users and groups.',
    reference: 'RFC 7643 §3.1',
    why: 'Clients that build their mapping from /Schemas would not offer what we ask for.',
  },
  {
    what: '`//Users`, a slash at the end and unknown query parameters are accepted, without a redirect.',
    reference: 'RFC 3986 §6.2.3',
    why: 'Administrators end the base URL with a slash, and clients do not follow redirects with a body.',
  },
  {
    what: 'PATCH of a group is answered with 204 unless `attributes` or `excludedAttributes` asks for a body.',
    reference: 'RFC 7644 §3.5.2',
    why: 'Entra ID asks for it, and a team of 100,000 members is not sent back for one change.',
  },
  {
    what: '`password` is accepted and thrown away.',
    reference: 'RFC 7643 §4.1.1',
    why: 'People log in at their identity provider. Refusing it would stop clients that always send one.',
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
