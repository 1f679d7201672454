/**
 * Asks servers for their load by HTTP: `GET /load`, answered by `{"requestsInFlight": 3, "latencyMs": 12.5}`.
 *
 * Connections are kept, and a server has at most one probe under way, so that one that does not answer costs no more than
 * one connection. Whatever else comes back (another status, too long, no JSON, no such numbers, too late) counts as failed
 * and is told to nobody; health checks are what finds a server down.
 *
 * Cost: a request of `node:http` a probe. `prequal` sends 3 for each request by default, as its paper
 * does; where requests are short, `probesPerPick` below 1 is more in proportion.
 * Not for: servers with `sendProxy`, or spoken to in HTTP/2 alone: these are not asked.
 */
import * as http from 'node:http'
import * as https from 'node:https'
import type { LoadReport } from '@evener/algorithms'
import type { LoadProbe } from '../balance/load-probe.ts'
import type { Server } from '../balance/server.ts'
import { type Clock, monotonic } from '../base/clock.ts'
import { duration, integer, invalid, knownOptions, withMethods } from '../base/options.ts'
import { serverTlsOptions } from '../engines/server-tls.ts'

/** The options of {@link httpLoadProbe}. */
export interface HttpLoadProbeOptions {
  /** What is asked for, in origin form; `/load` by default. */
  readonly path?: string | undefined
  /** How long an answer may take, in milliseconds: at least 1; 1000 by default. */
  readonly timeoutMs?: number | undefined
  /** How long the body of an answer may be, in bytes: 1 to 1,048,576; 4096 by default. */
  readonly maxBytes?: number | undefined
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
}

/** What {@link httpLoadProbe} makes: counts what became of its probes. */
export class HttpLoadProbe implements LoadProbe {
  /** Probes that were sent, those of them that were answered, and those that failed. */
  sent = 0
  answered = 0
  failed = 0
  readonly #path: string
  readonly #timeoutMs: number
  readonly #maxBytes: number
  readonly #clock: Clock
  readonly #agent = new http.Agent({ keepAlive: true })
  readonly #tlsAgent = new https.Agent({ keepAlive: true })
  readonly #underWay = new Map<Server, http.ClientRequest>()
  #closed = false

  /** See {@link httpLoadProbe}. */
  constructor(options: HttpLoadProbeOptions) {
    knownOptions('httpLoadProbe', options, ['path', 'timeoutMs', 'maxBytes', 'clock'])
    const { path = '/load' } = options
    if (typeof path !== 'string' || !/^\/[\x21-\x7e]*$/.test(path)) {
      throw invalid('httpLoadProbe.path', path, 'a path such as /load, of visible ASCII characters')
    }
    this.#path = path
    this.#timeoutMs = duration('httpLoadProbe.timeoutMs', options.timeoutMs, 1000)
    this.#maxBytes = integer('httpLoadProbe.maxBytes', options.maxBytes, 4096, 1, 1_048_576)
    this.#clock = withMethods(
      'httpLoadProbe.clock',
      options.clock ?? monotonic,
      ['now', 'setTimeout'],
      'new VirtualClock()',
    )
  }

  probe(server: Server, answered: (report: LoadReport) => void): void {
    if (this.#closed || this.#underWay.has(server)) return
    if (server.proxyHeader !== undefined || server.protocol === 'h2') return
    const request = this.#request(server)
    this.#underWay.set(server, request)
    this.sent++
    const timer = this.#clock.setTimeout(() => request.destroy(), this.#timeoutMs)
    let report: LoadReport | undefined
    request.on('response', response => {
      const pieces: Buffer[] = []
      let bytes = 0
      response.on('data', (piece: Buffer) => {
        bytes += piece.length
        if (bytes > this.#maxBytes) request.destroy()
        else pieces.push(piece)
      })
      response.on('end', () => {
        if (response.statusCode === 200) report = read(Buffer.concat(pieces))
      })
      response.on('error', () => undefined)
    })
    request.on('error', () => undefined)
    request.on('close', () => {
      timer.cancel()
      this.#underWay.delete(server)
      if (report === undefined) {
        this.failed++
      } else {
        this.answered++
        answered(report)
      }
    })
    request.end()
  }

  close(): void {
    this.#closed = true
    for (const request of this.#underWay.values()) request.destroy()
    this.#agent.destroy()
    this.#tlsAgent.destroy()
  }

  #request(server: Server): http.ClientRequest {
    const { host, port, path: socketPath } = server.address
    const where = {
      ...(socketPath === undefined ? { host, port } : { socketPath }),
      path: this.#path,
      headers: { accept: 'application/json' },
    }
    if (server.tls === undefined) return http.request({ ...where, agent: this.#agent })
    return https.request({ ...where, ...serverTlsOptions(server), agent: this.#tlsAgent })
  }
}

/** @returns what a server said, undefined where that is no report */
function read(body: Buffer): LoadReport | undefined {
  try {
    const { requestsInFlight, latencyMs } = JSON.parse(body.toString())
    if (!isMeasure(requestsInFlight) || !isMeasure(latencyMs)) return undefined
    return { requestsInFlight, latencyMs }
  } catch {
    return undefined
  }
}

function isMeasure(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

/**
 * Ask servers for their load by HTTP; for the `loadProbe` of a backend. One probe serves one backend.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function httpLoadProbe(options: HttpLoadProbeOptions = {}): HttpLoadProbe {
  return new HttpLoadProbe(options)
}
