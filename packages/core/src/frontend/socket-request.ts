/** A request as Evener's own listener read it, in the form that routes, balancers and engines see. */
import type { RequestHead } from '@evener/http1'
import type { Forwarding } from '../http/forwarded.ts'
import type { ClientRequest } from '../http/request.ts'

export class SocketRequest implements ClientRequest {
  /** The head as the codec read it: engines that write bytes go on from here. */
  readonly parsed: RequestHead
  readonly peerAddress: string
  readonly upgrade: string | undefined
  readonly #forwarding: Forwarding
  readonly #encrypted: boolean

  constructor(
    parsed: RequestHead,
    peerAddress: string,
    encrypted: boolean,
    forwarding: Forwarding,
    upgrade: string | undefined,
  ) {
    this.parsed = parsed
    this.peerAddress = peerAddress
    this.upgrade = upgrade
    this.#forwarding = forwarding
    this.#encrypted = encrypted
  }

  get method(): string {
    return this.parsed.method
  }

  get uri(): string {
    return this.parsed.originTarget
  }

  get authority(): string {
    return this.parsed.host
  }

  get versionMinor(): 0 | 1 {
    return this.parsed.minorVersion
  }

  get expectContinue(): boolean {
    return this.parsed.expectContinue
  }

  /** Made anew at each call; for those who do not go on from `parsed`. */
  get rawHeaders(): readonly string[] {
    return this.parsed.lines.pairs()
  }

  get sourceAddress(): string {
    const { peerAddress } = this
    return this.#forwarding.trusts(peerAddress)
      ? this.#forwarding.sourceOf(peerAddress, this.rawHeaders)
      : peerAddress
  }

  get secure(): boolean {
    const { peerAddress } = this
    return this.#forwarding.trusts(peerAddress)
      ? this.#forwarding.secureOf(peerAddress, this.rawHeaders, this.#encrypted)
      : this.#encrypted
  }

  header(name: string): string | undefined {
    return this.parsed.lines.get(name)
  }
}
