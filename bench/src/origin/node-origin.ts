/**
 * The servers where there is no nginx: both in one Node process.
 *
 * They cost several times what nginx costs, so on a machine of few cores they, not the proxy, are the limit of the
 * requests a second. Processor time for each request of the proxy holds all the same.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { waitForAnswer } from '../check/client.ts'
import type { Cores } from '../machine/cores.ts'
import type { Keeper } from '../machine/keeper.ts'
import { startNode } from '../machine/node-child.ts'
import { type BodyPath, bodies, chunkBytes } from './bodies.ts'
import { echo } from './echo.ts'

export async function startNodeOrigin(
  keeper: Keeper,
  cores: Cores,
  ports: readonly [number, number],
): Promise<void> {
  const file = new URL('./node-origin-child.ts', import.meta.url)
  const kept = startNode(keeper, file, [JSON.stringify(ports)], cores.others)
  await waitForAnswer(ports[0], kept, 'Node, as a server')
  await waitForAnswer(ports[1], kept, 'Node, as a server')
}

/** Listen; called in the child. */
export function serve(ports: readonly number[]): void {
  for (const port of ports) {
    const server = createServer(answer)
    server.keepAliveTimeout = 3_600_000
    server.listen(port, '127.0.0.1', 4096)
  }
}

function answer(req: IncomingMessage, res: ServerResponse): void {
  const { url = '/' } = req
  if (url === '/echo') echo(req, res)
  else if (url === '/upload') req.resume().on('end', () => res.end('received'))
  else if (url === '/check') res.end('ok')
  else answerBody(url, res)
}

function answerBody(url: string, res: ServerResponse): void {
  const body: Buffer | undefined = bodies[url as BodyPath]
  if (body === undefined) {
    res.statusCode = 404
    res.end()
  } else if (url === '/chunked') {
    for (let at = 0; at < body.length; at += chunkBytes) res.write(body.subarray(at, at + chunkBytes))
    res.end()
  } else {
    res.setHeader('Content-Length', body.length)
    res.end(body)
  }
}
