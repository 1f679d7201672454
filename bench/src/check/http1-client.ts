/** The client of the checks over HTTP/1.1, with TLS or without. */
import { Agent, request } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { type Answer, type Client, type Question, timeoutMs, tlsOf } from './contract.ts'

export function http1Client(port: number, secure: boolean): Client {
  const agent = new (secure ? HttpsAgent : Agent)({ keepAlive: true, maxSockets: 1 })
  const address = { host: '127.0.0.1', port, agent, ...(secure && { rejectUnauthorized: false }) }
  const ask = ({ path, method = 'GET', body, headers }: Question): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'Content-Length': String(body.length) }
      const signal = AbortSignal.timeout(timeoutMs)
      const sent = (secure ? httpsRequest : request)(
        { ...address, path, method, headers: { ...headers, ...length }, signal },
        answer => {
          const pieces: Buffer[] = []
          const { statusCode: status = 0, headers } = answer
          const tls = tlsOf(answer.socket)
          answer.on('data', piece => pieces.push(piece))
          answer.on('error', reject)
          answer.on('end', () => resolve({ status, headers, body: Buffer.concat(pieces), tls }))
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  return { ask, close: () => agent.destroy() }
}
