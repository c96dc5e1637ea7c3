/** The floor as a Worker, on the D1 of the target. */
import type { D1Database } from '@cloudflare/workers-types'
import { drizzle } from 'drizzle-orm/d1'
import { type FloorDatabase, makeFloor } from './floor-application.ts'

export default {
  fetch(request: Request, { DB }: { readonly DB: D1Database }) {
    return makeFloor(drizzle(DB) as unknown as FloorDatabase).fetch(request)
  },
}
