/** The client of the checks over HTTP/2: one session, opened by the first question. */
import { type ClientHttp2Session, connect } from 'node:http2'
import { type Answer, type Client, type Question, timeoutMs, tlsOf } from './contract.ts'

export function http2Client(port: number): Client {
  let session: ClientHttp2Session | undefined
  const open = (): ClientHttp2Session => {
    if (session !== undefined && !session.closed && !session.destroyed) return session
    session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
    // Told by each question's own stream.
    session.on('error', () => undefined)
    return session
  }
  const ask = ({ path, method = 'GET', body, headers }: Question): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const current = open()
      const fields = { ':path': path, ':method': method, ...headers }
      const stream = current.request(fields, { signal: AbortSignal.timeout(timeoutMs) })
      const pieces: Buffer[] = []
      let status = 0
      let received: Answer['headers'] = {}
      stream.on('response', ({ ':status': code = 0, ...rest }) => {
        status = code
        received = rest
      })
      stream.on('data', piece => pieces.push(piece))
      stream.on('error', reject)
      stream.on('end', () => {
        const tls = tlsOf(current.socket)
        resolve({ status, headers: received, body: Buffer.concat(pieces), tls })
      })
      stream.end(body)
    })
  return { ask, close: () => session?.destroy() }
}
