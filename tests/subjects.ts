/** Every combination of door and engine that the tests of this folder hold to the same promises. */
import { http1Engine, httpProxy3Engine } from '@evener/core'
import { type ContractSubject, frontendSubject, httpHandlerSubject } from '@evener/core/contract'

export const subjects: readonly ContractSubject[] = [
  httpHandlerSubject('http-proxy-3', () => httpProxy3Engine()),
  httpHandlerSubject('http1', () => http1Engine()),
  frontendSubject('http1', () => http1Engine()),
]
