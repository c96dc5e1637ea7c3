/**
 * `npm run bundle`: how large the Worker is and how long it computes at its start. Fails above the
 * limits, so that neither grows unseen.
 */
import { startUpOf, withBundle } from './lib/bundle.ts'
import { noOptions } from './lib/command.ts'

/** KiB after gzip. */
const MOST_KIB = 150
/** Milliseconds of CPU time; Cloudflare refuses a Worker that takes a second. */
const MOST_MILLISECONDS = 400

await noOptions(
  'bundle',
  'Bundles the Worker and measures its size and the CPU time of its start. Above a limit the exit status is 1.',
)

withBundle(({ size, file }) => {
  const figures = [
    { what: 'Size after gzip', figure: size / 1024, most: MOST_KIB, unit: 'KiB' },
    { what: 'CPU time at start', figure: startUpOf(file, 5), most: MOST_MILLISECONDS, unit: 'ms' },
  ]
  for (const { what, figure, most, unit } of figures) {
    console.log(`${what}: ${figure.toFixed(1)} ${unit} of ${most} ${unit}`)
    if (figure <= most) continue
    console.error(`${what} is above the limit; see what the last change made the Worker carry.`)
    process.exitCode = 1
  }
})
