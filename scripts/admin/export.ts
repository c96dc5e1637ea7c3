import { createHash } from 'node:crypto'
import { type FileHandle, mkdtemp, open, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import {
  NO_LINES,
  noRecords,
  openLine,
  type RecordCounts,
  sealLine,
} from '../../src/tenancy/backup.ts'
import { type AdminClient, isRefusal } from '../lib/admin-client.ts'
import { readLines } from '../lib/backup-file.ts'
import { failure } from '../lib/failure.ts'
import type { Progress } from '../lib/progress.ts'
import { type AdminWorld, connectNamespace, namespaceCommand } from './connection.ts'
import { contents } from './text.ts'

const options = z.object({ output: z.string().optional() })

/** How often an export is begun again because somebody wrote meanwhile. */
const ATTEMPTS = 5
/** How long it waits before that, in milliseconds. */
const PAUSE = 2000

/** `export`: a backup of one namespace. */
export function addExportCommand(root: Command, world: AdminWorld): void {
  namespaceCommand(
    root,
    'export',
    'write a backup of a namespace: people, teams, members, settings and events, without secrets',
    'export --namespace stacks-5 --output stacks-5.ndjson',
  )
    .option('--output <file>', 'where to; the standard output unless given')
    .action(async (_options: unknown, command: Command) => {
      const { output } = options.parse(command.opts())
      const { client, namespace, json, print } = connectNamespace(command, world)
      if (json && output === undefined) {
        throw failure('--json would be mixed with the backup; give --output, too.')
      }
      if (output === undefined) {
        await exportTo(client, world, undefined, world.terminal.out)
        return
      }
      const { lines, counts } = await exportTo(client, world, output, () => {})
      print({ namespace, output, lines, counts }, () => {
        return `Namespace ${namespace} is exported to ${output}: ${contents(counts)}.`
      })
    })
}

interface Exported {
  readonly lines: number
  readonly counts: RecordCounts
}

/**
 * Writes a backup to a file of its own first, so that nobody ever sees half of one; then it takes
 * the place of `output`, or is handed on line by line.
 */
async function exportTo(
  client: AdminClient,
  world: AdminWorld,
  output: string | undefined,
  hand: (line: string) => void,
): Promise<Exported> {
  const folder = output === undefined ? await mkdtemp(join(tmpdir(), 'scim-edge-')) : undefined
  const part = folder === undefined ? `${output}.part` : join(folder, 'export.ndjson')
  const progress = world.openProgress()
  try {
    const file = await openPart(part)
    let exported: Exported
    try {
      exported = await attempt(client, world, file, progress)
      await file.sync()
    } finally {
      await file.close()
    }
    progress.close()
    if (output !== undefined) await rename(part, output)
    else for await (const { text } of readLines(part)) hand(text)
    return exported
  } finally {
    progress.close()
    await rm(folder ?? part, { recursive: true, force: true })
  }
}

/** A file that nobody else reads: it is about people. */
async function openPart(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'w', 0o600)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw failure(`${path} cannot be written: ${code}.`)
  }
}

/** Begins again where somebody wrote meanwhile, a few times. */
async function attempt(
  client: AdminClient,
  world: AdminWorld,
  file: FileHandle,
  progress: Progress,
): Promise<Exported> {
  for (let tried = 1; ; tried++) {
    try {
      return await exportOnce(client, file, progress)
    } catch (error) {
      if (!isRefusal(error, 409)) throw error
      if (tried === ATTEMPTS) {
        throw failure(
          `The namespace was written to during each of ${ATTEMPTS} attempts; pause the provisioning ` +
            '(settings set --user-sync off --group-sync off) and export again.',
        )
      }
      await file.truncate(0)
      await world.sleep(PAUSE, new AbortController().signal)
    }
  }
}

const headerShape = z.looseObject({
  type: z.literal('header'),
  counts: z.looseObject({ users: z.number(), teams: z.number() }),
})

const pageShape = z.looseObject({ type: z.literal('page'), nextCursor: z.string().optional() })

/** Puts all pages together, each line checked as it comes, and ends them with the last line. */
async function exportOnce(
  client: AdminClient,
  file: FileHandle,
  progress: Progress,
): Promise<Exported> {
  const counts: Record<string, number> = { ...noRecords }
  const hash = createHash('sha256')
  let digest = NO_LINES
  let lines = 0
  let position = 0
  const write = async (text: string) => {
    const bytes = Buffer.from(text)
    await file.write(bytes, 0, bytes.length, position)
    position += bytes.length
  }
  for (let cursor: string | undefined; ; ) {
    const page = (await client.text('/export', { cursor })).split('\n')
    if (page.pop() !== '') throw cutOff(client)
    const last = pageShape.safeParse(parseJson(page.pop() ?? ''))
    if (!last.success) throw cutOff(client)
    for (const line of page) {
      const opened = openLine(digest, line)
      if (opened === undefined) throw cutOff(client)
      digest = opened.digest
      lines += 1
      const record = JSON.parse(opened.content)
      const header = headerShape.safeParse(record)
      if (header.success) {
        progress.phase('Exporting', header.data.counts.users + header.data.counts.teams)
      } else counts[record.type] = (counts[record.type] ?? 0) + 1
      if (record.type === 'user' || record.type === 'team') progress.advance(1)
      hash.update(line).update('\n')
    }
    await write(page.map((line) => `${line}\n`).join(''))
    cursor = last.data.nextCursor
    if (cursor === undefined) break
  }
  const end = { type: 'end', counts, sha256: hash.digest('hex') }
  await write(`${sealLine(digest, end).line}\n`)
  return { lines: lines + 1, counts: counts as RecordCounts }
}

function cutOff(client: AdminClient): Error {
  return failure(`A page of the export did not come whole from ${client.origin}; try again.`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
