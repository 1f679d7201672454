/** A bare `node:tls` server that answers by itself: what Node's handshake costs before anybody adds to it. */
import { createServer, type TLSSocket } from 'node:tls'
import { bodies } from '../origin/bodies.ts'
import { listen } from './listen.ts'
import { nodeSubject } from './node-subject.ts'
import { nodeTls } from './tls.ts'

const body = bodies['/small']
const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
const answer = Buffer.concat([Buffer.from(head), body])

/** One request without a body, then the end. */
function serve(socket: TLSSocket): void {
  let request = ''
  socket.setEncoding('latin1')
  socket.on('data', text => {
    request += text
    if (request.endsWith('\r\n\r\n')) socket.end(answer)
  })
  socket.on('error', () => socket.destroy())
}

export const subject = nodeSubject({
  name: 'node-tls',
  about: 'node:tls that answers by itself, no proxy',
  modes: ['https'],
  rows: ['handshake', 'resume'],
  proxies: false,
  async start(place) {
    await listen(createServer(nodeTls(place), serve), place)
  },
})
