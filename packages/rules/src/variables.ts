/** Names of variables: a scope and what is in it, `txn.user`. */

/** HAProxy's scopes: of the process, the connection, the request with its response, and of either of the two. */
const names = /^(?:proc|sess|txn|req|res)\.[A-Za-z0-9_.]+$/

/** Whether this is one. */
export function isVariableName(name: unknown): name is string {
  return typeof name === 'string' && names.test(name)
}
