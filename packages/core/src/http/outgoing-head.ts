/**
 * The head with which a request goes on to a server: what came, without what ends at this hop and what an affinity keeps
 * to itself, with what servers are told of the client.
 */
import type { Affinity, HeaderEdits } from '@evener/session'
import type { Server } from '../balance/server.ts'
import type { Forwarding } from './forwarded.ts'
import { changedNames, headText } from './head-text.ts'
import type { Headers } from './headers.ts'
import type { ClientRequest } from './request.ts'

/**
 * The whole head, request line and empty line included.
 * @param ownLines the engine's, each with its CRLF
 */
export function outgoingHead(
  request: ClientRequest,
  server: Server,
  forwarding: Forwarding,
  affinity: Affinity | undefined,
  ownLines: string,
): string {
  const { drop, added } = forwarding.plan(request)
  const first = `${request.method} ${request.uri} HTTP/1.1\r\n${missingHost(request, server)}`
  const { edits } = request
  const concealed = affinity?.conceal?.(request)
  if (edits === undefined) return headText(first, request, drop, concealed, added + ownLines)
  return headText(first, request.came ?? request, drop, onTop(edits, concealed), added + ownLines)
}

/** Edits of rules, and those of an affinity, which has seen the request as the rules left it. */
function onTop(edits: HeaderEdits, later: HeaderEdits | undefined): HeaderEdits {
  if (later === undefined) return edits
  const gone = changedNames(later)
  const kept = edits.append?.filter(([name]) => !gone.includes(name.toLowerCase())) ?? []
  return {
    remove: [...(edits.remove ?? []), ...gone],
    append: [...kept, ...(later.set ?? []), ...(later.append ?? [])],
  }
}

/** The fields of a head's text as names and values in turn. */
export function fieldsOf(head: string): Headers {
  const [, ...lines] = head.split('\r\n')
  const headers: Headers = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon !== -1) headers.push(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  return headers
}

/**
 * HTTP/1.0 may name the host in the target alone, of which only the path goes on, or not at all; in HTTP/1.1, in which
 * the request goes on, there must be one (RFC 9112 section 3.2).
 */
function missingHost(request: ClientRequest, { address }: Server): string {
  if ((request.versionMinor === 1 && request.edited !== true) || request.header('host') !== undefined)
    return ''
  return `Host: ${request.authority || (address.path === undefined ? address.text : 'localhost')}\r\n`
}
