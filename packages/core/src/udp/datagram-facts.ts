/** A client of UDP as routes, balancers and affinities see it. */
import type { BackendRequest } from '../balance/dispatch.ts'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import { plainAddress } from '../base/networks.ts'

/** What a route decides by. */
export interface UdpClient extends BackendRequest {
  /** Its address and port, and those that it sent to, as far as the listening socket knows. */
  readonly facts: ConnectionFacts
  /** The client's address. UDP proves nothing: anybody can write any address there. */
  readonly sourceAddress: string
}

export class SeenClient implements UdpClient, ConnectionFacts {
  readonly peerAddress: string
  readonly peerPort: number
  readonly localAddress: string
  readonly localPort: number

  constructor(address: string, port: number, localAddress: string, localPort: number) {
    this.peerAddress = plainAddress(address)
    this.peerPort = port
    this.localAddress = plainAddress(localAddress)
    this.localPort = localPort
  }

  get facts(): ConnectionFacts {
    return this
  }

  get sourceAddress(): string {
    return this.peerAddress
  }

  get tls(): undefined {
    return undefined
  }

  get proxyHeader(): undefined {
    return undefined
  }

  /** There are none at this layer. */
  header(): undefined {
    return undefined
  }
}
