/** What a request cost the database, as far as the endpoint tells. */
export interface DatabaseCost {
  readonly trips?: number | undefined
  readonly rowsRead?: number | undefined
  readonly rowsWritten?: number | undefined
}

/** Reads trips and rows from a `Server-Timing` header. */
export function readServerTiming(header: string | null | undefined): DatabaseCost {
  const metric = (name: string) => {
    const [, value] = new RegExp(`\\b${name};desc="(\\d+)"`).exec(header ?? '') ?? []
    return value === undefined ? undefined : Number(value)
  }
  return {
    trips: metric('trips'),
    rowsRead: metric('rows-read'),
    rowsWritten: metric('rows-written'),
  }
}
