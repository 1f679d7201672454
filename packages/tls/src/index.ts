export type { CertificateSource, PairSource, PemSource } from './certificate-files.ts'
export type { CertificateInfo, KeyKind } from './certificates.ts'
export {
  type ClientHeader,
  type TlsHeaderNames,
  type TlsHeaderOptions,
  type TlsHeaders,
  tlsHeaders,
} from './client-headers.ts'
export {
  type ClientHello,
  type ClientHelloError,
  type ClientHelloErrorCode,
  type ClientHelloResult,
  readClientHello,
} from './client-hello.ts'
export type { TlsClock, TlsTimer } from './clock.ts'
export { TlsError, type TlsErrorCode } from './errors.ts'
export type { ClientCertificateFacts, TlsFacts } from './facts.ts'
export type { HandshakeFailure, HandshakeFailureReason, TlsCounters } from './handshakes.ts'
export type { SourceFailure } from './inventory.ts'
export { readFacts as readTlsFacts } from './peer-facts.ts'
export { DEFAULT_CIPHER_SUITES, DEFAULT_CIPHERS, type ProtocolOptions, type TlsVersion } from './protocol.ts'
export {
  type CertificateWarning,
  type ReloadReport,
  TlsTermination,
  type TlsTerminationEvents,
  type TlsTerminationOptions,
  tlsTermination,
} from './termination.ts'
export type { TicketKeyProvider, TicketOptions } from './ticket-keys.ts'
export type { ClientCertificateOptions, PemInput } from './trust.ts'
