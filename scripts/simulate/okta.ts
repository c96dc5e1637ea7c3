// Okta under its two names: the apps made from a template (OIN), which patch, and the apps of the
// App Integration Wizard, which put everything. See Okta's "SCIM 2.0 protocol" reference.
import { ENTERPRISE_USER, GROUP, isObject, type JsonObject, USER } from './compare.ts'
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
} from './people.ts'
import {
  believeGroup,
  believeUser,
  defined,
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
  ranks,
} from './provider.ts'

/** The kind of Okta app that provisions. */
export type OktaApp = 'template' | 'wizard'

/** Okta, as a template app or as an app of the wizard. */
export function okta(app: OktaApp): Provider {
  return {
    title: app === 'template' ? 'Okta, template app' : 'Okta, app made with the wizard',
    headers: {
      'User-Agent': 'Okta SCIM Client 1.0.0',
      Accept: 'application/scim+json',
      'Accept-Charset': 'utf-8',
      'Accept-Encoding': 'gzip,deflate',
    },
    alwaysContentType: true,
    listPath: (type, startIndex) => `/${type}?startIndex=${startIndex}&count=${PAGE_SIZE}`,
    phases: (run) => phases(run, app),
  }
}

function phases(run: Run, app: OktaApp): Phase[] {
  const { people, teams } = run.company
  return [
    { title: 'Test connection', tasks: () => [() => testConnection(run)] },
    ...ranks(people).map((peers, rank) => ({
      title: `Users of rank ${rank + 1}: look up, create`,
      tasks: () => peers.map((one) => () => assign(run, one)),
    })),
    {
      title: 'Profile updates',
      tasks: () =>
        promotions(people).map(({ person, next }) => () => {
          // Leaving the nickname out of a PUT clears it.
          delete next.nickName
          return updateProfile(run, app, person, next)
        }),
    },
    {
      title: 'Deactivations',
      tasks: () => suspended(people).map((one) => () => setActive(run, app, one, false)),
    },
    {
      title: 'Reactivations',
      tasks: () => returning(people).map((one) => () => reassign(run, app, one)),
    },
    { title: 'Groups: look up, create', tasks: () => pushGroups(run, app) },
    { title: 'Membership adds', tasks: () => addMembers(run, app) },
    { title: 'Membership removes', tasks: () => removeMembers(run, app) },
    { title: 'Group renames', tasks: () => renameGroups(run, app) },
    {
      // Okta never deletes a user; it leaves them deactivated.
      title: 'Departures',
      tasks: () => leavers(people).map((one) => () => setActive(run, app, one, false)),
    },
    {
      title: 'Group deletions',
      tasks: () =>
        provisionedTeams(run, dissolved(teams)).map(({ team, id }) => async () => {
          const gone = await run.client.send({
            kind: 'DELETE /Groups/{id}',
            method: 'DELETE',
            path: `/Groups/${id}`,
            expect: 204,
            about: team.displayName,
          })
          if (gone) run.beliefs.groups.delete(id)
        }),
    },
  ]
}

async function testConnection({ client }: Run): Promise<void> {
  for (const path of ['/Users?startIndex=1&count=2', `/Groups?startIndex=1&count=${PAGE_SIZE}`]) {
    const kind = `GET ${path.slice(0, path.indexOf('?'))}`
    await client.send({
      kind,
      method: 'GET',
      path,
      expect: 200,
      about: 'the test of the connection',
    })
  }
}

function filterQuery(attribute: string, value: string): string {
  const filter = percentEncode(`${attribute} eq ${quote(value)}`)
  return `filter=${filter}&startIndex=1&count=${PAGE_SIZE}`
}

async function assign(run: Run, person: Person): Promise<void> {
  const free = await lookUp(run, 'Users', filterQuery('userName', person.userName), person.userName)
  if (!free) return
  const managerId = managerIdOf(run, person)
  if (managerId !== undefined) person.managerId = managerId
  const profile = profileOf(person)
  const created = await run.client.send({
    kind: 'POST /Users',
    method: 'POST',
    path: '/Users',
    // Okta sends a password even with password synchronisation off: eight random characters.
    body: { ...withManagersName(run, profile, person), groups: [], password: '1mz050nq' },
    expect: 201,
    about: person.userName,
  })
  if (!created) return
  person.id = String(created.id)
  believeUser(run.beliefs, person, attributesOf(profile))
}

/** The resource that Okta's attribute mapping makes of a person. */
function profileOf(person: Person): JsonObject {
  return defined({
    schemas: [USER, ENTERPRISE_USER],
    userName: person.userName,
    name: defined({
      givenName: person.givenName,
      middleName: person.middleName,
      familyName: person.familyName,
    }),
    emails: [
      { primary: true, value: person.workEmail, type: 'work' },
      ...optional(person.otherEmail, (value) => ({ primary: false, value, type: 'home' })),
    ],
    displayName: person.displayName,
    nickName: person.nickName,
    title: person.title,
    locale: person.language,
    preferredLanguage: person.language,
    phoneNumbers: [
      ...optional(person.workPhone, (value) => ({ primary: true, value, type: 'work' })),
      ...optional(person.mobilePhone, (value) => ({ value, type: 'mobile' })),
    ],
    addresses: optional(person.address, (address) => ({ primary: true, type: 'work', ...address })),
    externalId: person.key,
    active: person.active,
    [ENTERPRISE_USER]: defined({
      employeeNumber: person.employeeNumber,
      costCenter: person.costCenter,
      organization: person.organization,
      division: person.division,
      department: person.department,
      manager: person.managerId === undefined ? undefined : { value: person.managerId },
    }),
  })
}

/** Okta also sends the manager's name, which the service provider computes itself. */
function withManagersName(run: Run, profile: JsonObject, person: Person): JsonObject {
  const extension = profile[ENTERPRISE_USER]
  const manager = person.manager === undefined ? undefined : run.company.people[person.manager]
  if (!isObject(extension) || !isObject(extension.manager) || !manager) return profile
  const named = { ...extension.manager, displayName: manager.displayName }
  return { ...profile, [ENTERPRISE_USER]: { ...extension, manager: named } }
}

function attributesOf(profile: JsonObject): JsonObject {
  const { schemas: _schemas, ...attributes } = profile
  return attributes
}

async function updateProfile(run: Run, app: OktaApp, person: Person, next: Person): Promise<void> {
  const { client, beliefs } = run
  const id = person.id
  if (id === undefined) return
  const about = person.userName
  const path = `/Users/${id}`
  const read = await client.send({
    kind: 'GET /Users/{id}',
    method: 'GET',
    path,
    expect: 200,
    about,
  })
  if (!read) return
  const [before, after] = [profileOf(person), profileOf(next)]
  const body =
    app === 'template'
      ? { ...after, id, groups: [], meta: { resourceType: 'User' } }
      : changedInPlace(read, before, after)
  const kind = 'PUT /Users/{id}'
  const updated = await client.send({ kind, method: 'PUT', path, body, expect: 200, about })
  if (!updated) return
  client.check(`${kind} of ${about}`, 'active', next.active, updated.active)
  Object.assign(person, next)
  if (next.nickName === undefined) delete person.nickName
  believeUser(beliefs, person, attributesOf(after))
}

/**
 * The wizard's app sends back the resource it has just read, id, meta and groups included, with
 * its own changes; externalId is no attribute of such an app.
 */
function changedInPlace(read: JsonObject, before: JsonObject, after: JsonObject): JsonObject {
  const body: JsonObject = { ...read }
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const value = after[name]
    if (value === undefined) delete body[name]
    else if (JSON.stringify(value) !== JSON.stringify(before[name])) body[name] = value
  }
  delete body.externalId
  return body
}

async function setActive(run: Run, app: OktaApp, person: Person, active: boolean): Promise<void> {
  const id = person.id
  if (id === undefined) return
  if (app === 'wizard') return updateProfile(run, app, person, { ...person, active })
  const kind = 'PATCH /Users/{id}'
  const updated = await run.client.send({
    kind,
    method: 'PATCH',
    path: `/Users/${id}`,
    body: patchOf([{ op: 'replace', value: { active } }]),
    expect: 200,
    about: person.userName,
  })
  if (!updated) return
  run.client.check(`${kind} of ${person.userName}`, 'active', active, updated.active)
  person.active = active
  believeUser(run.beliefs, person, attributesOf(profileOf(person)))
}

/** A later assignment looks the person up first, and must find the inactive user. */
async function reassign(run: Run, app: OktaApp, person: Person): Promise<void> {
  const { id, userName } = person
  if (id === undefined) return
  if (!(await lookUp(run, 'Users', filterQuery('userName', userName), userName, id))) return
  await setActive(run, app, person, true)
}

function pushGroups(run: Run, app: OktaApp): (() => Promise<void>)[] {
  return run.company.teams.map((team) => async () => {
    const about = team.displayName
    if (!(await lookUp(run, 'Groups', filterQuery('displayName', about), about))) return
    const first = app === 'wizard' ? members(run, team.members.slice(0, 2)) : []
    const created = await run.client.send({
      kind: 'POST /Groups',
      method: 'POST',
      path: '/Groups',
      body: { schemas: [GROUP], displayName: team.displayName, members: first.map(memberEntry) },
      expect: 201,
      about,
    })
    if (!created) return
    team.id = String(created.id)
    believeGroup(run.beliefs, team, { displayName: team.displayName })
    const group = run.beliefs.groups.get(team.id)
    for (const { id } of first) group?.members.add(id)
    const path = `/Groups/${team.id}`
    await run.client.send({ kind: 'GET /Groups/{id}', method: 'GET', path, expect: 200, about })
  })
}

/** The pushes to one group follow each other; different groups are pushed side by side. */
function addMembers(run: Run, app: OktaApp): (() => Promise<void>)[] {
  return provisionedTeams(run, run.company.teams).map(({ team, id, group }) => async () => {
    const about = team.displayName
    const present = members(run, team.members)
    if (app === 'wizard') {
      for (const [count] of chunks(present, 10).entries()) {
        await putGroup(run, id, about, present.slice(0, (count + 1) * 10))
      }
      return
    }
    // Sent with every membership change; the id inside the value is to be ignored.
    await patchGroup(run, id, about, [{ op: 'replace', value: { id, displayName: about } }])
    for (const chunk of chunks(present, 5)) {
      const value = chunk.map(memberEntry)
      if (await patchGroup(run, id, about, [{ op: 'add', path: 'members', value }])) {
        for (const member of chunk) group.members.add(member.id)
      }
    }
  })
}

function removeMembers(run: Run, app: OktaApp): (() => Promise<void>)[] {
  return provisionedTeams(run, run.company.teams).map(({ team, id, group }) => async () => {
    const about = team.displayName
    const lost = members(run, losses(team))
    const gone = new Set(lost.map((member) => member.id))
    const kept = members(run, team.members).filter((member) => !gone.has(member.id))
    if (app === 'wizard') {
      await putGroup(run, id, about, kept)
      return
    }
    if (team.index % 3 === 0) {
      const value = kept.map(memberEntry)
      if (await patchGroup(run, id, about, [{ op: 'replace', path: 'members', value }])) {
        group.members = new Set(kept.map((member) => member.id))
      }
      return
    }
    // Somebody joins in the request with which others leave.
    const [joining] = provisioned(run, run.company.people).filter(
      (one) => !group.members.has(one.id),
    )
    for (const [position, chunk] of chunks(lost, 4).entries()) {
      const adds = position === 0 && joining ? [joining] : []
      const operations: JsonObject[] = chunk.map((member) => ({
        op: 'remove',
        path: `members[value eq ${quote(member.id)}]`,
      }))
      if (adds.length > 0) {
        operations.push({ op: 'add', path: 'members', value: adds.map(memberEntry) })
      }
      if (await patchGroup(run, id, about, operations)) {
        for (const member of chunk) group.members.delete(member.id)
        for (const member of adds) group.members.add(member.id)
      }
    }
  })
}

function renameGroups(run: Run, app: OktaApp): (() => Promise<void>)[] {
  return renamed(run.company.teams).flatMap(({ team, displayName }) =>
    provisionedTeams(run, [team]).map(({ id, group }) => async () => {
      const present = provisioned(run, run.company.people).filter((one) =>
        group.members.has(one.id),
      )
      const done =
        app === 'wizard'
          ? await putGroup(run, id, displayName, present)
          : await patchGroup(run, id, team.displayName, [
              { op: 'replace', value: { id, displayName } },
            ])
      if (!done) return
      team.displayName = displayName
      group.attributes = { displayName }
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

async function putGroup(
  { client, beliefs }: Run,
  id: string,
  displayName: string,
  present: readonly { person: Person; id: string }[],
): Promise<boolean> {
  const done = await client.send({
    kind: 'PUT /Groups/{id}',
    method: 'PUT',
    path: `/Groups/${id}`,
    body: { schemas: [GROUP], id, displayName, members: present.map(memberEntry) },
    expect: 200,
    about: displayName,
  })
  const group = beliefs.groups.get(id)
  if (done && group) group.members = new Set(present.map((member) => member.id))
  return done !== undefined
}

/** Okta names most members and leaves the name of some null. */
function memberEntry({ person, id }: { person: Person; id: string }): JsonObject {
  return { value: id, display: person.index % 7 === 3 ? null : person.userName }
}
