/** `show stat`: the statistics, in the forms that HAProxy has. */
import { columns, type StatRow, tagsOf } from '../../columns.ts'
import { csvText } from '../../csv.ts'
import { jsonText } from '../../json.ts'
import { type Command, CommandError } from '../command.ts'
import { whole } from '../find.ts'

const formats = ['json', 'typed', 'no-maint', 'up', 'desc']
const kinds = 'FBS'

/** Which lines are asked for: a proxy's number, or name; a mask of kinds (1 frontends, 2 backends, 4 servers); a server's number. */
function chosen(rows: readonly StatRow[], [proxy, kind, server]: readonly string[]): readonly StatRow[] {
  if (proxy === undefined) return rows
  const mask = whole(kind, -1, 7, "'show stat' expects <iid> <type> <sid>: a number from -1 to 7 for <type>.")
  const sid = whole(server, -1, 1e9, "'show stat' expects <iid> <type> <sid>: a number for <sid>.")
  const byNumber = /^-?\d+$/.test(proxy)
  return rows.filter(row => {
    const named = byNumber ? proxy === '-1' || String(row.iid) === proxy : row.pxname === proxy
    return named && (mask === -1 || (mask & (1 << Number(row.type))) !== 0) && (sid === -1 || row.sid === sid)
  })
}

function typedText(rows: readonly StatRow[]): string {
  let text = ''
  for (const row of rows) {
    for (const [pos, column] of columns.entries()) {
      const value = row[column]
      if (value === undefined) continue
      const { origin, nature, scope } = tagsOf(column)
      const type =
        typeof value === 'string' ? 'str' : value < 0 ? 's32' : nature === 'Counter' ? 'u64' : 'u32'
      const tags = `${origin[0]}${nature[0]}${scope[0]}`
      // One value a line, whatever a server's text holds.
      const shown = typeof value === 'string' ? value.replaceAll(/[\r\n]+/g, ' ') : value
      text += `${kinds[Number(row.type)]}.${row.iid}.${row.sid}.${pos}.${column}.1:${tags}:${type}:${shown}\n`
    }
  }
  return text
}

export const showStat: Command = {
  words: 'show stat',
  usage: ['[<iid> <type> <sid>] [json|typed|no-maint|up]*', 'report counters for each proxy and server'],
  run: async ({ statistics, args }) => {
    const plain = args[0] === 'domain' && args[1] === 'proxy' ? args.slice(2) : args
    const at = plain.findIndex(word => formats.includes(word))
    const which = at === -1 ? plain : plain.slice(0, at)
    const how = at === -1 ? [] : plain.slice(at)
    const unknown = how.find(word => !formats.includes(word))
    if (unknown !== undefined) throw new CommandError(`show stat: unknown format '${unknown}'.`)
    if (which.length !== 0 && which.length !== 3)
      throw new CommandError("'show stat' expects <iid> <type> <sid>.")
    let rows = chosen((await statistics.snapshot()).rows, which)
    if (how.includes('up'))
      rows = rows.filter(row => /^(UP|OPEN|no check|DRAIN|NOLB)/.test(String(row.status)))
    if (how.includes('no-maint')) rows = rows.filter(row => !String(row.status).startsWith('MAINT'))
    if (how.includes('json')) return jsonText(rows)
    return how.includes('typed') ? typedText(rows) : csvText(rows)
  },
}
