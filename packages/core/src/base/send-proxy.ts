/**
 * The PROXY header that servers are sent in front of all else: whom a connection comes from, in their own words.
 *
 * What a trusted proxy in front has said of the client is passed on: its addresses count as the client's, and its unique
 * id, authority, ALPN and TLS facts are sent where nothing better is known here. Nothing that a client says by itself
 * gets into the addresses.
 *
 * Not for servers that do not expect one: they take it for the first bytes of the client.
 */
import { randomUUID } from 'node:crypto'
import { isIP } from 'node:net'
import {
  type ProxyFamily,
  type ProxyHeaderContent,
  type ProxyTls,
  type ProxyTlvs,
  proxyHeaderV1,
  proxyHeaderV2,
} from '@evener/proxy-protocol'
import type { TlsFacts } from '@evener/tls'
import type { ConnectionFacts } from './connection-facts.ts'
import { flag, invalid, knownOptions } from './options.ts'

/** What is sent. `1` and `2` alone stand for the version with nothing more. */
export type SendProxy = 1 | 2 | SendProxyOptions

/** The options beside the version are for version 2: version 1 has no room for them. */
export interface SendProxyOptions {
  readonly version: 1 | 2
  /** Add a checksum. False by default. */
  readonly crc32c?: boolean | undefined
  /**
   * Add an id of the connection: the one that a TCP proxy's `uniqueId` gives it, else the one that came with a header from
   * in front, else a new UUID; or what this function says, at most 128 bytes. False by default.
   */
  readonly uniqueId?: boolean | ((facts: ConnectionFacts) => string | Buffer) | undefined
  /** Add the name that the client asked for (SNI). False by default. */
  readonly authority?: boolean | undefined
  /** Add the protocol that ALPN agreed on. False by default. */
  readonly alpn?: boolean | undefined
  /** Add what is known of the client's TLS: version, cipher, and of its certificate the name and whether it is verified. */
  readonly tls?: boolean | undefined
}

/**
 * Makes the header of one connection.
 * @param serverName the name in a ClientHello that was passed on unopened
 * @param transport `udp` for datagrams
 * @param ownId the name that the door gives the connection
 */
export type ProxyHeaderMaker = (
  facts: ConnectionFacts,
  serverName: string | undefined,
  transport?: 'tcp' | 'udp',
  ownId?: string | undefined,
) => Buffer

/** @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION` */
export function sendProxyOptions(field: string, value: SendProxy | undefined): ProxyHeaderMaker | undefined {
  if (value === undefined) return undefined
  const options: SendProxyOptions = typeof value === 'number' ? { version: value } : value
  knownOptions(field, options, ['version', 'crc32c', 'uniqueId', 'authority', 'alpn', 'tls'])
  const { version, uniqueId = false } = options
  if (version !== 1 && version !== 2) throw invalid(`${field}.version`, version, '1 or 2')
  if (version === 1) {
    for (const name of ['crc32c', 'uniqueId', 'authority', 'alpn', 'tls'] as const) {
      if (options[name] !== undefined && options[name] !== false) {
        throw invalid(`${field}.${name}`, options[name], 'none with version 1, which has no room for it')
      }
    }
    return (facts, _serverName, transport = 'tcp') => proxyHeaderV1(addressesOf(facts, transport))
  }
  if (typeof uniqueId !== 'boolean' && typeof uniqueId !== 'function') {
    throw invalid(`${field}.uniqueId`, uniqueId, 'true, false or a function')
  }
  const crc32c = flag(`${field}.crc32c`, options.crc32c, false)
  const authority = flag(`${field}.authority`, options.authority, false)
  const alpn = flag(`${field}.alpn`, options.alpn, false)
  const tls = flag(`${field}.tls`, options.tls, false)
  return (facts, serverName, transport = 'tcp', ownId = undefined) => {
    const before = facts.proxyHeader?.tlvs
    const tlvs: ProxyTlvs = {
      ...(alpn && { alpn: plain(facts.tls?.alpn ?? before?.alpn) }),
      ...(authority && { authority: plain(facts.tls?.serverName ?? serverName ?? before?.authority) }),
      ...(uniqueId !== false && { uniqueId: idOf(uniqueId, facts, ownId) }),
      ...(tls && { tls: facts.tls === undefined ? before?.tls : tlsOf(facts.tls) }),
    }
    return proxyHeaderV2({ ...addressesOf(facts, transport), tlvs }, { crc32c })
  }
}

/** The header of a connection that is the proxy's own, for a check: it speaks for nobody. */
export function localProxyHeader(value: SendProxy): Buffer {
  const { version, crc32c = false } = typeof value === 'number' ? { version: value } : value
  const content = { ...nowhere, command: 'local', family: 'unknown' } as const
  return version === 1 ? proxyHeaderV1(content) : proxyHeaderV2(content, { crc32c })
}

const nowhere = { sourceAddress: '', sourcePort: 0, destinationAddress: '', destinationPort: 0 }

const longestId = 128

function idOf(
  uniqueId: true | ((facts: ConnectionFacts) => string | Buffer),
  facts: ConnectionFacts,
  ownId: string | undefined,
): Buffer {
  const id =
    uniqueId === true
      ? (ownId ?? facts.proxyHeader?.tlvs.uniqueId ?? randomUUID())
      : (uniqueId(facts) as string | Buffer)
  return (typeof id === 'string' ? Buffer.from(id) : id).subarray(0, longestId)
}

/** A mixture of families becomes IPv6, in which IPv4 can be written; a unix socket has nothing to say. */
function addressesOf(facts: ConnectionFacts, transport: 'tcp' | 'udp'): ProxyHeaderContent {
  const { peerAddress, localAddress } = facts
  const [source, destination] = [isIP(peerAddress), isIP(localAddress)]
  const common = { command: 'proxy' as const }
  if (source === 0 || destination === 0) {
    return { ...common, family: 'unknown', ...nowhere }
  }
  const version = source === 4 && destination === 4 ? 4 : 6
  const inFamily = (address: string, is: number) =>
    version === 6 && is === 4 ? `::ffff:${address}` : address
  return {
    ...common,
    family: `${transport}${version}` as ProxyFamily,
    sourceAddress: inFamily(peerAddress, source),
    sourcePort: facts.peerPort,
    destinationAddress: inFamily(localAddress, destination),
    destinationPort: facts.localPort,
  }
}

function tlsOf({ version, cipher, clientCertificate }: TlsFacts): ProxyTls {
  const verified = clientCertificate?.verified === true
  const commonName = plain(clientCertificate?.commonName)
  return {
    tls: true,
    certificateOnConnection: clientCertificate !== undefined,
    certificateInSession: clientCertificate !== undefined,
    verified,
    version,
    cipher,
    ...(commonName !== undefined && { commonName }),
  }
}

const longestText = 255

/** Texts that came from clients are sent only where they are such texts as the protocol carries. */
function plain(text: string | undefined): string | undefined {
  if (text === undefined || text === '' || Buffer.byteLength(text) > longestText) return undefined
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get into a header
  return /[\x00-\x1f\x7f]/.test(text) ? undefined : text
}
