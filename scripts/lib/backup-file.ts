import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { z } from 'zod'
import {
  BACKUP_FORMAT,
  BACKUP_VERSION,
  NO_LINES,
  noRecords,
  openLine,
  type RecordCounts,
  recordTypes,
} from '../../src/tenancy/backup.ts'
import { failure } from './failure.ts'

/** A line of a file, without its end. */
export interface Line {
  readonly text: string
  /** From 1. */
  readonly number: number
  /** Whether a line feed ends it; only the last line may lack it. */
  readonly ended: boolean
  /** How many bytes it takes in the file. */
  readonly bytes: number
}

/** No line of a backup is as long; what is, is another file. */
const LONGEST = 64 * 1024 * 1024

/**
 * Reads a file line by line; at most one is held in memory. Lines end with a line feed and nothing
 * else: Node's own reader would cut a text in two at a line separator of Unicode.
 *
 * @throws Failure where the file cannot be read, is compressed, or is not UTF-8
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let number = 0
  let open: Buffer[] = []
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const line = (ended: boolean): Line => {
    const bytes = Buffer.concat(open)
    open = []
    number += 1
    try {
      return { text: decoder.decode(bytes), number, ended, bytes: bytes.length + Number(ended) }
    } catch {
      throw failure(`Line ${number} of ${path} is not UTF-8; it was altered.`)
    }
  }
  for await (const chunk of chunksOf(path)) {
    if (number === 0 && open.length === 0 && isGzip(chunk)) {
      throw failure(`${path} is compressed; unpack it first, with gunzip.`)
    }
    let from = 0
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      open.push(chunk.subarray(from, at))
      from = at + 1
      yield line(true)
    }
    if (from < chunk.length) open.push(chunk.subarray(from))
    if (open.reduce((sum, { length }) => sum + length, 0) > LONGEST) {
      throw failure(`Line ${number + 1} of ${path} is longer than any line of a backup.`)
    }
  }
  if (open.length > 0) yield line(false)
}

/** Whether a file that begins so is one of gzip (RFC 1952 §2.3.1); no UTF-8 does. */
function isGzip(start: Buffer): boolean {
  return start[0] === 0x1f && start[1] === 0x8b
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) yield chunk
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw failure(`${path} cannot be read: ${code}.`)
  }
}

const headerShape = z.looseObject({
  type: z.literal('header'),
  format: z.literal(BACKUP_FORMAT),
  version: z.number(),
  namespace: z.string(),
  time: z.string(),
})

const endShape = z.looseObject({
  counts: z.record(z.string(), z.number()),
  sha256: z.string(),
})

/** What a backup says of itself. */
export interface Backup {
  readonly namespace: string
  readonly time: string
  readonly lines: number
  readonly counts: RecordCounts
  /** That of all lines. */
  readonly digest: string
}

/**
 * Reads a backup from its first line to its last, and checks that it is whole and as it was written.
 *
 * @param advance is told how many bytes were read
 * @throws Failure naming the first line that is not as it should be
 */
export async function verifyBackup(
  path: string,
  advance: (bytes: number) => void,
): Promise<Backup> {
  const counts: Record<string, number> = { ...noRecords }
  const hash = createHash('sha256')
  let digest = NO_LINES
  let header: z.infer<typeof headerShape> | undefined
  let done = false
  let lines = 0
  for await (const { text, number, ended, bytes } of readLines(path)) {
    if (number === 1) header = readHeader(path, text)
    if (done) throw failure(`Line ${number} of ${path} stands behind the end of the backup.`)
    const opened = openLine(digest, text)
    if (opened === undefined) {
      throw failure(
        ended
          ? `Line ${number} of ${path}, or one before it, is not as it was written; the file was altered.`
          : `${path} ends in the middle of line ${number}; it was cut off.`,
      )
    }
    digest = opened.digest
    lines = number
    const record = JSON.parse(opened.content)
    if (record.type === 'end') {
      requireEnd(path, number, record, counts, hash.digest('hex'))
      done = true
    } else {
      hash.update(text).update('\n')
      if (number > 1) counts[record.type] = (counts[record.type] ?? 0) + 1
    }
    advance(bytes)
  }
  if (header === undefined) throw failure(`${path} is empty.`)
  if (!done) {
    throw failure(
      `${path} ends at line ${lines} without the last line of a backup; it was cut off.`,
    )
  }
  const { namespace, time } = header
  return { namespace, time, lines, counts: counts as RecordCounts, digest }
}

function readHeader(path: string, text: string): z.infer<typeof headerShape> {
  const parsed = headerShape.safeParse(parseJson(text))
  if (!parsed.success) throw failure(`${path} is no backup of scim-edge: line 1 is not its header.`)
  if (parsed.data.version !== BACKUP_VERSION) {
    throw failure(
      `${path} has version ${parsed.data.version} of the format, and this reads ${BACKUP_VERSION}; ` +
        'use the scim-edge that wrote it.',
    )
  }
  return parsed.data
}

function requireEnd(
  path: string,
  number: number,
  record: unknown,
  counts: Readonly<Record<string, number>>,
  sha256: string,
): void {
  const end = endShape.safeParse(record)
  const wrong = recordTypes.find((type) => end.data?.counts[type] !== counts[type])
  if (wrong !== undefined) {
    throw failure(
      `Line ${number} of ${path} says ${end.data?.counts[wrong]} lines of the type ${wrong}, ` +
        `but there are ${counts[wrong]}.`,
    )
  }
  if (end.data?.sha256 !== sha256) {
    throw failure(`Line ${number} of ${path} has another SHA-256 than the lines before it.`)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
