/** The permissions that a token can hold, by Grafana's names, and the roles that stand for sets. */

/** Each permission is one bit of what a token stores. Never renumber them. */
export const permissionBits = {
  'org.users:read': 1,
  'org.users:add': 2,
  'org.users:write': 4,
  'org.users:remove': 8,
  'teams:read': 16,
  'teams:create': 32,
  'teams:write': 64,
  'teams:delete': 128,
  'settings:read': 256,
  'settings:write': 512,
  'serviceaccounts:read': 1024,
  'serviceaccounts:write': 2048,
  'serviceaccounts:delete': 4096,
} as const

export type Permission = keyof typeof permissionBits

const users = ['org.users:read', 'org.users:add', 'org.users:write', 'org.users:remove'] as const
const settings = ['settings:read', 'settings:write'] as const
const teams = ['teams:read', 'teams:create', 'teams:write', 'teams:delete'] as const

/** Grafana's basic roles. */
export const basicRoles = ['None', 'Viewer', 'Editor', 'Admin'] as const

export type BasicRole = (typeof basicRoles)[number]

/** Every permission: what the operator has. */
export const allPermissions = Object.values(permissionBits).reduce((sum, bit) => sum | bit, 0)

/** Shorthands, by Grafana's names of roles and of groups of roles. */
const roles: Readonly<Record<string, readonly Permission[]>> = {
  'user administration': users,
  teams,
  admin: [...users, ...teams, ...settings],
  editor: [...users, ...teams],
  viewer: ['org.users:read', 'teams:read'],
  none: [],
}

function isPermission(name: string): name is Permission {
  return Object.hasOwn(permissionBits, name)
}

/** The bits of a list of permissions and roles; of an unknown name, the name. */
export function readPermissions(names: readonly string[]): number | { readonly unknown: string } {
  let bits = 0
  for (const name of names) {
    const role = name.trim().toLowerCase()
    const granted = isPermission(name.trim())
      ? [name.trim() as Permission]
      : Object.hasOwn(roles, role)
        ? roles[role]
        : undefined
    if (granted === undefined) return { unknown: name }
    bits |= bitsOf(granted)
  }
  return bits
}

/** The bits of some permissions. */
export function bitsOf(permissions: readonly Permission[]): number {
  return permissions.reduce((sum, permission) => sum | permissionBits[permission], 0)
}

/** The first of the permissions that the bits lack. */
export function missingFrom(
  granted: number,
  permissions: readonly Permission[],
): Permission | undefined {
  return permissions.find((permission) => (granted & permissionBits[permission]) === 0)
}

/** The names of all permissions in the bits, in a fixed order. */
export function permissionNames(bits: number): Permission[] {
  return Object.keys(permissionBits)
    .filter(isPermission)
    .filter((permission) => (bits & permissionBits[permission]) !== 0)
}

/** What only an identity provider needs: the permissions that write users and teams. */
const provisioning = bitsOf([...users.slice(1), ...teams.slice(1)])

/** Whether permissions are those of an identity provider, and not of somebody who only looks. */
export function mayProvision(bits: number): boolean {
  return (bits & provisioning) !== 0
}
