/** A client's connection as routes, balancers and affinities see it. */
import type { Tracked } from '@evener/session'
import type { BackendRequest } from '../balance/dispatch.ts'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import type { Glimpse } from './client-hello.ts'

/** What a route decides by. */
export interface TcpConnection extends BackendRequest {
  /** Its addresses, and what TLS and a proxy in front have told. */
  readonly facts: ConnectionFacts
  /** The client's address, which a trusted proxy in front may have told; empty for a unix socket. */
  readonly sourceAddress: string
  /** With `inspect`: what the first bytes are. Undefined where nobody looked. */
  readonly protocol: Glimpse['protocol'] | undefined
  /** The name that the client asked for (SNI), in lower case; undefined where it named none, or nobody looked. */
  readonly serverName: string | undefined
  /** The protocols that it offered by ALPN, or the one agreed on where TLS has ended before. Empty where there are none. */
  readonly alpn: readonly string[]
  /** What it tracks in stick tables, by the number of the tracker; for `sc` of @evener/session. */
  readonly tracked?: readonly (Tracked | undefined)[] | undefined
}

export class SeenConnection implements TcpConnection {
  readonly facts: ConnectionFacts
  sourceAddress: string
  body?: NonNullable<TcpConnection['body']>
  tracked: readonly (Tracked | undefined)[] | undefined
  readonly #glimpse: Glimpse | undefined

  constructor(facts: ConnectionFacts, glimpse: Glimpse | undefined) {
    this.facts = facts
    this.sourceAddress = facts.peerAddress
    this.#glimpse = glimpse
  }

  get protocol(): Glimpse['protocol'] | undefined {
    return this.#glimpse?.protocol
  }

  get secure(): boolean {
    return this.facts.tls !== undefined
  }

  get serverName(): string | undefined {
    return this.#glimpse?.serverName ?? this.facts.tls?.serverName
  }

  get alpn(): readonly string[] {
    if (this.#glimpse !== undefined) return this.#glimpse.alpn
    const agreed = this.facts.tls?.alpn
    return agreed === undefined ? nothing : [agreed]
  }

  /** There are none at this layer. */
  header(): undefined {
    return undefined
  }
}

const nothing: readonly string[] = []
