/** What a door has for its rules, and for those of the backends behind it. */
import { hostname } from 'node:os'
import type { FrontendView, RequestScope, Surroundings } from '@evener/rules'
import type { RuleLists } from './rule-lists.ts'
import type { UniqueId } from './unique-id.ts'

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
  /** Undefined where requests get no name of their own. */
  readonly uniqueId: UniqueId<RequestScope> | undefined
  readonly around: Surroundings
  readonly counters: Denials
  /** How many requests had a {@link Transaction}. */
  requests: number
  /** Something that the host has plugged in threw: a rule of its own, say. */
  failed(error: unknown): void
}

/** Whether each request is one for the rules; else those alone are whose backend has some. */
export function seesAll({ lists, uniqueId }: DoorRules): boolean {
  return lists !== undefined || uniqueId !== undefined
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
