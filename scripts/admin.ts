/** `npm run -s admin`: the operator's command line. */
import { runAdmin } from './admin/admin.ts'
import { terminal } from './lib/command.ts'
import { readVariable } from './lib/environment.ts'
import { wireFetch } from './lib/wire.ts'

process.exitCode = await runAdmin(process.argv.slice(2), {
  fetch: wireFetch,
  terminal,
  operatorToken: readVariable('OPERATOR_TOKEN'),
  now: Date.now,
})
