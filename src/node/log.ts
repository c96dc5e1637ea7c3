/** The log on Node: JSON lines on the standard output. */

/**
 * Makes a log whose lines of one turn of the event loop go out together: a write to a pipe or a file
 * blocks, and takes as long for one line as for many. The end of the process takes along what is left.
 */
export function makeLog(write: (text: string) => void): (line: object) => void {
  let lines = ''
  const flush = () => {
    if (lines !== '') write(lines)
    lines = ''
  }
  process.on('exit', flush)
  return (line) => {
    if (lines === '') setImmediate(flush)
    lines += `${JSON.stringify(line)}\n`
  }
}
