/** What the first line of a response says. */
import type { ResponseScope } from '../scope.ts'
import { fetch, type Value } from '../value.ts'

/** The status. */
export const status = (): Value<number, ResponseScope> =>
  fetch('status', 'int', 'response', ({ response }: ResponseScope) => response.status)
