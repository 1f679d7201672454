/**
 * The buffer that sockets read into, one after the other.
 *
 * Reading is synchronous: bytes come, are passed on, and are in the kernel again before the next read. Only when the
 * other side does not take them at once do they have to stay, and then the next read gets a new buffer. Without it each
 * read would ask for 64 KiB of memory, and leave it to be collected.
 */
const bytes = 65_536

let current = Buffer.allocUnsafeSlow(bytes)

export const readBuffer = {
  /** The buffer for the next read. */
  next: (): Buffer => current,

  /** Somebody still needs what lies in it. */
  renew(): void {
    current = Buffer.allocUnsafeSlow(bytes)
  },

  /** The same, where it lies in this one: a buffer that is not read into is nobody else's anyway. */
  keep(buffer: Buffer): void {
    if (buffer.buffer === current.buffer) current = Buffer.allocUnsafeSlow(bytes)
  },
}
