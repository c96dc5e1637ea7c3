import cliProgress from 'cli-progress'

/** Shows how far a long piece of work is. */
export interface Progress {
  /** Begins a part of so many steps, and ends the one before. */
  phase(title: string, steps: number): void
  advance(steps: number): void
  /** Gives the terminal back; a second call does nothing. */
  close(): void
}

/** Draws a bar where the stream is a terminal; elsewhere nobody watches, and nothing is written. */
export function openProgress(stream: NodeJS.WritableStream & { isTTY?: boolean }): Progress {
  if (!stream.isTTY) return { phase: () => {}, advance: () => {}, close: () => {} }
  const bar = new cliProgress.SingleBar({
    format: '{title} [{bar}] {value}/{total}',
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    hideCursor: true,
    stream,
  })
  let open = false
  const close = () => {
    if (open) bar.stop()
    open = false
  }
  return {
    phase(title, steps) {
      close()
      bar.start(steps, 0, { title: title.padEnd(25) })
      open = true
    },
    advance: (steps) => bar.increment(steps),
    close,
  }
}
