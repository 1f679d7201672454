/** What a door has for its rules, and for those of the backends behind it. */
import { hostname } from 'node:os'
import type { FrontendView, Surroundings } from '@evener/rules'
import type { RuleLists } from './rule-lists.ts'

/** What doors count of their rules. */
export interface Denials {
  /** Requests that rules denied, those kept waiting before it included. HAProxy's `dreq`. */
  requestsDenied: number
  /** Responses that rules denied. HAProxy's `dresp`. */
  responsesDenied: number
}

export interface DoorRules {
  /** Undefined where the door has no rules of its own. */
  readonly lists: RuleLists | undefined
  readonly around: Surroundings
  readonly counters: Denials
  /** Something that the host has plugged in threw: a rule of its own, say. */
  failed(error: unknown): void
}

/** @param frontend the door, as rules see it */
export function surroundings(frontend: FrontendView): Surroundings {
  return {
    now: Date.now,
    random: Math.random,
    hostname: hostname(),
    processId: process.pid,
    frontend,
  } as Surroundings
}
