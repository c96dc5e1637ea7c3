import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readGroups, readMappings, readPeople } from '../../../scripts/lib/provider-list.ts'

const folder = mkdtempSync(join(tmpdir(), 'provider-list-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Puts a file down and gives its path; what is no text is written as JSON. */
function file(name: string, content: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const ada = {
  userName: 'ada@example.com',
  externalId: '00u1',
  email: 'ada@work.example',
  displayName: 'Ada Lovelace',
}

test.each<[string, string, unknown]>([
  [
    "Okta's export",
    'users.csv',
    'login,email,firstName,lastName,id,status\nada@example.com,ada@work.example,Ada,Lovelace,00u1,ACTIVE\n',
  ],
  [
    "Entra ID's export",
    'users.csv',
    'userPrincipalName,displayName,mail,id,accountEnabled\nada@example.com,Ada Lovelace,ada@work.example,00u1,True\n',
  ],
  [
    'headings as people write them',
    'users.csv',
    'User name;External ID;E-mail;Display_Name\nada@example.com;00u1;ada@work.example;Ada Lovelace\n',
  ],
  [
    "an answer of Okta's API",
    'users.json',
    [
      {
        id: '00u1',
        status: 'ACTIVE',
        profile: {
          ...{ login: 'ada@example.com', email: 'ada@work.example' },
          ...{ firstName: 'Ada', lastName: 'Lovelace' },
        },
      },
    ],
  ],
  [
    'an answer of Microsoft Graph',
    'users.json',
    {
      '@odata.context': 'x',
      value: [
        {
          ...{ id: '00u1', userPrincipalName: 'ada@example.com' },
          ...{ mail: 'ada@work.example', displayName: 'Ada Lovelace' },
        },
      ],
    },
  ],
  [
    'a SCIM ListResponse, whose id is that of the server',
    'users.json',
    {
      Resources: [
        {
          schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
          ...{ id: 'theirs', externalId: '00u1', userName: 'ada@example.com' },
          displayName: 'Ada Lovelace',
          emails: [
            { value: 'ada@home.example', primary: true },
            { value: 'ada@work.example', type: 'Work' },
          ],
        },
      ],
    },
  ],
  ['a plain list', 'users.json', [ada]],
])('people are read from %s', (_, name, content) => {
  expect(readPeople(file(name, content))).toEqual([ada])
})

test('what is empty is not given', () => {
  const path = file('users.csv', 'userName,email,externalId\nada,,\n')
  expect(readPeople(path)).toEqual([{ userName: 'ada' }])
})

test('a person without a name is told with the place', () => {
  expect(() => readPeople(file('u.csv', 'login,email\nada,a@x\n,b@x\n'))).toThrow(
    'u.csv, line 3, column userName: nobody is named; give userName, login or userPrincipalName.',
  )
  expect(() => readPeople(file('u.json', [{ id: '1' }]))).toThrow(
    'u.json, entry 1, column userName',
  )
})

test.each<[string, string, unknown, object]>([
  [
    'a plain list',
    'g.json',
    [{ displayName: 'A', externalId: 'x' }],
    { displayName: 'A', externalId: 'x' },
  ],
  [
    'Microsoft Graph',
    'g.json',
    { value: [{ id: 'x', displayName: 'A' }] },
    { displayName: 'A', externalId: 'x' },
  ],
  [
    "Okta's API, whose id is not sent",
    'g.json',
    [{ id: 'x', profile: { name: 'A' } }],
    { displayName: 'A' },
  ],
  [
    'SCIM',
    'g.json',
    { Resources: [{ schemas: [], id: 'x', displayName: 'A' }] },
    { displayName: 'A' },
  ],
  ['a table', 'g.csv', 'Group Name,Object ID\nA,x\n', { displayName: 'A', externalId: 'x' }],
])('groups are read from %s', (_, name, content, group) => {
  expect(readGroups(file(name, content))).toEqual([group])
})

test.each<[string, string, unknown]>([
  ['a table', 'm.csv', 'groupId,team\n"cn=a,dc=x",Ops\n'],
  [
    "Grafana's list of a team's groups",
    'm.json',
    [{ orgId: 1, teamId: 'Ops', groupId: 'cn=a,dc=x' }],
  ],
  ['mappings', 'm.json', { mappings: [{ groupId: 'cn=a,dc=x', team: 'Ops' }] }],
])('mappings are read from %s', (_, name, content) => {
  expect(readMappings(file(name, content))).toEqual([{ groupId: 'cn=a,dc=x', team: 'Ops' }])
})

test("a mapping of Grafana's own list keeps that the team is Grafana's number", () => {
  const list = [{ orgId: 1, teamId: 2, groupId: 'sre' }]
  expect(readMappings(file('m.json', list))).toEqual([{ groupId: 'sre', team: 2 }])
  expect(readMappings(file('m.csv', 'groupId,teamId\nsre,2\n'))).toEqual([
    { groupId: 'sre', team: '2' },
  ])
})

test('a mapping that is not complete is told with the place', () => {
  expect(() => readMappings(file('m.csv', 'groupId,team\na,\n'))).toThrow(
    'm.csv, line 2, column team',
  )
  expect(() => readMappings(file('m.json', [{ team: 'x' }]))).toThrow(
    'm.json, entry 1, column groupId',
  )
  expect(() => readGroups(file('g.csv', 'id\n1\n'))).toThrow('g.csv, line 2, column displayName')
})
