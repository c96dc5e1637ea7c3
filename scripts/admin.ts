/** `npm run -s admin`: the operator's command line. */
import { setTimeout } from 'node:timers/promises'
import { runAdmin } from './admin/admin.ts'
import { terminal } from './lib/command.ts'
import { findPlace, variable } from './lib/place.ts'
import { openProgress } from './lib/progress.ts'
import { wireFetch } from './lib/wire.ts'

process.exitCode = await runAdmin(process.argv.slice(2), {
  fetch: wireFetch,
  terminal,
  findPlace,
  namespace: variable('SCIM_EDGE_NAMESPACE'),
  now: Date.now,
  sleep: (milliseconds, signal) =>
    // It rejects when the signal cuts it short, which is no error here.
    setTimeout(milliseconds, undefined, { signal }).catch(() => undefined),
  untilInterrupted() {
    const controller = new AbortController()
    // A second Ctrl-C ends the process, as ever, should an answer not come.
    process.once('SIGINT', () => controller.abort())
    return controller.signal
  },
  openProgress: () => openProgress(process.stderr),
})
