/** The enterprise extension of User: RFC 7643 §4.3, with erratum 8472. */
import { complex, reference, type Schema, string } from './attribute.ts'

export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

export const enterpriseUserSchema: Schema = {
  id: ENTERPRISE_USER,
  name: 'EnterpriseUser',
  description: 'Enterprise User',
  attributes: [
    string('employeeNumber', 'The number by which the organization knows the person.'),
    string('costCenter', 'The name of a cost center.'),
    string('organization', 'The name of an organization.'),
    string('division', 'The name of a division.'),
    string('department', 'The name of a department.'),
    complex('manager', "The person's manager.", [
      string('value', 'The id of the manager; it may name nobody.', { caseExact: true }),
      reference('$ref', ['User'], 'The URI of the manager.', {
        computed: true,
        unfilterable: true,
      }),
      string('displayName', 'The displayName of the manager.', {
        mutability: 'readOnly',
        computed: true,
        unfilterable: true,
      }),
    ]),
  ],
}
