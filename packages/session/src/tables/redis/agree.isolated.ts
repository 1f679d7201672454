/**
 * One of several processes that share a table: it binds each key it is told to a server of its own choice, as a balancer
 * would for a client's first request, and then says where each key belongs, as for the second.
 */
import { createClient } from 'redis'
import { stickTable } from '../stick-table.ts'
import { shareByRedis } from './share.ts'

const [port, name, keys] = process.argv.slice(2) as [string, string, string]
const client = createClient({ socket: { host: '127.0.0.1', port: Number(port) } })
await client.on('error', () => undefined).connect()
const table = stickTable({ name: 'sessions', type: 'integer' })
const shared = shareByRedis({ table, client, waitMs: 10_000 })

process.on('message', async (what: 'first' | 'second' | 'end') => {
  if (what === 'end') {
    await shared.close()
    client.destroy()
    process.disconnect()
    return
  }
  const servers: (string | undefined)[] = []
  for (let key = 0; key < Number(keys); key++) {
    const found = await table.find(key)
    servers.push(found)
    table.bind(key, found ?? name, found)
  }
  process.send?.(servers)
})
process.send?.('ready')
