/** The operator: whoever knows OPERATOR_TOKEN creates and deletes namespaces. */
import { createMiddleware } from 'hono/factory'
import { type Dependencies, isOperator, type ScimEnv } from '../context.ts'
import { HttpRefusal } from '../failure.ts'

/** Lets a request pass that carries the operator's secret. */
export function operatorOnly(dependencies: Dependencies) {
  const { operatorToken, weakness } = dependencies
  return createMiddleware<ScimEnv>(async (c, next) => {
    if (operatorToken === undefined || operatorToken === '') {
      throw new HttpRefusal({ kind: 'operator-not-configured', weakness })
    }
    if (!isOperator(c, dependencies)) throw new HttpRefusal({ kind: 'operator-required' })
    await next()
  })
}
