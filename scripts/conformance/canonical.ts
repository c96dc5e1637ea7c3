// The schemas of RFC 7643 §8.7.1 with the errata 5368, 8471, 8472, 6000, 6001 and 6011, in short.
import type { JsonObject } from './json.ts'
import { ENTERPRISE_USER, GROUP, USER } from './urns.ts'

/** A short name for each schema. */
export const SCHEMA_NAMES: Readonly<Record<string, string>> = {
  [USER]: 'user',
  [GROUP]: 'group',
  [ENTERPRISE_USER]: 'enterprise-user',
}

const common = { multiValued: false, required: false, mutability: 'readWrite', returned: 'default' }

const string = (more: JsonObject = {}): JsonObject => ({
  type: 'string',
  ...common,
  caseExact: false,
  uniqueness: 'none',
  ...more,
})
const boolean: JsonObject = { type: 'boolean', ...common }
const exact = (type: string, more: JsonObject = {}): JsonObject => ({
  type,
  ...common,
  caseExact: true,
  ...more,
})

const complex = (subAttributes: Record<string, JsonObject>, more: JsonObject = {}): JsonObject => ({
  type: 'complex',
  ...common,
  ...more,
  subAttributes: Object.entries(subAttributes).map(([name, sub]) => ({ name, ...sub })),
})

/** A multi-valued attribute with the usual sub-attributes. */
const plural = (value: JsonObject = string(), more: Record<string, JsonObject> = {}): JsonObject =>
  complex(
    { value, display: string(), type: string(), primary: boolean, ...more },
    { multiValued: true },
  )

const readOnly = { mutability: 'readOnly' }
const immutable = { mutability: 'immutable' }

/** The attributes of each schema; of each attribute the characteristics that matter. */
export const CANONICAL: Readonly<Record<string, Readonly<Record<string, JsonObject>>>> = {
  [USER]: {
    userName: string({ required: true, uniqueness: 'server' }),
    name: complex({
      formatted: string(),
      familyName: string(),
      givenName: string(),
      middleName: string(),
      honorificPrefix: string(),
      honorificSuffix: string(),
    }),
    displayName: string(),
    nickName: string(),
    profileUrl: exact('reference', { referenceTypes: ['external'] }),
    title: string(),
    userType: string(),
    preferredLanguage: string(),
    locale: string(),
    timezone: string(),
    active: boolean,
    password: string({ mutability: 'writeOnly', returned: 'never' }),
    emails: plural(),
    phoneNumbers: plural(),
    ims: plural(),
    photos: plural(exact('reference', { referenceTypes: ['external'] })),
    addresses: complex(
      {
        formatted: string(),
        streetAddress: string(),
        locality: string(),
        region: string(),
        postalCode: string(),
        country: string(),
        type: string(),
        primary: boolean,
      },
      { multiValued: true },
    ),
    groups: complex(
      {
        value: string(readOnly),
        $ref: exact('reference', { ...readOnly, referenceTypes: ['Group'] }),
        display: string(readOnly),
        type: string(readOnly),
      },
      { multiValued: true, ...readOnly },
    ),
    entitlements: plural(),
    roles: plural(),
    x509Certificates: plural(exact('binary')),
  },
  [GROUP]: {
    // Whether names of groups are unique is left to the service provider.
    displayName: { type: 'string', ...common, required: true, caseExact: false },
    members: complex(
      {
        value: { type: 'string', multiValued: false, ...immutable },
        $ref: { type: 'reference', multiValued: false, ...immutable },
        type: { type: 'string', multiValued: false, ...immutable },
      },
      { multiValued: true },
    ),
  },
  [ENTERPRISE_USER]: {
    employeeNumber: string(),
    costCenter: string(),
    organization: string(),
    division: string(),
    department: string(),
    manager: complex({
      value: exact('string'),
      $ref: exact('reference', { referenceTypes: ['User'] }),
      displayName: string(readOnly),
    }),
  },
}
