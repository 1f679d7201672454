/**
 * What tests of handshakes need: folders, a door that hands sockets to a termination, clients, and a clock
 * by hand.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { TlsClock } from '../clock.ts'
import type { TlsFacts } from '../facts.ts'
import type { HandshakeFailure } from '../handshakes.ts'
import { type TlsTermination, type TlsTerminationOptions, tlsTermination } from '../termination.ts'
import { Authority } from './authority.ts'

/** Trusted by all clients. */
export const authority = new Authority()

/** A folder that is removed after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'evener-tls-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Certificate and key for names, in one PEM. */
export function bundle(...names: string[]): string {
  const { cert, key } = authority.issue({ names })
  return cert + key
}

/** A termination that is closed after the test. */
export function make(options: TlsTerminationOptions): TlsTermination {
  const termination = tlsTermination(options)
  onTestFinished(() => termination.close())
  return termination
}

export interface Door {
  readonly port: number
  readonly secure: { socket: TLSSocket; facts: TlsFacts }[]
  readonly failures: HandshakeFailure[]
  /** Sockets as they were accepted. */
  readonly raw: Socket[]
}

/** A listener that hands its sockets to the termination, and says `hi` to whoever gets in. */
export async function door(
  termination: () => TlsTermination,
  before: (socket: Socket, go: () => void) => void = (_socket, go) => go(),
): Promise<Door> {
  const secure: Door['secure'] = []
  const failures: HandshakeFailure[] = []
  const raw: Socket[] = []
  const server = createServer(socket => {
    raw.push(socket)
    socket.on('error', () => {})
    before(socket, () =>
      termination().accept(
        socket,
        (tls, facts) => {
          secure.push({ socket: tls, facts })
          tls.on('error', () => {})
          tls.on('data', () => {})
          tls.write('hi')
        },
        failure => failures.push(failure),
      ),
    )
  })
  const port = await listening(server)
  onTestFinished(() => {
    for (const socket of raw) socket.destroy()
  })
  return { port, secure, failures, raw }
}

/** Listen on a free port of loopback until the test is over. */
export async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  return (server.address() as AddressInfo).port
}

export interface Visit {
  /** OpenSSL's or node's code where it failed. */
  readonly error: string | undefined
  /** The names in the certificate that was shown. */
  readonly shown: string | undefined
  readonly keyType: string | undefined
  readonly cipher: string | undefined
  readonly resumed: boolean
  readonly alpn: string | false | null | undefined
  readonly session: Buffer | undefined
}

/** Connect, wait for the first byte (which comes after a ticket does), and leave. */
export function visit(port: number, options: ConnectionOptions = {}): Promise<Visit> {
  return new Promise(resolve => {
    let session: Buffer | undefined
    const socket = connect({ port, host: '127.0.0.1', ca: authority.cert, servername: 'a.test', ...options })
    const end = (error: string | undefined) => {
      const x509 = error === undefined ? socket.getPeerX509Certificate() : undefined
      resolve({
        error,
        shown: x509?.subjectAltName,
        keyType: x509?.publicKey.asymmetricKeyType,
        cipher: error === undefined ? socket.getCipher().standardName : undefined,
        resumed: error === undefined && socket.isSessionReused(),
        alpn: socket.alpnProtocol,
        session,
      })
      socket.destroy()
    }
    socket.on('session', ticket => {
      session = ticket
    })
    socket.once('data', () => setImmediate(() => end(undefined)))
    socket.on('error', (error: Error & { code?: string }) => end(error.code ?? error.message))
    socket.on('close', () => end('closed'))
  })
}

/** A clock that stands still until it is moved. */
export class HandClock implements TlsClock {
  time = 0
  readonly #timers = new Set<{ at: number; callback: () => void }>()

  now(): number {
    return this.time
  }

  setTimeout(callback: () => void, delayMs: number) {
    const timer = { at: this.time + delayMs, callback }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size
  }

  advance(ms: number): void {
    const until = this.time + ms
    for (;;) {
      const due = [...this.#timers].filter(each => each.at <= until).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers.delete(due)
      this.time = Math.max(this.time, due.at)
      due.callback()
    }
    this.time = until
  }
}

/**
 * Until something holds, in turns of the event loop and a millisecond each; the test's own limit is the end.
 */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 1))
}

export const opensslInstalled = spawnSync('openssl', ['version']).status === 0

/** The title of a test that needs the openssl program. */
export const opensslTitle = (title: string): string =>
  opensslInstalled ? title : `openssl is not installed: ${title}`

/** What the openssl program prints. */
export async function openssl(args: string[], input = ''): Promise<string> {
  const child = spawn('openssl', args)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += String(chunk)))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  await once(child, 'close')
  return output
}
