/** HAProxy's `res.…`: what a response's head says. */
import type { ResponseScope } from '../scope.ts'
import { fetch, type Value } from '../value.ts'
import * as cookies from './cookies.ts'
import * as fields from './fields.ts'

const side: fields.Side<ResponseScope> = {
  name: 'res',
  needs: 'response',
  headOf: ({ response }) => response.head,
}

/** A field's value: the last element of all its lists; in a test, each. @param occurrence one of them, see `hdr` */
export const hdr = (name: string, occurrence?: number): Value<string, ResponseScope> =>
  fields.hdr(side, name, occurrence)

/** A field's whole line. */
export const fhdr = (name: string, occurrence?: number): Value<string, ResponseScope> =>
  fields.fhdr(side, name, occurrence)

/** How many elements a field's lists have. */
export const hdrCnt = (name?: string): Value<number, ResponseScope> => fields.hdrCnt(side, name)

/** How many lines a field has. */
export const fhdrCnt = (name?: string): Value<number, ResponseScope> => fields.fhdrCnt(side, name)

/** The number that a field's element begins with. */
export const hdrVal = (name: string, occurrence?: number): Value<number, ResponseScope> =>
  fields.hdrVal(side, name, occurrence)

/** The address that a field's element is. */
export const hdrIp = (name = 'x-forwarded-for', occurrence?: number): Value<string, ResponseScope> =>
  fields.hdrIp(side, name, occurrence)

/** The names of all fields. */
export const hdrNames = (delimiter?: string): Value<string, ResponseScope> => fields.hdrNames(side, delimiter)

/** All lines of the head. */
export const hdrs = (): Value<string, ResponseScope> => fields.hdrs(side)

/** All fields, in a binary form. */
export const hdrsBin = (): Value<string, ResponseScope> => fields.hdrsBin(side)

/** The value of a cookie that the response sets. */
export const cook = (name?: string): Value<string, ResponseScope> => cookies.cook(side, name)

/** How often it is set. */
export const cookCnt = (name?: string): Value<number, ResponseScope> => cookies.cookCnt(side, name)

/** The number that its value begins with. */
export const cookVal = (name?: string): Value<number, ResponseScope> => cookies.cookVal(side, name)

/** The names of all cookies that the response sets. */
export const cookNames = (delimiter?: string): Value<string, ResponseScope> =>
  cookies.cookNames(side, delimiter)

/** The version: `1.0`, `1.1`. */
export const ver = (): Value<string, ResponseScope> =>
  fetch('res.ver', 'str', 'response', ({ response }: ResponseScope) => response.version)
