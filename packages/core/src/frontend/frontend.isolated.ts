/** A frontend with the http1 engine, in a process of its own: a fixture of the contract suite. */
import { runIsolated } from '../contract/isolated.ts'
import { frontendSubject } from '../contract/subject.ts'
import { http1Engine } from '../engines/http1/http1-engine.ts'

await runIsolated(frontendSubject('http1', () => http1Engine()))
