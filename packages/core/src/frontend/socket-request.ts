/** A request as Evener's own listener read it, in the form that routes, balancers and engines see. */
import type { RequestHead } from '@evener/http1'
import type { Tracked } from '@evener/session'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import type { Forwarding } from '../http/forwarded.ts'
import type { ClientRequest } from '../http/request.ts'

export class SocketRequest implements ClientRequest {
  /** The head as the codec read it: engines that write bytes go on from here. */
  readonly parsed: RequestHead
  readonly connection: ConnectionFacts
  readonly upgrade: string | undefined
  tracked: readonly (Tracked | undefined)[] | undefined
  readonly #forwarding: Forwarding

  constructor(
    parsed: RequestHead,
    connection: ConnectionFacts,
    forwarding: Forwarding,
    upgrade: string | undefined,
  ) {
    this.parsed = parsed
    this.connection = connection
    this.upgrade = upgrade
    this.#forwarding = forwarding
  }

  get peerAddress(): string {
    return this.connection.peerAddress
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
    const encrypted = this.connection.tls !== undefined
    return this.#forwarding.trusts(peerAddress)
      ? this.#forwarding.secureOf(peerAddress, this.rawHeaders, encrypted)
      : encrypted
  }

  header(name: string): string | undefined {
    return this.parsed.lines.get(name)
  }
}
