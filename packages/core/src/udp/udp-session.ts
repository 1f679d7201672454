/**
 * One client of a UDP proxy: its datagrams go to one server through a socket of their own, and what comes back there goes
 * back to it.
 *
 * ```text
 *  place ── lease ──► connect ──► open ◄── datagrams both ways ──► end: idle, answered, evicted, shut
 *    ▲                              │ the system says that nobody is there (ICMP)
 *    └────── the next datagram ◄────┘ another server, or the same, as the backend's policy has it
 * ```
 * Nothing is sent twice: what was lost is lost, as it may be with UDP, and its client asks again.
 *
 * Invariant: `ended` is told once; by then lease, socket and timer are gone.
 * Cost: a socket, a timer and about 3 KB for each session.
 */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Backend } from '../balance/backend.ts'
import type { NoServerReason } from '../balance/counters.ts'
import type { Dispatch, Placed } from '../balance/dispatch.ts'
import type { Lease } from '../balance/lease.ts'
import { failed, type Outcome } from '../balance/outcome.ts'
import { Deadline } from '../base/deadline.ts'
import type { ProxyHeaderMaker } from '../base/send-proxy.ts'
import type { UdpClient } from './datagram-facts.ts'
import type { UdpProxyCounters } from './udp-counters.ts'

/** What all sessions of a proxy share. */
export interface UdpSettings {
  readonly counters: UdpProxyCounters
  readonly idleMs: number
  /** Answers to each datagram after which the session is over; undefined where it lasts until it is idle. */
  readonly responses: number | undefined
  readonly maxPending: number
  readonly sendProxy: ProxyHeaderMaker | undefined
  /** Send this to a client. */
  reply(session: UdpSession, datagram: Buffer): void
  ended(session: UdpSession): void
}

/** A datagram can be lost anyway: none is sent again, but the next one may go elsewhere. */
const neverSent = { idempotent: false, replayable: false }

const noBytes: Buffer = Buffer.alloc(0)

export class UdpSession implements Placed {
  readonly client: UdpClient
  /** Where it came in, and where answers go out. */
  readonly listener: Socket
  /** The client's address as that socket wants it. */
  readonly address: string
  readonly key: string
  readonly #settings: UdpSettings
  readonly #dispatch: Dispatch
  readonly #backend: Backend
  readonly #deadline: Deadline
  #lease: Lease | undefined
  #socket: Socket | undefined
  #connected = false
  /** Datagrams that came before there was a server. */
  #pending: Buffer[] = []
  /** The header that goes before the first datagram to a server. */
  #header = noBytes
  /** Told how it went with each datagram. */
  #sent: (error: Error | null) => void = () => undefined
  #answered = false
  /** Answers that are still due. */
  #due = 0
  /** On its way to a server, from the beginning. */
  #placing = true
  #done = false

  constructor(
    settings: UdpSettings,
    backend: Backend,
    client: UdpClient,
    listener: Socket,
    address: string,
    key: string,
  ) {
    this.#settings = settings
    this.#backend = backend
    this.client = client
    this.listener = listener
    this.address = address
    this.key = key
    this.#dispatch = backend.dispatch(client)
    this.#deadline = new Deadline(backend.clock, () => this.#overdue())
    this.#deadline.arm(settings.idleMs)
  }

  /** The server that it is with. */
  get server(): Lease['server'] | undefined {
    return this.#lease?.server
  }

  get backend(): Backend {
    return this.#backend
  }

  /** Where the client belongs; to be called once, before the first datagram. */
  start(): void {
    this.guard(() => {
      const located = this.#dispatch.locate()
      if (located === undefined) this.#place()
      else void located.then(() => this.guard(() => this.#place()))
    })
  }

  /** A datagram of the client. */
  send(datagram: Buffer): void {
    if (this.#done) return
    this.#deadline.touch()
    if (this.#connected) this.#pass(datagram)
    else if (this.#pending.length < this.#settings.maxPending) {
      this.#pending.push(datagram)
      if (!this.#placing) {
        this.#placing = true
        this.guard(() => this.#place())
      }
    } else this.#settings.counters.datagramsDropped++
  }

  get clientAddress(): string {
    return this.client.sourceAddress
  }

  /** There are no requests at this layer. */
  get what(): string {
    return ''
  }

  /** Break it off. */
  shutdown(): void {
    this.#end(failed(this.#lease === undefined ? 'queue' : 'tunnel', 'proxy', 'shutdown'))
  }

  // ── a server ───────────────────────────────────────────────────────────────────────────────────────

  guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#backend.emit('fault', error)
      this.#end(failed('queue', 'proxy', 'internal', error as Error))
    }
  }

  #place(): void {
    if (!this.#done) this.#dispatch.place(this)
  }

  /** It got no server. */
  refused(reason: NoServerReason): void {
    this.#finish(() => this.#dispatch.reject(reason))
  }

  /** It has a place on a server. */
  leased(lease: Lease): void {
    this.#lease = lease
    lease.session = this
    const { server } = lease
    this.#dispatch.leased(lease)
    const { host, port, path } = server.address
    const make = server.proxyHeader ?? this.#settings.sendProxy
    this.#header = make?.(this.client.facts, undefined, 'udp') ?? noBytes
    if (path !== undefined || server.tls !== undefined) {
      this.#failed(new Error(`${server.address.text} cannot be reached by UDP`))
      return
    }
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' })
    this.#socket = socket
    this.#sent = error => {
      if (error === null || this.#socket !== socket) return
      // Too long a datagram says nothing of the server.
      if ((error as NodeJS.ErrnoException).code === 'EMSGSIZE') this.#settings.counters.datagramsDropped++
      else this.#failed(error)
    }
    // The system tells of an ICMP message to whoever comes first: a send, or the wait for an answer.
    socket.on('error', this.#sent)
    socket.on('message', datagram => this.#answer(datagram))
    socket.on('connect', () => this.#open())
    socket.connect(port, host)
  }

  #open(): void {
    if (this.#done) return
    const lease = this.#lease as Lease
    this.#connected = true
    this.#placing = false
    lease.answered()
    this.#dispatch.bind()
    const pending = this.#pending
    this.#pending = []
    for (const datagram of pending) this.#pass(datagram)
  }

  /** The system says that nobody is there, or that it cannot be reached. */
  #failed(cause: Error): void {
    if (this.#done) return
    const outcome = failed('connect', 'server', 'conn-failure', cause)
    const decision = this.#dispatch.retry(outcome, neverSent)
    if (decision === 'give-up') {
      this.#end(outcome)
      return
    }
    this.#drop()
    this.#connected = false
    this.#placing = false
    this.#due = 0
    const lease = this.#lease
    this.#lease = undefined
    lease?.release(outcome)
    // What waits was not sent to anybody yet. Else the next datagram brings it to another server.
    if (this.#pending.length > 0 && !this.#done) {
      this.#placing = true
      this.guard(() => this.#place())
    }
  }

  // ── datagrams ──────────────────────────────────────────────────────────────────────────────────────

  #pass(datagram: Buffer): void {
    const { counters, responses } = this.#settings
    const socket = this.#socket
    if (socket === undefined || this.#done) return
    counters.datagramsIn++
    counters.bytesIn += datagram.length
    this.#backend.counters.bytesIn += datagram.length
    ;(this.#lease as Lease).server.counters.bytesIn += datagram.length
    if (this.#header.length > 0) {
      socket.send([this.#header, datagram], this.#sent)
      this.#header = noBytes
    } else socket.send(datagram, this.#sent)
    if (responses === undefined) return
    this.#due += responses
    if (this.#due === 0) this.#end(completed)
  }

  #answer(datagram: Buffer): void {
    if (this.#done) return
    const { counters, responses } = this.#settings
    this.#answered = true
    this.#deadline.touch()
    counters.datagramsOut++
    counters.bytesOut += datagram.length
    this.#backend.counters.bytesOut += datagram.length
    ;(this.#lease as Lease).server.counters.bytesOut += datagram.length
    this.#settings.reply(this, datagram)
    if (responses !== undefined && --this.#due <= 0) this.#end(completed)
  }

  // ── ends ───────────────────────────────────────────────────────────────────────────────────────────

  /** Silence: how a conversation ends that went well, and all that is known of a server that never answers. */
  #overdue(): void {
    const owed = this.#due > 0 || !this.#answered
    const expected = this.#settings.responses !== 0
    this.#end(owed && expected ? failed('wait', 'server', 'response-timeout') : completed)
  }

  #end(outcome: Outcome): void {
    this.#finish(() => {
      const lease = this.#lease
      this.#lease = undefined
      lease?.release(outcome)
      this.#dispatch.end(outcome)
    })
  }

  #finish(count: () => void): void {
    if (this.#done) return
    this.#done = true
    this.#deadline.disarm()
    this.#dispatch.leaveQueue()
    this.#pending = []
    this.#drop()
    // Told first: whoever listens to the backend may look at the proxy.
    this.#settings.ended(this)
    count()
  }

  #drop(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }
}

const completed: Outcome = { kind: 'completed', phase: 'tunnel', status: 0 }
