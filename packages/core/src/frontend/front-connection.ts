/** What a frontend knows of a client's connection, whichever protocol it speaks, or before it speaks any. */
export interface FrontConnection {
  /** True while no request is under way. */
  readonly idle: boolean
  /** Serve what is under way, and close after it. */
  closeSoon(): void
  /** Close now, whatever is under way. */
  destroy(): void
}
