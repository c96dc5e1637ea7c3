/** URNs and bodies, written out here so that a slip in the source does not pass unseen. */
export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
export const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'
export const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error'

/** The body of a user that is complete enough to be created. */
export function userBody(userName: string, more: object = {}) {
  return { schemas: [USER], userName, externalId: `ext-${userName}`, ...more }
}

/** The body of a group with these members. */
export function groupBody(displayName: string, memberIds: readonly string[] = []) {
  return { schemas: [GROUP], displayName, members: memberIds.map((value) => ({ value })) }
}

/** A user with a value for every attribute of User and EnterpriseUser that a client writes. */
export const fullUser = {
  schemas: [USER, ENTERPRISE_USER],
  externalId: 'ext-full',
  userName: 'grace.hopper',
  name: {
    formatted: 'Rear Admiral Grace Brewster Hopper, PhD',
    familyName: 'Hopper',
    givenName: 'Grace',
    middleName: 'Brewster',
    honorificPrefix: 'Rear Admiral',
    honorificSuffix: 'PhD',
  },
  displayName: 'Grace Hopper',
  nickName: 'Amazing Grace',
  profileUrl: 'https://people.example/grace',
  title: 'Director',
  userType: 'Employee',
  preferredLanguage: 'en-US,en;q=0.7',
  locale: 'en_US',
  timezone: 'America/New_York',
  active: true,
  emails: [
    { value: 'Grace@Navy.example', display: 'Navy', type: 'work', primary: true },
    { value: 'grace@home.example', type: 'home' },
  ],
  phoneNumbers: [{ value: '5555555555', display: 'Desk', type: 'work', primary: true }],
  ims: [{ value: 'grace', display: 'Chat', type: 'xmpp', primary: true }],
  photos: [
    { value: 'https://people.example/grace.png', display: 'G', type: 'photo', primary: true },
  ],
  addresses: [
    {
      formatted: '1 Main St\nArlington',
      streetAddress: '1 Main St',
      locality: 'Arlington',
      region: 'VA',
      postalCode: '22201',
      country: 'US',
      type: 'work',
      primary: true,
    },
  ],
  entitlements: [{ value: 'seat', display: 'Seat', type: 'licence', primary: true }],
  roles: [{ value: 'admin', display: 'Admin', type: 'app', primary: true }],
  x509Certificates: [
    { value: 'MIIBszCCAV2gAwIBAgIJAJ', display: 'Card', type: 'smart', primary: true },
  ],
  [ENTERPRISE_USER]: {
    employeeNumber: '701984',
    costCenter: '4130',
    organization: 'Universal Studios',
    division: 'Theme Park',
    department: 'Tour Operations',
  },
} as const
