/** `show table`, `set table`, `clear table`: stick tables and what they count. */
import type { DataType, StickTable, StickTableEntry } from '@evener/session'
import { type Command, CommandError } from '../command.ts'
import { tableNamed, whole } from '../find.ts'

const operators: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  __proto__: null as never,
  eq: (left, right) => left === right,
  ne: (left, right) => left !== right,
  le: (left, right) => left <= right,
  ge: (left, right) => left >= right,
  lt: (left, right) => left < right,
  gt: (left, right) => left > right,
}

const head = ({ name, type, size, used }: StickTable): string =>
  `# table: ${name}, type: ${type}, size:${size}, used:${used}\n`

/** `data.gpc0`, `data.gpc[1]`, `data.http_req_rate`: as HAProxy names it, and as an entry has it. */
function dataName(word: string): { readonly type: DataType; readonly index: number; readonly key: string } {
  const match = /^data\.(\w+?)(?:\[(\d+)\])?$/.exec(word)
  const name = match?.[1] ?? ''
  const old = /^(gpc|gpt)(\d)(_rate)?$/.exec(name)
  const type = (old === null ? name : `${old[1]}${old[3] ?? ''}`) as DataType
  const index = Number(match?.[2] ?? old?.[2] ?? 0)
  const several = type === 'gpc' || type === 'gpt' || type === 'gpc_rate'
  return { type, index, key: several ? `${type}.${index}` : type }
}

/** What is asked for: `key K`, or up to four comparisons of what is counted. */
function filterOf(table: StickTable, words: readonly string[]): (entry: StickTableEntry) => boolean {
  if (words.length === 0) return () => true
  if (words[0] === 'key') {
    const key = table.keyOf(words[1])
    if (key === undefined || words.length > 2)
      throw new CommandError('Key value expected, of the type of the table.')
    return entry => entry.key === key
  }
  const tests: ((entry: StickTableEntry) => boolean)[] = []
  for (let at = 0; at < words.length; at += 3) {
    const [what = '', operator = '', value] = words.slice(at, at + 3)
    const compare = operators[operator]
    const { key } = dataName(what)
    if (!what.startsWith('data.'))
      throw new CommandError('Optional argument only supports "data.<store_data_type>" and key <key>.')
    if (compare === undefined)
      throw new CommandError('Require and operator among "eq", "ne", "le", "ge", "lt", "gt"')
    const limit = whole(
      value,
      Number.MIN_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER,
      'Require a valid integer value to compare against',
    )
    tests.push(entry => compare(entry.data[key] ?? 0, limit))
  }
  if (tests.length > 4) throw new CommandError('At most 4 filters are allowed.')
  return entry => tests.every(test => test(entry))
}

/** HAProxy's name for a number, with its period where it is a rate. */
function shownName(table: StickTable, key: string): string {
  const [type = '', index] = key.split('.')
  const name =
    index === undefined
      ? type
      : `${type.replace('_rate', '')}${index}${type.endsWith('_rate') ? '_rate' : ''}`
  const period = table.periodMs(type as DataType, Number(index ?? 0))
  return period === undefined ? name : `${name}(${period})`
}

function line(table: StickTable, { key, serverId, idleMs, trackers, data }: StickTableEntry): string {
  const expires =
    table.expireMs === Number.POSITIVE_INFINITY ? 0 : Math.max(0, Math.round(table.expireMs - idleMs))
  const numbers = Object.entries(data).map(([name, value]) => ` ${shownName(table, name)}=${value}`)
  const server = serverId === undefined ? '' : ` server_id=${serverId}`
  // A key may be any text that a client has sent; it must not end the line.
  const shown = key.replaceAll(
    /[^!-[\]-~]/g,
    each => `\\x${each.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return `0x${hashOf(key)}: key=${shown} use=${trackers} exp=${expires} shard=0${server}${numbers.join('')}\n`
}

/** In place of HAProxy's address in memory: a number of the key's own. */
function hashOf(key: string): string {
  let hash = 5381
  for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 33) ^ key.charCodeAt(at)) >>> 0
  return hash.toString(16)
}

const show: Command = {
  words: 'show table',
  usage: [
    '[<table> [data.<type> <operator> <value>]* | [key <key>]]',
    "report table usage stats or dump this table's contents",
  ],
  level: 'operator',
  run: function* (call) {
    const [name, ...words] = call.args
    if (name === undefined) {
      for (const table of call.tables) yield head(table)
      return
    }
    const table = tableNamed(call, name)
    const wanted = filterOf(table, words)
    yield head(table)
    for (const entry of table.entries()) if (wanted(entry)) yield line(table, entry)
  },
}

const set: Command = {
  words: 'set table',
  usage: ['<table> key <k> [data.* <v>]*', "update or create a table entry's data"],
  level: 'operator',
  changes: true,
  run: call => {
    const [name, word, key, ...data] = call.args
    const table = tableNamed(call, name)
    if (word !== 'key' || table.keyOf(key) === undefined)
      throw new CommandError('Key value expected, of the type of the table.')
    const changes = []
    for (let at = 0; at < data.length; at += 2) {
      const { type, index } = dataName(data[at] as string)
      if (!(data[at] as string).startsWith('data.') || table.get(key as string, type, index) === undefined)
        throw new CommandError(`Data type not stored in this table: ${data[at]}`)
      const value = whole(data[at + 1], 0, Number.MAX_SAFE_INTEGER, 'Require a valid integer value to store')
      changes.push({ type, index, value })
    }
    const tracked = table.track(key)
    if (tracked === undefined) throw new CommandError('Unable to allocate a new entry')
    tracked.end()
    for (const { type, index, value } of changes) table.setNumber(key as string, type, value, index)
    return ''
  },
}

const clear: Command = {
  words: 'clear table',
  usage: ['<table> [data.<type> <operator> <value>]* | [key <key>]', 'remove an entry from a table'],
  level: 'operator',
  changes: true,
  run: call => {
    const [name, ...words] = call.args
    const table = tableNamed(call, name)
    const wanted = filterOf(table, words)
    for (const entry of [...table.entries()]) if (wanted(entry)) table.delete(entry.key)
    return ''
  },
}

export const onTables: readonly Command[] = [show, set, clear]
