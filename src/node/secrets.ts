/** The operator's secret of a server on this machine, kept where none is given. */
import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { PLACE } from '../store/databases.ts'
import { StartFailure } from './failure.ts'

/** The file beside a database that keeps the secrets of its server. */
function fileOf(database: string): string {
  return join(dirname(database), `${basename(database).replace(PLACE, 'scim-edge')}.secrets`)
}

/**
 * The secret that is kept beside a database. Where there is none yet, it is made.
 *
 * @throws StartFailure where the file can neither be read nor made
 */
export function keptSecret(database: string): { readonly secret: string; readonly file: string } {
  const file = fileOf(database)
  if (existsSync(file)) return { secret: secretIn(file), file }
  const made = randomBytes(32).toString('hex')
  const draft = `${file}-${process.pid}`
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(draft, `OPERATOR_TOKEN=${made}\n`, { mode: 0o600 })
    // Of two starts at once, the second fails here, and reads the whole file of the first.
    linkSync(draft, file)
    return { secret: made, file }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return { secret: secretIn(file), file }
    throw new StartFailure(
      `The operator's secret cannot be kept in ${file} (${code}); set OPERATOR_TOKEN, or make the folder writable.`,
    )
  } finally {
    rmSync(draft, { force: true })
  }
}

function secretIn(file: string): string {
  let secret: string | undefined
  try {
    secret = parseEnv(readFileSync(file, 'utf8')).OPERATOR_TOKEN?.trim()
  } catch (error) {
    throw new StartFailure(
      `The operator's secret in ${file} cannot be read (${(error as NodeJS.ErrnoException).code}); set OPERATOR_TOKEN, or mend the file.`,
    )
  }
  if (secret) return secret
  throw new StartFailure(
    `The file ${file} holds no OPERATOR_TOKEN; remove it, and the next start makes a new one.`,
  )
}
