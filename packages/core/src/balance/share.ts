/**
 * How much a server may take: what was configured, what its agent says instead, and what of it is in force while it starts
 * slowly or is tried.
 *
 * Invariant: `weight` and `limit` are what `decide` made of the rest; whoever changes the rest calls it.
 * Cost: reading is a field.
 */
export class Share {
  configuredWeight: number
  /** 0 for no limit. */
  maxConnections: number
  /** What the agent said: a weight, or a percentage of the configured one; at most one of them. */
  agentWeight: number | undefined
  agentPercent: number | undefined
  agentMaxConnections: number | undefined

  /** In force: in steps of 1/16, so that a slow start works for a weight of 1 as well. */
  weight: number
  /** In force: 0 for no limit. */
  limit: number

  constructor(weight: number, maxConnections: number) {
    this.configuredWeight = weight
    this.weight = weight
    this.maxConnections = maxConnections
    this.limit = maxConnections
  }

  /**
   * Decide anew.
   * @param started how far a slow start has come: above 0, at most 1
   * @param trials how many requests are tried at once, where the circuit is half-open
   */
  decide(started: number, trials: number | undefined): void {
    const percent = this.agentPercent ?? 100
    const weight = this.agentWeight ?? Math.min((this.configuredWeight * percent) / 100, 256)
    // Never nothing, unless the whole is nothing.
    this.weight = weight === 0 ? 0 : Math.ceil(weight * 16 * Math.min(started, 1) - 1e-9) / 16
    let limit = this.agentMaxConnections ?? this.maxConnections
    if (limit > 0 && started < 1) limit = Math.max(1, Math.floor(limit * started))
    if (trials !== undefined) limit = limit === 0 ? trials : Math.min(limit, trials)
    this.limit = limit
  }
}
