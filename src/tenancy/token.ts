/** Service account tokens in Grafana's format: `glsa_<32 alphanumerics>_<checksum>`. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

const ALPHANUMERICS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const TOKEN = /^(glsa_[0-9A-Za-z]{32})_([0-9a-f]{8})$/

/** The CRC-32 (IEEE) of `glsa_<secret>`, its four bytes little-endian, in hexadecimal. */
function checksum(body: string): string {
  const bytes = new DataView(new ArrayBuffer(4))
  bytes.setUint32(0, crc32(body), false)
  return bytes.getUint32(0, true).toString(16).padStart(8, '0')
}

/**
 * Makes a token.
 *
 * @param randomBytes a source of cryptographic randomness
 */
export function makeToken(randomBytes: (length: number) => Uint8Array): string {
  let secret = ''
  while (secret.length < 32) {
    for (const byte of randomBytes(48)) {
      // 248 is the largest multiple of 62 below 256: bytes above it would favour some characters.
      if (byte < 248 && secret.length < 32) secret += ALPHANUMERICS.charAt(byte % 62)
    }
  }
  const body = `glsa_${secret}`
  return `${body}_${checksum(body)}`
}

/**
 * Whether a text has the form of a token and its checksum fits. Needs no database, and no constant
 * time either: the checksum follows from the text itself.
 */
export function isToken(text: string): boolean {
  const [, body, sum] = TOKEN.exec(text) ?? []
  return body !== undefined && checksum(body) === sum
}

/**
 * What is stored of a token: its SHA-256, in hexadecimal. 190 random bits need no salt. The database
 * finds it by an index, in a time that may depend on how much of two hashes agrees; but nobody can
 * choose the hash of a guess, so that this tells nothing about a token.
 */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Compares two secrets without telling by the time how much of them agrees. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

/**
 * The credential in an Authorization header: a bearer token; HTTP Basic with the user `api_key`,
 * as Grafana takes it; or the bare token, which Okta sends where the administrator typed no scheme.
 */
export function readCredential(header: string): string {
  // No expression with blanks on either side of a text: it would try every way to share them.
  const text = header.trim()
  const end = text.search(/\s/)
  const scheme = end === -1 ? text : text.slice(0, end)
  const rest = text.slice(scheme.length).trimStart()
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return rest
    case 'basic': {
      const decoded = Buffer.from(rest, 'base64').toString('utf8')
      return decoded.startsWith('api_key:') ? decoded.slice('api_key:'.length) : ''
    }
    default:
      return rest === '' ? scheme : ''
  }
}

/** The longest scheme that is named to who sent it. */
const MAXIMUM_SCHEME = 20

/**
 * The scheme of an Authorization header from which no credential could be read; undefined where it
 * is one that is understood, or where there may be part of a token in its place.
 */
export function schemeOf(header: string): string | undefined {
  const text = header.trimStart().slice(0, MAXIMUM_SCHEME + 1)
  const [, scheme] = /^([A-Za-z][A-Za-z0-9-]*)\s/.exec(text) ?? []
  return scheme?.toLowerCase() === 'bearer' ? undefined : scheme
}
