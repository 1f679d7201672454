/**
 * A plain TCP echo, for proxies that know nothing of HTTP.
 */
import type { Behaviour } from '../fake-server/behaviour.ts'
import type { FakeConnection } from '../fake-server/connection.ts'

/**
 * Echoes every byte from the moment a connection is accepted and ends when the client ends.
 * @param greeting sent first, if given
 */
export function tcpEcho(greeting?: string | Uint8Array): Behaviour {
  const onAccept = async (connection: FakeConnection) => {
    if (greeting !== undefined) await connection.write(greeting)
    const { source } = connection
    while (source.available > 0 || (await source.more())) await connection.write(source.take(65_536))
    connection.end()
  }
  return Object.assign(() => {}, { onAccept })
}
