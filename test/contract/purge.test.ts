/** What a purge leaves of a person in the files of an embedded database: nothing. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openFiles } from '../../src/node/files.ts'
import type { Attributes } from '../../src/scim/resource/resource.ts'
import { recordRefusals } from '../../src/store/conflicts.ts'
import { purgeRetained } from '../../src/store/retained.ts'
import { changeUser, createUser, deleteUser, type StoredUser } from '../../src/store/users.ts'
import { parseNamespace } from '../../src/tenancy/namespace.ts'
import { addUnmanagedUser, held, makeTenant, type Tenant } from './tenant.ts'

const directory = mkdtempSync(join(tmpdir(), 'scim-edge-purge-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Everything of a person that can be searched for begins with these letters, however it is folded. */
const mark = (person: number) => `zq${String(person).padStart(4, '0')}q`

function personOf(person: number, more: Attributes = {}): Attributes {
  const m = mark(person)
  return {
    userName: `${m}-name@example.com`,
    externalId: `${m}-external`,
    displayName: `${m} Display`,
    name: { givenName: `${m} Given`, familyName: `${m} Family` },
    emails: [
      { value: `${m}@example.com`, type: 'work' },
      { value: `${m}@home.example`, type: 'home' },
    ],
    phoneNumbers: [{ value: `tel:${m}` }],
    // Some fill pages of their own.
    profileUrl: `https://example.com/${m}/`.repeat(person % 7 === 0 ? 400 : 1 + (person % 5)),
    ...more,
  }
}

/** Which people are found in the files, byte for byte: tables, free pages, and the log. */
function found(): Set<number> {
  const text = readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), 'latin1'))
    .join('\n')
    .toLowerCase()
  return new Set([...text.matchAll(/zq(\d{4})q/g)].map(([, number]) => Number(number)))
}

const operator = (tenant: Tenant) =>
  tenant.caller({
    claim: { namespace: parseNamespace(tenant.namespace), bearer: { kind: 'operator' } },
  })

const set = (more: Attributes) =>
  held((current: StoredUser): Attributes => ({ ...current.attributes, ...more }))

/** The life of a person: created or adopted, renamed, refused, deleted. */
async function live(tenant: Tenant, person: number): Promise<string> {
  const attributes = personOf(person)
  if (person % 3 === 0) await addUnmanagedUser(tenant, `hand-${person}`, attributes)
  const { id } = await createUser(tenant.caller(), held(attributes))
  const nickName = `${mark(person)} Nick `.repeat(person % 4 === 0 ? 300 : 2)
  await changeUser(tenant.caller(), id, set({ nickName }), {})
  await changeUser(tenant.caller(), id, set({ title: 'short' }), {})
  const refused = {
    id: `conflict-${person}`,
    ...{ subject: `${mark(person)}-name@example.com`, reason: 'scim.uniqueness', status: 409 },
    detail: `The account e-mail "${mark(person)}@example.com" is in use by another user.`,
    request: JSON.stringify({ method: 'POST', path: '/Users', body: attributes }),
  }
  const holder = { hash: tenant.tokenHash, namespace: tenant.namespace }
  await recordRefusals(tenant.database, holder, [refused], 1)
  return id
}

test('leaves no byte of the people who are purged, and all of the others', async () => {
  const file = join(directory, 'store.db')
  const files = await openFiles(file)
  const { shared } = files.databases
  if (shared === undefined) throw new Error('one file is one database')
  const tenant = await makeTenant(shared)
  const people = Array.from({ length: 120 }, (_, person) => person)
  const ids = new Map<number, string>()
  for (const person of people) ids.set(person, await live(tenant, person))
  expect(found()).toEqual(new Set(people))
  const leaving = people.filter((person) => person % 2 === 0)
  for (const person of leaving) await deleteUser(tenant.caller(), ids.get(person) ?? '', {})
  const [one, ...others] = leaving
  await purgeRetained(operator(tenant), held({ id: ids.get(one ?? -1) ?? '' }))
  expect(found()).toEqual(new Set(people.filter((person) => person !== one)))
  for (let more = true; more; ) {
    ;({ more } = await purgeRetained(operator(tenant), held({ before: Number.MAX_SAFE_INTEGER })))
  }
  // The server still runs: nothing waits for it to close.
  expect(found()).toEqual(new Set(people.filter((person) => person % 2 === 1)))
  expect(others.length).toBeGreaterThan(50)
  await files.close()
})
