/**
 * Which key went where, and whether it came back to the same server.
 *
 * A key has moved where it was seen before and after a change of the pool, and went to another server after it: what
 * a hash is judged by. Keys that stray without any change are what a balancer does that does not look at keys.
 */

/** What became of the keys. */
export interface KeyFigures {
  /** Different keys that were seen. */
  readonly distinct: number
  /** Of the requests whose key had been seen before, the share that went to the server of the time before. */
  readonly sameServer: number
  /** How often a key was seen for the first time after a change of the pool, having been seen before it. */
  readonly compared: number
  /** How often it then went to another server. */
  readonly moved: number
  /** `moved` of `compared`; 0 where nothing could be compared. */
  readonly movedShare: number
}

export class KeyTracker {
  private readonly places = new Map<string, { server: number; epoch: number }>()
  private epoch = 0
  private returning = 0
  private same = 0
  private compared = 0
  private moved = 0

  /** From now on the pool is another one. */
  poolChanged(): void {
    this.epoch++
  }

  /** A request of this key goes to this server. */
  went(key: string, server: number): void {
    const place = this.places.get(key)
    if (place === undefined) {
      this.places.set(key, { server, epoch: this.epoch })
      return
    }
    this.returning++
    if (place.server === server) this.same++
    if (place.epoch !== this.epoch) {
      this.compared++
      if (place.server !== server) this.moved++
    }
    place.server = server
    place.epoch = this.epoch
  }

  figures(): KeyFigures {
    const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
    return {
      distinct: this.places.size,
      sameServer: share(this.same, this.returning),
      compared: this.compared,
      moved: this.moved,
      movedShare: share(this.moved, this.compared),
    }
  }
}
