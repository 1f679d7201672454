/**
 * Reading an accepted socket into memory of our choice.
 *
 * Node lets whoever *connects* a socket say where its bytes go (`onread`), and saves 64 KiB of memory, a stream's queue
 * and an event for each read: a tenth of what a small request costs here. For a socket that a server *accepted* it has
 * no such option, though the socket has all that is needed: three properties that the constructor fills from the option,
 * and a method of the handle below. They are filled here later. A TLS socket has them as well.
 *
 * The properties' symbols and the handle are Node's own, which nothing public says; where they are not as expected (a
 * socket of the host's own, a later Node), the socket is read by its events, and only slower.
 */
import { Socket } from 'node:net'
import type { ReadMemory } from './read-memory.ts'

/** Bytes came, and lie in `buffer` from 0 to before `end`. False: no more for now. */
export type OnRead = (buffer: Buffer, end: number) => boolean

type Callback = (bytes: number, buffer: Uint8Array) => boolean

/** What `onread` asks for: where to read to, and whom to tell. Node's types know of a fixed buffer only. */
export function onread(memory: ReadMemory, onRead: OnRead): never {
  const options = { buffer: () => memory.next, callback: callbackOf(onRead) }
  return options as never
}

function callbackOf(onRead: OnRead): Callback {
  return (bytes, buffer) => onRead(buffer as Buffer, bytes)
}

/** A socket, as far as Node reads it into memory that is given. */
interface Reading {
  _handle: { useUserBuffer?(buffer: Uint8Array): void } | null
  [property: symbol]: unknown
}

/** Where sockets of this Node keep the present buffer, the maker of the next one, and whom to tell. */
interface Places {
  readonly buffer: symbol
  readonly next: symbol
  readonly callback: symbol
}

const places = findPlaces()

function findPlaces(): Places | undefined {
  const sample = new Socket()
  const symbols = Object.getOwnPropertySymbols(sample)
  sample.destroy()
  const [buffer, next, callback] = ['kBuffer', 'kBufferGen', 'kBufferCb'].map(name =>
    symbols.find(symbol => symbol.description === name),
  )
  return buffer && next && callback && { buffer, next, callback }
}

/**
 * Read this socket into that memory from now on.
 * @returns false where it cannot be done: then the socket is as it was
 */
export function lendReads(socket: Socket, memory: ReadMemory, onRead: OnRead): boolean {
  if (places === undefined || !(socket instanceof Socket)) return false
  const reading = socket as unknown as Reading
  const handle = reading._handle
  // What was read already is in the stream, and who has lent its reads before goes on with that.
  if (typeof handle?.useUserBuffer !== 'function' || socket.readableLength > 0) return false
  if (socket.destroyed || socket.connecting || reading[places.buffer] !== null) return false
  const first = memory.next
  reading[places.buffer] = first
  reading[places.next] = () => memory.next
  reading[places.callback] = callbackOf(onRead)
  handle.useUserBuffer(first)
  return true
}
