/**
 * Reading an accepted socket into memory of our choice.
 *
 * Node lets whoever *connects* a socket say where its bytes go (`onread`), and saves 64 KiB of memory, a stream's queue
 * and an event for each read: a tenth of what a small request costs here. For a socket that a server *accepted* it has
 * no such option. So the accepted one is emptied, and a new one is made around the same handle, the way that
 * `net.Server` made the first. That rests on `_handle`, which Node does not document: where a socket is not as expected (TLS, a socket of the host's own, a later Node), it is read by its events, and
 * only slower.
 */
import { Socket } from 'node:net'
import type { ReadMemory } from './read-memory.ts'

/** Bytes came, and lie in `buffer` from 0 to before `end`. False: no more for now. */
export type OnRead = (buffer: Buffer, end: number) => boolean

interface WithHandle {
  _handle: object | null
}

/** What `onread` asks for: where to read to, and whom to tell. Node's types know of a fixed buffer only. */
export function onread(memory: ReadMemory, onRead: OnRead): never {
  const options = {
    buffer: () => memory.next,
    callback: (bytes: number, buffer: Uint8Array) => onRead(buffer as Buffer, bytes),
  }
  return options as never
}

/**
 * Read this socket into that memory from now on.
 * @returns the socket to use from here on, and undefined where it cannot be done: then the given one is as it was
 */
export function lendReads(accepted: Socket, memory: ReadMemory, onRead: OnRead): Socket | undefined {
  // A TLS socket's handle is more than the connection, and what was read already is in the stream.
  if (Object.getPrototypeOf(accepted) !== Socket.prototype || accepted.readableLength > 0) return undefined
  const shell = accepted as unknown as WithHandle
  const handle = shell._handle
  if (handle === null || handle === undefined || accepted.destroyed || accepted.connecting) return undefined
  const options = { handle, allowHalfOpen: true, onread: onread(memory, onRead) }
  const socket = new Socket(options as never)
  if ((socket as unknown as WithHandle)._handle !== handle) return undefined
  shell._handle = null
  // Its server counts it as closed.
  accepted.destroy()
  return socket
}
