/**
 * Persistence of Remote Desktop: the routing token by which a terminal server sends a client back to where its session is.
 * HAProxy's `persist rdp-cookie`.
 *
 * A client that was told so begins its connection (11 bytes of TPKT and X.224) with a line `Cookie: msts=` *address* `.`
 * *port* `.0000`: IPv4 address and port as numbers, as they lie in a little-endian machine's memory, in decimal digits
 * (Microsoft, [MS-RDPBCGR] section 3.2.5.3.1; HAProxy `src/backend.c`, tcp_persist_rdp_cookie). So 10.0.0.1:3389 is
 * `16777226.15629`. The server writes it, given to clients in place of an address where "IP address redirection" is off;
 * here it is only read.
 *
 * Invariant: a token that is forged, or of a server that is not known, names none.
 * Cost: one look at the first bytes of each connection, which is waited for (`inspectMs` of the layer-4 proxy).
 * Not for: servers given by host name or IPv6, whose address is in no token; clients that talk TLS from the first byte; HTTP,
 * where nobody asks for a connection's first bytes. It shows clients the servers' addresses: a user's name does not
 * (`rdpCookie()` of `@evener/algorithms`).
 */
import { isIPv4 } from 'node:net'
import type { Affinity, AffinityRequest, AffinityServer } from './affinity.ts'
import { checkNames, refuse } from './options.ts'
import { addName, firstUsable, type Usable } from './server-names.ts'

/** How {@link rdpToken} behaves. */
export interface RdpTokenOptions {
  /** The cookie's name, in any case: 1 to 100 visible ASCII characters without `=`. Default `msts`. */
  readonly name?: string | undefined
}

/**
 * Send each Remote Desktop client to the server that its routing token names.
 *
 * @returns an affinity for the backend of a layer-4 proxy
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for an unknown option or a value that is not allowed
 */
export function rdpToken(options: RdpTokenOptions = {}): Affinity {
  return new RdpToken(options)
}

const HEADER_BYTES = 11
const LABEL = 'cookie:'
/** A connection request is one TPKT packet, of which nobody sends more than a few hundred bytes. */
const MOST_BYTES = 4096

class RdpToken implements Affinity {
  readonly name = 'rdp-token'
  readonly #line: RegExp
  #byToken = new Map<string, string[]>()

  constructor(options: RdpTokenOptions) {
    checkNames('rdpToken', options, ['name'])
    const { name = 'msts' } = options
    if (typeof name !== 'string' || !/^[!-<>-~]{1,100}$/.test(name))
      refuse('name', name, '1 to 100 visible ASCII characters without =')
    const literally = name.replaceAll(/[^A-Za-z0-9]/g, String.raw`\$&`)
    this.#line = new RegExp(`^${LABEL} *${literally}=0*(\\d{1,10})\\.0*(\\d{1,5})\\.[^\\r]*\\r\\n`, 'i')
  }

  readonly rebuild = (servers: readonly AffinityServer[]): void => {
    this.#byToken = new Map()
    for (const { id, host, port } of servers) {
      if (isIPv4(host)) addName(this.#byToken, tokenOf(host, port), id)
    }
  }

  bodyWanted({ body }: AffinityRequest): number {
    const bytes = body?.()
    const length = bytes?.length ?? 0
    if (length <= HEADER_BYTES + LABEL.length) return HEADER_BYTES + LABEL.length + 1
    const line = lineIn(bytes as Uint8Array)
    const decided = length >= MOST_BYTES || !line.toLowerCase().startsWith(LABEL) || line.includes('\r\n')
    return decided ? 0 : length + 1
  }

  find({ body }: AffinityRequest, usable?: Usable): string | undefined {
    const bytes = body?.()
    if (bytes === undefined) return undefined
    const token = this.#line.exec(lineIn(bytes))
    return token === null ? undefined : firstUsable(this.#byToken.get(`${token[1]}.${token[2]}`), usable)
  }

  bind(): undefined {
    // The server tells its client, in the protocol that they speak.
  }
}

/** What may be the line, as text with a character for each byte. */
function lineIn(bytes: Uint8Array): string {
  const length = Math.min(bytes.length, MOST_BYTES)
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1', HEADER_BYTES)
}

function tokenOf(host: string, port: number): string {
  const bytes = Buffer.from(host.split('.').map(Number))
  return `${bytes.readUInt32LE()}.${((port & 255) << 8) | (port >> 8)}`
}
