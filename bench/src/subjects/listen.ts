/** Begin to listen as every `node:http` server of the bench does: so that only what is measured differs. */
import type { Server } from 'node:net'
import { keepAliveMs, type Place } from './subject.ts'

export function listen(server: Server & { keepAliveTimeout?: number }, { port }: Place): Promise<void> {
  // One of HTTP/2 has no such thing: its connections stay.
  if ('keepAliveTimeout' in server) server.keepAliveTimeout = keepAliveMs
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', 4096, resolve)
  })
}
