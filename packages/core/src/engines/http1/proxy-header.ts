/**
 * The PROXY header that a server is sent for a client, as text of bytes: it is also what tells connections apart, since
 * one that began with it speaks for that client alone.
 *
 * Made once for each of a client's connections, so that its unique id is the same for all its requests, and a kept
 * connection fits the next one. HAProxy goes by a hash of the header; the whole of it cannot collide.
 *
 * Cost: a look-up by request.
 */
import type { ConnectionFacts } from '../../base/connection-facts.ts'
import type { ProxyHeaderMaker } from '../../base/send-proxy.ts'
import type { ClientRequest } from '../../http/request.ts'

const made = new WeakMap<ProxyHeaderMaker, WeakMap<ConnectionFacts, string>>()

/** Of a request that came by a door of the host's own, nothing is known. */
const nobody: ConnectionFacts = {
  peerAddress: '',
  peerPort: 0,
  localAddress: '',
  localPort: 0,
  tls: undefined,
  proxyHeader: undefined,
}

/** @throws what a function for unique ids throws, and `EVENER_PROXY_UNWRITABLE` where it gives none */
export function headerFor(make: ProxyHeaderMaker, request: ClientRequest): string {
  const facts = request.connection ?? nobody
  let headers = made.get(make)
  if (headers === undefined) {
    headers = new WeakMap()
    made.set(make, headers)
  }
  let header = headers.get(facts)
  if (header === undefined) {
    header = make(facts, undefined).toString('latin1')
    headers.set(facts, header)
  }
  return header
}
