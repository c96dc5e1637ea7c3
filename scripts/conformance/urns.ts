// The URNs of RFC 7643 §10.3 and RFC 7644 §8.2.

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
export const SERVICE_PROVIDER_CONFIG = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'
export const RESOURCE_TYPE = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType'
export const SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Schema'

const MESSAGES = 'urn:ietf:params:scim:api:messages:2.0'
export const LIST_RESPONSE = `${MESSAGES}:ListResponse`
export const SEARCH_REQUEST = `${MESSAGES}:SearchRequest`
export const PATCH_OP = `${MESSAGES}:PatchOp`
export const BULK_REQUEST = `${MESSAGES}:BulkRequest`
export const BULK_RESPONSE = `${MESSAGES}:BulkResponse`
export const ERROR = `${MESSAGES}:Error`
