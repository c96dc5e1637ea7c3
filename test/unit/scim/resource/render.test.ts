import { describe, expect, test } from 'vitest'
import { locationOf, renderGroup, renderUser } from '../../../../src/scim/resource/render.ts'
import { groupType, userType } from '../../../../src/scim/schema/resource-type.ts'
import { BASE, ENTERPRISE, GROUP, USER } from '../support.ts'

const stored = {
  createdAt: Date.UTC(2026, 0, 1),
  lastModified: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  version: 'W/"3-0123456789abcdef"',
}

describe('a user', () => {
  test('is returned with what the server knows of it', () => {
    expect(
      renderUser(BASE, {
        ...stored,
        id: 'u1',
        attributes: { userName: 'ada', [ENTERPRISE]: { manager: { value: 'u2' } } },
        groups: [{ id: 'g1', name: 'Engineering' }],
        managerName: 'Grace',
      }),
    ).toEqual({
      schemas: [USER, ENTERPRISE],
      id: 'u1',
      userName: 'ada',
      groups: [{ value: 'g1', $ref: `${BASE}/Groups/g1`, display: 'Engineering', type: 'direct' }],
      [ENTERPRISE]: {
        manager: { value: 'u2', $ref: `${BASE}/Users/u2`, displayName: 'Grace' },
      },
      meta: {
        resourceType: 'User',
        created: '2026-01-01T00:00:00.000Z',
        lastModified: '2026-01-02T03:04:05.006Z',
        location: `${BASE}/Users/u1`,
        version: 'W/"3-0123456789abcdef"',
      },
    })
  })

  test('without groups, manager or externalId has no such members', () => {
    const rendered = renderUser(BASE, {
      ...stored,
      id: 'u1',
      attributes: { userName: 'ada' },
      groups: [],
    })
    expect(Object.keys(rendered)).toEqual(['schemas', 'id', 'userName', 'meta'])
  })

  test('may have a manager whom nobody knows, and an id that is no part of a URI', () => {
    const { [ENTERPRISE]: extension } = renderUser(BASE, {
      ...stored,
      id: 'u1',
      attributes: { userName: 'ada', [ENTERPRISE]: { manager: { value: 'a/b c?' } } },
      groups: [],
      managerName: undefined,
    })
    expect(extension).toEqual({
      manager: { value: 'a/b c?', $ref: `${BASE}/Users/a%2Fb%20c%3F` },
    })
  })

  test('has its attributes in the order of the schema', () => {
    const rendered = renderUser(BASE, {
      ...stored,
      id: 'u1',
      attributes: { active: true, title: 'T', userName: 'ada', externalId: 'e' },
      groups: [],
    })
    expect(Object.keys(rendered)).toEqual([
      'schemas',
      'id',
      'externalId',
      'userName',
      'title',
      'active',
      'meta',
    ])
  })
})

describe('a group', () => {
  const group = { ...stored, id: 'g1', attributes: { displayName: 'Engineering' } }

  test('is returned with its members', () => {
    expect(renderGroup(BASE, { ...group, members: [{ id: 'u1', display: 'Ada' }] })).toEqual({
      schemas: [GROUP],
      id: 'g1',
      displayName: 'Engineering',
      members: [{ value: 'u1', $ref: `${BASE}/Users/u1`, type: 'User', display: 'Ada' }],
      meta: {
        resourceType: 'Group',
        created: '2026-01-01T00:00:00.000Z',
        lastModified: '2026-01-02T03:04:05.006Z',
        location: `${BASE}/Groups/g1`,
        version: 'W/"3-0123456789abcdef"',
      },
    })
  })

  test('whose members nobody asked for has none', () => {
    expect(Object.keys(renderGroup(BASE, group))).toEqual(['schemas', 'id', 'displayName', 'meta'])
  })
})

test('the URI of a resource is below its endpoint', () => {
  expect(locationOf(BASE, userType, 'u1')).toBe(`${BASE}/Users/u1`)
  expect(locationOf(BASE, groupType, 'g1')).toBe(`${BASE}/Groups/g1`)
})
