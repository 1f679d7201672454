/** Whose head a rule changes: that of the response once there is one, else that of the request. */
import type { Head } from '../head.ts'
import type { RequestScope, ResponseScope } from '../scope.ts'

export function headOf(scope: RequestScope): Head {
  return responding(scope) ? scope.response.head : scope.request.head
}

/** Whether there is a response. */
export function responding(scope: RequestScope): scope is ResponseScope {
  return (scope as Partial<ResponseScope>).response !== undefined
}
