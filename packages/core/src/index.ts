export type { AgentOptions } from './balance/agents.ts'
export { Backend, type BackendOptions, createBackend } from './balance/backend.ts'
export type { ChecksOptions } from './balance/checks.ts'
export { clearCounters } from './balance/clear-counters.ts'
export {
  BackendCounters,
  type NoServerReason,
  ResponseCounters,
  ServerCounters,
  TrafficCounters,
} from './balance/counters.ts'
export { type BackendRequest, Dispatch } from './balance/dispatch.ts'
export type { BackendEvents } from './balance/events.ts'
export {
  type Acquired,
  Lease,
  type NoServer,
  type Queued,
  type Session,
  type SessionSteps,
} from './balance/lease.ts'
export type { LoadProbe } from './balance/load-probe.ts'
export type { Completed, Failed, FailureReason, Outcome, Phase, Side } from './balance/outcome.ts'
export { latencyBounds, PhaseTimes, RequestTimes } from './balance/request-times.ts'
export type { RetryBudgetOptions, RetryOn, RetryOptions } from './balance/retry.ts'
export { type ChangeCause, type ChangeReason, Server } from './balance/server.ts'
export type { HttpProtocol, ServerCheckOptions, ServerOptions } from './balance/server-options.ts'
export type { AdminState, HealthState } from './balance/server-state.ts'
export type { BackendTimeouts } from './balance/timeouts.ts'
export { type PoolFigures, ServerTransition, type TransitionKind } from './balance/transition.ts'
export type { WatchingOptions } from './balance/watching.ts'
export type { AcceptProxyOptions } from './base/accept-proxy.ts'
export type { CapturedError } from './base/capture.ts'
export type { Clock, Timer } from './base/clock.ts'
export type { ConnectionFacts } from './base/connection-facts.ts'
export { type ErrorCode, EvenerError } from './base/errors.ts'
export { RateCounter } from './base/rate-counter.ts'
export type { SendProxy, SendProxyOptions } from './base/send-proxy.ts'
export type { TrackedClient, Tracker } from './base/tracking.ts'
export { type DefaultEngineOptions, defaultEngine } from './engines/default-engine.ts'
export { type HttpProxy3Options, httpProxy3Engine } from './engines/http-proxy-3.ts'
export { type Http1EngineOptions, http1Engine, type Reuse } from './engines/http1/http1-engine.ts'
export { type Http2EngineOptions, http2Engine } from './engines/http2/http2-engine.ts'
export { answerWorkers, askWorkers } from './frontend/ask-workers.ts'
export { type Closable, type ClusterOptions, type RunningCluster, runCluster } from './frontend/cluster.ts'
export {
  createFrontend,
  Frontend,
  type FrontendBindOptions,
  FrontendCounters,
  type FrontendEvents,
  type FrontendOptions,
} from './frontend/frontend.ts'
export type { HstsOptions, HttpsRedirectOptions } from './frontend/https.ts'
export type { BindOptions, BoundAddress } from './frontend/listening.ts'
export type { AnswerContext, AnswerStatus, ErrorPage, ErrorPages } from './http/answer.ts'
export type { CloseOptions, DoorTimeouts, Route, RouteAnswer } from './http/door.ts'
export { DoorCounters } from './http/door-counters.ts'
export type { Attempt, AttemptFailure, Engine, Passing, ResponseHead, Transfer } from './http/engine.ts'
export type { ForwardedOptions } from './http/forwarded.ts'
export { type HttpHandler, type HttpHandlerOptions, httpHandler } from './http/http-handler.ts'
export { HttpLoadProbe, type HttpLoadProbeOptions, httpLoadProbe } from './http/http-load-probe.ts'
export { type ClientRequest, pathOf } from './http/request.ts'
export type { RequestBody } from './http/request-body.ts'
export type { Http2Options } from './http2/options.ts'
export type { CookieCaptureOptions } from './log/cookie-capture.ts'
export type { LogOptions, LogTarget } from './log/door-log.ts'
export { logHealth } from './log/log-health.ts'
export type { FrontendRules, HttpRules, TcpRules } from './rules/rule-lists.ts'
export type { ConnectionIdOptions, UniqueIdOptions } from './rules/unique-id.ts'
export type { TcpRefusal } from './tcp/settings.ts'
export type { TcpConnection } from './tcp/tcp-connection.ts'
export { TcpProxyCounters } from './tcp/tcp-counters.ts'
export {
  createTcpProxy,
  TcpProxy,
  type TcpProxyEvents,
  type TcpProxyOptions,
  type TcpRoute,
  type TcpTimeouts,
} from './tcp/tcp-proxy.ts'
export type { UdpClient } from './udp/datagram-facts.ts'
export { UdpProxyCounters } from './udp/udp-counters.ts'
export {
  createUdpProxy,
  type UdpBindOptions,
  UdpProxy,
  type UdpProxyEvents,
  type UdpProxyOptions,
  type UdpRoute,
} from './udp/udp-proxy.ts'
