/** HAProxy's `capture.…`: what was kept of the request as it came, for responses and logs. */
import { integerOption } from '../options.ts'
import type { RequestScope } from '../scope.ts'
import { fetch, type Value } from '../value.ts'
import { pathAndQuery } from './target.ts'

/** What rules have captured of the request in this slot. */
export const reqHdr = (slot: number): Value<string, RequestScope> => {
  integerOption('capture.req.hdr', slot, 0, 255)
  return fetch(
    `capture.req.hdr(${slot})`,
    'str',
    'request',
    ({ captures }: RequestScope) => captures?.request[slot],
  )
}

/** What rules have captured of the response in this slot. */
export const resHdr = (slot: number): Value<string, RequestScope> => {
  integerOption('capture.res.hdr', slot, 0, 255)
  return fetch(
    `capture.res.hdr(${slot})`,
    'str',
    'request',
    ({ captures }: RequestScope) => captures?.response[slot],
  )
}

/** Path and query as they were received, whatever rules have made of them. */
export const reqUri = (): Value<string, RequestScope> =>
  fetch('capture.req.uri', 'str', 'request', ({ request }: RequestScope) => pathAndQuery(request.target))

/** `HTTP/1.1` */
export const reqVer = (): Value<string, RequestScope> =>
  fetch('capture.req.ver', 'str', 'request', ({ request }: RequestScope) => `HTTP/${request.version}`)
