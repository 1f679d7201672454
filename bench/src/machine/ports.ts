/**
 * Free ports on loopback, for programs that must be told theirs.
 *
 * They lie below the range from which the kernel takes the ports of outgoing connections: a load of thousands of
 * connections would otherwise take one in the moment between finding it free and listening on it.
 */
import { createServer } from 'node:net'

const lowest = 15_000
const highest = 32_000
let next = lowest + (process.pid % (highest - lowest))

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/** A port on which nothing listens, another one each time. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < highest - lowest; tries++) {
    next = next >= highest ? lowest : next + 1
    if (await isFree(next)) return next
  }
  throw new Error(`no free port on 127.0.0.1 between ${lowest} and ${highest}`)
}
