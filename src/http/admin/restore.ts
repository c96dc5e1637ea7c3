/** Restoring a backup into an empty namespace, a few lines with each request. */
import { type Context, Hono } from 'hono'
import { andThen } from '../../store/held.ts'
import {
  discardRestore,
  type RestoreChunk,
  readRestore,
  restoreChunk,
} from '../../store/restore.ts'
import { readLines } from '../body.ts'
import { type Dependencies, queryOf, type ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'
import { readLine } from './backup-forms.ts'
import { adminCallerOf } from './caller.ts'
import { operatorOnly } from './operator.ts'
import { wholeNumber } from './parameters.ts'

/** How many bytes one request may bring. */
const MAXIMUM_CHUNK = 10 * 1024 * 1024

/** @throws HttpRefusal `bad-request` and others; Refusal `restore-bad-line` */
function chunkOf(c: Context<ScimEnv>, lines: readonly string[]): RestoreChunk {
  const from = wholeNumber(queryOf(c), 'from', 0)
  if (from === undefined) {
    const detail = 'from: say how many lines of the file are before these.'
    throw new HttpRefusal({ kind: 'bad-request', detail })
  }
  return {
    from,
    lines: lines.map((text, at) => ({ text, record: readLine(text, from + at + 1) })),
  }
}

/** The routes of /restore below the base URL of a namespace. */
export function restoreRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()
  const operator = operatorOnly(dependencies)

  routes.get('/', operator, async (c) => {
    return c.json(await readRestore(adminCallerOf(c, dependencies)))
  })

  routes.post('/', operator, async (c) => {
    const caller = adminCallerOf(c, dependencies)
    const lines = await readLines(c, caller, MAXIMUM_CHUNK)
    const chunk = andThen(lines, (lines) => chunkOf(c, lines))
    return c.json(await restoreChunk(caller, chunk))
  })

  routes.delete('/', operator, async (c) => {
    await discardRestore(adminCallerOf(c, dependencies))
    return c.json({ message: 'Restore discarded' })
  })

  return routes
}
