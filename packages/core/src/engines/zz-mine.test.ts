import { describe } from 'vitest'
import { flow } from '../contract/flow.ts'
import { isolate } from '../contract/isolated.ts'
import { httpHandlerSubject } from '../contract/subject.ts'
import { httpProxy3Engine } from './http-proxy-3.ts'

const subject = httpHandlerSubject('http-proxy-3', () => httpProxy3Engine(), addresses =>
  isolate(new URL('./http-proxy-3.isolated.ts', import.meta.url), addresses),
)
describe('flow', () => flow(subject))
