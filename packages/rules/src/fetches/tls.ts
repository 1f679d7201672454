/**
 * What a handshake settled: HAProxy's `ssl_fc_…` of the client's connection and `ssl_bc_…` of the server's. `sslFc()` is
 * whether TLS is used at all; what else is asked without it is nothing.
 */
import type { Sample, SampleType } from '../sample.ts'
import type { ConnectionScope, ResponseScope, TlsView } from '../scope.ts'
import { fetch, type Value } from '../value.ts'

type OfClient<T extends Sample> = Value<T, ConnectionScope>
type OfServer<T extends Sample> = Value<T, ResponseScope>

/** Whether the client speaks TLS. */
export const sslFc = (): OfClient<boolean> =>
  fetch('ssl_fc', 'bool', 'connection', ({ connection }: ConnectionScope) => connection.tls !== undefined)

/** The protocol agreed on by ALPN: `h2`, `http/1.1`. */
export const sslFcAlpn = (): OfClient<string> => ofClient('ssl_fc_alpn', 'str', tls => tls.alpn)

/** The cipher, by its standard (IANA) name. */
export const sslFcCipher = (): OfClient<string> => ofClient('ssl_fc_cipher', 'str', tls => tls.cipher)

/** Whether the client sent a certificate. */
export const sslFcHasCrt = (): OfClient<boolean> =>
  ofClient('ssl_fc_has_crt', 'bool', tls => tls.clientCertificate !== undefined)

/** Whether it named the host that it wants. */
export const sslFcHasSni = (): OfClient<boolean> =>
  ofClient('ssl_fc_has_sni', 'bool', tls => tls.serverName !== undefined)

/** Whether an earlier session was resumed. */
export const sslFcIsResumed = (): OfClient<boolean> =>
  ofClient('ssl_fc_is_resumed', 'bool', tls => tls.resumed)

/** `TLSv1.2`, `TLSv1.3`. */
export const sslFcProtocol = (): OfClient<string> => ofClient('ssl_fc_protocol', 'str', tls => tls.version)

/** The host that it wants. */
export const sslFcSni = (): OfClient<string> => ofClient('ssl_fc_sni', 'str', tls => tls.serverName)

/** Whether the server speaks TLS. */
export const sslBc = (): OfServer<boolean> =>
  fetch('ssl_bc', 'bool', 'response', (scope: ResponseScope) => scope.serverConnection?.tls !== undefined)

export const sslBcAlpn = (): OfServer<string> => ofServer('ssl_bc_alpn', 'str', tls => tls.alpn)

export const sslBcCipher = (): OfServer<string> => ofServer('ssl_bc_cipher', 'str', tls => tls.cipher)

export const sslBcIsResumed = (): OfServer<boolean> =>
  ofServer('ssl_bc_is_resumed', 'bool', tls => tls.resumed)

export const sslBcProtocol = (): OfServer<string> => ofServer('ssl_bc_protocol', 'str', tls => tls.version)

/** The name that the server was asked for. */
export const sslBcSni = (): OfServer<string> => ofServer('ssl_bc_sni', 'str', tls => tls.serverName)

function ofClient<T extends Sample>(
  text: string,
  type: SampleType,
  read: (tls: TlsView) => T | undefined,
): OfClient<T> {
  const from = ({ connection: { tls } }: ConnectionScope) => (tls === undefined ? undefined : read(tls))
  return fetch(text, type, 'connection', from as never) as unknown as OfClient<T>
}

function ofServer<T extends Sample>(
  text: string,
  type: SampleType,
  read: (tls: TlsView) => T | undefined,
): OfServer<T> {
  const from = ({ serverConnection }: ResponseScope) => {
    const tls = serverConnection?.tls
    return tls === undefined ? undefined : read(tls)
  }
  return fetch(text, type, 'response', from as never) as unknown as OfServer<T>
}
