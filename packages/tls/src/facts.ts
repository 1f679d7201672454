/** What is known of a connection that TLS protects: plain values, for routes, header rules and logs. */

/** Facts of one TLS connection, settled by its handshake. */
export interface TlsFacts {
  /** `TLSv1.3` or `TLSv1.2`. */
  readonly version: string
  /** The cipher's standard (IANA) name: `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string
  /** The name that the client asked for (SNI), in lower case; undefined where it named none. */
  readonly serverName: string | undefined
  /** The protocol agreed on by ALPN: `h2`, `http/1.1`; undefined where none was. */
  readonly alpn: string | undefined
  /** True where an earlier session was resumed. */
  readonly resumed: boolean
  /** The client's certificate, where it sent one. */
  readonly clientCertificate: ClientCertificateFacts | undefined
}

/** A client's certificate. */
export interface ClientCertificateFacts {
  /**
   * True where a trusted CA vouches for it. With `optional` verification a client may come with one that is
   * not.
   */
  readonly verified: boolean
  /** Why it is not verified (OpenSSL's code, `CERT_HAS_EXPIRED`); undefined where it is. */
  readonly error: string | undefined
  /** The subject as RFC 4514 writes it: `CN=client 1,O=Example`. */
  readonly subject: string
  /** The common name alone; undefined where there is none. */
  readonly commonName: string | undefined
  /** The issuer, as RFC 4514 writes it. */
  readonly issuer: string
  /** In hexadecimal, upper case. */
  readonly serialNumber: string
  /** SHA-256 of the certificate, 64 hexadecimal digits in lower case. */
  readonly fingerprint256: string
  /** The certificate itself, in DER. */
  readonly der: Buffer
  /** Its validity, in milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}
