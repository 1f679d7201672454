/**
 * Holds idle connections; in a process of its own. Told a number, it opens connections until that many stand, each
 * after one answer, and says how many are open.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext } from 'node:tls'

/** What the client says. */
export interface Held {
  readonly open: number
  /** The first thing that went wrong, if anything did. */
  readonly failure?: string | undefined
}

/** Opened at a time: fewer than the shortest backlog in use. */
const atATime = 50

const port = Number(process.argv[2])
const over = process.argv[3]
const host = '127.0.0.1'
const secureContext = createSecureContext()
const open = new Set<Socket>()
let failure: string | undefined

/** Resolves when the answer has come, or the connection has failed. */
function hold(): Promise<void> {
  return new Promise(resolve => {
    const socket =
      over === 'https'
        ? connectTls({ port, host, secureContext, rejectUnauthorized: false })
        : connect(port, host)
    let answer = ''
    socket.setEncoding('latin1')
    socket.write('GET /small HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    socket.on('data', text => {
      answer += text
      const headEnd = answer.indexOf('\r\n\r\n')
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(answer)?.[1])
      if (headEnd === -1 || answer.length < headEnd + 4 + length) return
      if (answer.startsWith('HTTP/1.1 200 ')) open.add(socket)
      else failure ??= answer.slice(0, answer.indexOf('\r\n'))
      answer = ''
      resolve()
    })
    socket.on('error', error => {
      failure ??= error.message
    })
    socket.on('close', () => {
      open.delete(socket)
      failure ??= 'a connection was closed'
      resolve()
    })
  })
}

async function holdUntil(count: number): Promise<Held> {
  let missing = count - open.size
  const holdInTurn = async (): Promise<void> => {
    while (missing-- > 0) await hold()
  }
  // After a loss nothing is opened anew: it would hide that connections do not stay.
  if (failure === undefined) await Promise.all(Array.from({ length: atATime }, holdInTurn))
  return { open: open.size, failure }
}

process.on('disconnect', () => process.exit())
process.on('message', count => void holdUntil(count as number).then(held => process.send?.(held)))
