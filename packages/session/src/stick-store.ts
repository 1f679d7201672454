/**
 * Where a stick table keeps what it remembers: from a client's key to a server's id.
 *
 * A store answers at once or with promises, each call as it likes: in memory, or on a server that processes
 * share. It forgets by itself what was not used for a time, if it was made to. How long a caller waits for a
 * store that hangs is the store's to bound.
 */
export interface StickStore {
  /**
   * The server remembered for a key, undefined where there is none. To be found is to be used: it stays
   * longer.
   */
  get(key: string): string | undefined | Promise<string | undefined>
  /** Remember a server for a key, in place of any other, from now on. */
  set(key: string, serverId: string): unknown
  /** Forget a key. */
  delete(key: string): unknown
}
