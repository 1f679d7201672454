export type {
  Affinity,
  AffinityRequest,
  AffinityResponse,
  AffinityServer,
  HeaderEdits,
} from './affinity.ts'
export { SessionOptionError } from './errors.ts'
export { type InsertCookieOptions, insertCookie } from './insert-cookie.ts'
export { type MemoryStore, type MemoryStoreOptions, memoryStore, type StickClock } from './memory-store.ts'
export type { CookieAttributes } from './set-cookie.ts'
export { byCookie, byHeader, bySourceAddress, type StickKey } from './stick-key.ts'
export type { StickStore } from './stick-store.ts'
export { type StickTableOptions, stickTable } from './stick-table.ts'
