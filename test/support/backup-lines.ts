/** The lines of a backup as a test reads and writes them, apart from the code that is tested. */
import { createHash } from 'node:crypto'

const sha256 = (...texts: string[]) => {
  const hash = createHash('sha256')
  for (const text of texts) hash.update(text)
  return hash.digest('hex')
}

/** Lines of a backup, each with the check that it must have. */
export function sealed(records: readonly object[]): string[] {
  let digest = ''
  return records.map((record) => {
    const content = JSON.stringify(record)
    digest = sha256(digest, content)
    return `${content.slice(0, -1)},"check":"${digest.slice(0, 16)}"}`
  })
}

/** The digest of lines that were sealed. */
export function digestOf(lines: readonly string[]): string {
  return lines.reduce((digest, line) => sha256(digest, line.replace(/,"check":"\w+"}$/, '}')), '')
}

/** What lines say, without their checks. */
// biome-ignore lint/suspicious/noExplicitAny: the tests look into lines of every type.
export function opened(lines: readonly string[]): any[] {
  return lines.map((line) => {
    const { check: _, ...record } = JSON.parse(line)
    return record
  })
}

const TYPES = [
  ...['settings', 'serviceAccount', 'user', 'team', 'membership', 'teamMapping', 'retained'],
  ...['adoption', 'event'],
]

/** A whole file of these records: with the last line, whose counts are theirs. */
export function fileOf<T extends { readonly type: string }>(records: readonly T[]): string[] {
  const counts = Object.fromEntries(
    TYPES.map((type) => [type, records.filter((record) => record.type === type).length]),
  )
  const text = sealed(records).map((line) => `${line}\n`)
  return sealed([...records, { type: 'end', counts, sha256: sha256(...text) }])
}
