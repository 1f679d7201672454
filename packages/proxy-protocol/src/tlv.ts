/** The frame of extensions: a type, a length of two bytes, a value. Source: PROXY protocol specification, 2.2. */
import type { ProxyTlv } from './header.ts'

/** Type and length. */
export const TLV_HEAD_BYTES = 3

/** Where the extension at `at` ends; -1 where it does not end before `to`. */
export function tlvEnd(bytes: Buffer, at: number, to: number): number {
  if (at + TLV_HEAD_BYTES > to) return -1
  const end = at + TLV_HEAD_BYTES + bytes.readUInt16BE(at + 1)
  return end > to ? -1 : end
}

/** How many bytes the extensions take. */
export function tlvBytes(tlvs: readonly ProxyTlv[]): number {
  let bytes = 0
  for (const { value } of tlvs) bytes += TLV_HEAD_BYTES + value.length
  return bytes
}

/** Write the extensions into `into` from `at` on. Each value has 65,535 bytes at most. */
export function writeTlvs(tlvs: readonly ProxyTlv[], into: Buffer, at: number): void {
  for (const { type, value } of tlvs) {
    into[at] = type
    into.writeUInt16BE(value.length, at + 1)
    into.set(value, at + TLV_HEAD_BYTES)
    at += TLV_HEAD_BYTES + value.length
  }
}
