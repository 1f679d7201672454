/**
 * What a handshake settled, as plain values. Cost: a few µs, and some 50 µs more where the client sent a
 * certificate.
 */
import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { ClientCertificateFacts, TlsFacts } from './facts.ts'

/**
 * Facts of a connection whose handshake is done.
 * @param asked whether the client was asked for a certificate
 */
export function readFacts(socket: TLSSocket, asked: boolean): TlsFacts {
  // `servername` is false where the client named none.
  const name = (socket as { servername?: unknown }).servername
  const cipher = socket.getCipher() as ReturnType<TLSSocket['getCipher']> | undefined
  return {
    version: socket.getProtocol() ?? '',
    cipher: cipher?.standardName ?? '',
    serverName: typeof name === 'string' && name !== '' ? name.toLowerCase() : undefined,
    alpn: socket.alpnProtocol || undefined,
    resumed: socket.isSessionReused(),
    clientCertificate: asked ? clientCertificate(socket) : undefined,
  }
}

function clientCertificate(socket: TLSSocket): ClientCertificateFacts | undefined {
  const x509 = socket.getPeerX509Certificate()
  if (x509 === undefined) return undefined
  // Node sets the text of the code here, though its types say Error.
  const error = socket.authorizationError as unknown
  return {
    verified: socket.authorized,
    error: socket.authorized ? undefined : String(error),
    subject: distinguishedName(x509.subject),
    commonName: commonName(x509),
    issuer: distinguishedName(x509.issuer),
    serialNumber: x509.serialNumber.toUpperCase(),
    fingerprint256: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
    der: x509.raw,
    notBefore: x509.validFromDate.getTime(),
    notAfter: x509.validToDate.getTime(),
  }
}

/**
 * Node gives a name's parts a line each, as the certificate orders them, escaped as RFC 4514 wants, with ` +
 * ` between the values of one part. RFC 4514 writes the last part first, and commas.
 */
export function distinguishedName(lines: string): string {
  return (lines ?? '')
    .split('\n')
    .reverse()
    .map(each => each.replaceAll(' + ', '+'))
    .join(',')
}

/** The most specific common name, as it is, not escaped. */
function commonName(x509: X509Certificate): string | undefined {
  const parts = (x509.subject ?? '').split('\n').reverse()
  for (const part of parts.flatMap(each => each.split(' + '))) {
    if (part.startsWith('CN=')) return unescaped(part.slice(3))
  }
  return undefined
}

/** RFC 4514 section 2.4 backwards: `\,` and `\2C` are commas; bytes are UTF-8. */
export function unescaped(value: string): string {
  if (!value.includes('\\')) return value
  const plain = value.replace(/(?:\\[0-9A-Fa-f]{2})+|\\(.)/g, (match, character: string | undefined) =>
    character === undefined ? Buffer.from(match.replaceAll('\\', ''), 'hex').toString() : character,
  )
  return plain
}
