export { type Column, columns, type StatRow } from './columns.ts'
export { csvText } from './csv.ts'
export { jsonText } from './json.ts'
export type { Histogram, Latencies } from './latencies.ts'
export {
  type ListenStatsOptions,
  listenStats,
  type StatsBackend,
  type StatsListener,
  statsBackend,
} from './listen-stats.ts'
export { hashPassword } from './password.ts'
export type { ProcessInfo } from './process-info.ts'
export type { Door } from './rows.ts'
export type { Level } from './runtime/level.ts'
export {
  type RuntimeApi,
  type RuntimeApiBind,
  type RuntimeApiOptions,
  runtimeApi,
} from './runtime/runtime-api.ts'
export type { ServerAction } from './server-actions.ts'
export type { Detail, Snapshot } from './snapshot.ts'
export { Statistics, type StatisticsOptions, statistics } from './statistics.ts'
export { type StatsHandler, type StatsHandlerOptions, statsHandler } from './stats-handler.ts'
