/**
 * POST /Bulk (RFC 7644 §3.7). Every operation is as atomic as it would be by itself, and the
 * failure of one leaves the others alone.
 *
 * An operation that refers to a bulkId is carried out after the one that has it, wherever that
 * stands. In a circle of references somebody has to be first: the id of the other is known all the
 * same, since ids are made here; and where the other turns out to be an account that exists, with
 * another id, the reference is mended afterwards.
 */
import { Hono } from 'hono'
import {
  type BulkEntry,
  type BulkMistake,
  type BulkOperation,
  type BulkRequest,
  type BulkResult,
  bulkResponse,
  readBulkRequest,
  referencesOf,
  resolveReferences,
} from '../../scim/bulk.ts'
import { isObject, type JsonObject } from '../../scim/json.ts'
import { MAXIMUM_EFFORT, newEffort, type Spend } from '../../scim/patch/effort.ts'
import { PATCH_OP } from '../../scim/patch/operation.ts'
import { renderUser } from '../../scim/resource/render.ts'
import { readResource } from '../../scim/resource/resource.ts'
import { groupType, type ResourceType, userType } from '../../scim/schema/resource-type.ts'
import { type Caller, readAs } from '../../store/authority.ts'
import { StoreFailure } from '../../store/failure.ts'
import { andThen, hold, release } from '../../store/held.ts'
import { Refusal } from '../../store/refusal.ts'
import { createUsers, type NewUser, type Outcome } from '../../store/user-set.ts'
import { needed } from '../../tenancy/needed.ts'
import { missingFrom } from '../../tenancy/permission.ts'
import { MAXIMUM_BODY, MAXIMUM_BULK_BODY, readSizedJson } from '../body.ts'
import {
  baseUrl,
  callerOf,
  type Dependencies,
  type FailedOperation,
  makeId,
  type Operation,
  type ScimEnv,
} from '../context.ts'
import { describeReason, HttpRefusal, type Reason, reasonOf, scimErrorBody } from '../failure.ts'
import type { Endpoint } from './endpoint.ts'
import { groups } from './groups.ts'
import { scim } from './reply.ts'
import { users } from './users.ts'

const ENDPOINTS: ReadonlyMap<ResourceType, Endpoint> = new Map(
  [users, groups].map((endpoint) => [endpoint.type, endpoint]),
)

/** What an operation may do without regard to the size of the request; see patch/effort.ts. */
const USUAL_EFFORT = 2048

/** The route of /Bulk. */
export function bulkRoutes(dependencies: Dependencies) {
  const routes = new Hono<ScimEnv>()
  routes.post('/Bulk', async (c) => {
    const caller = callerOf(c, dependencies)
    const sized = await readSizedJson(c, caller, MAXIMUM_BULK_BODY)
    const request = andThen(sized, ({ body, bytes }) => {
      c.set('body', body)
      const bulk = readBulkRequest(body, dependencies.maxBulkOperations)
      const size = Math.max(1, bytes / MAXIMUM_BODY)
      const effort = MAXIMUM_EFFORT * size + USUAL_EFFORT * bulk.entries.length
      return { ...bulk, spend: newEffort(effort) }
    })
    await requireSomePermission(caller, request.ok ? request.value : undefined)
    const done = await carryOut(caller, baseUrl(c), release(request), dependencies)
    c.set('failedOperations', done.flatMap(failedOperation))
    c.set('doneOperations', done.flatMap(doneOperation))
    return scim(bulkResponse(done.map(({ result }) => result)))
  })
  return routes
}

/** A token that may carry out none of the operations is refused as a whole. */
async function requireSomePermission(
  caller: Caller,
  request: BulkRequest | undefined,
): Promise<void> {
  const { principal } = await readAs(caller, [], () => [])
  const asked = (request?.entries ?? []).flatMap((entry) => {
    if (!entry.ok) return []
    const { method, type } = entry.operation
    const plural = type === userType ? 'Users' : 'Groups'
    return method === 'POST'
      ? needed[`POST /${plural}` as const]
      : needed[`${method} /${plural}/:id` as const]
  })
  const [first] = asked
  const some = asked.some(
    (permission) => missingFrom(principal.granted, [permission]) === undefined,
  )
  if (first !== undefined && !some) {
    throw new Refusal({ kind: 'missing-permission', permission: first })
  }
}

/** After so many failures of the database in a row the other operations are not tried any more. */
const MOST_OUTAGES = 3

/** One operation on its way. */
interface Step {
  readonly entry: BulkEntry
  /** The bulkIds that it refers to. */
  readonly references: ReadonlySet<string>
  /** The id that a POST gets if what it creates is new. */
  readonly provisionalId: string
  readonly caller: Caller
  state: 'waiting' | 'running' | 'done'
  /** Whether it was part of a set already, and left for itself. */
  left: boolean
  result?: BulkResult
  /** That of its error, for the record; the client reads a SCIM Error. */
  messageId?: string
  /** The id of the resource, once it is written. */
  id?: string
  /** BulkIds whose provisional id was taken on trust, in a circle. */
  readonly trusted: Set<string>
}

/** An operation that was carried out, whatever came of it. */
interface Done {
  readonly entry: BulkEntry
  readonly result: BulkResult
  readonly messageId: string | undefined
}

/** Ends a step; where it failed, with the messageId of its error. */
type Finish = (step: Step, result: BulkResult, messageId?: string) => void

/** What an operation would be by itself. */
function alone({ entry, result: { method } }: Done): Operation {
  const { type, id, data } = entry.ok ? entry.operation : {}
  const path = type === undefined ? '/Bulk' : `${type.endpoint}${id === undefined ? '' : `/${id}`}`
  return { method, path, body: data }
}

/** What the record of refusals needs of an operation that failed. */
function failedOperation(done: Done): FailedOperation[] {
  const { result, messageId } = done
  const { status, response } = result
  if (response === undefined || messageId === undefined) return []
  const detail = String(response.detail)
  return [{ ...alone(done), status: Number(status), messageId, detail }]
}

/** The same of one that succeeded. */
function doneOperation(done: Done): Operation[] {
  return done.result.response === undefined ? [alone(done)] : []
}

async function carryOut(
  caller: Caller,
  base: string,
  {
    entries,
    failOnErrors = Number.POSITIVE_INFINITY,
    spend,
  }: BulkRequest & { readonly spend: Spend },
  { randomBytes }: Dependencies,
): Promise<Done[]> {
  const steps = entries.map((entry, index): Step => {
    const prefix = entry.ok && entry.operation.type === userType ? 'u' : 'g'
    const provisionalId = makeId(prefix, caller.now, randomBytes)
    const own: Caller = {
      ...caller,
      requestId: `${caller.requestId}/${index}`,
      newId: () => provisionalId,
    }
    const references = entry.ok ? referencesOf(entry.operation) : new Set<string>()
    const begun = { state: 'waiting', left: false, trusted: new Set<string>() } as const
    return { entry, references, provisionalId, caller: own, ...begun }
  })
  const byBulkId = new Map<string, Step>()
  for (const step of steps) {
    const { entry } = step
    if (!entry.ok || entry.operation.method !== 'POST') continue
    if (entry.operation.bulkId !== undefined) byBulkId.set(entry.operation.bulkId, step)
  }
  let errors = 0
  // How many operations in a row the database failed; each has been tried several times.
  let outages = 0
  const finish: Finish = (step, result, messageId) => {
    step.state = 'done'
    step.result = result
    if (messageId !== undefined) step.messageId = messageId
    if (result.response !== undefined) errors += 1
  }

  for (const [index, step] of steps.entries()) {
    if (errors >= failOnErrors) break
    if (step.state === 'waiting') {
      await createTogether(caller, base, newUsersFrom(steps, index), failOnErrors - errors, finish)
    }
    if (errors >= failOnErrors) break
    await run(step)
  }
  for (const step of steps) {
    if (step.trusted.size === 0) continue
    await mend(step).catch((error: unknown) => {
      // The resource was written all the same; what is missing is the reference.
      const { method = 'POST', bulkId, location } = step.result ?? {}
      ;[step.result, step.messageId] = failed(method, bulkId, location, reasonOf(error))
    })
  }
  return steps.flatMap(({ entry, result, messageId }) =>
    result === undefined ? [] : [{ entry, result, messageId }],
  )

  /** Carries out a step, those that it refers to first. */
  async function run(step: Step): Promise<void> {
    if (step.state !== 'waiting') return
    step.state = 'running'
    const { entry } = step
    if (!entry.ok) {
      const { method, path = '', bulkId, error } = entry.mistake
      // Only what could not be created has no location (RFC 7644 §3.7.3).
      const location = method === 'POST' ? undefined : `${base}${path}`
      finish(step, ...failed(method, bulkId, location, reasonOfMistake(error)))
      return
    }
    const { operation } = entry
    try {
      if (outages >= MOST_OUTAGES) throw new HttpRefusal({ kind: 'unavailable' })
      for (const bulkId of step.references) {
        const other = byBulkId.get(bulkId)
        if (other !== undefined && errors < failOnErrors) await run(other)
      }
      const resolved =
        step.references.size === 0
          ? operation
          : resolveReferences(operation, (bulkId) => idFor(bulkId, step))
      finish(step, await perform(step, resolved))
      outages = 0
    } catch (error) {
      if (error instanceof StoreFailure) outages += 1
      const location = operation.id && `${base}${operation.type.endpoint}/${operation.id}`
      finish(step, ...failed(operation.method, operation.bulkId, location, reasonOf(error)))
    }
  }

  /** The id that a reference stands for. */
  function idFor(bulkId: string, step: Step): string | undefined {
    const other = byBulkId.get(bulkId)
    if (other === undefined || other.state === 'waiting') {
      throw new HttpRefusal({ kind: 'unresolved-reference', bulkId })
    }
    if (other.state === 'done') {
      if (other.id === undefined) {
        // What may succeed when it is sent again takes what refers to it along.
        const passing = other.result?.status === '503'
        throw new HttpRefusal(
          passing ? { kind: 'unavailable' } : { kind: 'unresolved-reference', bulkId },
        )
      }
      return other.id
    }
    step.trusted.add(bulkId)
    return other.provisionalId
  }

  async function perform(step: Step, operation: BulkOperation): Promise<BulkResult> {
    const { method, bulkId, type, id = '', version, data = null } = operation
    const endpoint = ENDPOINTS.get(type)
    if (endpoint === undefined) throw new HttpRefusal({ kind: 'no-route' })
    const request = hold(() => ({ body: data, projection: undefined, silent: true, spend }))
    const preconditions = version === undefined ? {} : { ifMatch: version }
    if (method === 'DELETE') {
      await endpoint.remove(step.caller, id, preconditions)
      const location = `${base}${type.endpoint}/${id}`
      return { method, ...named(bulkId), location, status: '204' }
    }
    const resource =
      method === 'POST'
        ? await endpoint.create(step.caller, base, request)
        : await endpoint.change(method, step.caller, base, id, request, preconditions)
    step.id = String(resource.id)
    return succeeded(operation, resource)
  }

  /** Points references that were taken on trust to who it really became. */
  async function mend(step: Step): Promise<void> {
    const { entry, id } = step
    if (!entry.ok || id === undefined) return
    const { type, data } = entry.operation
    const wrong = [...step.trusted].filter((bulkId) => {
      const other = byBulkId.get(bulkId)
      return other?.id !== undefined && other.id !== other.provisionalId
    })
    if (wrong.length === 0 || !isObject(data)) return
    const pointing = Object.entries(data).filter(([, value]) => {
      const references = referencesOf({ method: 'POST', type, data: value })
      return wrong.some((bulkId) => references.has(bulkId))
    })
    const partial = { ...entry.operation, data: Object.fromEntries(pointing) }
    const { data: value = null } = resolveReferences(partial, (bulkId) => byBulkId.get(bulkId)?.id)
    const body = { schemas: [PATCH_OP], Operations: [{ op: 'add', value }] }
    const request = hold(() => ({ body, projection: undefined, silent: true }))
    const own = { ...step.caller, requestId: `${step.caller.requestId}/references` }
    const resource = await ENDPOINTS.get(type)?.change('PATCH', own, base, id, request, {})
    if (resource !== undefined && step.result !== undefined) {
      step.result = { ...step.result, version: versionOf(resource) }
    }
  }
}

/** A POST of a user that refers to nobody, with its attributes. */
interface NewUserStep extends NewUser {
  readonly step: Step
  readonly bulkId: string | undefined
}

/** The new users from a step onwards, up to the first operation that is anything else. */
function newUsersFrom(steps: readonly Step[], from: number): NewUserStep[] {
  const found: NewUserStep[] = []
  for (const step of steps.slice(from)) {
    const { entry, references, provisionalId: id, caller } = step
    if (!entry.ok || step.state !== 'waiting' || step.left) break
    const { method, type, bulkId, data = null } = entry.operation
    const plain = method === 'POST' && type === userType && references.size === 0
    const body = plain ? hold(() => readResource(userType, data)) : undefined
    if (!body?.ok) break
    found.push({ id, requestId: caller.requestId, attributes: body.value.attributes, step, bulkId })
  }
  return found
}

/** Creates users in one go; what is special about some is found out one by one. */
async function createTogether(
  caller: Caller,
  base: string,
  together: readonly NewUserStep[],
  mayFail: number,
  finish: Finish,
): Promise<void> {
  if (together.length < 2) return
  let outcomes: readonly Outcome[]
  try {
    outcomes = await createUsers(caller, together, mayFail)
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof StoreFailure)) throw error
    // What the whole set is refused for holds for each of them.
    outcomes = together.slice(0, mayFail).map(() => ({ kind: 'refused', error }))
  }
  outcomes.forEach((outcome, index) => {
    const { step, bulkId } = together[index] ?? {}
    if (step === undefined) return
    if (outcome.kind === 'left') {
      step.left = true
      return
    }
    if (outcome.kind === 'refused') {
      finish(step, ...failed('POST', bulkId, undefined, reasonOf(outcome.error)))
      return
    }
    step.id = outcome.user.id
    finish(
      step,
      succeeded({ method: 'POST', type: userType, bulkId }, renderUser(base, outcome.user)),
    )
  })
}

function named(bulkId: string | undefined) {
  return bulkId === undefined ? {} : { bulkId }
}

function versionOf({ meta }: JsonObject): string {
  return isObject(meta) ? String(meta.version) : ''
}

/** A result has the status of the single request, of which a PATCH of a group is answered with nothing. */
function succeeded(
  {
    method,
    type,
    bulkId,
  }: Pick<BulkOperation, 'method' | 'type'> & { readonly bulkId?: string | undefined },
  resource: JsonObject,
): BulkResult {
  const location = isObject(resource.meta) ? String(resource.meta.location) : ''
  const changed = method === 'PATCH' && type === groupType ? '204' : '200'
  const status = method === 'POST' ? '201' : changed
  return { method, ...named(bulkId), version: versionOf(resource), location, status }
}

function failed(
  method: string,
  bulkId: string | undefined,
  location: string | undefined,
  reason: Reason,
): [result: BulkResult, messageId: string] {
  const failure = describeReason(reason)
  const result = {
    method,
    ...named(bulkId),
    ...(location === undefined ? {} : { location }),
    status: String(failure.status),
    response: scimErrorBody(failure),
  }
  return [result, failure.messageId]
}

function reasonOfMistake(error: BulkMistake['error']): Reason {
  switch (error.kind) {
    case 'protocol':
      return error
    case 'unknown-path':
      return { kind: 'no-route' }
    case 'wrong-method': {
      const allowed = ['POST (without an id)', 'PUT, PATCH, DELETE (with one)']
      return { kind: 'method-not-allowed', allowed }
    }
  }
}
