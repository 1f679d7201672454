/**
 * Names made of servers' addresses and a key: HAProxy's `cookie … dynamic` with its `dynamic-cookie-key`.
 *
 * A server's name is XXH64 over the key, the bytes of its IP address and its port as a 32-bit number, in 16
 * hexadecimal digits (HAProxy `src/server.c`, srv_set_dyncookie), the same bit for bit. So any number of balancers
 * that know the key, of either kind, agree on servers that come and go, without a table and without showing an
 * address. A server that the table of `values` has keeps the value from there; one that is known by a host name, or
 * a unix socket, has no name, and clients do not stick to it.
 *
 * Cost: a look-up for a request; for a change among n servers, O(n) and some 20 µs each.
 * Not for: keeping clients from choosing a server. xxHash is no cipher, and a name can be copied; sign it.
 */
import { isIPv4, isIPv6 } from 'node:net'
import { groupsOf } from './address.ts'
import type { AffinityServer } from './affinity.ts'
import { refuse } from './options.ts'
import { addName, firstUsable, type ServerNames } from './server-names.ts'
import { xxh64 } from './xxh64.ts'

export interface DynamicNames extends ServerNames {
  rebuild(servers: readonly AffinityServer[]): void
}

/**
 * @param table names that servers have otherwise
 * @throws {SessionOptionError} for a key that is no text or bytes, or empty, or longer than 1,024 bytes
 */
export function dynamicNames(key: unknown, table: ServerNames | undefined): DynamicNames {
  const allowed = 'a string or a Uint8Array of 1 to 1,024 bytes'
  if (typeof key !== 'string' && !(key instanceof Uint8Array))
    refuse('dynamic.key', key, allowed, `of type ${typeof key}`)
  const keyBytes = Buffer.from(key)
  if (keyBytes.length === 0 || keyBytes.length > 1024)
    refuse('dynamic.key', key, allowed, `${keyBytes.length} bytes long`)
  let byId = new Map<string, string>()
  let byValue = new Map<string, string[]>()
  return {
    valueOf: id => byId.get(id),
    idOf: (value, usable) => firstUsable(byValue.get(value), usable),
    rebuild(servers) {
      byId = new Map()
      byValue = new Map()
      for (const server of servers) {
        const value = table?.valueOf(server.id) ?? dynamicValue(keyBytes, server)
        if (value === undefined) continue
        byId.set(server.id, value)
        addName(byValue, value, server.id)
      }
    },
  }
}

function dynamicValue(key: Buffer, { host, port }: AffinityServer): string | undefined {
  const address = addressBytes(host)
  if (address === undefined) return undefined
  const portBytes = Buffer.alloc(4)
  portBytes.writeUInt32BE(port)
  return xxh64(Buffer.concat([key, address, portBytes]))
    .toString(16)
    .padStart(16, '0')
}

function addressBytes(host: string): Buffer | undefined {
  if (isIPv4(host)) return Buffer.from(host.split('.').map(Number))
  if (!isIPv6(host)) return undefined
  const zone = host.indexOf('%')
  return Buffer.from(
    groupsOf(zone === -1 ? host : host.slice(0, zone)).flatMap(group => [group >> 8, group & 255]),
  )
}
