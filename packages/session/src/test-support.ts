/** Requests and responses as tests of cookies need them. */
import type { Affinity, AffinityRequest, AffinityResponse } from './affinity.ts'

export function requestWith(cookie?: string, more: Partial<AffinityRequest> = {}): AffinityRequest {
  return { header: name => (name === 'cookie' ? cookie : undefined), ...more }
}

export function responseWith(...setCookies: string[]): AffinityResponse {
  return { setCookies, header: () => undefined }
}

/** The Set-Cookie lines that a client sees of these, when it brings this cookie and this server serves it. */
export function seenLines(
  affinity: Affinity,
  cookie: string | undefined,
  serverId: string,
  ...lines: string[]
): string[] {
  const request = requestWith(cookie)
  const found = affinity.find(request) as string | undefined
  const edits = affinity.bind(request, serverId, found, responseWith(...lines))
  const kept = edits?.remove?.includes('set-cookie') === true ? [] : lines
  return [...kept, ...(edits?.append ?? []).filter(([name]) => name === 'set-cookie').map(([, line]) => line)]
}
