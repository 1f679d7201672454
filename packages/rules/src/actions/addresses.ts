/** HAProxy's `set-src`, `set-dst`, `set-src-port`, `set-dst-port`: whom rules, logs and header rules see from now on. */
import { Rule } from '../action.ts'
import { canonicalAddress } from '../address.ts'
import { refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { ConnectionScope } from '../scope.ts'
import { isValue } from '../text.ts'
import type { Value } from '../value.ts'
import { type Numeric, readNumber } from './number.ts'

/** The client is taken to have this address from now on; what is no address changes nothing. HAProxy's `set-src`. */
export function setSrc<S>(address: Value<Sample, S>): Rule<ConnectionScope & S> {
  return addressed('set-src', 'source', address)
}

/** The client is taken to have connected to this address. HAProxy's `set-dst`. */
export function setDst<S>(address: Value<Sample, S>): Rule<ConnectionScope & S> {
  return addressed('set-dst', 'destination', address)
}

function addressed<S>(
  keyword: string,
  end: 'source' | 'destination',
  value: Value<Sample, S>,
): Rule<ConnectionScope & S> {
  if (!isValue(value)) refuse(keyword, value, 'a value, such as req.hdr()')
  const { read } = value
  return new Rule<ConnectionScope & S>(
    `${keyword} ${value.text}`,
    value.needs,
    scope => {
      const sample = read(scope)
      const address = typeof sample === 'string' ? canonicalAddress(sample.trim()) : undefined
      if (address !== undefined) scope.carrier.setAddress(end, address, undefined)
      return undefined
    },
    ['connection', 'content', 'request'],
  )
}

/** The client is taken to have this port. HAProxy's `set-src-port`. @throws {RuleError} */
export function setSrcPort<S = unknown>(port: Numeric<S>): Rule<ConnectionScope & S> {
  return ported('set-src-port', 'source', port)
}

/** The client is taken to have connected to this port. HAProxy's `set-dst-port`. @throws {RuleError} */
export function setDstPort<S = unknown>(port: Numeric<S>): Rule<ConnectionScope & S> {
  return ported('set-dst-port', 'destination', port)
}

function ported<S>(
  keyword: string,
  end: 'source' | 'destination',
  given: Numeric<S>,
): Rule<ConnectionScope & S> {
  const port = readNumber<S>(keyword, given, 0, 65_535)
  return new Rule<ConnectionScope & S>(
    `${keyword} ${port.text}`,
    port.needs,
    scope => {
      const number = port.read(scope)
      if (number !== undefined) scope.carrier.setAddress(end, undefined, number)
      return undefined
    },
    ['connection', 'content', 'request'],
  )
}
