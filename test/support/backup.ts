/** Backups as a test reads and writes them, apart from the code that is tested. */
import { createHash } from 'node:crypto'
import { API } from '../../src/http/context.ts'
import { Client } from './client.ts'
import { OPERATOR_TOKEN, ORIGIN } from './endpoint.ts'

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

/** Asks for one page of an export: its lines, and the cursor of the next. */
export async function exportPage(client: Client, cursor?: string) {
  const query = cursor === undefined ? '' : `?cursor=${cursor}`
  const response = await client.send(
    new Request(`${client.base}/export${query}`, {
      headers: { Authorization: `Bearer ${client.token}` },
    }),
  )
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  const type = response.headers.get('Content-Type')
  const text = await response.text()
  const lines = text.split('\n')
  if (lines.pop() !== '') throw new Error('The page does not end with a line feed.')
  const { nextCursor, ...rest } = JSON.parse(lines.pop() ?? '')
  return { type, lines, rest, nextCursor: nextCursor as string | undefined, bytes: text.length }
}

/** Exports a namespace, without the last line of a backup. */
export async function exportLines(client: Client): Promise<string[]> {
  const lines: string[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await exportPage(client, cursor)
    lines.push(...page.lines)
    if (page.nextCursor === undefined) return lines
    cursor = page.nextCursor
  }
}

/** Sends lines of a backup. */
export async function sendLines(client: Client, from: number, lines: readonly string[]) {
  const body = lines.map((line) => `${line}\n`).join('')
  const headers = { 'Content-Type': 'application/x-ndjson' }
  return client.request('POST', `/restore?from=${from}`, body, headers)
}

/** The operator's client of a namespace that was just created and holds nothing. */
export async function emptyNamespace(operator: Client, name: string): Promise<Client> {
  const registry = new Client(operator.send, `${ORIGIN}${API}`, OPERATOR_TOKEN)
  const { status } = await registry.post('', { name })
  if (status !== 201) throw new Error(`No namespace ${name}: ${status}`)
  return new Client(operator.send, `${ORIGIN}${API}/${name}`, OPERATOR_TOKEN)
}
