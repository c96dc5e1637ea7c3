/** Opens an embedded libSQL file, durable and with the newest schema. */
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Client, createClient } from '@libsql/client/sqlite3'
import Connection from 'libsql'
import type { Database } from '../store/database.ts'
import { embedded, emptyLog } from '../store/embedded.ts'
import { migrate } from '../store/migrations.ts'
import { StartFailure } from './failure.ts'

/** How many milliseconds the start waits for the lock of another process. */
const BUSY_AT_START = 5000
/**
 * The same while it serves: the wait stops the thread, so that nobody else would be served either, and
 * a write that met a lock is tried again anyway.
 */
const BUSY = 10

/**
 * WAL lets others read meanwhile; a commit is on the disk before it is answered; what is deleted is
 * overwritten with zeros.
 */
const PRAGMAS = [
  ...['journal_mode = wal', 'synchronous = full', 'foreign_keys = on', 'secure_delete = on'],
]

/** An open file. */
export interface OpenFile {
  readonly database: Database
  /** Closes it, and leaves nothing beside it: what was in the log is then in the file itself. */
  readonly close: () => void
}

/**
 * Opens a file, which is made where there is none, and applies the migrations that it lacks.
 *
 * Batches of an embedded file run one after the other, in the thread of the process. So one
 * connection is enough, and the pragmas hold for all that is done.
 *
 * @throws StartFailure
 */
export async function openFile(path: string): Promise<OpenFile> {
  const file = resolve(path)
  let client: Client | undefined
  try {
    mkdirSync(dirname(file), { recursive: true })
    client = createClient({
      url: pathToFileURL(file).href,
      concurrency: 1,
      timeout: BUSY_AT_START,
    })
    for (const pragma of PRAGMAS) await client.execute(`pragma ${pragma}`)
    const migrated = await migrate(client)
    if (migrated.kind !== 'done') throw new StartFailure(sentences[migrated.kind](file))
    // A file that may only be read is found out now and not by the first write.
    await client.batch([], 'write')
    return open(file)
  } catch (error) {
    throw error instanceof StartFailure ? error : new StartFailure(sentenceOf(error, file))
  } finally {
    client?.close()
  }
}

/** Opens the connection that serves; the client above is for what happens once. */
function open(file: string): OpenFile {
  const connection = new Connection(file, { timeout: BUSY })
  for (const pragma of PRAGMAS) connection.prepare(`pragma ${pragma}`).all()
  return {
    database: embedded(connection),
    close() {
      emptyLog(connection)
      connection.close()
    },
  }
}

const sentences = {
  newer: (file: string) =>
    `The database ${file} was used by a newer version of scim-edge than this; start that version.`,
  foreign: (file: string) =>
    `The database ${file} holds tables that scim-edge did not make; set DATABASE_FILE to another file.`,
}

function sentenceOf(error: unknown, file: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
  if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') {
    return `The file ${file} is no SQLite database, or a damaged one; set DATABASE_FILE to another, or restore a backup.`
  }
  if (code === 'SQLITE_BUSY') {
    return `The database ${file} is locked by another program; stop that one first.`
  }
  return `The database ${file} cannot be opened for writing (${why}); check DATABASE_FILE, the folder and the rights.`
}
