/**
 * When a rule runs, and so what it can ask for.
 *
 * Types say it first: a rule of the request takes values that need a {@link RequestScope} or less, and one that needs a
 * response does not compile. Those who write no types, templates and configurations are told at construction.
 */
import { refuse } from './options.ts'

/**
 * `connection`: accepted, nothing read. `content`: what a client of layer 4 has sent so far. `request`, `response`: the
 * head has come. `log`: all is over.
 */
export type Stage = 'connection' | 'content' | 'request' | 'response' | 'log'

/** What is known at each stage is what these need. */
const known: Readonly<Record<Stage, readonly Stage[]>> = {
  connection: ['connection'],
  content: ['connection', 'content'],
  request: ['connection', 'request'],
  response: ['connection', 'request', 'response'],
  log: ['connection', 'content', 'request', 'response', 'log'],
}

/** Whether what needs the one stage can be had at the other. */
export function isKnownAt(needed: Stage, at: Stage): boolean {
  return known[at].includes(needed)
}

/**
 * The stage that both need: the later one.
 * @throws {RuleError} `EVENER_INVALID_OPTION` where no stage knows both: a request's head and bytes of layer 4
 */
export function laterStage(field: string, one: Stage, other: Stage): Stage {
  if (isKnownAt(one, other)) return other
  if (isKnownAt(other, one)) return one
  return refuse(field, `both ${one} and ${other}`, 'what is known at one time')
}
