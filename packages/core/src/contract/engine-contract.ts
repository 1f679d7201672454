/**
 * What is correct, for any engine behind any door: the suite that each combination passes unchanged.
 *
 * ```text
 * engineContract(httpHandlerSubject('http-proxy-3', () => httpProxy3Engine()))
 * ```
 */
import { describe } from 'vitest'
import { answers } from './answers.ts'
import { brokenServers } from './broken-servers.ts'
import { faithfulRequests } from './faithful-requests.ts'
import { faithfulResponses } from './faithful-responses.ts'
import { flow } from './flow.ts'
import { hostileMessages } from './hostile-messages.ts'
import { lifecycle } from './lifecycle.ts'
import { retries } from './retries.ts'
import type { ContractSubject } from './subject.ts'
import { tunnels } from './tunnels.ts'

/** The groups of tests, in their order. */
const groups: readonly (readonly [name: string, register: (subject: ContractSubject) => void])[] = [
  ['hostile messages', hostileMessages],
  ['faithful requests', faithfulRequests],
  ['faithful responses', faithfulResponses],
  ['broken servers', brokenServers],
  ['retries', retries],
  ['tunnels', tunnels],
  ['flow', flow],
  ['answers', answers],
  ['lifecycle', lifecycle],
]

/** Register the suite for this subject, in a vitest file. */
export function engineContract(subject: ContractSubject): void {
  describe(subject.name, () => {
    for (const [name, register] of groups) describe(name, () => register(subject))
  })
}
