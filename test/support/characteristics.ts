/**
 * The attributes of RFC 7643 §8.7.1, with errata 5368, 6011, 8471 and 8472: one line for each, as
 * `name type …` where what follows differs from the defaults of §2.2. A dot sets a sub-attribute
 * apart.
 */
const texts = (prefix: string, names: string) => names.split(' ').map((name) => prefix + name)
const multiple = (name: string, value = 'string') => [
  `${name} complex multiValued`,
  `${name}.value ${value}`,
  `${name}.display string`,
  `${name}.type string`,
  `${name}.primary boolean`,
]

export const userCharacteristics: readonly string[] = [
  'externalId string required caseExact uniqueness=server',
  'userName string required uniqueness=server',
  'name complex',
  ...texts(
    'name.',
    'formatted familyName givenName middleName honorificPrefix honorificSuffix',
  ).map((name) => `${name} string`),
  ...texts('', 'displayName nickName title userType preferredLanguage locale timezone').map(
    (name) => `${name} string`,
  ),
  'profileUrl reference caseExact -> external',
  'active boolean',
  'password string mutability=writeOnly returned=never',
  ...multiple('emails'),
  ...multiple('phoneNumbers'),
  ...multiple('ims'),
  ...multiple('photos', 'reference caseExact -> external'),
  'addresses complex multiValued',
  ...texts('addresses.', 'formatted streetAddress locality region postalCode country type').map(
    (name) => `${name} string`,
  ),
  'addresses.primary boolean',
  'groups complex multiValued mutability=readOnly',
  'groups.value string mutability=readOnly',
  'groups.$ref reference caseExact mutability=readOnly -> Group',
  'groups.display string mutability=readOnly',
  'groups.type string mutability=readOnly',
  ...multiple('entitlements'),
  ...multiple('roles'),
  ...multiple('x509Certificates', 'binary caseExact'),
]

export const groupCharacteristics: readonly string[] = [
  'externalId string caseExact',
  'displayName string required uniqueness=server',
  'members complex multiValued',
  'members.value string mutability=immutable',
  'members.$ref reference caseExact mutability=immutable -> User Group',
  'members.type string mutability=immutable',
  'members.display string mutability=immutable',
]

export const enterpriseCharacteristics: readonly string[] = [
  ...texts('', 'employeeNumber costCenter organization division department').map(
    (name) => `${name} string`,
  ),
  'manager complex',
  'manager.value string caseExact',
  'manager.$ref reference caseExact -> User',
  'manager.displayName string mutability=readOnly',
]

/** An attribute as /Schemas describes it. */
export interface Described {
  readonly name: string
  readonly type: string
  readonly description: string
  readonly multiValued: boolean
  readonly required: boolean
  readonly caseExact?: boolean
  readonly mutability: string
  readonly returned: string
  readonly uniqueness?: string
  readonly referenceTypes?: readonly string[]
  readonly subAttributes?: readonly Described[]
}

/** The attributes of a schema in the same notation. */
export function characteristicsOf(attributes: readonly Described[], prefix = ''): string[] {
  return attributes.flatMap((attribute) => {
    const { type, required, multiValued, caseExact, uniqueness = 'none' } = attribute
    const parts = [
      `${prefix}${attribute.name}`,
      type,
      multiValued && 'multiValued',
      required && 'required',
      caseExact === true && 'caseExact',
      attribute.mutability !== 'readWrite' && `mutability=${attribute.mutability}`,
      attribute.returned !== 'default' && `returned=${attribute.returned}`,
      uniqueness !== 'none' && `uniqueness=${uniqueness}`,
      attribute.referenceTypes && `-> ${attribute.referenceTypes.join(' ')}`,
    ]
    return [
      parts.filter((part) => part !== false && part !== undefined).join(' '),
      ...characteristicsOf(attribute.subAttributes ?? [], `${prefix}${attribute.name}.`),
    ]
  })
}
