/**
 * Telling servers about the client: X-Forwarded-For, -Proto and -Host, RFC 7239 `Forwarded`, and `Via`.
 *
 * Who is believed is stated: from a *trusted* peer the fields are kept and added to; from anybody else they are
 * taken out first, so that a server behind Evener may rely on what it reads. What rules write is believed: such a field
 * goes on, and is not written a second time; to X-Forwarded-For, and `Forwarded`, the peer is added behind it, as HAProxy's
 * `option forwardfor` does after all rules.
 */
import { isIP, isIPv6 } from 'node:net'
import { type TlsFacts, type TlsHeaderOptions, type TlsHeaders, tlsHeaders } from '@evener/tls'
import { type NetworkSet, networks, plainAddress } from '../base/networks.ts'
import { flag, invalid, knownOptions } from '../base/options.ts'
import { FieldSet } from './head-text.ts'
import { headerValue } from './headers.ts'
import type { ClientRequest } from './request.ts'

/** The options on telling servers about the client. */
export interface ForwardedOptions {
  /** Add `X-Forwarded-For`. True by default; HAProxy's `option forwardfor`. */
  readonly for?: boolean | undefined
  /** Peers in these networks (`127.0.0.0/8`, `::1`) get no X-Forwarded-For, and what they sent is left as it is. */
  readonly except?: readonly string[] | undefined
  /** Add `X-Forwarded-Proto`: `http` or `https`. True by default. */
  readonly proto?: boolean | undefined
  /** Add `X-Forwarded-Host`. True by default. */
  readonly host?: boolean | undefined
  /** Add RFC 7239 `Forwarded`. False by default. */
  readonly standard?: boolean | undefined
  /**
   * Networks of the proxies in front whose fields are believed. None by default. Danger: whoever connects from
   * them chooses the address that balancing, stickiness and logs see.
   */
  readonly trust?: readonly string[] | undefined
  /** Add `Via: 1.1 NAME` (to servers with the version of the client's request) in both directions, with this pseudonym (RFC 9110 section 7.6.3). Not by default. */
  readonly via?: string | undefined
  /**
   * Tell servers what TLS knows: protocol, cipher, name, and who the client is by its certificate, in `X-SSL-…` fields
   * (`tlsHeaders` of `@evener/tls` has the names). Fields of these names that clients send never pass, not even from
   * trusted peers. Not by default.
   */
  readonly tls?: boolean | TlsHeaderOptions | undefined
}

const fieldNames = [
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-real-ip',
  'forwarded',
]

/** The options, compiled. */
export class Forwarding {
  readonly via: string | undefined
  readonly #for: boolean
  readonly #proto: boolean
  readonly #host: boolean
  readonly #standard: boolean
  readonly #except: NetworkSet
  readonly #excepts: boolean
  readonly #trusts: NetworkSet
  readonly #trustsAnyone: boolean
  readonly #tls: TlsHeaders | undefined
  readonly #drops: Drops = plainDrops
  readonly #tlsLines = new WeakMap<TlsFacts, string>()

  /** @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION` */
  constructor(options: ForwardedOptions = {}, field = 'forwarded') {
    knownOptions(field, options, ['for', 'except', 'proto', 'host', 'standard', 'trust', 'via', 'tls'])
    this.#for = flag(`${field}.for`, options.for, true)
    this.#proto = flag(`${field}.proto`, options.proto, true)
    this.#host = flag(`${field}.host`, options.host, true)
    this.#standard = flag(`${field}.standard`, options.standard, false)
    this.#except = networks(`${field}.except`, options.except)
    this.#excepts = (options.except?.length ?? 0) > 0
    this.#trusts = networks(`${field}.trust`, options.trust)
    this.#trustsAnyone = (options.trust?.length ?? 0) > 0
    if (options.via !== undefined && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(options.via)) {
      throw invalid(`${field}.via`, options.via, 'a token (RFC 9110 section 5.6.2)')
    }
    this.via = options.via
    if (options.tls !== undefined && options.tls !== false) {
      this.#tls = tlsHeaders(options.tls === true ? {} : options.tls)
      this.#drops = dropsWith(this.#tls.names)
    }
  }

  /** Whether this peer's word about the client is believed. */
  trusts(peerAddress: string): boolean {
    return this.#trustsAnyone && this.#trusts(peerAddress)
  }

  /**
   * The client's address: the peer's own, or, from a trusted peer, the last address in X-Forwarded-For that is not
   * itself a trusted proxy.
   */
  sourceOf(peerAddress: string, headers: readonly string[]): string {
    if (!this.trusts(peerAddress)) return peerAddress
    const chain = headerValue(headers, 'x-forwarded-for')?.split(',') ?? []
    let source = peerAddress
    for (let i = chain.length - 1; i >= 0; i--) {
      const address = bareAddress(chain[i] as string)
      if (address === undefined) break
      source = address
      if (!this.#trusts(address)) break
    }
    return source
  }

  /** Whether the client's own connection was encrypted, as far as a trusted peer tells. */
  secureOf(peerAddress: string, headers: readonly string[], encrypted: boolean): boolean {
    if (!this.trusts(peerAddress)) return encrypted
    const proto = headerValue(headers, 'x-forwarded-proto')
    // The last one is the trusted peer's own; what stands before it came from whoever was in front.
    return proto === undefined ? encrypted : proto.split(',').at(-1)?.trim().toLowerCase() === 'https'
  }

  /** What is taken out of the headers that go to the server, and what is added. */
  plan(request: ClientRequest): ForwardingPlan {
    const { peerAddress } = request
    const excepted = this.#excepts && this.#except(peerAddress)
    if (!excepted && !this.trusts(peerAddress)) {
      return {
        drop: this.#drops.allFields,
        added: this.#added(request, !excepted, true, undefined, undefined),
      }
    }
    const adds = this.#for && !excepted && peerAddress !== '' && !wrote(request, 'x-forwarded-for')
    const chain = adds ? request.header('x-forwarded-for') : undefined
    const elements = this.#standard && !wrote(request, 'forwarded') ? request.header('forwarded') : undefined
    const drop =
      chain === undefined
        ? elements === undefined
          ? this.#drops.noField
          : this.#drops.forwarded
        : elements === undefined
          ? this.#drops.for
          : this.#drops.both
    return { drop, added: this.#added(request, !excepted, false, chain, elements) }
  }

  #added(
    request: ClientRequest,
    addFor: boolean,
    stranger: boolean,
    chain: string | undefined,
    elements: string | undefined,
  ): string {
    const { peerAddress, authority } = request
    let lines = ''
    // A client on a unix socket has no address: what a trusted one said stays as it is.
    if (this.#for && addFor && peerAddress !== '') {
      lines = `X-Forwarded-For: ${chain === undefined ? '' : `${chain}, `}${peerAddress}\r\n`
    }
    if (
      this.#proto &&
      !wrote(request, 'x-forwarded-proto') &&
      (stranger || request.header('x-forwarded-proto') === undefined)
    ) {
      lines += request.secure ? 'X-Forwarded-Proto: https\r\n' : 'X-Forwarded-Proto: http\r\n'
    }
    const tellHost = this.#host && authority !== '' && !wrote(request, 'x-forwarded-host')
    if (tellHost && (stranger || request.header('x-forwarded-host') === undefined)) {
      lines += `X-Forwarded-Host: ${authority}\r\n`
    }
    if (this.#standard) {
      lines += `Forwarded: ${elements === undefined ? '' : `${elements}, `}${forwardedElement(request)}\r\n`
    }
    if (this.via !== undefined) lines += `Via: ${versionOf(request)} ${this.via}\r\n`
    if (this.#tls === undefined) return lines
    const ofTls = this.#linesOfTls(this.#tls, request.connection?.tls)
    return lines + (request.edited !== true ? ofTls : withoutWritten(ofTls, request))
  }

  /** They are the same for all requests of a connection. */
  #linesOfTls(headers: TlsHeaders, facts: TlsFacts | undefined): string {
    if (facts === undefined) return ''
    let lines = this.#tlsLines.get(facts)
    if (lines === undefined) {
      lines = headers
        .of(facts)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')
      this.#tlsLines.set(facts, lines)
    }
    return lines
  }
}

/** Whether a rule wrote this field: its word counts, and no other of ours stands beside it. */
function wrote(request: ClientRequest, lowerName: string): boolean {
  return request.wrote?.(lowerName) === true
}

function withoutWritten(lines: string, request: ClientRequest): string {
  return lines
    .split(/(?<=\r\n)/)
    .filter(line => !wrote(request, line.slice(0, line.indexOf(':')).toLowerCase()))
    .join('')
}

/** As `Via` writes it, which has a minor version for HTTP/2 as well: RFC 9110 section 7.6.3. */
function versionOf({ versionMajor, versionMinor }: ClientRequest): string {
  return versionMajor === 2 ? '2.0' : `1.${versionMinor}`
}

/** How a request's head is edited on its way to a server. */
export interface ForwardingPlan {
  /** Fields that do not go on: those of the connection, and those of ours that are set anew. */
  readonly drop: FieldSet
  /** Lines that are added, each with its CRLF. */
  readonly added: string
}

/**
 * What ends at this hop on any request: RFC 9110 section 7.6.1; credentials for this very hop (section 11.7.1); what
 * the door or the engine has dealt with and says anew.
 */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'proxy-authorization',
  'expect',
  'http2-settings',
]

type Drops = ReturnType<typeof dropsWith>

/** What is dropped, by what is kept and added to; each with these fields as well. */
function dropsWith(more: readonly string[]) {
  const set = (names: readonly string[]) => new FieldSet([...hopByHop, ...names, ...more])
  return {
    allFields: set(fieldNames),
    noField: set([]),
    for: set(['x-forwarded-for']),
    forwarded: set(['forwarded']),
    both: set(['x-forwarded-for', 'forwarded']),
  }
}

const plainDrops = dropsWith([])

/** RFC 7239: a hop is one element, its parameters quoted where they are not tokens. */
function forwardedElement(request: ClientRequest): string {
  const { peerAddress, authority } = request
  const node = isIPv6(peerAddress) ? `"[${peerAddress}]"` : peerAddress || 'unknown'
  const host = authority === '' ? '' : `;host="${authority.replace(/[\\"]/g, '\\$&')}"`
  return `for=${node};proto=${request.secure ? 'https' : 'http'}${host}`
}

/** An element of X-Forwarded-For as an address: without port and brackets; undefined where it is none. */
function bareAddress(element: string): string | undefined {
  const text = element.trim()
  const match = /^\[([0-9a-f:.]+)\](?::\d+)?$/i.exec(text) ?? /^(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/.exec(text)
  const address = match?.[1] ?? (isIPv6(text) ? text : undefined)
  return address === undefined || isIP(address) === 0 ? undefined : plainAddress(address)
}
