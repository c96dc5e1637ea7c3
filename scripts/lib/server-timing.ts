/** What a request cost the database, as far as the endpoint tells. */
export interface DatabaseCost {
  readonly trips?: number | undefined
  readonly rowsRead?: number | undefined
  readonly rowsWritten?: number | undefined
}

/** Reads trips and rows from a `Server-Timing` header. */
export function readServerTiming(header: string | null | undefined): DatabaseCost {
  const metrics = new Map<string, number>()
  for (const text of (header ?? '').split(',')) {
    const [, name, value] = /^\s*([\w-]+);desc="(\d+)"/.exec(text) ?? []
    if (name !== undefined) metrics.set(name, Number(value))
  }
  return {
    trips: metrics.get('trips'),
    rowsRead: metrics.get('rows-read'),
    rowsWritten: metrics.get('rows-written'),
  }
}
