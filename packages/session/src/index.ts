export type {
  Affinity,
  AffinityCookie,
  AffinityRequest,
  AffinityResponse,
  AffinityServer,
  HeaderEdits,
} from './affinity.ts'
export type { CookieLimits, CookieNaming, CookieProtection } from './cookie-identity.ts'
export { SessionFileError, SessionOptionError } from './errors.ts'
export { type InsertCookieOptions, insertCookie } from './insert-cookie.ts'
export { type PassiveCookieOptions, passiveCookie } from './passive-cookie.ts'
export { type PrefixCookieOptions, prefixCookie } from './prefix-cookie.ts'
export { type RdpTokenOptions, rdpToken } from './rdp-token.ts'
export { type RewriteCookieOptions, rewriteCookie } from './rewrite-cookie.ts'
export type { CookieAttributes } from './set-cookie.ts'
export type { DataType, EventName, RatePeriod, StickTableData } from './tables/data-types.ts'
export type { StickKeyType, StickKeyValue } from './tables/key-types.ts'
export {
  byCookie,
  byHeader,
  byResponseHeader,
  bySetCookie,
  bySourceAddress,
  type ResponseKey,
  type StickKey,
} from './tables/keys.ts'
export { type RateLimitOptions, rateLimit, type TooManyRequests } from './tables/rate-limit.ts'
export { ShareCounters } from './tables/redis/counters.ts'
export type { RedisClient, StickTimers } from './tables/redis/link.ts'
export { type SharedTable, type ShareOptions, shareByRedis } from './tables/redis/share.ts'
export { sc, scTracked, type Tracking } from './tables/sc.ts'
export { type StickOptions, type StickRule, type StickStep, stick } from './tables/stick.ts'
export {
  type StickClock,
  StickTable,
  StickTableCounters,
  type StickTableEntry,
  type StickTableOptions,
  stickTable,
} from './tables/stick-table.ts'
export { loadTable, saveTable, type TableFileOptions } from './tables/table-file.ts'
export { Tracked } from './tables/tracked.ts'
