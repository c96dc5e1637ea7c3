/**
 * Looks for secrets where none may be: in what is logged, in errors, in events and in what else is
 * stored or shown. Every test helps: whatever the endpoints of a test log, answer or leave in the
 * tables is looked at.
 */

/** A whole token; what tests call `glsa_x` is none. */
const TOKEN = /glsa_[0-9A-Za-z]{32}_[0-9a-f]{8}/
/** The same for SQLite, whose patterns may have 50 bytes. */
export const TOKEN_PATTERN = `*glsa_${'?'.repeat(32)}_*`

export const OPERATOR_TOKEN = 'operator-secret-of-the-tests-of-scim-edge'

/** A password as tests send one: long enough not to be met by chance. */
const PASSWORDS = [
  /"password"\s*:\s*"([^"\\]+)"/gi,
  /"path"\s*:\s*"password"[^{}]*"value"\s*:\s*"([^"\\]+)"/gi,
  /"value"\s*:\s*"([^"\\]+)"[^{}]*"path"\s*:\s*"password"/gi,
]
const isTelling = (text: string) =>
  /^[\x21-\x7e]{8,}$/.test(text) && /[a-z].*\d|\d.*[a-z]/.test(text)

const passwords = new Set<string>()
const leaks: string[] = []

/** The passwords that were sent so far. */
export const sentPasswords = (): readonly string[] => [...passwords]

/** What was found since the last time that somebody asked. */
export const takeLeaks = () => leaks.splice(0)

/** Learns the passwords in the body of a request. */
export function learnPasswords(body: string): void {
  for (const form of PASSWORDS) {
    for (const [, password = ''] of body.matchAll(form)) {
      if (isTelling(password)) passwords.add(password)
    }
  }
}

/** What is secret about a request. */
export interface RequestSecrets {
  /** What no error may hold: the credential, and the addresses that the query names. */
  readonly inErrors: readonly string[]
  /** What the log may not hold: nothing of the query. */
  readonly inLogs: readonly string[]
}

/** What is secret about a request: the credential, and what its query says of people. */
export function secretsOf(request: Request): RequestSecrets {
  const credential = (request.headers.get('Authorization') ?? '').split(/\s+/).at(-1) ?? ''
  const values = [...new URL(request.url).searchParams.values()]
  const addresses = values.flatMap((value) => value.match(/[^\s"'()[\]]+@[^\s"'()[\]]+/g) ?? [])
  // What is short may be anywhere by chance, and a word of the API is no secret.
  const telling = (texts: readonly string[]) =>
    texts.filter((text) => text.length >= 8 && /[^A-Za-z]/.test(text) && !EXAMPLES.has(text))
  const secret = credential.length >= 8 ? [credential] : []
  return { inErrors: [...secret, ...telling(addresses)], inLogs: [...secret, ...telling(values)] }
}

/** What errors themselves give as an example. */
const EXAMPLES: ReadonlySet<string> = new Set(['ada@example.com'])

/** A text with what stands in it as in a URL. */
function decoded(text: string): string {
  return text.replaceAll('+', ' ').replace(/(?:%[0-9a-f]{2})+/gi, (escaped) => {
    try {
      return decodeURIComponent(escaped)
    } catch {
      return escaped
    }
  })
}

/**
 * Reports a text that holds a secret.
 *
 * @param where what the text is
 * @param more what else is secret here
 */
export function inspect(where: string, text: string, more: readonly string[] = []): void {
  const forms = [text, decoded(text)]
  const holds = (secret: string) =>
    forms.some((one) => one.includes(secret) || one.includes(JSON.stringify(secret).slice(1, -1)))
  const found = [
    ...(TOKEN.test(text) ? ['a token'] : []),
    ...(holds(OPERATOR_TOKEN) ? ['the secret of the operator'] : []),
    ...[...passwords].filter(holds).map((password) => `the password ${password}`),
    ...more.filter(holds).map((secret) => `${secret} of the request`),
  ]
  if (found.length > 0) leaks.push(`${where} holds ${found.join(', ')}: ${text.slice(0, 500)}`)
}
