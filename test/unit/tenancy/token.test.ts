/** Tokens in Grafana's format, and how a request carries them. */
import { describe, expect, test } from 'vitest'
import {
  hashToken,
  isToken,
  makeToken,
  readCredential,
  sameSecret,
} from '../../../src/tenancy/token.ts'

// The first is Grafana's own example; the checksums of the others were computed with zlib in Python.
const GOOD = [
  'glsa_iNValIdinValiDinvalidinvalidinva_5b582697',
  'glsa_AAAAAAAAAAAAAAAAAAAAAAAAAAAA0206_0061fb8e',
  'glsa_0123456789ABCDEFGHIJKLMNOPQRSTUV_85298802',
] as const

const [TOKEN] = GOOD

describe('the form of a token', () => {
  test.each(GOOD)('%s has the checksum of Grafana', (token) => {
    expect(isToken(token)).toBe(true)
  })

  test.each([
    ['another checksum', 'glsa_iNValIdinValiDinvalidinvalidinva_5b582698'],
    ['the checksum in big-endian order', 'glsa_iNValIdinValiDinvalidinvalidinva_9726585b'],
    ['the checksum in capitals', 'glsa_iNValIdinValiDinvalidinvalidinva_5B582697'],
    ['the checksum without its leading zeros', 'glsa_AAAAAAAAAAAAAAAAAAAAAAAAAAAA0206_61fb8e'],
    ['another secret', 'glsa_iNValIdinValiDinvalidinvalidinvb_5b582697'],
    ['the prefix of another service', 'glab_iNValIdinValiDinvalidinvalidinva_5b582697'],
    ['something before it', ` ${TOKEN}`],
    ['something behind it', `${TOKEN}0`],
    ['a line behind it', `${TOKEN}\n`],
    ['no checksum', 'glsa_iNValIdinValiDinvalidinvalidinva'],
    ['nothing', ''],
  ])('a text with %s is no token', (_, text) => {
    expect(isToken(text)).toBe(false)
  })

  test('a secret of another length or with another character is none, whatever the checksum', () => {
    // Their checksums fit: computed with zlib in Python.
    for (const text of [
      'glsa_0123456789ABCDEFGHIJKLMNOPQRSTU_b3ffd0ea',
      'glsa_0123456789ABCDEFGHIJKLMNOPQRSTUVW_5cd4ddba',
      'glsa_0123456789ABCDEFGHIJKLMNOPQRST-V_7bda6ee5',
    ]) {
      expect(isToken(text), text).toBe(false)
    }
  })
})

describe('making a token', () => {
  /** A source that gives these bytes, one request after the other. */
  const source = (...bytes: readonly number[]) => {
    let at = 0
    return (length: number) => Uint8Array.from({ length }, () => bytes[at++ % bytes.length] ?? 0)
  }
  const upTo = (from: number, count: number) => Array.from({ length: count }, (_, at) => from + at)

  test('each byte stands for one of 62 characters', () => {
    expect(makeToken(source(...upTo(0, 48)))).toBe(GOOD[2])
    expect(makeToken(source(...upTo(30, 32)))).toBe(
      'glsa_UVWXYZabcdefghijklmnopqrstuvwxyz_3373fd91',
    )
    expect(makeToken(source(...upTo(62, 48)))).toBe(GOOD[2])
  })

  test('bytes that would favour some characters are left out, and more are asked for', () => {
    // 248 is the largest multiple of 62 below 256.
    const unfair = upTo(248, 8)
    const bytes = [
      ...unfair,
      ...upTo(0, 8),
      ...unfair,
      ...unfair,
      ...unfair,
      ...unfair,
      ...upTo(8, 24),
    ]
    expect(makeToken(source(...bytes))).toBe(GOOD[2])
    expect(makeToken(source(247))).toMatch(/^glsa_z{32}_[0-9a-f]{8}$/)
  })

  test('what is made is a token, and another each time', () => {
    const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
    const made = Array.from({ length: 300 }, () => makeToken(random))
    expect(made.every(isToken)).toBe(true)
    expect(new Set(made).size).toBe(300)
  })
})

test('what is stored of a token is its SHA-256', () => {
  expect(hashToken(GOOD[1])).toBe(
    '12babd181388143cafe643b976e8779f11065d8f96b8d7ed182bef0bd2903d45',
  )
})

test('secrets are the same only as a whole', () => {
  expect(sameSecret('operator-secret', 'operator-secret')).toBe(true)
  for (const other of ['', 'operator-secre', 'operator-secret ', 'Operator-secret']) {
    expect(sameSecret(other, 'operator-secret'), other).toBe(false)
  }
})

describe('the credential in an Authorization header', () => {
  const basic = (text: string) => Buffer.from(text).toString('base64')

  test.each([
    `Bearer ${TOKEN}`,
    `bearer ${TOKEN}`,
    `BEARER   ${TOKEN}  `,
    `  Bearer\t${TOKEN}`,
    `Basic ${basic(`api_key:${TOKEN}`)}`,
    `basic ${basic(`api_key:${TOKEN}`)} `,
    TOKEN,
    ` ${TOKEN} `,
  ])('%j carries the token', (header) => {
    expect(readCredential(header)).toBe(TOKEN)
  })

  test.each([
    ['another user of Basic', `Basic ${basic(`admin:${TOKEN}`)}`],
    ['a user of Basic that ends like ours', `Basic ${basic(`my_api_key:${TOKEN}`)}`],
    ['Basic without a user', `Basic ${basic(TOKEN)}`],
    ['another scheme', `Digest ${TOKEN}`],
    ['a scheme alone', 'Bearer'],
    ['Basic alone', 'Basic'],
    ['nothing', ''],
    ['blanks', '  '],
  ])('%s carries none', (_, header) => {
    expect(readCredential(header)).toBe('')
  })

  test.each([' ', '\t', '\u00a0', ' \n'])('blanks of a long header are its own: %j', (blank) => {
    const blanks = blank.repeat(100_000)
    expect(readCredential(`${blanks}Bearer${blanks}${TOKEN}${blanks}`)).toBe(TOKEN)
    expect(readCredential(`Bearer x${blanks}y`)).toBe(`x${blanks}y`)
  })

  test('a token with something before or behind it does not become good', () => {
    expect(readCredential(`Bearer x ${TOKEN}`)).toBe(`x ${TOKEN}`)
    expect(readCredential(`Bearer ${TOKEN} x`)).toBe(`${TOKEN} x`)
    expect(readCredential(`Bearer ${TOKEN}\n${TOKEN}`)).toBe(`${TOKEN}\n${TOKEN}`)
  })
})
