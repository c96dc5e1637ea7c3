// Microsoft Entra ID without the flag aadOptscim062020: capitalised operations, one per path,
// booleans as strings. See Microsoft's "Develop and plan provisioning for a SCIM endpoint".
import { ENTERPRISE_USER, GROUP, type JsonObject, USER } from './compare.ts'
import {
  chunks,
  dissolved,
  leavers,
  losses,
  type Person,
  promotions,
  renamed,
  returning,
  suspended,
  type Team,
} from './people.ts'
import {
  believeGroup,
  believeUser,
  defined,
  forgetUser,
  lookUp,
  managerIdOf,
  members,
  optional,
  PAGE_SIZE,
  type Phase,
  type Provider,
  patchOf,
  percentEncode,
  provisioned,
  provisionedTeams,
  quote,
  type Run,
} from './provider.ts'

const LEGACY_GROUP = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'
/** Microsoft's documentation has this URN with a full stop missing, and clients send it so. */
const MISSPELT_ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0User'

/** Microsoft Entra ID. */
export const entra: Provider = {
  title: 'Microsoft Entra ID',
  // Neither User-Agent nor Accept.
  headers: {},
  alwaysContentType: false,
  listPath: (type, startIndex) =>
    type === 'Groups'
      ? `/Groups?excludedAttributes=members&startIndex=${startIndex}&count=${PAGE_SIZE}`
      : `/Users?startIndex=${startIndex}&count=${PAGE_SIZE}`,
  phases,
}

function phases(run: Run): Phase[] {
  const { people, teams } = run.company
  for (const person of people) if (isSparse(person)) strip(person)
  return [
    { title: 'Test connection', tasks: () => [() => testConnection(run)] },
    { title: 'Users: look up, create', tasks: () => people.map((one) => () => create(run, one)) },
    { title: 'Managers', tasks: () => people.map((one) => () => setManager(run, one)) },
    {
      title: 'Profile updates',
      tasks: () =>
        promotions(people).map(
          ({ person, next }) =>
            () =>
              update(run, person, next),
        ),
    },
    {
      title: 'Deactivations',
      tasks: () => suspended(people).map((one) => () => setActive(run, one, false)),
    },
    {
      title: 'Reactivations',
      tasks: () =>
        returning(people).map((one) => async () => {
          if (one.id !== undefined && (await lookUpUser(run, one, one.id))) {
            await setActive(run, one, true)
          }
        }),
    },
    {
      title: 'Groups: look up, create',
      tasks: () => teams.map((team) => () => createGroup(run, team)),
    },
    { title: 'Membership adds', tasks: () => addMembers(run) },
    { title: 'Membership removes', tasks: () => removeMembers(run) },
    { title: 'Group renames', tasks: () => renameGroups(run) },
    {
      title: 'User deletions',
      tasks: () =>
        provisioned(run, leavers(people)).map(({ person, id }) => async () => {
          // Disabled first, deleted for good thirty days later.
          await setActive(run, person, false)
          if (await remove(run, 'Users', id, person.userName)) forgetUser(run.beliefs, id)
        }),
    },
    {
      title: 'Group deletions',
      tasks: () =>
        provisionedTeams(run, dissolved(teams)).map(({ team, id }) => async () => {
          if (await remove(run, 'Groups', id, team.displayName)) run.beliefs.groups.delete(id)
        }),
    },
  ]
}

/** Some people have few attributes; they are created in the second documented form, with nulls. */
function isSparse(person: Person): boolean {
  return person.index % 4 === 3
}

function strip(person: Person): void {
  delete person.address
  delete person.workPhone
  delete person.mobilePhone
  delete person.otherEmail
  delete person.nickName
  delete person.title
  delete person.language
  delete person.employeeNumber
  delete person.department
  delete person.costCenter
  delete person.organization
  delete person.division
}

async function testConnection(run: Run): Promise<void> {
  const about = 'the test of the connection'
  const unknown = '3e59e27b-68ad-41f5-bb0e-dadf130e2ac8'
  await lookUp(run, 'Users', filterQuery(`userName eq ${quote(unknown)}`), about)
  await lookUp(run, 'Groups', groupQuery(`displayName eq ${quote(unknown)}`), about)
}

function filterQuery(filter: string): string {
  return `filter=${percentEncode(filter).replaceAll('%20', '+')}`
}

function groupQuery(filter: string): string {
  return `excludedAttributes=members&${filterQuery(filter)}`
}

/** New tenants match on externalId, older ones on userName. */
function lookUpUser(run: Run, person: Person, expected?: string): Promise<boolean> {
  const filter =
    person.index % 2 === 0
      ? `userName eq ${quote(person.userName)}`
      : `externalId eq ${quote(person.key)}`
  return lookUp(run, 'Users', filterQuery(filter), person.userName, expected)
}

async function create(run: Run, person: Person): Promise<void> {
  if (!(await lookUpUser(run, person))) return
  const attributes = attributesOf(person)
  const nulls: JsonObject = {
    addresses: null,
    phoneNumbers: null,
    preferredLanguage: null,
    title: null,
    department: null,
    manager: null,
  }
  const body: JsonObject = isSparse(person)
    ? { schemas: [USER, MISSPELT_ENTERPRISE_USER], ...nulls, ...attributes }
    : { schemas: [USER, ENTERPRISE_USER], ...attributes }
  const created = await run.client.send({
    kind: 'POST /Users',
    method: 'POST',
    path: '/Users',
    body: { ...body, meta: { resourceType: 'User' } },
    expect: 201,
    about: person.userName,
  })
  if (!created) return
  person.id = String(created.id)
  believeUser(run.beliefs, person, attributes)
}

/** The resource that Entra's attribute mapping makes of a person. */
function attributesOf(person: Person): JsonObject {
  const extension = defined({
    employeeNumber: person.employeeNumber,
    department: person.department,
    costCenter: person.costCenter,
    organization: person.organization,
    division: person.division,
    manager: person.managerId === undefined ? undefined : { value: person.managerId },
  })
  return defined({
    externalId: person.key,
    userName: person.userName,
    active: person.active,
    displayName: person.displayName,
    name: {
      formatted: `${person.givenName} ${person.familyName}`,
      familyName: person.familyName,
      givenName: person.givenName,
    },
    emails: [
      { primary: true, type: 'work', value: person.workEmail },
      ...optional(person.otherEmail, (value) => ({ type: 'other', value })),
    ],
    nickName: person.nickName,
    title: person.title,
    preferredLanguage: person.language,
    phoneNumbers: nonEmpty([
      ...optional(person.workPhone, (value) => ({ type: 'work', value })),
      ...optional(person.mobilePhone, (value) => ({ type: 'mobile', value })),
    ]),
    addresses: nonEmpty(optional(person.address, (address) => ({ type: 'work', ...address }))),
    roles: isSparse(person)
      ? []
      : [{ primary: true, type: 'WindowsAzureActiveDirectoryRole', value: 'Admin' }],
    [ENTERPRISE_USER]: Object.keys(extension).length > 0 ? extension : undefined,
  })
}

function nonEmpty(list: JsonObject[]): JsonObject[] | undefined {
  return list.length > 0 ? list : undefined
}

/** The same mapping as Entra states it in a PATCH: paths. */
function pathsOf(person: Person): Record<string, string | undefined> {
  return {
    userName: person.userName,
    displayName: person.displayName,
    nickName: person.nickName,
    title: person.title,
    preferredLanguage: person.language,
    'name.formatted': `${person.givenName} ${person.familyName}`,
    'name.givenName': person.givenName,
    'name.familyName': person.familyName,
    'emails[type eq "work"].value': person.workEmail,
    'emails[type eq "other"].Value': person.otherEmail,
    'phoneNumbers[type eq "work"].value': person.workPhone,
    'phoneNumbers[type eq "mobile"].value': person.mobilePhone,
    'addresses[type eq "work"].streetAddress': person.address?.streetAddress,
    'addresses[type eq "work"].locality': person.address?.locality,
    'addresses[type eq "work"].region': person.address?.region,
    'addresses[type eq "work"].postalCode': person.address?.postalCode,
    'addresses[type eq "work"].country': person.address?.country,
    [`${ENTERPRISE_USER}:employeeNumber`]: person.employeeNumber,
    [`${ENTERPRISE_USER}:department`]: person.department,
  }
}

/** The manager is a reference: it is checked, then set in a request of its own. */
async function setManager(run: Run, person: Person): Promise<void> {
  const managerId = managerIdOf(run, person)
  const { id, userName } = person
  if (managerId === undefined || id === undefined) return
  const filter = `id eq ${quote(id)} and manager eq ${quote(managerId)}`
  if (!(await lookUp(run, 'Users', `attributes=id&${filterQuery(filter)}`, userName))) return
  // The documented form, and the one that tenants have been seen to send.
  const operation: JsonObject =
    person.index % 2 === 0
      ? {
          op: 'Add',
          path: 'manager',
          value: [{ $ref: `${run.baseUrl}/Users/${managerId}`, value: managerId }],
        }
      : { op: 'Add', path: `${ENTERPRISE_USER}:manager`, value: managerId }
  await patchUser(run, person, { ...person, managerId }, [operation])
}

async function update(run: Run, person: Person, next: Person): Promise<void> {
  const before = pathsOf(person)
  const operations: JsonObject[] = []
  for (const [path, value] of Object.entries(pathsOf(next))) {
    if (value === undefined || value === before[path]) continue
    operations.push({ op: before[path] === undefined ? 'Add' : 'Replace', path, value })
  }
  await patchUser(run, person, next, operations)
}

/** Booleans travel as strings, and some tenants send Add where others send Replace. */
async function setActive(run: Run, person: Person, active: boolean): Promise<void> {
  await patchUser(run, person, { ...person, active }, [
    {
      op: person.index % 4 === 0 ? 'Add' : 'Replace',
      path: 'active',
      value: active ? 'True' : 'False',
    },
  ])
}

async function patchUser(
  { client, beliefs }: Run,
  person: Person,
  next: Person,
  operations: JsonObject[],
): Promise<void> {
  if (person.id === undefined) return
  const kind = 'PATCH /Users/{id}'
  const about = person.userName
  const path = `/Users/${person.id}`
  const body = patchOf(operations)
  const updated = await client.send({ kind, method: 'PATCH', path, body, expect: 200, about })
  if (!updated) return
  client.check(`${kind} of ${about}`, 'active', next.active, updated.active)
  Object.assign(person, next)
  believeUser(beliefs, person, attributesOf(person))
}

async function createGroup(run: Run, team: Team): Promise<void> {
  const about = team.displayName
  const filter = `displayName eq ${quote(about)}`
  if (!(await lookUp(run, 'Groups', groupQuery(filter), about))) return
  const attributes = { externalId: team.key, displayName: team.displayName }
  const created = await run.client.send({
    kind: 'POST /Groups',
    method: 'POST',
    path: '/Groups',
    body: { schemas: [GROUP, LEGACY_GROUP], ...attributes, meta: { resourceType: 'Group' } },
    expect: 201,
    about,
  })
  if (!created) return
  team.id = String(created.id)
  believeGroup(run.beliefs, team, attributes)
  const kind = 'GET /Groups/{id}'
  const path = `/Groups/${team.id}?excludedAttributes=members`
  const read = await run.client.send({ kind, method: 'GET', path, expect: 200, about })
  if (read) run.client.check(`${kind} of ${about}`, 'members', null, read.members)
}

/** Small requests, several to the same group at once. */
function addMembers(run: Run): (() => Promise<void>)[] {
  return provisionedTeams(run, run.company.teams).flatMap(({ team, id, group }) =>
    chunks(members(run, team.members), 3).map((chunk, position) => async () => {
      const [first] = chunk
      // Entra asks whether a reference exists already; once a group is enough here.
      if (position === 0 && first) {
        const filter = `id eq ${quote(id)} and members eq ${quote(first.id)}`
        if (!(await lookUp(run, 'Groups', groupQuery(filter), team.displayName))) return
      }
      if (await patchMembers(run, 'Add', id, team, chunk)) {
        for (const member of chunk) group.members.add(member.id)
      }
    }),
  )
}

function removeMembers(run: Run): (() => Promise<void>)[] {
  return provisionedTeams(run, run.company.teams).flatMap(({ team, id, group }) =>
    chunks(members(run, losses(team)), 2).map((chunk, position) => async () => {
      if (!(await patchMembers(run, 'Remove', id, team, chunk))) return
      for (const member of chunk) group.members.delete(member.id)
      // Entra has been seen to repeat a removal.
      if (position === 0) await patchMembers(run, 'Remove', id, team, chunk)
    }),
  )
}

function patchMembers(
  run: Run,
  op: 'Add' | 'Remove',
  id: string,
  team: Team,
  chunk: readonly { id: string }[],
): Promise<boolean> {
  const value = chunk.map((member) => ({ $ref: null, value: member.id }))
  return patchGroup(run, id, team.displayName, [{ op, path: 'members', value }])
}

function renameGroups(run: Run): (() => Promise<void>)[] {
  return renamed(run.company.teams).flatMap(({ team, displayName }) =>
    provisionedTeams(run, [team]).map(({ id, group }) => async () => {
      const key = `${team.key}-renamed`
      const done = await patchGroup(run, id, team.displayName, [
        { op: 'Replace', path: 'displayName', value: displayName },
        { op: 'Add', path: 'externalId', value: key },
      ])
      if (!done) return
      Object.assign(team, { displayName, key })
      group.attributes = { externalId: key, displayName }
    }),
  )
}

async function patchGroup(
  { client }: Run,
  id: string,
  about: string,
  operations: JsonObject[],
): Promise<boolean> {
  const kind = 'PATCH /Groups/{id}'
  const path = `/Groups/${id}`
  const body = patchOf(operations)
  return (
    (await client.send({ kind, method: 'PATCH', path, body, expect: 204, about })) !== undefined
  )
}

async function remove(
  { client }: Run,
  type: 'Users' | 'Groups',
  id: string,
  about: string,
): Promise<boolean> {
  const kind = `DELETE /${type}/{id}`
  const path = `/${type}/${id}`
  return (await client.send({ kind, method: 'DELETE', path, expect: 204, about })) !== undefined
}
