/** Who calls an admin route: the operator, or the holder of a token with the permission. */
import type { Context } from 'hono'
import type { Caller } from '../../store/authority.ts'
import { hold } from '../../store/held.ts'
import { isToken } from '../../tenancy/token.ts'
import {
  callerOf,
  credentialOf,
  type Dependencies,
  isOperator,
  requestOf,
  type ScimEnv,
} from '../context.ts'
import { HttpRefusal } from '../failure.ts'
import { refuseQuery, refuseRepeated } from './parameters.ts'
import { requireNamespace } from './validate.ts'

/**
 * The caller of an admin route; what a token may is decided by its permissions. That a DELETE must
 * have no query, and that no parameter may be repeated, is told after that.
 *
 * @throws Refusal, or HttpRefusal where the operator names a malformed namespace
 */
export function adminCallerOf(c: Context<ScimEnv>, dependencies: Dependencies): Caller {
  const caller = undecided(c, dependencies)
  const check = c.req.method === 'DELETE' ? refuseQuery : refuseRepeated
  return { ...caller, asked: hold(() => check(c.req.url)) }
}

function undecided(c: Context<ScimEnv>, dependencies: Dependencies): Caller {
  if (!isOperator(c, dependencies)) {
    const { weakness } = dependencies
    const token = credentialOf(c) ?? ''
    // What is no token of an account is meant to be the secret, which nobody can use now.
    if (weakness !== undefined && token !== '' && !isToken(token)) {
      throw new HttpRefusal({ kind: 'operator-not-configured', weakness })
    }
    return callerOf(c, dependencies)
  }
  const namespace = requireNamespace(c.req.param('namespace') ?? '')
  const claim = { namespace: { ok: true, namespace }, bearer: { kind: 'operator' } } as const
  return requestOf(c, dependencies, claim)
}
