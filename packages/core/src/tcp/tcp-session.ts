/**
 * One client's connection at layer 4, from accept to close.
 *
 * ```text
 *    accept    rules for connections                          start
 *  1 header    the PROXY header of a proxy in front           start
 *  2 inspect   the ClientHello, looked at                     #inspect
 *    rules     for the session, and for its first bytes       #route
 *  3 route     which backend                                  #route
 *    look      the first bytes, where the balancer or the affinity wants them   #look
 *    locate    where the client belongs                         #locate
 *  4 place     a lease on a server, at once or queued         #place
 *  5 connect   and again, as the backend's policy has it      #connect
 *  6 relay     bytes both ways                                #joined
 *  7 end       lease released, counted                        #end
 * ```
 * Until there is a server the client is not read beyond what its socket holds: it waits, and may go away.
 *
 * Invariant: `#end` runs exactly once for each dispatch, `closed` exactly once for each session; no lease, timer or
 * socket is left behind.
 */
import type { Socket } from 'node:net'
import type { ProxyHeader } from '@evener/proxy-protocol'
import type { ConnectionScope, ContentScope, RuleList, Verdict } from '@evener/rules'
import type { TlsFacts } from '@evener/tls'
import { Backend } from '../balance/backend.ts'
import type { NoServerReason } from '../balance/counters.ts'
import type { Dispatch, Placed } from '../balance/dispatch.ts'
import type { Lease } from '../balance/lease.ts'
import { type Failed, failed, type Outcome, type Phase } from '../balance/outcome.ts'
import type { Server } from '../balance/server.ts'
import { acceptProxyHeader } from '../base/accept-proxy.ts'
import type { Timer } from '../base/clock.ts'
import { connectionFacts } from '../base/connection-facts.ts'
import { Deadline } from '../base/deadline.ts'
import { lendReads, type OnRead } from '../base/lent-reads.ts'
import { ReadMemory } from '../base/read-memory.ts'
import { reset } from '../base/reset.ts'
import { TimeoutError } from '../base/timeout-error.ts'
import type { Tracks } from '../base/tracking.ts'
import { TcpRecord } from '../log/tcp-record.ts'
import { ClientSession } from '../rules/client-session.ts'
import { ContentScreening } from '../rules/content-screening.ts'
import { Screening } from '../rules/screening.ts'
import { inspectClientHello } from './client-hello.ts'
import { Relay, type RelayOwner } from './relay.ts'
import { connectedEvent, connectTo } from './server-socket.ts'
import type { TcpRefusal, TcpSettings } from './settings.ts'
import { SeenConnection, type TcpConnection } from './tcp-connection.ts'

/** A connection cannot be sent a second time, but one that was never made can be tried again. */
const neverSent = { idempotent: false, replayable: false }

/** What is read of a client that waits for a server. */
const mostEarly = 65_536

export class TcpSession implements Placed, RelayOwner {
  readonly client: Socket
  readonly #settings: TcpSettings
  readonly #tls: TlsFacts | undefined
  /** Before there is a server: gives up whatever step is under way. */
  #cancelStep: (() => void) | undefined
  #connection: SeenConnection | undefined
  /** The connection as rules see it, where there are some. */
  #session: ClientSession | undefined
  /** Those that look at its first bytes. */
  #screening: ContentScreening | undefined
  #dispatch: Dispatch | undefined
  #deadline: Deadline | undefined
  #lease: Lease | undefined
  #pause: Timer | undefined
  /** Gives up the connection that is being made. */
  #connecting: (() => void) | undefined
  /** Takes this session's listeners off the client, before there is a relay to listen. */
  #unlisten: (() => void) | undefined
  #relay: Relay | undefined
  /** The client's bytes come through `onread`; those that came before there was a server. */
  #lent = false
  readonly #memory = new ReadMemory()
  #early: Buffer | undefined
  /** The balancer wants to see more of them. */
  #looking = false
  #phase: Phase = 'queue'
  #tracks: Tracks | undefined
  /** What is written down of it, where the proxy has a log. */
  readonly #record: TcpRecord | undefined
  #done = false

  constructor(client: Socket, settings: TcpSettings, tls: TlsFacts | undefined) {
    this.client = client
    this.#settings = settings
    this.#tls = tls
    const { log } = settings
    if (log !== undefined) this.#record = new TcpRecord(log, connectionFacts(client, tls, undefined))
  }

  /** The server that it is joined to. */
  get server(): Server | undefined {
    return this.#relay === undefined ? undefined : this.#lease?.server
  }

  /** The backend that it was routed to. */
  get backend(): Backend | undefined {
    return this.#dispatch?.backend
  }

  /** The client's address, as far as it is known. */
  get clientAddress(): string {
    return this.#connection?.sourceAddress ?? this.client.remoteAddress ?? ''
  }

  /** There are no requests at this layer. */
  get what(): string {
    return ''
  }

  /** Break it off, and wait for nobody who does not take what was written. */
  destroy(): void {
    this.shutdown()
    if (this.#relay === undefined) this.client.destroy()
    else this.#relay.destroy()
  }

  /** Break it off. */
  shutdown(): void {
    if (this.#done) return
    this.#abandon(failed(this.#phase, 'proxy', 'shutdown'))
  }

  // ── 1 to 3: who, and where to ──────────────────────────────────────────────────────────────────────

  start(): void {
    const { acceptProxy, inspect } = this.#settings
    // Before anything is read of it: what is lent later has already cost the memory that lending saves.
    if (acceptProxy === undefined && inspect === undefined) this.#lend()
    this.#listen()
    const settings = this.#settings
    const { rules, around } = settings
    if (rules !== undefined || settings.uniqueId !== undefined) {
      const facts = connectionFacts(this.client, this.#tls, undefined)
      this.#session = new ClientSession(facts, around, undefined, settings)
      this.#session.requestNumber = this.#record?.requestNumber ?? settings.sessions++
      if (rules?.connection !== undefined) {
        // They may ask what the connection tracks: by the address that is known by now.
        this.#tracks = this.#settings.tracking?.connection(new SeenConnection(facts, undefined))
        this.#session.tracks = this.#tracks
        this.#screen(rules.connection, 'connection-rule', () => this.#begin())
        return
      }
    }
    this.#begin()
  }

  /** Rules of connections look at it. */
  #screen(list: RuleList<ConnectionScope>, reason: TcpRefusal, passed: () => void): void {
    const { clock, failed } = this.#settings
    const screening = new Screening(this.client, list, this.#session as ClientSession, {
      clock,
      failed,
      lost: nothing,
      dropped: () => this.#denied(reason),
      passed: () => {
        this.#cancelStep = undefined
        passed()
      },
    })
    this.#cancelStep = () => screening.destroy()
    screening.start()
  }

  #denied(reason: TcpRefusal): void {
    this.#cancelStep = nothing
    this.#record?.refused()
    this.#settings.refused(this, reason, 'EVENER_DENIED', 'a rule closed the connection')
    reset(this.client)
  }

  #begin(): void {
    const { acceptProxy, clock } = this.#settings
    if (acceptProxy === undefined) {
      this.#inspect(undefined)
      return
    }
    const cancel = acceptProxyHeader(
      this.client,
      acceptProxy,
      clock,
      header => this.#inspect(header),
      ({ code, message }) => {
        this.#record?.refused()
        this.#settings.refused(this, 'proxy-header', code, message)
      },
    )
    if (this.#phase === 'queue' && this.#connection === undefined && this.#cancelStep === undefined) {
      this.#cancelStep = cancel
    }
  }

  #listen(): void {
    const { client } = this
    const onError = (error: Error): void =>
      this.#abandon(failed(this.#phase, 'client', 'client-abort', error))
    const onClose = (): void => {
      this.#abandon(failed(this.#phase, 'client', 'client-abort'))
      this.#closed()
    }
    client.on('error', onError)
    client.on('close', onClose)
    this.#unlisten = () => {
      this.#unlisten = undefined
      client.off('error', onError)
      client.off('close', onClose)
    }
  }

  #inspect(header: ProxyHeader | undefined): void {
    const { inspect, clock } = this.#settings
    // What TLS has decrypted begins with no ClientHello.
    if (inspect === undefined || this.#tls !== undefined) {
      this.#cancelStep = nothing
      this.#route(new SeenConnection(connectionFacts(this.client, this.#tls, header), undefined))
      return
    }
    this.#cancelStep = inspectClientHello(
      this.client,
      inspect,
      clock,
      glimpse => {
        this.#cancelStep = nothing
        this.#route(new SeenConnection(connectionFacts(this.client, undefined, header), glimpse))
      },
      ({ code, message }) => {
        this.#record?.refused()
        this.#settings.refused(this, 'client-hello', code, message)
      },
    )
  }

  #route(connection: SeenConnection): void {
    this.#connection = connection
    this.#tracks ??= this.#settings.tracking?.connection(connection)
    connection.tracked = this.#tracks?.tracked
    const { rules } = this.#settings
    const session = this.#session
    if (session !== undefined) {
      session.connection.learn(connection.facts)
      session.tracks = this.#tracks
    }
    if (rules === undefined || session === undefined) {
      this.#go(connection, this.#settings.route(connection))
      return
    }
    const further = () => {
      if (rules.content === undefined) this.#ruled(undefined)
      else this.#screenContent(rules.content, session)
    }
    if (rules.session === undefined) further()
    else this.#screen(rules.session, 'session-rule', further)
  }

  /** Rules look at its first bytes. */
  #screenContent(list: RuleList<ContentScope>, session: ClientSession): void {
    const { clock, inspectMs, failed } = this.#settings
    const early = () => this.#early
    const screening = new ContentScreening(list, session, {
      clock,
      inspectMs,
      mostBytes: mostEarly,
      get early() {
        return early()
      },
      failed,
      readMore: () => {
        if (!this.#lent) this.#readFor(screening)
      },
      settled: verdict => {
        this.#screening = undefined
        this.#cancelStep = nothing
        this.#ruled(verdict)
      },
    })
    this.#screening = screening
    this.#cancelStep = () => screening.cancel()
    // Of bytes that are lent, the end is not read.
    this.client.once('end', () => screening.ended())
    screening.start()
  }

  #readFor(screening: ContentScreening): void {
    const { client } = this
    const onReadable = (): void => {
      this.#cancelStep = () => screening.cancel()
      const chunk = client.read() as Buffer | null
      if (chunk !== null) this.#early = joined(this.#early, chunk)
      if (chunk === null) screening.ended()
      else screening.came()
    }
    this.#cancelStep = () => {
      client.off('readable', onReadable)
      screening.cancel()
    }
    client.once('readable', onReadable)
  }

  /** The rules are through with it. */
  #ruled(verdict: Exclude<Verdict, { kind: 'wait' }> | undefined): void {
    const connection = this.#connection as SeenConnection
    connection.sourceAddress = (this.#session as ClientSession).connection.peerAddress
    if (verdict?.kind === 'reject' || verdict?.kind === 'answer') this.#denied('content-rule')
    else if (verdict?.kind !== 'backend') this.#go(connection, this.#settings.route(connection))
    else if (verdict.backend instanceof Backend) this.#go(connection, verdict.backend)
    else {
      this.#settings.failed(new TypeError('a rule named a backend that is none of createBackend()'))
      this.#go(connection, undefined)
    }
  }

  #go(connection: SeenConnection, backend: Backend | undefined): void {
    if (backend === undefined) {
      this.#record?.refused()
      this.#settings.refused(this, 'no-route', 'EVENER_NO_ROUTE', 'the route named no backend')
      reset(this.client)
      return
    }
    this.#deadline = new Deadline(backend.clock, () => this.#overdue())
    this.#dispatch = backend.dispatch(connection)
    this.#record?.routed(this.#dispatch, connection.facts)
    const { balancer, affinity } = backend
    if (balancer.bodyWanted !== undefined || affinity?.bodyWanted !== undefined) {
      connection.body = () => this.#early
    }
    this.guard(() => this.#look())
  }

  /** Wait for as many of the first bytes as the balancer, or the affinity, wants to see before it answers. */
  #look(): void {
    if (this.#done) return
    if (this.#connection?.body !== undefined && this.#wantsMore()) {
      if (!this.#looking) (this.#deadline as Deadline).arm(this.#settings.inspectMs)
      this.#looking = true
      if (!this.#lent) this.#readEarly()
      return
    }
    this.#looked()
  }

  #wantsMore(): boolean {
    const bytes = this.#early?.length ?? 0
    if (bytes >= mostEarly) return false
    const { balancer, affinity } = this.backend as Backend
    const connection = this.#connection as TcpConnection
    return (
      (balancer.bodyWanted?.(connection) ?? 0) > bytes || (affinity?.bodyWanted?.(connection) ?? 0) > bytes
    )
  }

  /** There is as much as was wanted, or there will be no more. */
  #looked(): void {
    if (this.#looking) this.#deadline?.rest()
    this.#looking = false
    this.#locate()
  }

  #locate(): void {
    const located = (this.#dispatch as Dispatch).locate()
    if (located === undefined) this.#place()
    else void located.then(() => this.guard(() => this.#place()))
  }

  /** Where the client's bytes do not come by themselves, because something has been read of it before: ask for them. */
  #readEarly(): void {
    const { client } = this
    const onReadable = (): void => {
      this.#cancelStep = nothing
      const chunk = client.read() as Buffer | null
      if (chunk !== null) this.#early = joined(this.#early, chunk)
      this.guard(() => (chunk === null ? this.#looked() : this.#look()))
    }
    this.#cancelStep = () => client.off('readable', onReadable)
    client.once('readable', onReadable)
  }

  // ── 4: a place ─────────────────────────────────────────────────────────────────────────────────────

  #place(): void {
    if (this.#done) return
    this.#phase = 'queue'
    ;(this.#dispatch as Dispatch).place(this)
  }

  #placeLater(): void {
    this.guard(() => this.#place())
  }

  /** What the host has plugged in may throw: a balancer, an affinity. */
  guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.backend?.emit('fault', error)
      this.#abandon(failed(this.#phase, 'proxy', 'internal', error as Error))
    }
  }

  /** It got no server. */
  refused(reason: NoServerReason): void {
    this.#done = true
    this.#record?.ended(reason)
    ;(this.#dispatch as Dispatch).reject(reason)
    this.#deadline?.disarm()
    reset(this.client)
  }

  // ── 5: connect ─────────────────────────────────────────────────────────────────────────────────────

  /** It has a place on a server. */
  leased(lease: Lease): void {
    this.#lease = lease
    lease.session = this
    const dispatch = this.#dispatch as Dispatch
    const { server } = lease
    dispatch.leased(lease)
    this.#phase = 'connect'
    ;(this.#deadline as Deadline).arm(dispatch.backend.timeouts.connectMs)
    const { sendProxy, noDelay, keepAliveMs } = this.#settings
    const { facts, serverName } = this.#connection as TcpConnection
    server.counters.connects++
    const socket = connectTo(server, {
      first: (server.proxyHeader ?? sendProxy)?.(facts, serverName, 'tcp', this.#session?.uniqueId),
      noDelay,
      keepAliveMs,
      reads: this.#serverReads(),
    })
    const event = connectedEvent(server)
    const onError = (error: Error): void =>
      this.#connectFailed(failed('connect', 'server', 'conn-failure', error))
    const onConnected = (): void => {
      this.#connecting = undefined
      socket.off('error', onError)
      socket.off(event, onConnected)
      this.#joined(socket)
    }
    socket.on('error', onError)
    socket.on(event, onConnected)
    this.#connecting = () => {
      this.#connecting = undefined
      socket.off('error', onError)
      socket.off(event, onConnected)
      socket.on('error', nothing)
      socket.destroy()
    }
  }

  /** A function of its own, so that what it lives as long as is no more than the session. */
  #serverReads(): (memory: ReadMemory) => OnRead {
    // Nothing comes before there is a relay, which there is as soon as it is connected.
    return memory => (buffer, bytes) => (this.#relay as Relay).take('out', buffer, bytes, memory)
  }

  #connectFailed(outcome: Failed): void {
    this.#connecting?.()
    const dispatch = this.#dispatch as Dispatch
    const decision = dispatch.retry(outcome, neverSent)
    if (decision === 'give-up') {
      this.#end(outcome)
      reset(this.client)
      return
    }
    this.#release(outcome)
    this.#deadline?.rest()
    const { policy, timeouts, clock } = dispatch.backend
    const pauseMs = decision === 'same-server' ? Math.min(policy.retryDelayMs, timeouts.connectMs) : 0
    if (pauseMs === 0) this.#placeLater()
    else {
      this.#pause = clock.setTimeout(() => {
        this.#pause = undefined
        this.#placeLater()
      }, pauseMs)
    }
  }

  // ── 6: relay ───────────────────────────────────────────────────────────────────────────────────────

  #joined(server: Socket): void {
    const dispatch = this.#dispatch as Dispatch
    const { backend } = dispatch
    const lease = this.#lease as Lease
    lease.connected()
    lease.answered()
    this.#phase = 'tunnel'
    ;(this.#dispatch as Dispatch).bind()
    const rest = this.client.read() as Buffer | null
    const early = rest === null ? this.#early : joined(this.#early, rest)
    this.#early = undefined
    this.#lend()
    this.#unlisten?.()
    const relay = new Relay(this.client, server, this, {
      limits: this.#settings.limitsFor(backend),
      clock: backend.clock,
      deadline: this.#deadline as Deadline,
      status: 0,
      clientDirect: this.#lent,
      serverDirect: lease.server.tls === undefined,
    })
    this.#relay = relay
    this.#settings.joined(this)
    if (this.#done) return
    if (early !== undefined) relay.data(this.client, early)
    relay.start()
  }

  /**
   * Read the client into shared memory from now on, where that can be done: nothing of it may be waiting to be read, and
   * its end must not have been told yet.
   */
  #lend(): void {
    const { client } = this
    if (this.#lent || client.readableEnded) return
    this.#lent = lendReads(client, this.#memory, (buffer, end) => this.#fromClient(buffer, end))
  }

  #fromClient(buffer: Buffer, end: number): boolean {
    if (this.#relay !== undefined) return this.#relay.take('in', buffer, end, this.#memory)
    // It is read on for a while, so that its going away is noticed.
    const early = joined(this.#early, buffer.subarray(0, end))
    this.#early = early
    if (this.#looking) this.guard(() => this.#look())
    else this.#screening?.came()
    return early.length < mostEarly
  }

  relayed(direction: 'in' | 'out', bytes: number): void {
    const { counters } = this.#settings
    this.#record?.relayed(direction, bytes)
    this.#tracks?.count(direction === 'in' ? 'bytes_in' : 'bytes_out', bytes)
    const ofServer = (this.#lease as Lease).server.counters
    const ofBackend = (this.#dispatch as Dispatch).backend.counters
    if (direction === 'in') {
      ofServer.bytesIn += bytes
      ofBackend.bytesIn += bytes
      counters.bytesIn += bytes
    } else {
      ofServer.bytesOut += bytes
      ofBackend.bytesOut += bytes
      counters.bytesOut += bytes
    }
  }

  relayEnded(outcome: Outcome): void {
    this.#settings.left(this)
    this.#end(outcome)
  }

  relayClosed(): void {
    this.#closed()
  }

  #closed(): void {
    this.#record?.closed(this.#session, this.#tracks)
    this.#tracks?.end()
    this.#settings.closed(this)
  }

  // ── 7: ends ────────────────────────────────────────────────────────────────────────────────────────

  #overdue(): void {
    if (this.#relay !== undefined) this.#relay.overdue()
    else if (this.#looking) {
      this.#cancelStep?.()
      this.#cancelStep = nothing
      this.guard(() => this.#looked())
    } else if (this.#phase === 'connect') {
      const { connectMs } = (this.#dispatch as Dispatch).backend.timeouts
      const cause = new TimeoutError(`no connection within ${connectMs} ms`)
      this.#connectFailed(failed('connect', 'server', 'conn-failure', cause))
    }
  }

  /** Give up whatever is under way. */
  #abandon(outcome: Failed): void {
    if (this.#done) return
    if (this.#relay !== undefined) {
      this.#relay.end(outcome)
      return
    }
    const cancel = this.#cancelStep
    this.#cancelStep = undefined
    cancel?.()
    this.#dispatch?.leaveQueue()
    this.#pause?.cancel()
    this.#connecting?.()
    reset(this.client)
    this.#end(outcome)
  }

  #end(outcome: Outcome): void {
    if (this.#done) return
    this.#done = true
    this.#record?.ended(outcome)
    this.#release(outcome)
    // While the relay closes, what is left may still take its time.
    if (this.#relay === undefined) this.#deadline?.disarm()
    this.#dispatch?.end(outcome)
  }

  #release(outcome: Outcome): void {
    const lease = this.#lease
    if (lease === undefined) return
    // Kept where a relay closes: the bytes that still pass are this server's.
    if (this.#relay === undefined) this.#lease = undefined
    lease.release(outcome)
  }
}

/** Both, in memory of their own. */
function joined(before: Buffer | undefined, more: Buffer): Buffer {
  return before === undefined ? Buffer.from(more) : Buffer.concat([before, more])
}

function nothing(): void {
  // Whoever listened has what it wanted.
}
