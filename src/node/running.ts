/** What a server leaves for the tools of this machine while it runs: where it answers. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of these notes, below the working directory; a file for each process. */
export const RUNNING = '.scim-edge/running'

/** A server that runs on this machine. */
export interface Running {
  readonly url: string
  readonly pid: number
  /** What started it, as after `npm run`. */
  readonly command: 'dev' | 'serve'
  /** The file that keeps its secrets, absolute; absent where they were given. */
  readonly secrets?: string | undefined
}

/**
 * Leaves a note of this process until it ends. Where nothing can be written, the tools want `--url`,
 * and the server is none the worse for it.
 */
export function noteRunning(running: Running): void {
  const file = join(RUNNING, `${running.pid}.json`)
  try {
    mkdirSync(RUNNING, { recursive: true, mode: 0o700 })
    writeFileSync(file, `${JSON.stringify(running)}\n`, { mode: 0o600 })
  } catch {
    return
  }
  process.on('exit', () => rmSync(file, { force: true }))
}
