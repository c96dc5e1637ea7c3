/** The query parameters of SCIM routes: RFC 7644 §3.4.2, §3.9. */
import type { Context } from 'hono'
import { type Filter, readFilter } from '../../scim/filter/bind.ts'
import { type Page, readPage } from '../../scim/list.ts'
import { type Projection, readProjection } from '../../scim/resource/projection.ts'
import type { ResourceType } from '../../scim/schema/resource-type.ts'
import { queryOf, type ScimEnv } from '../context.ts'

/** What a list request asks for. */
export interface ListRequest {
  readonly filter: Filter | undefined
  readonly page: Page
  readonly projection: Projection | undefined
}

/** @throws ProtocolError */
export function listRequestOf(c: Context<ScimEnv>, type: ResourceType): ListRequest {
  const query = queryOf(c)
  const filter = query.get('filter')
  return {
    filter: filter === undefined ? undefined : readFilter(type, filter),
    page: readPage(query.get('startindex'), query.get('count')),
    projection: projectionOf(c, type),
  }
}

/** @throws ProtocolError */
export function projectionOf(c: Context<ScimEnv>, type: ResourceType): Projection | undefined {
  const query = queryOf(c)
  return readProjection(type, query.get('attributes'), query.get('excludedattributes'))
}
