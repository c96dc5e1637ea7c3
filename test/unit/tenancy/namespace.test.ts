/** The names of namespaces, and what is said about a name that is none. */
import { describe, expect, test } from 'vitest'
import { parseNamespace } from '../../../src/tenancy/namespace.ts'

const LARGEST = '9'.repeat(15)

test.each([
  'default',
  'org-2',
  'org-9',
  'org-10',
  'org-11',
  'org-19',
  'org-123',
  `org-${LARGEST}`,
  'stacks-1',
  'stacks-9',
  'stacks-10',
  'stacks-123',
  `stacks-${LARGEST}`,
])('%s is a namespace', (name) => {
  expect(parseNamespace(name)).toEqual({ ok: true, namespace: name })
})

describe('a name that is none', () => {
  test.each([
    ['stack-123', 'stacks-123'],
    ['STACKS-123', 'stacks-123'],
    ['stacks-007', 'stacks-7'],
    ['stacks-+7', 'stacks-7'],
    ['stacks-+007', 'stacks-7'],
    [' stacks-5 ', 'stacks-5'],
    ['stack-1', 'stacks-1'],
    ['org-1', 'default'],
    ['ORG-1', 'default'],
    ['org-01', 'default'],
    ['orgs-1', 'default'],
    ['orgs-2', 'org-2'],
    ['org-002', 'org-2'],
    ['Org-12', 'org-12'],
    [`orgs-${LARGEST}`, `org-${LARGEST}`],
    ['Default', 'default'],
    [' default', 'default'],
    ['default\n', 'default'],
  ])('%j is answered with what was meant: %s', (name, meant) => {
    expect(parseNamespace(name)).toEqual({ ok: false, advice: `did you mean ${meant}?` })
  })

  test.each([
    '',
    'org',
    'org-',
    'org-0',
    'org--2',
    'org-x',
    'org-2x',
    'org-1.5',
    'xorg-2',
    'x-org-2',
    'stacks-',
    'stacks-0',
    'stacks-00',
    'stacks-x',
    'stacks-1x',
    'xstacks-1',
    'stackss-1',
    'stacks-++7',
    'stacks-1/Users',
    'stacks-١',
    `stacks-${LARGEST}0`,
    `org-${LARGEST}0`,
    'defaultx',
    'xdefault',
    'main',
    '*',
    '../default',
  ])('%j is answered with the rule', (name) => {
    expect(parseNamespace(name)).toEqual({
      ok: false,
      advice: 'a namespace is default, org-<n> with n from 2, or stacks-<n> with n from 1.',
    })
  })
})
