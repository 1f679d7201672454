/** What the tests of tables share. */
import type { AffinityRequest } from '../affinity.ts'

/** A request of a client, with headers by their lower-case names. */
export function request(sourceAddress?: string, headers: Record<string, string> = {}): AffinityRequest {
  return { sourceAddress, header: name => headers[name] }
}

/** A response. */
export function response(headers: Record<string, string> = {}, setCookies: readonly string[] = []) {
  return { header: (name: string) => headers[name], setCookies }
}

/** A clock that stands until it is moved. */
export function handClock(time = 0) {
  return {
    time,
    now() {
      return this.time
    },
  }
}
