import { readServerTiming } from '../lib/server-timing.ts'

/** What requests cost, as the endpoint tells in `Server-Timing`. */
export interface Cost {
  read: number
  written: number
  trips: number
}

export function plus(a: Cost, b: Cost): Cost {
  return { read: a.read + b.read, written: a.written + b.written, trips: a.trips + b.trips }
}

export function times(count: number, { read, written, trips }: Cost): Cost {
  return { read: count * read, written: count * written, trips: count * trips }
}

/** The cost in a `Server-Timing` header. */
export function readCost(header: string | null): Cost {
  const { trips, rowsRead, rowsWritten } = readServerTiming(header)
  if (trips === undefined || rowsRead === undefined || rowsWritten === undefined) {
    throw new Error(`Server-Timing does not tell trips and rows: ${header}`)
  }
  return { read: rowsRead, written: rowsWritten, trips }
}

/** A client that gives each answer with its cost, and takes any failure for a fault. */
export function makeClient(
  send: (request: Request) => Promise<Response>,
  base: string,
  token: string,
) {
  return async (method: string, path: string, body?: unknown) => {
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      'X-Server-Timing': '1',
    }
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await send(new Request(base + path, { method, headers, ...content }))
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return {
      body: text === '' ? undefined : JSON.parse(text),
      cost: readCost(response.headers.get('Server-Timing')),
    }
  }
}
