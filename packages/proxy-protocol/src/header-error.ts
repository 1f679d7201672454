/**
 * What a refused header is refused for: a value, never thrown.
 *
 * The specification knows one answer to all of them: close the connection. The codes are for logs and counters, and
 * for whoever has to find out which of two proxies is set up wrongly.
 */

const REFUSALS = {
  EVENER_PROXY_SIGNATURE: 'this is no PROXY header',
  EVENER_PROXY_VERSION_REFUSED: 'a PROXY header of a version that is not accepted here',
  EVENER_PROXY_TRUNCATED: 'the connection or datagram ended within the header',
  EVENER_PROXY_V1_TOO_LONG: 'no CRLF within 107 bytes',
  EVENER_PROXY_V1_LINE_END: 'CR without LF, or LF without CR',
  EVENER_PROXY_V1_PROTOCOL: 'the protocol is not TCP4, TCP6 or UNKNOWN',
  EVENER_PROXY_V1_FIELDS: 'not two addresses and two ports with single spaces between',
  EVENER_PROXY_V1_ADDRESS: 'the address is not one of its family',
  EVENER_PROXY_V1_PORT: 'the port is not a plain decimal number from 0 to 65535',
  EVENER_PROXY_V2_VERSION: 'the signature of version 2 with another version number',
  EVENER_PROXY_V2_COMMAND: 'the command is not LOCAL or PROXY',
  EVENER_PROXY_V2_FAMILY: 'the address family is not UNSPEC, INET, INET6 or UNIX',
  EVENER_PROXY_V2_TRANSPORT: 'the transport is not UNSPEC, STREAM or DGRAM',
  EVENER_PROXY_V2_TOO_LONG: 'the header is longer than maxBytes',
  EVENER_PROXY_V2_TOO_SHORT: 'the header has no room for the addresses of its family',
  EVENER_PROXY_V2_PATH: 'the path of a unix socket has control characters or is not UTF-8',
  EVENER_PROXY_V2_TLV_TRUNCATED: 'the extension reaches beyond the header',
  EVENER_PROXY_V2_TLV_LENGTH: 'the extension is longer or shorter than its type allows',
  EVENER_PROXY_V2_TLV_DUPLICATE: 'the extension came before, and may come once',
  EVENER_PROXY_V2_TLV_TEXT: 'the text of the extension has control characters or is not UTF-8',
  EVENER_PROXY_V2_CRC: 'the checksum does not match',
  EVENER_PROXY_V2_SUB_TLV_TRUNCATED: 'the part of the TLS extension reaches beyond it',
} as const satisfies Record<string, string>

/** Why a header was refused; stable across versions. */
export type ProxyHeaderErrorCode = keyof typeof REFUSALS

/**
 * A header that was refused. A plain value without a stack: making one costs nothing that an attacker could spend.
 * The connection carries nothing that can be trusted: close it, without an answer.
 */
export class ProxyHeaderError {
  readonly kind = 'error'
  /** What is wrong, for programs. */
  readonly code: ProxyHeaderErrorCode
  /** What is wrong, for people, with the offset. Holds no bytes of the header, so it may be logged. */
  readonly message: string
  /** Where: bytes from the start of the header. For an extension, where the extension starts. */
  readonly offset: number

  constructor(code: ProxyHeaderErrorCode, offset: number) {
    this.code = code
    this.message = `${REFUSALS[code]} (byte ${offset} of the PROXY header)`
    this.offset = offset
  }
}

/** Every code, for tables and tests. */
export const proxyHeaderErrorCodes = Object.keys(REFUSALS) as readonly ProxyHeaderErrorCode[]
