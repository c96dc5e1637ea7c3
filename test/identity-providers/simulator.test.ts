import { tenant } from '../support/endpoint.ts'
import { simulatorSuite } from '../unit/simulate/suite.ts'

simulatorSuite(async () => {
  const client = await tenant()
  return {
    baseUrl: client.base,
    token: client.token ?? '',
    fetch: (url, request) => client.send(new Request(url, request)),
  }
})
