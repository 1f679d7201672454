/**
 * A request's turn on its connection, in `node:http`.
 *
 * Node hands over all requests that a client has pipelined at once, and holds their responses back until each is the
 * first in line. Served at once, one client's connection could hold a place on a server for each of its requests, and
 * their answers, unread, in memory. So a request waits here until its response is the first in line; and while too many
 * wait, no more of the connection is read.
 *
 * Invariant: whatever is ahead, of Evener's or of the host's own, each request begins once, in order, or never, when
 * its connection is gone.
 * Cost: nothing for a client that does not pipeline. Memory: `mostWaiting` requests and those of one more read (64 KiB)
 * for each connection.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Beyond these, the client's further requests stay in the kernel; and so does the news that it has gone. */
const mostWaiting = 64

/** What waits on a connection. */
interface Line {
  waiting: number
  /** Whether its reading is stopped, or is about to be. */
  stopped: boolean
}

const lines = new WeakMap<Socket, Line>()

/** Whether a response is under way on this connection. Node tells of it in no other way. */
export function answering(socket: Duplex): ServerResponse | undefined {
  return (socket as Duplex & { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined
}

/** Whether another response comes before this one on its connection: only the first in line has the socket. */
export function isBehind(req: IncomingMessage, res: ServerResponse): boolean {
  return res.socket === null && answering(req.socket) !== undefined
}

/** Begin when this response, which {@link isBehind another}, is the first in line. */
export function inTurn(req: IncomingMessage, res: ServerResponse, begin: () => void): void {
  const { socket } = req
  let line = lines.get(socket)
  if (line === undefined) {
    line = { waiting: 0, stopped: false }
    lines.set(socket, line)
  }
  line.waiting++
  if (line.waiting >= mostWaiting && !line.stopped) {
    line.stopped = true
    // Once a message is whole Node reads on, in the next tick, whatever was said before: so this is said after it.
    process.nextTick(() => process.nextTick(stop, socket, line))
  }
  res.once('socket', () => {
    line.waiting--
    if (line.stopped && line.waiting < mostWaiting / 2) {
      line.stopped = false
      socket.resume()
    }
    // Node is in the middle of giving the response its socket; an answer at once would come too soon.
    process.nextTick(begin)
  })
}

function stop(socket: Socket, line: Line): void {
  if (line.stopped) socket.pause()
}
