import { describe, expect, test } from 'vitest'
import { isLoopback, readAddress, requireSafe } from '../../../scripts/lib/address.ts'
import { NAMESPACES } from '../../../scripts/lib/admin-client.ts'

describe('the address of a deployment', () => {
  test.each([
    ['https://scim.example.com', undefined],
    ['https://scim.example.com/', undefined],
    [`https://scim.example.com${NAMESPACES}`, undefined],
    [`https://scim.example.com${NAMESPACES}/`, undefined],
    [`https://scim.example.com${NAMESPACES}/stacks-5`, 'stacks-5'],
    [`https://scim.example.com${NAMESPACES}/stacks-5//`, 'stacks-5'],
    [`https://scim.example.com${NAMESPACES}/stacks-5/v2/`, 'stacks-5'],
    [`https://scim.example.com${NAMESPACES}/stacks-5?aadOptscim062020`, 'stacks-5'],
  ])('%s', (text, namespace) => {
    const origin = 'https://scim.example.com'
    expect(readAddress(text)).toEqual(namespace === undefined ? { origin } : { origin, namespace })
  })

  test.each([
    'https://scim.example.com/scim/v2',
    `https://scim.example.com${NAMESPACES}/stacks-5/Users`,
    `https://scim.example.com/proxy${NAMESPACES}`,
  ])('%s is none', (text) => {
    expect(() => readAddress(text)).toThrow(`'${text}' is no address of a deployment`)
  })

  test.each(['scim.example.com', 'ftp://scim.example.com', ''])('%j is no URL', (text) => {
    expect(() => readAddress(text)).toThrow(`'${text}' is not an http or https URL.`)
  })
})

test.each([
  ['http://127.0.0.1:1', true],
  ['http://127.9.9.9', true],
  ['http://127.1', true],
  ['http://localhost:1', true],
  ['http://[::1]:1', true],
  ['http://0.0.0.0', false],
  ['http://10.0.0.1', false],
  ['http://127.0.0.1.example.com', false],
  ['http://localhost.example.com', false],
  ['http://[::2]', false],
])('whether %s is this machine: %s', (text, expected) => {
  expect(isLoopback(new URL(text))).toBe(expected)
})

test.each(['http://scim.example.com', 'http://10.0.0.1/x'])('no secret goes to %s', (url) => {
  expect(() => requireSafe(url, false)).toThrow('anybody on the way can read the secret')
  expect(() => requireSafe(url, true)).not.toThrow()
})

test.each(['https://scim.example.com', 'http://localhost:8787', 'http://127.0.0.1'])(
  'a secret may go to %s',
  (url) => {
    expect(() => requireSafe(url, false)).not.toThrow()
  },
)
