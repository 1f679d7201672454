/** Begin to listen as every `node:http` server of the bench does: so that only what is measured differs. */
import type { Server } from 'node:http'
import { keepAliveMs, type Place } from './subject.ts'

export function listen(server: Server, { port }: Place): Promise<void> {
  server.keepAliveTimeout = keepAliveMs
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', 4096, resolve)
  })
}
