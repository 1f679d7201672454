/** The http1 engine behind `httpHandler`, in a process of its own: a fixture of the contract suite. */
import { runIsolated } from '../../contract/isolated.ts'
import { httpHandlerSubject } from '../../contract/subject.ts'
import { http1Engine } from './http1-engine.ts'

await runIsolated(httpHandlerSubject('http1', () => http1Engine()))
