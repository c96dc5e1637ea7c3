/** How the entries of a preview are read and shown. */
import type { Attributes } from '../../scim/resource/resource.ts'
import type { Fate, Found } from '../../store/preview.ts'
import { describeReason } from '../failure.ts'

interface UserEntry {
  readonly userName: string
  readonly externalId?: string | null | undefined
  readonly email?: string | null | undefined
  readonly displayName?: string | null | undefined
}

interface GroupEntry {
  readonly displayName: string
  readonly externalId?: string | null | undefined
}

function given(name: string, value: string | null | undefined): Attributes {
  return typeof value === 'string' ? { [name]: value } : {}
}

/** The attributes that a POST of this person would have. */
export function attributesOfUser({ userName, externalId, email, displayName }: UserEntry) {
  return {
    userName,
    ...given('externalId', externalId),
    ...given('displayName', displayName),
    ...(email ? { emails: [{ value: email, type: 'work', primary: true }] } : {}),
  } satisfies Attributes
}

/** The attributes that a POST of this group would have. */
export function attributesOfGroup({ displayName, externalId }: GroupEntry): Attributes {
  return { displayName, ...given('externalId', externalId) }
}

/** What becomes of a person, as it is sent. */
export function showUser(fate: Fate) {
  const found = foundIn(fate)
  return {
    ...show(fate, 'users', 'account'),
    ...(found === undefined ? {} : { account: { id: found.id, login: found.name } }),
  }
}

/** What becomes of a group, as it is sent. */
export function showGroup(fate: Fate) {
  const found = foundIn(fate)
  return {
    ...show(fate, 'groups', 'team'),
    ...(found === undefined ? {} : { team: { id: found.id, name: found.name } }),
  }
}

function foundIn(fate: Fate): Found | undefined {
  return 'found' in fate ? fate.found : undefined
}

function show(fate: Fate, list: 'users' | 'groups', what: 'account' | 'team') {
  const { outcome } = fate
  const by = 'by' in fate ? { by: fate.by } : {}
  if (outcome === 'ambiguous') {
    const others = fate.others.map((at) => `${list}.${at}`).join(', ')
    const detail =
      `Other entries of the list (${others}) claim the same ${fate.by} or ${what}, which only one ` +
      'can have; correct the list.'
    return { outcome, ...by, others: fate.others, detail }
  }
  if (outcome !== 'conflict') return { outcome, ...by }
  const { detail } = describeReason(fate.reason)
  const holder = fate.found && ` It belongs to the ${what} ${quoted(fate.found)}.`
  const instead = fate.instead && ` By its ${fate.instead.by} it would be ${quoted(fate.instead)}.`
  return { outcome, detail: `${detail}${holder ?? ''}${instead ?? ''}` }
}

function quoted({ id, name }: Found): string {
  return `${JSON.stringify(name)} (${id})`
}
