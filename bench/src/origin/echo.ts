/** `/echo`: tells what of a request arrived at the server, for the checks before and after a row. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** The header in which nginx says on which port it had the request. */
export const originHeader = 'x-bench-origin'

export interface Echo {
  readonly method: string
  readonly forwardedFor: string | undefined
  readonly bodyBytes: number
  readonly bodySha256: string
  /** The server's port. */
  readonly server: string
}

export function echo(req: IncomingMessage, res: ServerResponse): void {
  const hash = createHash('sha256')
  let bodyBytes = 0
  req.on('data', (piece: Buffer) => {
    hash.update(piece)
    bodyBytes += piece.length
  })
  req.on('end', () => {
    const forwardedFor = req.headers['x-forwarded-for']
    const told: Echo = {
      method: req.method ?? '',
      forwardedFor: Array.isArray(forwardedFor) ? forwardedFor.join(', ') : forwardedFor,
      bodyBytes,
      bodySha256: hash.digest('hex'),
      server: String(req.headers[originHeader] ?? req.socket.localPort),
    }
    res.setHeader('Content-Type', 'application/json')
    res.end(JSON.stringify(told))
  })
}
