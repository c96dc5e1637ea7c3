/** The Group schema: RFC 7643 §4.2, with errata 5368 and 6011. A group is a Grafana team. */
import { type Attribute, complex, reference, type Schema, string } from './attribute.ts'
import { externalId } from './common.ts'

export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'

/** The members, which are kept as relations. */
export const members: Attribute = complex(
  'members',
  'The members of the group. Members are users.',
  [
    string('value', 'The id of the member.', { mutability: 'immutable' }),
    reference('$ref', ['User', 'Group'], 'The URI of the member.', {
      mutability: 'immutable',
      computed: true,
      unfilterable: true,
    }),
    string('type', 'The resource type of the member.', {
      mutability: 'immutable',
      computed: true,
      canonicalValues: ['User', 'Group'],
    }),
    string('display', "The member's displayName, or else userName.", {
      mutability: 'immutable',
      computed: true,
    }),
  ],
  { multiValued: true, relation: true },
)

export const groupSchema: Schema = {
  id: GROUP,
  name: 'Group',
  description: 'Group',
  attributes: [
    externalId,
    string('displayName', 'The name of the group, unique in its namespace.', {
      required: true,
      uniqueness: 'server',
    }),
    members,
  ],
}
