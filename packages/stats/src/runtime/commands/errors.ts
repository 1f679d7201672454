/** `show errors`: the last request and the last response that could not be read, byte by byte. */
import type { CapturedError } from '@evener/core'
import type { Command } from '../command.ts'

/** As HAProxy writes bytes: the common ones by a letter, all others that cannot be shown as `\xNN`. */
const letters: Readonly<Record<string, string>> = {
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\x1b': '\\e',
  '\\': '\\\\',
}

function* dump({ bytes }: CapturedError): Generator<string> {
  let offset = 0
  let from = 0
  let text = ''
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    text +=
      letters[character] ??
      (byte >= 0x20 && byte < 0x7f ? character : `\\x${byte.toString(16).padStart(2, '0')}`)
    offset++
    if (character !== '\n' && text.length < 70) continue
    yield `  ${String(from).padStart(5, '0')}${character === '\n' ? '  ' : '+ '}${text}\n`
    from = offset
    text = ''
  }
  if (text !== '') yield `  ${String(from).padStart(5, '0')}  ${text}\n`
}

function* told(title: string, error: CapturedError): Generator<string> {
  // No empty line: it would be the end of what is said.
  yield `[${new Date(error.at).toISOString()}] ${title}: ${error.message}\n`
  yield `  from ${error.from}, ${error.bytes.length} bytes kept:\n`
  yield* dump(error)
}

const show: Command = {
  words: 'show errors',
  usage: ['[<px>] [request|response]', 'report last request and/or response errors for each proxy'],
  level: 'operator',
  run: function* ({ statistics, args }) {
    const kind = args.find(word => word === 'request' || word === 'response')
    const proxy = args.find(word => word !== kind && word !== '-1')
    const found: Iterable<string>[] = []
    if (kind !== 'response') {
      for (const [name, door] of statistics.doors) {
        if (proxy !== undefined && proxy !== name) continue
        if ('lastError' in door && door.lastError !== undefined)
          found.push(told(`frontend ${name}: invalid request`, door.lastError))
      }
    }
    if (kind !== 'request') {
      for (const backend of statistics.backends) {
        if (proxy !== undefined && proxy !== backend.name) continue
        for (const { fullName, lastError } of backend.servers)
          if (lastError !== undefined)
            found.push(told(`backend ${backend.name}, server ${fullName}: invalid response`, lastError))
      }
    }
    yield `Total events captured on [${new Date().toISOString()}] : ${found.length}\n`
    for (const each of found) yield* each
  },
}

export const onErrors: readonly Command[] = [show]
