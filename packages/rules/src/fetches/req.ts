/** HAProxy's `req.…`: what a request's head and body say. `req.hdr('host')` is `req.hdr(host)`. */
import type { RequestScope } from '../scope.ts'
import { fetch, type Value } from '../value.ts'
import * as cookies from './cookies.ts'
import * as fields from './fields.ts'

const side: fields.Side<RequestScope> = {
  name: 'req',
  needs: 'request',
  headOf: ({ request }) => request.head,
}

/** A field's value: the last element of all its lists; in a test, each. @param occurrence one of them, see `hdr` */
export const hdr = (name: string, occurrence?: number): Value<string, RequestScope> =>
  fields.hdr(side, name, occurrence)

/** A field's whole line: for fields that are no lists, such as `User-Agent`. */
export const fhdr = (name: string, occurrence?: number): Value<string, RequestScope> =>
  fields.fhdr(side, name, occurrence)

/** How many elements a field's lists have. */
export const hdrCnt = (name?: string): Value<number, RequestScope> => fields.hdrCnt(side, name)

/** How many lines a field has. */
export const fhdrCnt = (name?: string): Value<number, RequestScope> => fields.fhdrCnt(side, name)

/** The number that a field's element begins with. */
export const hdrVal = (name: string, occurrence?: number): Value<number, RequestScope> =>
  fields.hdrVal(side, name, occurrence)

/** The address that a field's element is. */
export const hdrIp = (name = 'x-forwarded-for', occurrence?: number): Value<string, RequestScope> =>
  fields.hdrIp(side, name, occurrence)

/** The names of all fields. */
export const hdrNames = (delimiter?: string): Value<string, RequestScope> => fields.hdrNames(side, delimiter)

/** All lines of the head. */
export const hdrs = (): Value<string, RequestScope> => fields.hdrs(side)

/** All fields, in a binary form. */
export const hdrsBin = (): Value<string, RequestScope> => fields.hdrsBin(side)

/** A cookie's value. */
export const cook = (name?: string): Value<string, RequestScope> => cookies.cook(side, name)

/** How often a cookie is there. */
export const cookCnt = (name?: string): Value<number, RequestScope> => cookies.cookCnt(side, name)

/** The number that a cookie's value begins with. */
export const cookVal = (name?: string): Value<number, RequestScope> => cookies.cookVal(side, name)

/** The names of all cookies. */
export const cookNames = (delimiter?: string): Value<string, RequestScope> =>
  cookies.cookNames(side, delimiter)

/** The version: `1.0`, `1.1`, `2.0`. */
export const ver = (): Value<string, RequestScope> =>
  fetch('req.ver', 'str', 'request', ({ request }: RequestScope) => request.version)

/** The body, as far as it was waited for. Nothing where it was not. */
export const body = (): Value<string, RequestScope> =>
  fetch('req.body', 'bin', 'request', ({ request }: RequestScope) => request.body?.toString('latin1'))

/** How much of it has come. */
export const bodyLen = (): Value<number, RequestScope> =>
  fetch('req.body_len', 'int', 'request', ({ request }: RequestScope) => request.body?.length)

/** How long it is to be: what `Content-Length` says, or what has come where nothing says so. */
export const bodySize = (): Value<number, RequestScope> =>
  fetch(
    'req.body_size',
    'int',
    'request',
    ({ request }: RequestScope) => request.bodySize ?? request.body?.length,
  )

export {
  len,
  payload,
  payloadLv,
  protoHttp,
  rdpCookie,
  rdpCookieCnt,
  sslAlpn,
  sslEcExt,
  sslHelloType,
  sslSni,
  sslStExt,
  sslVer,
} from './content.ts'
export { bodyParam } from './parameters.ts'
