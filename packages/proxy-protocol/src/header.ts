/** What a PROXY header says: who is at the other end, when the peer of the connection only passes it on. */

/** The header's content, whatever version it came in. Source: PROXY protocol specification, HAProxy's doc/proxy-protocol.txt. */
export interface ProxyHeader {
  readonly version: 1 | 2
  /** `local`: the proxy's own connection (a health check): the addresses of the connection itself count. */
  readonly command: 'proxy' | 'local'
  /** `unknown`: nothing is said about the addresses; again those of the connection itself count. */
  readonly family: 'tcp4' | 'tcp6' | 'udp4' | 'udp6' | 'unix-stream' | 'unix-datagram' | 'unknown'
  /** Addresses in the usual text form; paths for the unix families; empty where nothing is said. */
  readonly sourceAddress: string
  readonly sourcePort: number
  readonly destinationAddress: string
  readonly destinationPort: number
  /** What version 2 adds. */
  readonly tlvs: ProxyTlvs
}

/** Version 2's extensions, read. All undefined for version 1. */
export interface ProxyTlvs {
  /** The application protocol agreed on by ALPN. */
  readonly alpn?: string | undefined
  /** The host name that the client asked for, SNI for one. */
  readonly authority?: string | undefined
  /** Up to 128 bytes that name the connection uniquely. */
  readonly uniqueId?: Buffer | undefined
  /** The network namespace. */
  readonly netns?: string | undefined
  /** What the proxy in front knows of the client's TLS connection. */
  readonly tls?: ProxyTls | undefined
  /** All others, by type, in their order. */
  readonly other?: readonly ProxyTlv[] | undefined
}

/** PP2_TYPE_SSL. */
export interface ProxyTls {
  /** True where the client's connection to the proxy was TLS. */
  readonly tls: boolean
  /** The client sent a certificate on this connection, or in this session. */
  readonly certificateOnConnection: boolean
  readonly certificateInSession: boolean
  /** True where there was one and it was verified. */
  readonly verified: boolean
  readonly version?: string | undefined
  readonly commonName?: string | undefined
  readonly cipher?: string | undefined
  readonly signatureAlgorithm?: string | undefined
  readonly keyAlgorithm?: string | undefined
}

/** An extension that this package gives no meaning to. */
export interface ProxyTlv {
  readonly type: number
  readonly value: Buffer
}
