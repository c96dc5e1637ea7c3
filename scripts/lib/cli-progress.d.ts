/** The part of cli-progress (which comes without types) that the tools use. */
declare module 'cli-progress' {
  interface SingleBar {
    start(total: number, startValue: number, payload?: Record<string, string>): void
    increment(steps: number): void
    stop(): void
  }
  interface SingleBarConstructor {
    new (options: {
      format: string
      barCompleteChar: string
      barIncompleteChar: string
      hideCursor: boolean
      stream: NodeJS.WritableStream
    }): SingleBar
  }
  const cliProgress: { SingleBar: SingleBarConstructor }
  export default cliProgress
}
