/** Exporting and restoring over HTTP. */
import { API } from '../../src/http/context.ts'
import { Client } from './client.ts'
import { OPERATOR_TOKEN, ORIGIN } from './endpoint.ts'

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
  const bytes = await response.arrayBuffer()
  const text = new TextDecoder().decode(bytes)
  const lines = text.split('\n')
  if (lines.pop() !== '') throw new Error('The page does not end with a line feed.')
  const { nextCursor, ...rest } = JSON.parse(lines.pop() ?? '')
  return {
    type,
    lines,
    rest,
    nextCursor: nextCursor as string | undefined,
    bytes: bytes.byteLength,
  }
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
