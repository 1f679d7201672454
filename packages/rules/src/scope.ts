/**
 * What rules look at and change, as they see it. Whoever carries connections and requests (`@evener/core`) provides it;
 * a test writes it by hand.
 */
import type { Head } from './head.ts'
import type { Sample } from './sample.ts'

/** The connection with the client, and with the server once there is one. HAProxy's `fc_` and `bc_`. */
export interface ConnectionView {
  /** What the client is taken to be: its own address, or what a trusted proxy vouches for. HAProxy's `src`. */
  readonly peerAddress: string
  readonly peerPort: number
  /** HAProxy's `dst`, `dst_port`. */
  readonly localAddress: string
  readonly localPort: number
  /** When it was accepted; undefined where nobody keeps that, and then it is now that counts. */
  readonly acceptedAt?: number | undefined
  /** What the handshake settled, where TLS ends here. */
  readonly tls: TlsView | undefined
  /** The ends as the rules of the connection left them, where those of a request may say something else. HAProxy's `fc_src`, `fc_dst`. */
  readonly socket?: SocketView | undefined
  readonly proxyHeader?: ProxyHeaderView | undefined
  /** HAProxy's `fc_http_major`: 1 or 2. */
  readonly httpMajor?: number | undefined
}

/** The ends of a connection. */
export interface SocketView {
  readonly peerAddress: string
  readonly peerPort: number
  readonly localAddress: string
  readonly localPort: number
}

/** What the handshake of a connection settled: `TlsFacts` of `@evener/tls` fits. */
export interface TlsView {
  /** `TLSv1.3` */
  readonly version: string
  /** The cipher's standard (IANA) name. */
  readonly cipher: string
  readonly serverName: string | undefined
  readonly alpn: string | undefined
  readonly resumed: boolean
  readonly clientCertificate: CertificateView | undefined
}

/** A client's certificate. Names are as RFC 4514 writes them; times in milliseconds since 1970. */
export interface CertificateView {
  readonly verified: boolean
  /** OpenSSL's code, where it is not verified. */
  readonly error: string | undefined
  readonly subject: string
  readonly issuer: string
  /** In hexadecimal. */
  readonly serialNumber: string
  readonly der: Buffer
  readonly notBefore: number
  readonly notAfter: number
}

/** What else a PROXY header said. HAProxy's `fc_pp_…`. */
export interface ProxyHeaderView {
  /** The host that the client asked the proxy for. */
  readonly authority: string | undefined
  readonly uniqueId: string | undefined
}

/** The connection with the server. HAProxy's `bc_`, `ssl_bc_`. */
export interface ServerConnectionView {
  readonly peerAddress: string
  readonly peerPort: number
  readonly localAddress: string
  readonly localPort: number
  readonly tls: TlsView | undefined
  /** Whether it was there before this request. */
  readonly reused: boolean
  readonly httpMajor: number
}

/** HAProxy's `sc0`, …: an entry of a stick table that is tracked. */
export interface TrackedView {
  readonly key: string
  readonly trackers: number
  get(type: string, index?: number): number | undefined
  increment(index: number, by?: number): number | undefined
  clear(index: number): number | undefined
  tag(index: number, value: number): void
}

/** Variables by scope: HAProxy's `proc`, `sess`, `txn`, `req`, `res`. Names are with their scope: `txn.user`. */
export interface Variables {
  get(name: string): Sample | undefined
  set(name: string, value: Sample | undefined): void
}

/** What is around a connection: counters of the doors and backends, clock, chance. Times in milliseconds since 1970. */
export interface Surroundings {
  now(): number
  random(): number
  /** HAProxy's `%H`, `%pid`. */
  readonly hostname?: string | undefined
  readonly processId?: number | undefined
  readonly frontend: FrontendView | undefined
}

/** Counters of a door. HAProxy's `fe_`. */
export interface FrontendView {
  readonly name: string
  /** Connections now. HAProxy's `fe_conn`. */
  readonly connectionsNow: number
  /** In the last second. */
  readonly sessionRate: number
  readonly requestRate: number
}

/** State and counters of a backend. HAProxy's `be_`, `nbsrv`, `queue`. */
export interface BackendView {
  readonly name: string
  readonly requestsNow: number
  readonly queueNow: number
  readonly sessionRate: number
  /** Of servers that may be chosen. */
  readonly usableServers: number
  server(name: string): ServerView | undefined
  /** How many more could be served now; undefined where there is no limit. HAProxy's `be_conn_free`. */
  readonly freeConnections?: number | undefined
}

/** State and counters of a server. HAProxy's `srv_`. */
export interface ServerView {
  readonly name: string
  readonly up: boolean
  readonly weight: number
  readonly requestsNow: number
  readonly queueNow: number
  readonly sessionRate: number
  /** How many more it could serve now; undefined where there is no limit. HAProxy's `srv_conn_free`. */
  readonly freeConnections?: number | undefined
}

/** HAProxy's levels of a log line, and none at all. */
export type LogLevel = 'emerg' | 'alert' | 'crit' | 'err' | 'warning' | 'notice' | 'info' | 'debug' | 'silent'

/** What rules tell whoever carries the connection. Nothing here throws; a table or capture that is not there is passed over. */
export interface Carrier {
  /** HAProxy's `set-log-level`. */
  setLogLevel(level: LogLevel): void
  /** What the client, or what it connected to, is taken to be from now on. HAProxy's `set-src`, `set-dst`, with `-port`. */
  setAddress(end: 'source' | 'destination', address: string | undefined, port: number | undefined): void
  /** HAProxy's `track-sc0`, …; a tracker that tracks already keeps what it has. */
  track(tracker: number, table: string | undefined, key: Sample): void
  /** Into slot `slot` of the captures of the request, or of the response; for logs and for `capture.req.hdr`. */
  capture(side: 'request' | 'response', slot: number, text: string): void
}

/** The same for a request. */
export interface RequestCarrier extends Carrier {
  /** For this request alone, in milliseconds. HAProxy's `set-timeout`. */
  setTimeout(which: TimeoutName, ms: number): void
  /** The server that should serve it, where it can be used. HAProxy's `use-server`. */
  useServer(name: string): void
  /** A field of the 103 that goes out before anything else. HAProxy's `early-hint`. */
  earlyHint(name: string, value: string): void
}

/** HAProxy's `timeout client`, `connect`, `queue`, `server`, `tunnel`. */
export type TimeoutName = 'client' | 'connect' | 'queue' | 'server' | 'tunnel'

export interface ConnectionScope {
  readonly connection: ConnectionView
  readonly carrier: Carrier
  readonly variables: Variables
  /** By the number of the tracker. */
  readonly tracked: readonly (TrackedView | undefined)[] | undefined
  readonly around: Surroundings
  /** The name of its own that the door gives a request, or a connection at layer 4. HAProxy's `unique-id`. */
  readonly uniqueId?: string | undefined
  /** How many requests, or connections at layer 4, began before it. HAProxy's `%rt`. */
  readonly requestNumber?: number | undefined
}

/** Layer 4 with the bytes that the client has sent so far. */
export interface ContentScope extends ConnectionScope {
  readonly content: ContentView
}

/** What a client of layer 4 has sent. HAProxy's `req.payload`, from its start. */
export interface ContentView {
  readonly bytes: Buffer
  /** No more can come, or may be waited for. */
  readonly complete: boolean
  /**
   * Set by values that cannot be told from so few bytes and might be from more. Then the rule that asked is run again when
   * more have come, and what it gave does not count.
   */
  undecided: boolean
}

/** The head of a request, which rules may change. */
export interface RequestView {
  method: string
  /** The target in origin form, byte for byte. */
  uri: string
  /** As received: scheme and authority where they were there. HAProxy's `url`. */
  readonly target: string
  /** `1.0`, `1.1`, `2.0`. */
  readonly version: string
  readonly secure: boolean
  readonly head: Head
  /** What has come of the body, where it was waited for; else undefined. */
  readonly body: Buffer | undefined
  /** From `Content-Length`; undefined without one. */
  readonly bodySize: number | undefined
  /** Whether it is the first of its connection. */
  readonly isFirst?: boolean | undefined
  /** When its head was complete. */
  readonly arrivedAt?: number | undefined
}

export interface RequestScope extends ConnectionScope {
  readonly carrier: RequestCarrier
  readonly request: RequestView
  /** The backend that serves it, once that is known. */
  readonly backend: BackendView | undefined
  /** What rules have captured, by slot. */
  readonly captures?: CapturesView | undefined
}

/** HAProxy's `capture.req.hdr`, `capture.res.hdr`. */
export interface CapturesView {
  readonly request: readonly (string | undefined)[]
  readonly response: readonly (string | undefined)[]
}

/** The head of a response, which rules may change. */
export interface ResponseView {
  status: number
  reason: string
  readonly version: string
  readonly head: Head
}

/** A scope of requests has no `response`, or one that is undefined, until there is one: rules go by that. */
export interface ResponseScope extends RequestScope {
  readonly response: ResponseView
  /** Undefined for an answer that no server gave. */
  readonly server: ServerView | undefined
  readonly serverConnection?: ServerConnectionView | undefined
}
