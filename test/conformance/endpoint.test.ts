import { conformanceSuite } from './suite.ts'
import { makeTarget } from './target.ts'

conformanceSuite(makeTarget, [
  // We support what these are about the lack of.
  'unsupported-bulk-is-not-implemented',
  'unsupported-cursor-is-ignored-or-refused',
  'unsupported-search-is-not-implemented',
  'unsupported-sorting-is-ignored-or-refused',
  // We offer no previousCursor, no ETag on discovery, and /Me to nobody: a token is no user.
  'previous-cursor-gives-the-page-before',
  'discovery-is-conditional-where-it-has-etags',
  'me-has-the-location-of-the-subject',
  'me-redirects-to-the-subject',
  // A Request of workerd can be neither.
  'get-with-a-body-is-handled',
  'unknown-methods-are-not-allowed',
])
