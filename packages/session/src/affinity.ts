/**
 * The contract of session persistence: which server does this client belong to.
 *
 * An affinity is asked before the balancer. It answers with a server's id or with nothing; whether that
 * server can still be used is the backend's decision. What it wants to tell the client (a cookie) it says as
 * edits to the response's headers, which only the attempt that won commits.
 */

/** What an affinity may know of a request. */
export interface AffinityRequest {
  /** The client's address as text, IPv4 or IPv6, without port. */
  readonly sourceAddress?: string | undefined
  /** True where the client's connection is encrypted. */
  readonly secure?: boolean | undefined
  /** The request target in origin form: path and query as they were received. */
  readonly uri?: string | undefined
  /** The method, in the case it was received. */
  readonly method?: string | undefined
  /**
   * A request header by its lower-case name; several values are joined as RFC 9110 has it (`; ` for
   * cookies).
   */
  header(name: string): string | undefined
  /**
   * At layer 4, the connection's first bytes, as many as have come so far. Undefined where nobody waits for them, see
   * {@link Affinity.bodyWanted}. They stand until the next call.
   */
  body?(): Uint8Array | undefined
}

/** What an affinity may know of the response that the server gave, before anything was changed in it. */
export interface AffinityResponse {
  /** A response header by its lower-case name; several values are joined with `, `. Not for `set-cookie`. */
  header(name: string): string | undefined
  /** The values of the Set-Cookie headers, one for each line: they contain commas and cannot be joined. */
  readonly setCookies: readonly string[]
}

/**
 * Changes to a message's headers. Names are compared without case.
 *
 * They are applied in this order: `remove`, `set`, `append`. So one of several lines of a name is taken out
 * by removing the name and appending the lines that stay.
 */
export interface HeaderEdits {
  /** Headers that replace those of the same name. */
  readonly set?: readonly (readonly [name: string, value: string])[] | undefined
  /** Headers added beside those of the same name. */
  readonly append?: readonly (readonly [name: string, value: string])[] | undefined
  /** Headers taken out, all of that name. */
  readonly remove?: readonly string[] | undefined
}

/** A server, as far as an affinity may know it. */
export interface AffinityServer {
  readonly id: string
  /** An IP address as text, IPv6 without brackets; or a host name; empty for a unix socket. */
  readonly host: string
  /** 1 to 65535; 0 for a unix socket. */
  readonly port: number
}

/** A mark that travels in a cookie, for logs: HAProxy's cookie characters (manual section 8.5). */
export interface AffinityCookie<R extends AffinityRequest = AffinityRequest> {
  readonly mode: 'insert' | 'rewrite' | 'prefix' | 'passive'
  /**
   * What the client has shown: no such cookie; one that is not genuine or names no server; one that was not used for too
   * long, or is too old; or one that names a server, whatever that one's state.
   * @param isServer whether a server of this id is there
   */
  presented(request: R, isServer: (id: string) => boolean): 'none' | 'unknown' | 'idle' | 'old' | 'named'
  /** Whether the server itself sets a cookie of this name. */
  isSetBy(response: AffinityResponse): boolean
}

/** One way of remembering a client's server. */
export interface Affinity<R extends AffinityRequest = AffinityRequest> {
  /** `cookie`, `stick-table`, …: for logs. */
  readonly name: string

  /**
   * The servers there are, in their order: told when the backend is made, and again when one comes or goes; not
   * when one goes up or down. An affinity that has this serves one backend.
   */
  rebuild?: ((servers: readonly AffinityServer[]) => void) | undefined

  /** Where it is a cookie. */
  readonly cookie?: AffinityCookie<R> | undefined

  /**
   * How many bytes of {@link AffinityRequest.body} it wants to see before it is asked; 0 for none. Asked before the first
   * have come and each time more have, until it wants no more than there are. It may be asked sooner: when the client has
   * ended, or does not send them in time. Absent in those that look at none. Only doors at layer 4 heed it.
   */
  bodyWanted?(request: R): number

  /**
   * The id of the server this client belongs to, or undefined. Never throws; a forged, expired or foreign
   * mark is the same as none. A promise where the answer is kept outside the process.
   *
   * @param usable whether the client could be sent to this server now: of several marks, the first whose server
   *   passes counts. Any server passes where it is left out. An answer that does not pass is allowed, and is the
   *   same as none
   */
  find(
    request: R,
    usable?: ((serverId: string) => boolean) | undefined,
  ): string | undefined | Promise<string | undefined>

  /** Edits to the request as the server will see it: an indirect cookie is taken out here. */
  conceal?(request: R): HeaderEdits | undefined

  /**
   * The client was served by this server: remember it.
   *
   * Never throws. Once for each request, when the head of the final response is known (not for a 1xx).
   *
   * @param request the same object, with the same headers, that {@link find} saw: not as {@link conceal}
   *   left it
   * @param found what {@link find} answered for this request
   * @param response the server's answer; where it is left out, it is taken to be one that sets no cookie and
   *   may be cached
   * @returns edits to the response as the client will see it
   */
  bind(
    request: R,
    serverId: string,
    found: string | undefined,
    response?: AffinityResponse | undefined,
  ): HeaderEdits | undefined
}
