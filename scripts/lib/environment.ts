import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/**
 * Reads a variable: from the environment, else from the file .dev.vars of the working directory,
 * where `npm run dev` leaves what it made. An empty value counts as none.
 */
export function readVariable(name: string): string | undefined {
  return process.env[name]?.trim() || developmentVariables()[name]?.trim() || undefined
}

function developmentVariables(): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync('.dev.vars', 'utf8'))
  } catch {
    return {}
  }
}
