/**
 * The parts of a request's target, as HAProxy finds them: offsets into it, nothing is copied.
 *
 * ```text
 *   https://user@host:80/path?query        /path?query        *        host:80 (CONNECT)
 *                       └─ path ────        └─ path             no path   no path
 * ```
 */

const slash = 0x2f

/** Where the path begins, which goes on to the target's end; -1 where there is none. */
export function pathStart(target: string): number {
  const first = target.charCodeAt(0)
  if (first === slash) return 0
  const authority = authorityStart(target)
  if (authority < 0) return -1
  for (let at = authority; at < target.length; at++) {
    const code = target.charCodeAt(at)
    if (code === slash || code === 0x3f || code === 0x23) return at
  }
  return -1
}

/** Where the authority begins, behind `scheme://`; -1 where there is no scheme. */
function authorityStart(target: string): number {
  if (!isLetter(target.charCodeAt(0))) return -1
  const colon = target.indexOf('://')
  for (let at = 1; at < colon; at++) if (!isSchemeCharacter(target.charCodeAt(at))) return -1
  return colon < 0 ? -1 : colon + 3
}

/** Path and query; undefined for a target that has none. */
export function pathAndQuery(target: string): string | undefined {
  const start = pathStart(target)
  return start < 0 ? undefined : start === 0 ? target : target.slice(start)
}

let lastTarget = ''
let lastPath: string | undefined

/** The path without the query. The last one is remembered: the rules of a request ask for it one after the other. */
export function pathOf(target: string): string | undefined {
  if (target !== lastTarget) {
    lastPath = findPath(target)
    lastTarget = target
  }
  return lastPath
}

function findPath(target: string): string | undefined {
  const start = pathStart(target)
  if (start < 0) return undefined
  const mark = target.indexOf('?', start)
  return target.slice(start, mark < 0 ? target.length : mark)
}

function isLetter(code: number): boolean {
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

function isSchemeCharacter(code: number): boolean {
  return isLetter(code) || (code >= 0x2b && code <= 0x39 && code !== 0x2c && code !== slash)
}
