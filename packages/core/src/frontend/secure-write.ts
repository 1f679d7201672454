/**
 * Writing a large piece through TLS, with what stands around it, as one run of records.
 *
 * Node encrypts a single buffer within the call (`TLSWrap::DoWrite` hands it to `SSL_write`, and makes a copy itself where
 * that cannot finish), so with nothing waiting before it one buffer serves all connections. What has to wait, since
 * Node says of each write a turn later that it is done, is kept by the stream, and gets memory of its own.
 */
import type { Socket } from 'node:net'

const scratch = Buffer.allocUnsafeSlow(131_072)

export function writeSecure(socket: Socket, before: string, chunk: Buffer, after: string): void {
  const length = before.length + chunk.length + after.length
  const atOnce = socket.writableLength === 0 && length <= scratch.length
  const whole = atOnce ? scratch.subarray(0, length) : Buffer.allocUnsafeSlow(length)
  whole.write(before, 0, 'latin1')
  chunk.copy(whole, before.length)
  whole.write(after, before.length + chunk.length, 'latin1')
  socket.write(whole)
}
