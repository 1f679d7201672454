/**
 * HAProxy asked for the values of expressions: one process, a frontend for each list of expressions, which answers every
 * request with what they come to, and reads its bytes as they are.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { type HeaderLines, RequestReader, ResponseReader } from '@evener/http1'
import {
  EditedHead,
  expression,
  PairFields,
  type RequestCarrier,
  type RequestScope,
  type ResponseScope,
  type Sample,
} from '@evener/rules'
import { startHaproxy } from './haproxy.ts'

/** Expressions, and messages (Latin-1, to the last byte) that each of them is asked for. */
export interface ValueGroup {
  readonly expressions: readonly string[]
  readonly requests: readonly string[]
  /** Responses are asked, not requests: each by the path of its number. */
  readonly responses?: readonly string[]
  /** Variables that are set before: name and expression. */
  readonly variables?: readonly (readonly [name: string, expression: string])[]
  /** The body is waited for. */
  readonly body?: boolean
}

/** What an expression comes to: its bytes in hexadecimal, or that there is nothing. */
type Answer = string

const nothing = '(nothing)'

/** What HAProxy says: for each group and message, an answer for each expression. */
export async function haproxyAnswers(groups: readonly ValueGroup[]): Promise<Answer[][][]> {
  const responses = groups.flatMap(group => group.responses ?? [])
  const server = createServer(socket =>
    socket
      .on('error', () => undefined)
      .once('data', chunk => {
        const number = Number(/^GET \/(\d+)/.exec(chunk.toString('latin1'))?.[1])
        socket.end(responses[number] ?? '', 'latin1')
      }),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const haproxy = await startHaproxy({
    ports: groups.length,
    config: (...ports) =>
      [
        global,
        `backend servers\n  server one 127.0.0.1:${(server.address() as AddressInfo).port}`,
        ...groups.map((group, at) => frontend(group, ports[at] as number)),
      ].join('\n'),
  })
  try {
    return await Promise.all(
      groups.map(async ({ requests, expressions }, at) => {
        const answers: Answer[][] = []
        for (const request of requests)
          answers.push(
            linesOf(await exchange(haproxy.ports[at] as number, request), request, expressions.length),
          )
        return answers
      }),
    )
  } finally {
    await haproxy.stop()
    server.close()
  }
}

const global = `defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
global
  tune.bufsize 131072
  tune.http.maxhdr 300`

function frontend({ expressions, variables = [], body, responses }: ValueGroup, port: number): string {
  const answer = (asked: readonly string[]) => {
    const parts = asked.map((text, at) => `${at}:%[${text},length]:%[${text},ltrim(),hex]|`)
    return `return status 200 content-type text/plain lf-string ${quoted(parts.join(''))}`
  }
  const head = [`frontend f${port}`, `  bind 127.0.0.1:${port}`]
  if (responses === undefined)
    return [
      ...head,
      ...(body === true ? ['  option http-buffer-request'] : []),
      ...variables.map(([name, text]) => `  http-request set-var(${name}) ${quoted(text)}`),
      `  http-request ${answer(expressions)}`,
    ].join('\n')
  // Once an answer is being made in its place, the response is not there any more.
  return [
    ...head,
    '  default_backend servers',
    ...expressions.map((text, at) => `  http-response set-var(txn.e${at}) ${quoted(`${text},ltrim()`)}`),
    `  http-response ${answer(expressions.map((_, at) => `var(txn.e${at})`))}`,
  ].join('\n')
}

/** As one word of a configuration. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"$]/g, '\\$&')}"`
}

async function exchange(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('latin1')
  socket.end(Buffer.from(request, 'latin1'))
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk
  })
  await once(socket, 'close')
  return answer
}

function linesOf(answer: string, request: string, count: number): Answer[] {
  if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`${JSON.stringify(request)} was answered ${answer}`)
  const found = [...answer.matchAll(/(\d+):(\d*):([0-9A-F]*)\|/g)]
  if (found.length !== count) throw new Error(`${found.length} of ${count} answers: ${answer}`)
  return found.map(([, , length, hex]) => (length === '' ? nothing : (hex as string)))
}

/** What this library says of the same bytes. */
export function ourAnswers({ expressions, requests, responses, variables = [] }: ValueGroup): Answer[][] {
  if (responses !== undefined) {
    const values = expressions.map(text => expression(`${text},ltrim()`, 'response'))
    return responses.map(response => {
      const scope = responseScopeOf(response)
      return values.map(value => inHex(value.read(scope)))
    })
  }
  const values = expressions.map(text => expression(`${text},ltrim()`, 'request'))
  const settings = variables.map(([name, text]) => [name, expression(text, 'request')] as const)
  return requests.map(request => {
    const scope = scopeOf(request)
    for (const [name, value] of settings) scope.variables.set(name, value.read(scope))
    return values.map(value => inHex(value.read(scope)))
  })
}

function responseScopeOf(response: string): ResponseScope {
  const reader = new ResponseReader()
  const head = reader.read('GET', Buffer.from(response, 'latin1'))
  if (head === undefined || head.kind === 'error') throw new Error(`no head: ${JSON.stringify(response)}`)
  const { status, minorVersion, lines } = head
  return {
    ...scopeOf('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    response: {
      status,
      reason: '',
      version: `1.${minorVersion}`,
      head: new EditedHead(new PairFields(pairsOf(lines))),
    },
    server: undefined,
  }
}

/** Cast to a text by `ltrim()`, which takes nothing away, there and here. */
function inHex(text: Sample | undefined): Answer {
  return text === undefined ? nothing : Buffer.from(String(text), 'latin1').toString('hex').toUpperCase()
}

const ignore = () => undefined
const carrier: RequestCarrier = {
  setLogLevel: ignore,
  setAddress: ignore,
  track: ignore,
  capture: ignore,
  setTimeout: ignore,
  useServer: ignore,
  earlyHint: ignore,
}

/** A scope made of a request's bytes. */
export function scopeOf(request: string): RequestScope {
  const bytes = Buffer.from(request, 'latin1')
  const reader = new RequestReader()
  const head = reader.read(bytes)
  if (head === undefined || head.kind === 'error') throw new Error(`no head: ${JSON.stringify(request)}`)
  const variables = new Map<string, Sample>()
  return {
    connection: {
      peerAddress: '127.0.0.1',
      peerPort: 1,
      localAddress: '127.0.0.1',
      localPort: 2,
      tls: undefined,
      httpMajor: 1,
    },
    carrier,
    variables: {
      get: name => variables.get(name),
      set: (name, value) => void (value === undefined ? variables.delete(name) : variables.set(name, value)),
    },
    tracked: undefined,
    around: { now: Date.now, random: Math.random, frontend: undefined },
    request: {
      method: head.method,
      uri: head.originTarget,
      target: head.target,
      version: `1.${head.minorVersion}`,
      secure: false,
      head: new EditedHead(new PairFields(pairsOf(head.lines))),
      isFirst: true,
      body: bytes.subarray(reader.consumed),
      bodySize: head.framing === 'length' ? head.contentLength : undefined,
    },
    backend: undefined,
    uniqueId: undefined,
  }
}

function pairsOf(lines: HeaderLines): string[] {
  return Array.from({ length: lines.count }, (_, at) => [lines.name(at), lines.value(at)]).flat()
}
