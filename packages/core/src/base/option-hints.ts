/**
 * What somebody may have meant who gave an option that there is not: HAProxy's word for it, an option of another
 * place, or a slip of the pen.
 */

interface Place {
  /** The option, with what it is inside of. */
  readonly path: string
  /** Whose option it is. */
  readonly owner: string
}

const of = (path: string, owner: string): Place => ({ path, owner })
const backend = 'a backend'
const server = 'a server'
const frontend = 'a frontend'

/** HAProxy's words, and ours without their unit, in small letters and nothing else. */
const places: ReadonlyMap<string, Place> = new Map([
  ['maxconn', of('maxConnections', `${server} or ${frontend}`)],
  ['maxconnections', of('maxConnections', `${server} or ${frontend}`)],
  ['maxqueue', of('maxQueue', `${server} or ${backend}`)],
  ['slowstart', of('slowStartMs', server)],
  ['addr', of('checkAddress', server)],
  ['disabled', of("state: 'maintenance'", server)],
  ['ssl', of('address: https://…', server)],
  ['sni', of('tls.servername', server)],
  ['cafile', of('tls.ca', server)],
  ['verify', of('tls.rejectUnauthorized', server)],
  ['inter', of('checks.intervalMs', backend)],
  ['interval', of('checks.intervalMs', backend)],
  ['fastinter', of('checks.fastIntervalMs', backend)],
  ['downinter', of('checks.downIntervalMs', backend)],
  ['rise', of('checks.rise', backend)],
  ['fall', of('checks.fall', backend)],
  ['checker', of('checks.checker', backend)],
  ['httpchk', of('checks: { checker: httpCheck() }', backend)],
  ['timeoutcheck', of('checks.timeoutMs', backend)],
  ['balance', of('balancer', backend)],
  ['algorithm', of('balancer', backend)],
  ['cookie', of('affinity: insertCookie()', backend)],
  ['stick', of('affinity', backend)],
  ['queue', of('timeouts.queueMs', backend)],
  ['connect', of('timeouts.connectMs', backend)],
  ['server', of('timeouts.serverMs', backend)],
  ['response', of('timeouts.responseMs', backend)],
  ['tunnel', of('timeouts.tunnelMs', backend)],
  ['client', of('timeouts.clientMs', `${frontend} or httpHandler`)],
  ['httprequest', of('timeouts.httpRequestMs', `${frontend} or httpHandler`)],
  ['httpkeepalive', of('timeouts.httpKeepAliveMs', `${frontend} or httpHandler`)],
  ['backend', of('route', frontend)],
  ['defaultbackend', of('route', frontend)],
  ['usebackend', of('route', frontend)],
  ['bind', of('listen()', frontend)],
  ['errorfile', of('errorPages', `${frontend} or httpHandler`)],
  ['forwardfor', of('forwarded', `${frontend} or httpHandler`)],
  ['httpreuse', of('reuse', 'http1Engine')],
  ['poolmaxconn', of('maxIdle', 'http1Engine')],
  ['poolpurgedelay', of('idleMs', 'http1Engine')],
  ['nbthread', of('workers', 'runCluster')],
  ['nbproc', of('workers', 'runCluster')],
])

/**
 * A question or a remark to put into a message; empty where nothing comes to mind.
 * @param name what was given
 * @param names what there is
 */
export function hintFor(name: string, names: readonly string[]): string {
  const bare = bareName(name)
  const same = names.find(each => bareName(each) === bare)
  if (same !== undefined) return `did you mean ${same}?`
  // One letter is missing of a name of this very place: that is meant before anything elsewhere.
  const slip = bare.length > 4 ? nearest(bare, names, 1) : undefined
  if (slip !== undefined) return `did you mean ${slip}?`
  const place = places.get(bare) ?? places.get(bare.replace(/^timeout/, ''))
  if (place !== undefined) {
    const [outer = '', inner] = place.path.split(/[.:]/)
    if (names.includes(outer)) return `did you mean ${place.path}?`
    if (inner !== undefined && names.includes(inner)) return `did you mean ${inner}?`
    return `did you mean ${place.path} of ${place.owner}?`
  }
  const likely = nearest(bare, names, Number.POSITIVE_INFINITY)
  return likely === undefined ? '' : `did you mean ${likely}?`
}

/** The name that differs least: by a third of its letters, or by `most`. */
function nearest(bare: string, names: readonly string[], most: number): string | undefined {
  const [first] = names
    .map(name => ({ name, distance: distance(bare, bareName(name)) }))
    .filter(
      ({ name, distance }) => distance <= Math.min(most, Math.floor(Math.max(bare.length, name.length) / 3)),
    )
    .sort((a, b) => a.distance - b.distance)
  return first?.name
}

/** Without case, hyphens and unit. */
function bareName(name: string): string {
  return name
    .slice(0, 40)
    .replace(/Ms$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
}

/** How many letters must be put in, taken out, changed or swapped with the next one. O(length²), for short words. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let least = Math.min(change, (last[j] as number) + 1, (row[j - 1] as number) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] as number) + 1)
      }
      row.push(least)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] as number
}
