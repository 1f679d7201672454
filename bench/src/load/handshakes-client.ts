/**
 * Makes TLS handshakes, each with one request; in a process of its own. Told an order, it goes on for so long and
 * answers how many there were.
 *
 * Each is held to what was ordered: TLS 1.3, new or resumed, a whole answer with status 200, an end without an error.
 * One that is not so is the last. The key exchange is X25519: Node would offer ML-KEM besides, which costs more, and
 * which not every proxy knows.
 */
import { connect, createSecureContext, type TLSSocket } from 'node:tls'
import { certificateName } from '../machine/certificate.ts'

/** What it is told. */
export interface HandshakesOrder {
  readonly port: number
  readonly resumed: boolean
  readonly atATime: number
  readonly durationMs: number
}

/** What it answers. */
export interface HandshakesResult {
  readonly handshakes: number
  readonly failure?: string | undefined
}

/** Slower ones are errors. */
const timeoutMs = 10_000
const secureContext = createSecureContext({ minVersion: 'TLSv1.3', ecdhCurve: 'X25519' })
const request = 'GET /small HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n'
const lengthField = /\r\ncontent-length: *(\d+)\r\n/i

/** For each of those at a time, the session that it resumes. */
const sessions: Buffer[] = []

/** A head with status 200, and as much of a body as it says. */
function isWhole(answer: string): boolean {
  const bodyAt = answer.indexOf('\r\n\r\n') + 4
  const length = Number(lengthField.exec(answer)?.[1])
  return answer.startsWith('HTTP/1.1 200 ') && bodyAt > 4 && answer.length === bodyAt + length
}

/** One connection from its begin to its end. Rejects with what was not as it should be. */
function handshake(port: number, session?: Buffer, onSession?: (session: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ port, host: '127.0.0.1', servername: certificateName, secureContext, rejectUnauthorized: false },
      ...{ ALPNProtocols: ['http/1.1'], ...(session !== undefined && { session }) },
    })
    const fail = (what: string): void => {
      reject(new Error(what))
      socket.destroy()
    }
    let answer = ''
    socket.setEncoding('latin1').setTimeout(timeoutMs, () => fail(`no end within ${timeoutMs / 1_000} s`))
    // Not listened to without need: each session would be written out.
    if (onSession !== undefined) socket.on('session', onSession)
    socket.on('secureConnect', () => {
      const odd = oddityOf(socket, session !== undefined)
      if (odd !== undefined) fail(odd)
    })
    socket.on('data', (text: string) => {
      answer += text
    })
    socket.on('error', error => fail(error.message))
    socket.on('close', () => {
      if (isWhole(answer)) resolve()
      else fail(`not a plain answer of 200: "${answer.slice(0, 40)}"`)
    })
    socket.write(request)
  })
}

function oddityOf(socket: TLSSocket, resumed: boolean): string | undefined {
  if (socket.getProtocol() !== 'TLSv1.3') return `${socket.getProtocol()} was spoken instead of TLSv1.3`
  if (socket.isSessionReused() === resumed) return undefined
  return resumed ? 'a session was not resumed' : 'a session was resumed'
}

/** A session to resume: the last that a new connection was given. */
async function sessionFrom(port: number): Promise<Buffer> {
  let session: Buffer | undefined
  await handshake(port, undefined, given => {
    session = given
  })
  if (session === undefined) throw new Error('a new connection was given no session to resume')
  return session
}

async function run({ port, resumed, atATime, durationMs }: HandshakesOrder): Promise<HandshakesResult> {
  let handshakes = 0
  let failure: string | undefined
  try {
    while (resumed && sessions.length < atATime) sessions.push(await sessionFrom(port))
  } catch (error) {
    return { handshakes, failure: (error as Error).message }
  }
  const until = performance.now() + durationMs
  const inTurn = async (session: Buffer | undefined): Promise<void> => {
    while (performance.now() < until && failure === undefined) {
      try {
        await handshake(port, session)
        handshakes++
      } catch (error) {
        failure ??= (error as Error).message
      }
    }
  }
  await Promise.all(Array.from({ length: atATime }, (_, i) => inTurn(sessions[i])))
  return { handshakes, failure }
}

process.on('disconnect', () => process.exit())
process.on('message', order => void run(order as HandshakesOrder).then(result => process.send?.(result)))
