import { engineContract, httpHandlerSubject, isolate } from '../../contract/index.ts'
import { http1Engine } from './http1-engine.ts'

const fixture = new URL('./http1-engine.isolated.ts', import.meta.url)

engineContract(
  httpHandlerSubject(
    'http1',
    () => http1Engine(),
    addresses => isolate(fixture, addresses),
  ),
)
