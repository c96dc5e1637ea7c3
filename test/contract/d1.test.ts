/** The store on Cloudflare's D1, in workerd. */
import { d1 } from '../../src/store/d1.ts'
import { binding } from '../support/endpoint.ts'
import { budgets } from './budgets.ts'
import { storeContract } from './contract.ts'
import { filterContract } from './filters.ts'

const open = async () => d1(binding)

storeContract('D1', open)
filterContract('D1', open)
budgets(binding)
