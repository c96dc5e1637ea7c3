import type { Open } from './tenant.ts'
export function storeContract(_name: string, _open: Open): void {}
