/**
 * Telling servers about the client: X-Forwarded-For, -Proto and -Host, RFC 7239 `Forwarded`, and `Via`.
 *
 * Who is believed is stated: from a *trusted* peer the fields are kept and added to; from anybody else they are
 * taken out first, so that a server behind Evener may rely on what it reads.
 */
import { isIPv6 } from 'node:net'
import { type NetworkSet, networks, plainAddress } from '../base/networks.ts'
import { flag, invalid, knownOptions } from '../base/options.ts'
import { type Headers, headerValue, remove } from './headers.ts'
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
  /** Add `Via: 1.1 NAME` in both directions, with this pseudonym (RFC 9110 section 7.6.3). Not by default. */
  readonly via?: string | undefined
}

const fieldNames: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-real-ip',
  'forwarded',
])

/** The options, compiled. */
export class Forwarding {
  readonly via: string | undefined
  readonly #for: boolean
  readonly #proto: boolean
  readonly #host: boolean
  readonly #standard: boolean
  readonly #except: NetworkSet
  readonly #trusts: NetworkSet
  readonly #trustsAnyone: boolean

  /** @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION` */
  constructor(options: ForwardedOptions = {}, field = 'forwarded') {
    knownOptions(field, options, ['for', 'except', 'proto', 'host', 'standard', 'trust', 'via'])
    this.#for = flag(`${field}.for`, options.for, true)
    this.#proto = flag(`${field}.proto`, options.proto, true)
    this.#host = flag(`${field}.host`, options.host, true)
    this.#standard = flag(`${field}.standard`, options.standard, false)
    this.#except = networks(`${field}.except`, options.except)
    this.#trusts = networks(`${field}.trust`, options.trust)
    this.#trustsAnyone = (options.trust?.length ?? 0) > 0
    if (options.via !== undefined && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(options.via)) {
      throw invalid(`${field}.via`, options.via, 'a token (RFC 9110 section 5.6.2)')
    }
    this.via = options.via
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
    return proto === undefined ? encrypted : proto.split(',')[0]?.trim().toLowerCase() === 'https'
  }

  /** Put the fields into the headers that go to the server. */
  apply(request: ClientRequest, headers: Headers): void {
    const { peerAddress } = request
    const excepted = this.#except(peerAddress)
    const trusted = this.trusts(peerAddress)
    const before = trusted || excepted ? headers.slice() : undefined
    const chain = before && headerValue(before, 'x-forwarded-for')
    if (!trusted && !excepted) remove(headers, fieldNames)
    if (this.#for && !excepted) {
      if (chain !== undefined) remove(headers, justFor)
      headers.push('X-Forwarded-For', chain === undefined ? peerAddress : `${chain}, ${peerAddress}`)
    }
    if (this.#proto && (before === undefined || headerValue(before, 'x-forwarded-proto') === undefined)) {
      headers.push('X-Forwarded-Proto', request.secure ? 'https' : 'http')
    }
    if (
      this.#host &&
      request.authority !== '' &&
      (before === undefined || headerValue(before, 'x-forwarded-host') === undefined)
    ) {
      headers.push('X-Forwarded-Host', request.authority)
    }
    if (this.#standard) this.#addStandard(request, headers)
    if (this.via !== undefined) headers.push('Via', `1.${request.versionMinor} ${this.via}`)
  }

  /** RFC 7239: a hop is one element, its parameters quoted where they are not tokens. */
  #addStandard(request: ClientRequest, headers: Headers): void {
    const { peerAddress } = request
    const node = isIPv6(peerAddress) ? `"[${peerAddress}]"` : peerAddress
    const host = request.authority === '' ? '' : `;host="${request.authority.replace(/[\\"]/g, '\\$&')}"`
    const element = `for=${node};proto=${request.secure ? 'https' : 'http'}${host}`
    const chain = headerValue(headers, 'forwarded')
    if (chain !== undefined) remove(headers, justForwarded)
    headers.push('Forwarded', chain === undefined ? element : `${chain}, ${element}`)
  }
}

const justFor: ReadonlySet<string> = new Set(['x-forwarded-for'])
const justForwarded: ReadonlySet<string> = new Set(['forwarded'])

/** An element of X-Forwarded-For as an address: without port and brackets; undefined where it is none. */
function bareAddress(element: string): string | undefined {
  const text = element.trim()
  const match = /^\[([0-9a-f:.]+)\](?::\d+)?$/i.exec(text) ?? /^(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/.exec(text)
  const address = match?.[1] ?? (isIPv6(text) ? text : undefined)
  return address === undefined ? undefined : plainAddress(address)
}
