import type { BackendView, RequestScope } from '../scope.ts'
import { fetch, type Value } from '../value.ts'

/** A number of a backend: of that one, or of the request's where none is given. */
export function backendNumber(
  keyword: string,
  backend: BackendView | undefined,
  read: (one: BackendView) => number | undefined,
): Value<number, RequestScope> {
  if (backend !== undefined)
    return fetch(`${keyword}(${backend.name})`, 'int', 'connection', () => read(backend))
  return fetch(keyword, 'int', 'request', (scope: RequestScope) =>
    scope.backend === undefined ? undefined : read(scope.backend),
  )
}
