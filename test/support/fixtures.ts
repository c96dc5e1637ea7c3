/** Four users that differ in what filters and projections look at. */
import type { Client } from './client.ts'
import { type Body, createUser } from './directory.ts'
import { ENTERPRISE_USER } from './payload.ts'

export type FixtureName = 'F1' | 'F2' | 'F3' | 'F4'

/** Creates them and gives their resources. */
export async function createFixtures(client: Client): Promise<Record<FixtureName, Body>> {
  const F2 = await createUser(client, 'jsmith', {
    externalId: 'run-f2',
    name: { givenName: 'John', familyName: "O'Malley" },
    userType: 'Intern',
    active: false,
    emails: [{ value: 'x@example.org', type: 'home' }],
  })
  const F1 = await createUser(client, 'Bjensen', {
    externalId: 'run-f1',
    name: { givenName: 'Barbara', familyName: 'Jensen' },
    title: 'Tour Guide',
    userType: 'Employee',
    active: true,
    emails: [
      { value: 'bjensen@example.com', type: 'work', primary: true },
      { value: 'babs@jensen.org', type: 'home' },
    ],
    [ENTERPRISE_USER]: {
      employeeNumber: '701984',
      department: 'Tour Operations',
      manager: { value: F2.id },
    },
  })
  const F3 = await createUser(client, 'élodie', {
    externalId: 'run-f3',
    nickName: '100%_sure',
    displayName: 'back\\slash "quoted" (a and b) or [c]',
    userType: 'employee',
  })
  const F4 = await createUser(client, 'min', { externalId: 'run-f4' })
  return { F1, F2, F3, F4 }
}
