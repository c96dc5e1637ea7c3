/**
 * What can be done with the resources of one type, apart from how a request came in: by itself, or
 * as one operation of a bulk request.
 */
import type { Json, JsonObject } from '../../scim/json.ts'
import type { Spend } from '../../scim/patch/effort.ts'
import type { Projection } from '../../scim/resource/projection.ts'
import type { Preconditions } from '../../scim/resource/version.ts'
import type { ResourceType } from '../../scim/schema/resource-type.ts'
import type { Caller } from '../../store/authority.ts'
import type { Held } from '../../store/held.ts'

/** What a write is given, and what its answer shall show. */
export interface WriteRequest {
  readonly body: Json
  readonly projection: Projection | undefined
  /** Nobody reads the resource that comes back, so what is costly may be left out. */
  readonly silent: boolean
  /** Counts the work of a PATCH, where it is one of several in a request. */
  readonly spend?: Spend
}

/** The operations on one resource type. Each answers with the resource, rendered below `base`. */
export interface Endpoint {
  readonly type: ResourceType
  /** RFC 7644 §3.3. */
  create(caller: Caller, base: string, request: Held<WriteRequest>): Promise<JsonObject>
  /** RFC 7644 §3.4.1. */
  read(
    caller: Caller,
    base: string,
    id: string,
    projection: Held<Projection | undefined>,
  ): Promise<JsonObject>
  /** PUT (RFC 7644 §3.5.1) or PATCH (§3.5.2). */
  change(
    method: 'PUT' | 'PATCH',
    caller: Caller,
    base: string,
    id: string,
    request: Held<WriteRequest>,
    preconditions: Preconditions,
  ): Promise<JsonObject>
  /** RFC 7644 §3.6. */
  remove(caller: Caller, id: string, preconditions: Preconditions): Promise<void>
}
