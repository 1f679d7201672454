/**
 * TLS ended here: certificates by name, reload, tickets, client certificates, staples, limits.
 *
 * Three ways in, over one state: `serverOptions()` and `attach()` for a host's own `https` or `http2` server,
 * and `accept()` for sockets that somebody else has accepted. A reload makes new state beside the old one and
 * swaps references: a handshake sees the one or the other, whole.
 *
 * Invariant: nothing a client sends throws, nor does a file that changed. A new handshake always finds
 * certificates that were good when they were read.
 * Cost of a handshake beside OpenSSL's: two look-ups, one map entry. Of a reload: see inventory.ts.
 * Not for: connections without TLS, and TLS passed on unopened; `readClientHello` reads names from those.
 */
import { constants, createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import {
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls'
import { EventEmitter } from 'eventemitter3'
import { type CertificateSource, checkSource, pathOf } from './certificate-files.ts'
import { CertificateStore } from './certificate-store.ts'
import { type CertificateInfo, certificateOptions, type LoadedCertificate } from './certificates.ts'
import { processClock, type TlsClock, type TlsTimer } from './clock.ts'
import { reasonOf, unusable } from './errors.ts'
import type { TlsFacts } from './facts.ts'
import { FileWatch } from './file-watch.ts'
import { failureReason, type HandshakeFailure, Handshakes, type TlsCounters } from './handshakes.ts'
import { Inventory, type InventoryChange, type SourceFailure } from './inventory.ts'
import { booleanOption, checkNames, integerOption, refuse } from './options.ts'
import { readFacts } from './peer-facts.ts'
import { alpnProtocols, contextOptions, type ProtocolOptions } from './protocol.ts'
import { atOnce, inSlices } from './slices.ts'
import { TicketKeys, type TicketOptions } from './ticket-keys.ts'
import { type ClientCertificateOptions, Trust, type TrustState } from './trust.ts'

/** Options of {@link tlsTermination}. Unknown names are refused. */
export interface TlsTerminationOptions extends ProtocolOptions {
  /** One or several; of two for one name and one kind of key, the first counts. */
  readonly certificates: CertificateSource | readonly CertificateSource[]
  /** Shown to clients that name nobody, or somebody unknown; by default the first of `certificates`. */
  readonly defaultCertificate?: CertificateSource | undefined
  /**
   * Refuse clients that name nobody, or somebody unknown, with a `handshake_failure` alert, instead of
   * showing them the default certificate. False by default.
   */
  readonly strictSni?: boolean | undefined
  /** How sessions are resumed; `false` for not at all. */
  readonly tickets?: TicketOptions | false | undefined
  readonly clientCertificates?: ClientCertificateOptions | undefined
  /** How long a handshake may take in all, in milliseconds: 1 to 2^31 - 1; 10,000 by default. */
  readonly handshakeTimeoutMs?: number | undefined
  /** How many handshakes may be under way at once: at least 1; 10,000 by default. More are closed unheard. */
  readonly maxHandshakes?: number | undefined
  /**
   * Watch the files and reload when they change; false by default. `debounceMs`: 1 and more, 200 by default.
   */
  readonly watch?: boolean | { readonly debounceMs?: number | undefined } | undefined
  /** Where time comes from; the process's own by default. */
  readonly clock?: TlsClock | undefined
  /** Milliseconds since the epoch, for validity and ticket keys; `Date.now` by default. */
  readonly wallClock?: (() => number) | undefined
}

const OPTION_NAMES = [
  ...[
    'certificates',
    'defaultCertificate',
    'strictSni',
    'tickets',
    'clientCertificates',
    'handshakeTimeoutMs',
  ],
  ...['maxHandshakes', 'watch', 'clock', 'wallClock', 'minVersion', 'maxVersion', 'ciphers', 'cipherSuites'],
  ...['curves', 'alpn'],
]

/** What a reload did. */
export interface ReloadReport {
  /** Certificates in service now. */
  readonly certificates: number
  /** Sources that are new or have changed. */
  readonly changed: readonly string[]
  /** Sources that are gone. */
  readonly removed: readonly string[]
  /** Sources that cannot be used; what was read from them before stays in service. */
  readonly failed: readonly SourceFailure[]
}

/** Something about a certificate that somebody should look into. */
export interface CertificateWarning {
  /** `expired`; `expiring` within 14 days; `not-yet-valid`; `staple`: its OCSP response cannot be sent. */
  readonly kind: 'expired' | 'expiring' | 'not-yet-valid' | 'staple'
  readonly certificate: CertificateInfo
  readonly message: string
}

/** What a {@link TlsTermination} tells. A listener should not throw. */
export interface TlsTerminationEvents {
  /** Certificates, CAs or lists have changed. */
  reloaded: (report: ReloadReport) => void
  /** A source cannot be used, or not be watched; what was read from it before stays in service. */
  'reload-failed': (failure: SourceFailure) => void
  /** At the start (one turn of the event loop later), and at every reload. */
  'certificate-warning': (warning: CertificateWarning) => void
  'handshake-failed': (failure: HandshakeFailure) => void
}

const SOON_MS = 14 * 86_400_000
const NO_CERTIFICATE_CODES = /NO_SHARED_CIPHER|NO_SUITABLE_SIGNATURE_ALGORITHM/

export class TlsTermination extends EventEmitter<TlsTerminationEvents> {
  readonly #settings: SecureContextOptions
  readonly #alpn: readonly string[]
  readonly #strict: boolean
  readonly #trust: Trust
  readonly #tickets: TicketKeys | undefined
  readonly #handshakeTimeoutMs: number
  readonly #clock: TlsClock
  readonly #wallClock: () => number
  readonly #inventory: Inventory
  readonly #handshakes: Handshakes
  readonly #facts = new WeakMap<TLSSocket, TlsFacts>()
  /** Handshakes for which a certificate was found by name. */
  readonly #named = new WeakSet<object>()
  readonly #attached = new Set<Server>()
  readonly #watch: FileWatch | undefined
  #store: CertificateStore
  #trusted: TrustState
  /** By the certificate's digest (SHA-256, hexadecimal). */
  #staples = new Map<string, LoadedCertificate>()
  /** Never listens: it is handed sockets. Another one for each state. */
  #server: Server
  #ticketTimer: TlsTimer | undefined
  #reloading: Promise<ReloadReport> | undefined
  #reloadNext: Promise<ReloadReport> | undefined
  #closed = false

  /** Use {@link tlsTermination}. */
  constructor(options: TlsTerminationOptions) {
    super()
    checkNames('tlsTermination', options, OPTION_NAMES)
    const sources = readSources(options)
    this.#strict = booleanOption('strictSni', options.strictSni, false)
    if (this.#strict && options.defaultCertificate !== undefined) {
      refuse('defaultCertificate', options.defaultCertificate, 'nothing where strictSni is true')
    }
    this.#alpn = alpnProtocols(options.alpn)
    this.#trust = new Trust(options.clientCertificates)
    this.#tickets = options.tickets === false ? undefined : new TicketKeys(options.tickets)
    this.#handshakeTimeoutMs = integerOption(
      'handshakeTimeoutMs',
      options.handshakeTimeoutMs,
      10_000,
      1,
      2_147_483_647,
    )
    const most = integerOption('maxHandshakes', options.maxHandshakes, 10_000, 1, Number.MAX_SAFE_INTEGER)
    const debounceMs = readDebounce(options.watch)
    this.#clock = options.clock ?? processClock
    this.#wallClock = options.wallClock ?? Date.now
    this.#settings = this.#withTickets(contextOptions(options))
    this.#handshakes = new Handshakes(this.#clock, this.#handshakeTimeoutMs, most, failure =>
      this.emit('handshake-failed', failure),
    )

    this.#inventory = new Inventory(sources)
    const paths = [...sources.flatMap(each => pathOf(each.source) ?? []), ...this.#trust.paths]
    if (debounceMs !== undefined) {
      this.#watch = new FileWatch(
        paths,
        debounceMs,
        this.#clock,
        () => void this.#reloadOnce(),
        (folder, reason) => this.emit('reload-failed', { source: folder, reason: `${folder}: ${reason}` }),
      )
      this.#watch.arm()
    }
    try {
      this.#trusted = this.#trust.read()
      const found = atOnce(this.#inventory.load())
      const failure = found.failed[0]
      if (failure !== undefined) throw unusable(failure.source, withoutSource(failure))
      this.#store = new CertificateStore(found.certificates, certificates => this.#context(certificates))
      this.#server = this.#serve()
    } catch (error) {
      this.#watch?.close()
      throw error
    }
    this.#rotate()
    setImmediate(() => this.#warn())
  }

  /** Numbers since the beginning: a copy. */
  get counters(): TlsCounters {
    return this.#handshakes.counters
  }

  /** The certificates in service, in order of precedence: a copy. */
  certificates(): CertificateInfo[] {
    return this.#store.certificates.map(each => each.info)
  }

  /**
   * Options for `https.createServer`, `tls.createServer` or `http2.createSecureServer` (which sets ALPN by
   * itself). Give the server to {@link attach} as well, or reload, ticket keys, limits and staples do not
   * reach it.
   */
  serverOptions(): TlsOptions {
    return {
      ...this.#defaultContextOptions(),
      ...(this.#alpn.length === 0 ? {} : { ALPNProtocols: [...this.#alpn] }),
      requestCert: this.#trust.verify !== 'none',
      rejectUnauthorized: this.#trust.verify === 'required',
      handshakeTimeout: this.#handshakeTimeoutMs,
      SNICallback: this.#choose(),
    }
  }

  /**
   * Look after a host's server that was made with {@link serverOptions}, from now on; reloads, ticket keys,
   * staples, the handshake limit and deadline, and the counters reach it.
   * @returns takes the server back
   */
  attach(server: Server): () => void {
    const connection = (socket: Socket) => {
      this.#handshakes.begin(socket)
    }
    const detach = [this.#listen(server), () => server.off('connection', connection)]
    server.prependListener('connection', connection)
    server.on('OCSPRequest', this.#staple)
    this.#attached.add(server)
    this.#renew(server)
    return () => {
      for (const each of detach) each()
      server.off('OCSPRequest', this.#staple)
      this.#attached.delete(server)
    }
  }

  /**
   * Do the handshake on a socket that somebody else accepted. Bytes that were read and given back with
   * `unshift` count. Exactly one of the two is called, once; after `onFailed` the socket is destroyed, or
   * about to be.
   * @param onSecure gets the socket to go on with, and its facts
   */
  accept(
    socket: Socket,
    onSecure: (socket: TLSSocket, facts: TlsFacts) => void,
    onFailed?: (failure: HandshakeFailure) => void,
  ): void {
    if (this.#closed) {
      this.#handshakes.refuse(socket, 'EVENER_TLS_CLOSED', 'the TLS termination is closed', onFailed)
      return
    }
    // A client that ends its side in the handshake is gone. Node would leave a half-open socket to the deadline, and with
    // it a place among those at once; whether sides end each by itself is for what comes behind the handshake.
    const { allowHalfOpen } = socket
    const done = (secure: TLSSocket): void => {
      secure.allowHalfOpen = allowHalfOpen
      onSecure(secure, this.factsOf(secure))
    }
    if (!this.#handshakes.begin(socket, done, onFailed)) return
    socket.allowHalfOpen = false
    if (socket.destroyed) this.#handshakes.fail(socket, 'closed', 'ECONNRESET', 'the socket is destroyed')
    else this.#server.emit('connection', socket)
  }

  /** Facts of a connection whose handshake is done; computed once. */
  factsOf(socket: TLSSocket): TlsFacts {
    let facts = this.#facts.get(socket)
    if (facts === undefined) {
      facts = readFacts(socket, this.#trust.verify !== 'none')
      this.#facts.set(socket, facts)
    }
    return facts
  }

  /**
   * Read all sources again. What is good comes into service, what is bad leaves what was there; connections
   * go on. Never rejects. A call during a reload starts another one after it, which all such calls share.
   */
  reload(): Promise<ReloadReport> {
    if (this.#reloading === undefined) {
      this.#reloading = this.#reload().finally(() => {
        this.#reloading = undefined
      })
      return this.#reloading
    }
    this.#reloadNext ??= this.#reloading.then(() => {
      this.#reloadNext = undefined
      return this.reload()
    })
    return this.#reloadNext
  }

  /**
   * End watching, timers and the handshakes under way. Connections that are secure go on; they are not ours.
   */
  close(): void {
    this.#closed = true
    this.#watch?.close()
    this.#ticketTimer?.cancel()
    this.#handshakes.close()
  }

  /** By the watch: told only where something has changed, or fails. */
  async #reloadOnce(): Promise<void> {
    // Armed before and after: what changes between reading and watching must not go unseen.
    this.#watch?.arm()
    await this.reload()
    if (this.#watch?.arm()) this.#watch.hint()
  }

  async #reload(): Promise<ReloadReport> {
    const failed: SourceFailure[] = []
    const changed: string[] = []
    let trusted = this.#trusted
    try {
      trusted = this.#trust.read()
    } catch (error) {
      failed.push({ source: (error as { subject: string }).subject, reason: reasonOf(error) })
    }
    if (trusted.digest !== this.#trusted.digest) changed.push('clientCertificates')
    const found: InventoryChange = await inSlices(this.#inventory.load(), () => this.#clock.now())
    const report = {
      certificates: found.certificates.length,
      changed: [...changed, ...found.changed],
      removed: found.removed,
      failed: [...failed, ...found.failed],
    }
    if (this.#closed) return report
    const different = report.changed.length > 0 || report.removed.length > 0
    if (different) this.#swap(found.certificates, trusted)
    for (const failure of report.failed) this.emit('reload-failed', failure)
    if (!different) return report
    this.emit('reloaded', report)
    this.#warn()
    return report
  }

  #swap(certificates: readonly LoadedCertificate[], trusted: TrustState): void {
    const sameTrust = trusted.digest === this.#trusted.digest
    this.#trusted = trusted
    const make = (chosen: readonly LoadedCertificate[]) => this.#context(chosen)
    this.#store = new CertificateStore(certificates, make, sameTrust ? this.#store : undefined)
    this.#server = this.#serve()
    for (const server of this.#attached) this.#renew(server)
  }

  /** The server of the present state. */
  #serve(): Server {
    this.#staples = staplesOf(this.#store)
    // The deadline is kept in handshakes.ts; node's own must not come first.
    const server = createServer({ ...this.serverOptions(), handshakeTimeout: 2_147_483_647 })
    if (this.#staples.size > 0) server.on('OCSPRequest', this.#staple)
    this.#listen(server)
    return server
  }

  /** Bring the present state to a host's server. */
  #renew(server: Server): void {
    server.setSecureContext(this.#defaultContextOptions())
  }

  #listen(server: Server): () => void {
    const secured = (socket: TLSSocket) => {
      const waiting = this.#handshakes.done(below(socket), socket.isSessionReused())
      waiting?.onSecure?.(socket)
    }
    const failed = (error: Error & { code?: string }, socket: TLSSocket) => this.#failed(error, socket)
    server.on('secureConnection', secured)
    server.on('tlsClientError', failed)
    return () => {
      server.off('secureConnection', secured)
      server.off('tlsClientError', failed)
    }
  }

  #failed(error: Error & { code?: string }, socket: TLSSocket): void {
    const code = error.code ?? 'EVENER_TLS_UNKNOWN'
    // Node closes on a certificate that is not verified without an error of its own.
    const refused = socket.authorizationError as unknown
    if (this.#trust.verify === 'required' && typeof refused === 'string') {
      const message = `the client's certificate is not verified (${refused})`
      this.#handshakes.fail(below(socket), 'client-certificate', refused, message)
      return
    }
    const unknown = this.#strict && NO_CERTIFICATE_CODES.test(code) && !this.#named.has(socket)
    this.#handshakes.fail(below(socket), unknown ? 'unknown-name' : failureReason(code), code, error.message)
  }

  /**
   * Finds the context for a name. Node calls it with the socket as `this`, which only the reason of a
   * failure hangs on.
   */
  #choose(): NonNullable<TlsOptions['SNICallback']> {
    const find = (name: string, socket: unknown): SecureContext | undefined => {
      const choice = this.#store.find(name)
      if (choice === undefined) return undefined
      if (this.#strict && typeof socket === 'object' && socket !== null) this.#named.add(socket)
      // The server's own context has the default certificate already.
      return !this.#strict && choice === this.#store.fallback ? undefined : choice.context()
    }
    return function (this: unknown, name, done) {
      done(null, find(name, this))
    }
  }

  readonly #staple = (
    certificate: Buffer | null,
    _issuer: Buffer | null,
    done: (error: Error | null, response: Buffer) => void,
  ): void => {
    const digest = createHash('sha256')
      .update(certificate ?? '')
      .digest('hex')
    const staple = this.#staples.get(digest)?.staple
    const fresh = staple !== undefined && staple.notAfter > this.#wallClock()
    done(null, (fresh ? staple.response : null) as Buffer)
  }

  #withTickets(settings: SecureContextOptions): SecureContextOptions {
    if (this.#tickets !== undefined) return { ...settings, sessionTimeout: this.#tickets.lifetimeSeconds }
    return { ...settings, secureOptions: (settings.secureOptions ?? 0) | constants.SSL_OP_NO_TICKET }
  }

  /**
   * Sessions are resumed only under the trust they were made under: what was verified against another CA or
   * list is verified anew. Equal in all processes with the same options, so that they resume each other's.
   */
  #shared(): SecureContextOptions {
    const { ca, crl, digest } = this.#trusted
    return {
      ...this.#settings,
      sessionIdContext: digest.slice(0, 32),
      ...(ca.length > 0 ? { ca } : {}),
      ...(crl.length > 0 ? { crl } : {}),
    }
  }

  #context(certificates: readonly LoadedCertificate[]): SecureContext {
    return createSecureContext({ ...this.#shared(), ...certificateOptions(certificates) })
  }

  #defaultContextOptions(): TlsOptions {
    const ticketKeys = this.#tickets?.at(this.#wallClock()).key
    return {
      ...this.#shared(),
      // Without a certificate OpenSSL refuses by itself, with an alert; an error from the callback would
      // just hang up.
      ...(this.#strict ? {} : certificateOptions(this.#store.fallback.certificates)),
      ...(ticketKeys === undefined ? {} : { ticketKeys }),
    }
  }

  /** Give all servers the key of the period, and again when it is over. */
  #rotate(): void {
    if (this.#tickets === undefined || this.#closed) return
    let waitMs = 60_000
    try {
      const { key, leftMs } = this.#tickets.at(this.#wallClock())
      for (const server of [this.#server, ...this.#attached]) server.setTicketKeys(key)
      waitMs = leftMs
    } catch (error) {
      this.emit('reload-failed', { source: 'tickets.keys', reason: reasonOf(error) })
    }
    this.#ticketTimer = this.#clock.setTimeout(() => this.#rotate(), waitMs)
  }

  #warn(): void {
    const now = this.#wallClock()
    for (const { info, stapleProblem } of this.#store.certificates) {
      const warn = (kind: CertificateWarning['kind'], what: string) =>
        this.emit('certificate-warning', { kind, certificate: info, message: `${info.source}: ${what}` })
      const until = new Date(info.notAfter).toISOString()
      if (info.notAfter < now) warn('expired', `expired ${until}`)
      else if (info.notAfter < now + SOON_MS) warn('expiring', `expires ${until}`)
      if (info.notBefore > now)
        warn('not-yet-valid', `valid from ${new Date(info.notBefore).toISOString()} on`)
      if (stapleProblem !== undefined) warn('staple', `its OCSP response is not sent: ${stapleProblem}`)
      else if ((info.stapleNotAfter ?? now) < now) warn('staple', 'its OCSP response is out of date')
    }
  }
}

/**
 * Make a TLS termination; reads all certificates at once (some 0.4 ms each).
 * @throws {TlsError} `EVENER_INVALID_OPTION`, or `EVENER_INVALID_CERTIFICATE` with the file and the reason
 */
export function tlsTermination(options: TlsTerminationOptions): TlsTermination {
  return new TlsTermination(options)
}

/**
 * The socket below TLS. Node has kept it under this name since TLSSocket wraps sockets; nothing public says
 * it.
 */
function below(socket: TLSSocket): Socket {
  return (socket as unknown as { _parent: Socket })._parent
}

function readSources(options: TlsTerminationOptions) {
  const { certificates, defaultCertificate } = options
  const list: readonly unknown[] = Array.isArray(certificates) ? certificates : [certificates]
  if (list.length === 0) refuse('certificates', certificates, 'at least one')
  const named = list.map((each, index) => {
    const name = Array.isArray(certificates) ? `certificates[${index}]` : 'certificates'
    return { name, source: checkSource(name, each) }
  })
  if (defaultCertificate !== undefined) {
    named.unshift({
      name: 'defaultCertificate',
      source: checkSource('defaultCertificate', defaultCertificate),
    })
  }
  return named.map(({ name, source }) => ({ name: pathOf(source) ?? name, source }))
}

function readDebounce(given: unknown): number | undefined {
  if (given === undefined || typeof given === 'boolean') return given ? 200 : undefined
  checkNames('watch', given, ['debounceMs'])
  return integerOption(
    'watch.debounceMs',
    (given as { debounceMs?: unknown }).debounceMs,
    200,
    1,
    2_147_483_647,
  )
}

const withoutSource = (failure: SourceFailure): string =>
  failure.reason.startsWith(`${failure.source}: `)
    ? failure.reason.slice(failure.source.length + 2)
    : failure.reason

/**
 * Certificates with a staple. Where a name has two kinds of key, node does not tell which of them OpenSSL
 * will show, and a staple for the other would make strict clients refuse: such certificates go without.
 */
function staplesOf(store: CertificateStore): Map<string, LoadedCertificate> {
  const staples = new Map<string, LoadedCertificate>()
  for (const { certificates } of store.choices()) {
    for (const each of certificates)
      if (each.staple !== undefined) staples.set(each.info.fingerprint256, each)
  }
  for (const { certificates } of store.choices()) {
    if (certificates.length > 1) for (const each of certificates) staples.delete(each.info.fingerprint256)
  }
  return staples
}
