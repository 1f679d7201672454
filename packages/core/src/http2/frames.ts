/**
 * A client of hand-made HTTP/2 frames, for tests of what no correct client sends: it writes any frame, and reads the
 * frames that come. Not for anything but tests.
 */
import { connect, type Socket } from 'node:net'

/** Frame types (RFC 9113 section 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const
type FrameType = keyof typeof frameTypes

export const endStream = 1
export const endHeaders = 4
export const ack = 1

/** A frame as it came. */
export interface Frame {
  readonly type: FrameType | number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/** A frame as bytes. */
export function frame(
  type: FrameType | number,
  flags: number,
  stream: number,
  payload: Uint8Array = nothing,
) {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = typeof type === 'number' ? type : frameTypes[type]
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Fields in HPACK, each as a literal that neither side remembers (RFC 7541 section 6.2.2), without Huffman codes. */
export function fieldBlock(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.of(0), hpackString(name), hpackString(value)]),
  )
}

function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  return Buffer.concat([hpackLength(bytes.length), bytes])
}

function hpackLength(length: number): Buffer {
  if (length < 127) return Buffer.of(length)
  const bytes = [127]
  let rest = length - 127
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128)
  return Buffer.of(...bytes, rest)
}

/** A number of four bytes, as RST_STREAM and WINDOW_UPDATE have it. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** One setting of a SETTINGS frame. */
export function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.of(id >> 8, id & 255), uint32(value)])
}

/** The fields of a plain request. */
export function requestFields(more: readonly (readonly [string, string])[] = [], method = 'GET', path = '/') {
  return [
    [':method', method],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'a.test'],
    ...more,
  ] as const
}

const nothing = new Uint8Array(0)
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

export class FrameClient {
  readonly socket: Socket
  /** All frames that came. */
  readonly frames: Frame[] = []
  /** True once the connection is closed. */
  closed = false
  #bytes: Buffer = Buffer.alloc(0)
  #waiting: (() => void)[] = []

  /** Use {@link frameClient}. */
  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.closed = true
      this.#tell()
    })
  }

  /** Send a frame. */
  send(type: FrameType | number, flags: number, stream: number, payload?: Uint8Array): this {
    return this.bytes(frame(type, flags, stream, payload))
  }

  /** Send bytes as they are. */
  bytes(bytes: Uint8Array): this {
    if (!this.socket.destroyed) this.socket.write(bytes)
    return this
  }

  /** Send the head of a request. */
  request(
    stream: number,
    fields: readonly (readonly [string, string])[] = requestFields(),
    flags = endStream,
  ): this {
    return this.send('headers', flags | endHeaders, stream, fieldBlock(fields))
  }

  /** The first frame of a type, on a stream where one is named, that came or comes. Rejects where none can come. */
  async frame(type: FrameType, stream?: number): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(
        each =>
          each.type === type &&
          (stream === undefined || each.stream === stream) &&
          (type !== 'settings' || each.flags !== ack),
      )
      if (found !== undefined) return found
      if (this.closed)
        throw new Error(`closed without ${type}; came: ${this.frames.map(each => each.type).join(' ')}`)
      await this.#change()
    }
  }

  /** Resolves once the connection is closed. */
  async end(): Promise<void> {
    while (!this.closed) {
      await this.#change()
    }
  }

  /** The code of the GOAWAY that came or comes. */
  async goaway(): Promise<number> {
    return (await this.frame('goaway')).payload.readUInt32BE(4)
  }

  /** The code of the RST_STREAM that came or comes. */
  async reset(stream: number): Promise<number> {
    return (await this.frame('reset', stream)).payload.readUInt32BE(0)
  }

  #change(): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #received(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    while (this.#bytes.length >= 9) {
      const length = this.#bytes.readUIntBE(0, 3)
      if (this.#bytes.length < 9 + length) break
      const [, , , number = 0, flags = 0] = this.#bytes
      const type = names[number] ?? number
      const stream = this.#bytes.readUInt32BE(5)
      this.frames.push({ type, flags, stream, payload: Buffer.from(this.#bytes.subarray(9, 9 + length)) })
      this.#bytes = this.#bytes.subarray(9 + length)
      if (type === 'settings' && flags !== ack) this.send('settings', ack, 0)
    }
    this.#tell()
  }
}

const names = Object.keys(frameTypes) as FrameType[]

/**
 * Connect, and begin as a client of HTTP/2 does.
 * @param settings the payload of its SETTINGS frame
 */
export async function frameClient(port: number, settings?: Buffer): Promise<FrameClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const client = new FrameClient(socket)
  await new Promise(resolve => socket.once('connect', resolve))
  return client.bytes(preface).send('settings', 0, 0, settings)
}
