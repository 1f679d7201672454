/**
 * What became of the cookie of a persistent session, in HAProxy's two letters (manual section 8.5): the client's, and what
 * it was told. `-` where the backend has none.
 */
import type { AffinityResponse, HeaderEdits } from '@evener/session'
import type { Dispatch } from '../balance/dispatch.ts'

const shown = { none: 'N', unknown: 'I', idle: 'E', old: 'O' } as const

/**
 * ```text
 * N none   I names no server   E idle too long   O too old   D names one that is down   V names the one that served it
 * ```
 */
export function requestCookieState({ backend, request, found, server }: Dispatch): string {
  const cookie = backend.affinity?.cookie
  if (cookie === undefined) return '-'
  const presented = cookie.presented(request, id => backend.server(id) !== undefined)
  if (presented !== 'named') return shown[presented]
  const serves = found !== undefined && (server === undefined || server.id === found)
  return serves ? 'V' : 'D'
}

/**
 * ```text
 * N none   I inserted   U inserted anew   R rewritten   D deleted   P the server's own, left as it was
 * ```
 */
export function responseCookieState(
  dispatch: Dispatch,
  response: AffinityResponse,
  edits: HeaderEdits | undefined,
): string {
  const cookie = dispatch.backend.affinity?.cookie
  if (cookie === undefined) return '-'
  const byServer = cookie.isSetBy(response)
  const told = edits !== undefined && (edits.append ?? edits.set ?? []).some(isSetCookie)
  if (cookie.mode === 'insert') {
    if (told) return dispatch.found === dispatch.server?.id ? 'U' : 'I'
    return byServer ? (edits === undefined ? 'P' : 'D') : 'N'
  }
  if (!byServer) return 'N'
  if (edits === undefined) return 'P'
  return cookie.mode === 'passive' || !told ? 'D' : 'R'
}

function isSetCookie([name]: readonly [name: string, value: string]): boolean {
  return name.toLowerCase() === 'set-cookie'
}
