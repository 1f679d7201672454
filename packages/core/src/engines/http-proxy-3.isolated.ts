/** The http-proxy-3 engine behind `httpHandler`, in a process of its own: a fixture of the contract suite. */
import { runIsolated } from '../contract/isolated.ts'
import { httpHandlerSubject } from '../contract/subject.ts'
import { httpProxy3Engine } from './http-proxy-3.ts'

await runIsolated(httpHandlerSubject('http-proxy-3', () => httpProxy3Engine()))
