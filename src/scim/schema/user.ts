/** The User schema: RFC 7643 §4.1, characteristics as in §8.7.1 with its errata. */
import {
  type Attribute,
  binary,
  boolean,
  complex,
  readOnly,
  reference,
  type Schema,
  string,
} from './attribute.ts'
import { externalId } from './common.ts'

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'

/** Whether an element is the preferred one; without a value it is not (RFC 7643 §2.4). */
const primary = (what: string): Attribute =>
  boolean('primary', `Whether this is the preferred ${what}; true for one at most.`, {
    assumed: false,
  })

/** The default sub-attributes of a multi-valued attribute (RFC 7643 §2.4). */
function valueDisplayTypePrimary(
  value: Attribute,
  what: string,
  types?: readonly string[],
): readonly Attribute[] {
  return [
    value,
    string('display', `A name for the ${what}, for display.`),
    string(
      'type',
      `What the ${what} is used for.`,
      types === undefined ? {} : { canonicalValues: types },
    ),
    primary(what),
  ]
}

/** Uniqueness is told of an attribute, and here holds for one value of several. */
const EMAIL =
  'The e-mail address. The account e-mail alone is unique: the primary work address, else the first ' +
  'work address, the primary one, the first.'

/** The e-mail addresses, one of which an account is known by. */
export const emails: Attribute = complex(
  'emails',
  'E-mail addresses.',
  valueDisplayTypePrimary(string('value', EMAIL), 'e-mail address', ['work', 'home', 'other']),
  { multiValued: true },
)

export const userSchema: Schema = {
  id: USER,
  name: 'User',
  description: 'User Account',
  attributes: [
    { ...externalId, uniqueness: 'server' },
    string('userName', 'The name by which the person is known to the service provider.', {
      required: true,
      uniqueness: 'server',
    }),
    complex('name', "The parts of the person's name.", [
      string('formatted', 'The full name, formatted for display.'),
      string('familyName', 'The family name, or last name.'),
      string('givenName', 'The given name, or first name.'),
      string('middleName', 'The middle names.'),
      string('honorificPrefix', 'What precedes the name, such as a title.'),
      string('honorificSuffix', 'What follows the name, such as a suffix.'),
    ]),
    string('displayName', 'The name to show to others.'),
    string('nickName', 'The casual way to address the person.'),
    reference('profileUrl', ['external'], 'A page about the person.'),
    string('title', "The person's title, such as “Vice President”."),
    string('userType', 'The relation between the organization and the person.'),
    string('preferredLanguage', 'The languages that the person prefers, as in Accept-Language.'),
    string('locale', 'The locale by which dates, numbers and currencies are shown.'),
    string('timezone', "The person's time zone, in the form of the IANA database."),
    boolean('active', 'Whether the person may sign in.'),
    string('password', 'Accepted and discarded: Grafana signs people in elsewhere.', {
      mutability: 'writeOnly',
      returned: 'never',
    }),
    emails,
    complex(
      'phoneNumbers',
      'Telephone numbers.',
      valueDisplayTypePrimary(string('value', 'The telephone number.'), 'telephone number', [
        'work',
        'home',
        'mobile',
        'fax',
        'pager',
        'other',
      ]),
      { multiValued: true },
    ),
    complex(
      'ims',
      'Instant messaging addresses.',
      valueDisplayTypePrimary(string('value', 'The messaging address.'), 'messaging address', [
        'aim',
        'gtalk',
        'icq',
        'xmpp',
        'msn',
        'skype',
        'qq',
        'yahoo',
        'other',
      ]),
      { multiValued: true },
    ),
    complex(
      'photos',
      'Pictures of the person.',
      valueDisplayTypePrimary(
        reference('value', ['external'], 'The URI of the picture.'),
        'picture',
        ['photo', 'thumbnail'],
      ),
      { multiValued: true },
    ),
    complex(
      'addresses',
      'Physical mailing addresses.',
      [
        string('formatted', 'The full address, formatted for display.'),
        string('streetAddress', 'Street, house number and the like.'),
        string('locality', 'The city or locality.'),
        string('region', 'The state or region.'),
        string('postalCode', 'The postal code.'),
        string('country', 'The country, as in ISO 3166-1 alpha-2.'),
        string('type', 'What the address is used for.', {
          canonicalValues: ['work', 'home', 'other'],
        }),
        primary('address'),
      ],
      { multiValued: true },
    ),
    readOnly(
      complex(
        'groups',
        'The groups to which the person belongs.',
        [
          string('value', 'The id of the group.', { computed: true }),
          reference('$ref', ['Group'], 'The URI of the group.', {
            computed: true,
            unfilterable: true,
          }),
          string('display', 'The displayName of the group.', { computed: true }),
          string('type', 'How the person belongs to the group.', {
            computed: true,
            canonicalValues: ['direct', 'indirect'],
          }),
        ],
        { multiValued: true, computed: true },
      ),
    ),
    complex(
      'entitlements',
      'Things that the person is entitled to.',
      valueDisplayTypePrimary(string('value', 'The entitlement.'), 'entitlement'),
      { multiValued: true },
    ),
    complex(
      'roles',
      'Roles of the person, as the client names them; they grant nothing in Grafana.',
      valueDisplayTypePrimary(string('value', 'The role.'), 'role'),
      { multiValued: true },
    ),
    complex(
      'x509Certificates',
      'Certificates issued to the person.',
      valueDisplayTypePrimary(binary('value', 'The certificate, DER in base64.'), 'certificate'),
      { multiValued: true },
    ),
  ],
}
