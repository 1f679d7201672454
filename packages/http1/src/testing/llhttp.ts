/**
 * Node's own parser, llhttp, as a second opinion. It is reached by a module that Node keeps for its own use but has
 * always left importable; nothing but tests and the fuzzer may depend on it.
 */
import type { Reading, ReadMessage } from './reading.ts'

interface Parser {
  initialize(type: number, resource: object, maxHeaderBytes: number, lenientFlags: number): void
  execute(bytes: Buffer): number | Error
  finish(): undefined | number | Error
  close(): void
  [callback: number]: unknown
}

interface ParserClass {
  new (): Parser
  readonly REQUEST: number
  readonly RESPONSE: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
}

const { HTTPParser, methods } = process.getBuiltinModule('_http_common') as unknown as {
  HTTPParser: ParserClass
  /** Names of methods by llhttp's numbers. */
  methods: readonly string[]
}

/** How llhttp, strict, reads the bytes. */
export function llhttpReading(side: 'request' | 'response', bytes: Buffer, requestMethod = 'GET'): Reading {
  const parser = new HTTPParser()
  try {
    return read(parser, side, bytes, requestMethod)
  } finally {
    // Without this each parser keeps 7 KB outside the heap for as long as the event loop does not turn.
    parser.close()
  }
}

function read(parser: Parser, side: 'request' | 'response', bytes: Buffer, requestMethod: string): Reading {
  const messages: ReadMessage[] = []
  let start = ''
  let content = ''
  let begun = false
  let tunnel = false
  let upgrades = false
  parser.initialize(side === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, 1 << 20, 0)
  // More header lines than fit one call come here first, the target with them.
  let early = ''
  parser[HTTPParser.kOnHeaders] = (_headers: string[], url: string) => {
    early += url
  }
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    _headers: string[] | undefined,
    method: number | undefined,
    url: string | undefined,
    status: number | undefined,
    _reason: string | undefined,
    upgrade: boolean,
  ) => {
    upgrades = side === 'request' && upgrade
    begun = true
    content = ''
    start = side === 'request' ? `${methods[method!]} ${url || early}` : String(status)
    early = ''
    tunnel =
      side === 'request'
        ? methods[method!] === 'CONNECT'
        : status === 101 || (requestMethod === 'CONNECT' && status! >= 200 && status! < 300)
    if (tunnel) return 2
    return side === 'response' && requestMethod === 'HEAD' ? 1 : 0
  }
  parser[HTTPParser.kOnBody] = (part: Buffer) => {
    content += part.toString('latin1')
  }
  parser[HTTPParser.kOnMessageComplete] = () => {
    begun = false
    // Trailers came the way of early header lines, this message's target with them.
    early = ''
    messages.push({ start, content })
  }
  const result = parser.execute(bytes)
  if (result instanceof Error) return { messages, ending: 'refused', code: result.message }
  if (tunnel || (upgrades && !begun)) return { messages, ending: 'tunnel' }
  if (begun && side === 'response') {
    const before = messages.length
    parser.finish()
    if (messages.length > before) return { messages, ending: 'ended' }
  }
  return { messages, ending: begun || result < bytes.length ? 'partial' : 'open' }
}
