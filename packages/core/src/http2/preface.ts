/**
 * Telling HTTP/2 with prior knowledge from HTTP/1.1 by a connection's first bytes (RFC 9113 section 3.3).
 *
 * The preface was chosen so that no HTTP/1.x request begins with it: the method `PRI` is reserved for that, so three
 * bytes decide most connections, and 24 all of them. Not for TLS, where ALPN has said it already.
 */

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/**
 * Whether a connection that began with these bytes speaks HTTP/2.
 * @param bytes all that came so far, from the first byte on
 * @returns undefined while it cannot be said yet: ask again with more
 */
export function looksLikeHttp2Preface(bytes: Buffer): boolean | undefined {
  const length = Math.min(bytes.length, preface.length)
  if (bytes.compare(preface, 0, length, 0, length) !== 0) return false
  return length === preface.length ? true : undefined
}
