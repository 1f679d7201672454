/** What logs ask of an affinity that is a cookie. */
import type { AffinityCookie } from './affinity.ts'
import type { CookieReader } from './cookie-reader.ts'
import { setsCookie } from './server-cookies.ts'

export function affinityCookie(
  mode: AffinityCookie['mode'],
  name: string,
  reader: CookieReader,
): AffinityCookie {
  return {
    mode,
    presented: (request, isServer) => reader.presented(request, isServer),
    isSetBy: response => setsCookie(response.setCookies, name),
  }
}
