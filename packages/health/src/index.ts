export { type AgentCheckOptions, agentCheck } from './agent-check.ts'
export { type AgentReport, parseAgentReport } from './agent-report.ts'
export type { CommonStep, ConnectStepOptions, ExpectNotes, Fit, StepNotes, Verdict } from './chain-steps.ts'
export {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitBreakerSettings,
  type CircuitState,
  readCircuitBreakerOptions,
} from './circuit-breaker.ts'
export { monotonicClock } from './clock.ts'
export type { CheckContext, ConnectOptions, PerCheck } from './connect.ts'
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
export { type DnsCheckOptions, dnsCheck } from './dns-check.ts'
export { HealthError, type HealthErrorCode } from './errors.ts'
export { type ExternalCheckOptions, type ExternalCheckProxy, externalCheck } from './external-check.ts'
export {
  type CheckFunction,
  type Finding,
  type FunctionCheckOptions,
  functionCheck,
} from './function-check.ts'
export { type GrpcCheckOptions, grpcCheck } from './grpc-check.ts'
export {
  type HttpChainOptions,
  type HttpManners,
  type HttpStep,
  type HttpStepRequest,
  httpChain,
} from './http-chain.ts'
export { type HttpCheckOptions, httpCheck } from './http-check.ts'
export type { HttpProtocol } from './http-exchange.ts'
export type { HttpExpect } from './http-expectation.ts'
export type { HeaderMatch, HttpMatch, TextMethod } from './http-match.ts'
export { ldapCheck } from './ldap-check.ts'
export { type HealthEvents, HealthMonitor, type HealthMonitorOptions, type HealthStatus } from './monitor.ts'
export { type MysqlCheckOptions, mysqlCheck } from './mysql-check.ts'
export { ErrorLimit, type Observed, type ObserveOptions, type OnError } from './on-error.ts'
export {
  OutlierDetector,
  type OutlierListener,
  type OutlierOptions,
  type OutlierReason,
  OutlierRecord,
} from './outlier-detector.ts'
export { type PgsqlCheckOptions, pgsqlCheck } from './pgsql-check.ts'
export type { ProtocolCheckOptions } from './protocol-check.ts'
export { Quorum } from './quorum.ts'
export { type RedisCheckOptions, redisCheck } from './redis-check.ts'
export type { HealthLevel, HealthState } from './rise-fall.ts'
export type { SendState, ServerState } from './server-state.ts'
export type { CheckOptions } from './settings.ts'
export { type SmtpCheckOptions, smtpCheck } from './smtp-check.ts'
export { parseStatusRanges, type StatusRanges } from './status-ranges.ts'
export { readTargetTls, type TlsConnectOptions, tlsConnectOptions, tlsOptionNames } from './target-tls.ts'
export { type TcpChainOptions, type TcpMatch, type TcpStep, tcpChain } from './tcp-chain.ts'
export { type TcpCheckOptions, type TlsCheckOptions, tcpCheck, tlsCheck } from './tcp-check.ts'
export type { HealthChange } from './watch.ts'
export { type WebsocketCheckOptions, websocketCheck } from './websocket-check.ts'
