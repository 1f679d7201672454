/** What a PROXY header says: who is at the other end, when the peer of the connection only passes it on. */

/** The header's content, whatever version it came in. Source: PROXY protocol specification, HAProxy's doc/proxy-protocol.txt. */
export interface ProxyHeader {
  readonly version: 1 | 2
  /** `local`: the proxy's own connection (a health check): the addresses of the connection itself count. */
  readonly command: 'proxy' | 'local'
  /** `unknown`: nothing is said about the addresses; again those of the connection itself count. */
  readonly family: ProxyFamily
  /**
   * Addresses in the usual text form, as Node writes them; paths for the unix families, an abstract name with `@`
   * before it, where they may be empty; always empty where nothing is said.
   */
  readonly sourceAddress: string
  /** 0 where the family has no ports. */
  readonly sourcePort: number
  readonly destinationAddress: string
  readonly destinationPort: number
  /** What version 2 adds. Empty for `local` and `unknown`, where the specification has it skipped unread. */
  readonly tlvs: ProxyTlvs
}

/** What kind of socket the client used. */
export type ProxyFamily = 'tcp4' | 'tcp6' | 'udp4' | 'udp6' | 'unix-stream' | 'unix-datagram' | 'unknown'

/** What a header to be written says: a {@link ProxyHeader} will do, whatever its version. */
export type ProxyHeaderContent = Omit<ProxyHeader, 'version' | 'tlvs'> & {
  /** None by default. Version 1 has no room for them and leaves them out. */
  readonly tlvs?: ProxyTlvs | undefined
}

/** Version 2's extensions, read. All undefined for version 1. Texts are UTF-8 without control characters. */
export interface ProxyTlvs {
  /** The application protocol agreed on by ALPN: `h2`. At most 255 bytes. */
  readonly alpn?: string | undefined
  /** The host name that the client asked for, SNI for one. At most 255 bytes. */
  readonly authority?: string | undefined
  /** Up to 128 bytes that name the connection uniquely. */
  readonly uniqueId?: Buffer | undefined
  /** The network namespace. At most 255 bytes. */
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
  /** Why it was not, where the sender says: OpenSSL's number (10: expired). Written as 1 where undefined. */
  readonly verifyError?: number | undefined
  /** `TLSv1.3` */
  readonly version?: string | undefined
  /** The common name of the client's certificate. To be believed only where `verified` is true. */
  readonly commonName?: string | undefined
  /** `TLS_AES_128_GCM_SHA256` */
  readonly cipher?: string | undefined
  /** What the proxy's own certificate was signed with: `RSA-SHA256`. */
  readonly signatureAlgorithm?: string | undefined
  /** The key of the proxy's own certificate: `RSA2048`. */
  readonly keyAlgorithm?: string | undefined
  /** The group of the key exchange: `X25519`. */
  readonly group?: string | undefined
  /** What the handshake was signed with: `rsa_pss_rsae_sha256`. */
  readonly signatureScheme?: string | undefined
  /** The client's certificate, in DER. */
  readonly clientCertificate?: Buffer | undefined
  /** All others, by type, in their order. */
  readonly other?: readonly ProxyTlv[] | undefined
}

/** An extension that this package gives no meaning to. */
export interface ProxyTlv {
  readonly type: number
  readonly value: Buffer
}
