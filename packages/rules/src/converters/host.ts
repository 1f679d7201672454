/** The two parts of what a `Host` field says: RFC 9110 section 7.2. */
import { type Converter, converter } from '../value.ts'
import { lowerCase } from './letters.ts'

/** The name or address, in lower case, with the brackets of IPv6. */
export const hostOnly = (): Converter<string, string> =>
  converter('host_only', 'str', 'str', text => {
    const colon = portColon(text)
    return lowerCase(colon < 0 ? text : text.slice(0, colon))
  })

/** The port; 0 where there is none. */
export const portOnly = (): Converter<string, number> =>
  converter('port_only', 'str', 'int', text => {
    const colon = portColon(text)
    let port = 0
    for (let at = colon + 1; colon >= 0 && at < text.length; at++) {
      const digit = text.charCodeAt(at) - 0x30
      if (digit < 0 || digit > 9) break
      port = (port * 10 + digit) >>> 0
    }
    return port
  })

/** The last colon, unless a bracket is behind it. */
function portColon(text: string): number {
  const colon = text.lastIndexOf(':')
  return colon < text.lastIndexOf(']') ? -1 : colon
}
