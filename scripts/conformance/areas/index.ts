// All areas, in the order in which they are run and shown.
import type { Area } from '../check.ts'
import { authentication } from './authentication.ts'
import { bulk } from './bulk.ts'
import { concurrency } from './concurrency.ts'
import { create } from './create.ts'
import { cursor } from './cursor.ts'
import { deletion } from './delete.ts'
import { discovery } from './discovery.ts'
import { errors } from './errors.ts'
import { etag } from './etag.ts'
import { filter } from './filter.ts'
import { groups } from './groups.ts'
import { http } from './http.ts'
import { me } from './me.ts'
import { paging } from './paging.ts'
import { patch } from './patch.ts'
import { projection } from './projection.ts'
import { providers } from './providers.ts'
import { read } from './read.ts'
import { replace } from './replace.ts'
import { schemas } from './schemas.ts'
import { search } from './search.ts'
import { security } from './security.ts'
import { sort } from './sort.ts'
import { tenancy } from './tenancy.ts'

export const AREAS: readonly Area[] = [
  schemas,
  discovery,
  http,
  authentication,
  create,
  read,
  replace,
  deletion,
  etag,
  patch,
  filter,
  sort,
  paging,
  cursor,
  projection,
  search,
  bulk,
  me,
  groups,
  tenancy,
  security,
  concurrency,
  providers,
  errors,
]
