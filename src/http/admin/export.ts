/** Exporting a namespace: pages of NDJSON that make a backup when they are put together. */
import { Hono } from 'hono'
import * as z from 'zod/mini'
import { recordTables } from '../../store/backup-records.ts'
import { type ExportPlace, exportPage } from '../../store/export.ts'
import { andThen, hold } from '../../store/held.ts'
import { NO_LINES, recordTypes, sealLine } from '../../tenancy/backup.ts'
import { type Dependencies, queryOf, type ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'
import { adminCallerOf } from './caller.ts'
import { operatorOnly } from './operator.ts'

/** Where a page begins, and the digest of the lines before it. */
const cursorForm = z
  .strictObject({
    eventSeq: z.int(),
    type: z.enum(recordTypes.filter((type) => type !== 'settings')),
    after: z.array(z.union([z.string(), z.int()])),
    digest: z.string(),
  })
  .check(z.refine(({ type, after }) => [0, recordTables[type].key.length].includes(after.length)))

/** @throws HttpRefusal `bad-request` */
function readCursor(text: string): z.infer<typeof cursorForm> {
  try {
    return cursorForm.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')))
  } catch {
    const detail = 'cursor: give that of the last line of the page before, as it stands there.'
    throw new HttpRefusal({ kind: 'bad-request', detail })
  }
}

function writeCursor(place: ExportPlace, digest: string): string {
  return Buffer.from(JSON.stringify({ ...place, digest })).toString('base64url')
}

/** The route of /export below the base URL of a namespace. */
export function exportRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()

  routes.get('/', operatorOnly(dependencies), async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const text = queryOf(c).get('cursor') || undefined
    const cursor = hold(() => (text === undefined ? undefined : readCursor(text)))
    const place = andThen(cursor, (given): ExportPlace | undefined => {
      if (given === undefined) return undefined
      const { digest: _digest, ...place } = given
      return place
    })
    const { records, next } = await exportPage(caller, place)
    let digest = cursor.ok ? (cursor.value?.digest ?? NO_LINES) : NO_LINES
    const lines = records.map((record) => {
      const sealed = sealLine(digest, record)
      digest = sealed.digest
      return sealed.line
    })
    // The last line is no part of the backup: it says where to go on, and that the page is whole.
    const page = { type: 'page', nextCursor: next && writeCursor(next, digest) }
    const body = [...lines, JSON.stringify(page), ''].join('\n')
    return c.body(body, 200, { 'Content-Type': 'application/x-ndjson' })
  })

  return routes
}
