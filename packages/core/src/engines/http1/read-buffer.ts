/**
 * The buffer that all connections to servers read into, one after the other.
 *
 * Reading is synchronous: bytes come, are passed on, and are in the kernel again before the next read. Only when a
 * client does not take them at once do they have to stay, and then the next read gets a new buffer. A fast path without
 * it would ask for 64 KiB of memory at each read.
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
}
