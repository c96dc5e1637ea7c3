/** The cost of requests on D1, in workerd, whatever the size of the directory. */
import { binding } from '../support/endpoint.ts'
import { growth } from './growth.ts'

growth(binding)
