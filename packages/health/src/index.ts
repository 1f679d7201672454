export { type AgentReport, parseAgentReport } from './agent-report.ts'
export {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitBreakerSettings,
  type CircuitState,
  readCircuitBreakerOptions,
} from './circuit-breaker.ts'
export { monotonicClock } from './clock.ts'
export type {
  CheckCode,
  Checker,
  CheckListener,
  CheckResult,
  Clock,
  Random,
  RunningCheck,
  Target,
  TargetTls,
  Timer,
} from './contract.ts'
export { HealthError, type HealthErrorCode } from './errors.ts'
export { type HttpCheckOptions, httpCheck } from './http-check.ts'
export type { HttpExpect } from './http-expectation.ts'
export { type HealthEvents, HealthMonitor, type HealthMonitorOptions, type HealthStatus } from './monitor.ts'
export { ErrorLimit, type Observed, type ObserveOptions, type OnError } from './on-error.ts'
export {
  OutlierDetector,
  type OutlierListener,
  type OutlierOptions,
  type OutlierReason,
  OutlierRecord,
} from './outlier-detector.ts'
export { Quorum } from './quorum.ts'
export type { HealthLevel, HealthState } from './rise-fall.ts'
export type { CheckOptions } from './settings.ts'
export { parseStatusRanges, type StatusRanges } from './status-ranges.ts'
export { readTargetTls, type TlsConnectOptions, tlsConnectOptions, tlsOptionNames } from './target-tls.ts'
export { type TcpCheckOptions, tcpCheck } from './tcp-check.ts'
export type { HealthChange } from './watch.ts'
