/**
 * Parts of a request line: HAProxy's `%HM`, `%HU`, `%HP`, `%HPO`, `%HQ`, `%HV`, by the rules by which it takes them from
 * the line that it logs (manual section 8.2.6).
 */
const none = '<BADREQ>'

export function methodOf(line: string | undefined): string {
  const end = line === undefined ? -1 : line.indexOf(' ')
  return end === -1 ? none : (line as string).slice(0, end)
}

/** The target as it came: path and query, or with scheme and host before them. */
export function targetOf(line: string | undefined): string {
  if (line === undefined) return none
  const start = line.indexOf(' ')
  if (start === -1) return none
  const end = line.indexOf(' ', start + 1)
  return end === -1 ? line.slice(start + 1) : line.slice(start + 1, end)
}

/** The target up to the query. */
export function uriPathOf(line: string | undefined): string {
  return beforeQuery(targetOf(line))
}

/** The path alone, without scheme and host; empty for a target that has none, `*` included. */
export function pathOf(line: string | undefined): string {
  const target = targetOf(line)
  if (target === none || target.startsWith('/')) return beforeQuery(target)
  const authority = target.indexOf('://')
  const slash = authority === -1 ? -1 : target.indexOf('/', authority + 3)
  return slash === -1 ? '' : beforeQuery(target.slice(slash))
}

/** From the question mark on; empty without one. */
export function queryOf(line: string | undefined): string {
  const target = targetOf(line)
  if (target === none) return none
  const mark = target.indexOf('?')
  return mark === -1 ? '' : target.slice(mark)
}

export function versionOf(line: string | undefined): string {
  if (line === undefined) return none
  const start = line.indexOf(' ')
  if (start === -1) return none
  const end = line.indexOf(' ', start + 1)
  return end === -1 ? 'HTTP/0.9' : line.slice(end + 1)
}

function beforeQuery(target: string): string {
  const mark = target.indexOf('?')
  return mark === -1 ? target : target.slice(0, mark)
}
