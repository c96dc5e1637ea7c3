/** The operator: whoever knows OPERATOR_TOKEN creates namespaces and tokens. */
import { createMiddleware } from 'hono/factory'
import { readCredential, sameSecret } from '../../tenancy/token.ts'
import type { Dependencies, ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'

/** Lets a request pass that carries the operator's secret. */
export function operatorOnly({ operatorToken }: Dependencies) {
  return createMiddleware<ScimEnv>(async (c, next) => {
    if (operatorToken === undefined || operatorToken === '') {
      throw new HttpRefusal({ kind: 'operator-not-configured' })
    }
    const given = readCredential(c.req.header('Authorization') ?? '')
    if (!sameSecret(given, operatorToken)) throw new HttpRefusal({ kind: 'operator-required' })
    await next()
  })
}
