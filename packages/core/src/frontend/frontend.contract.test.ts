import { engineContract, frontendSubject, isolate } from '../contract/index.ts'
import { http1Engine } from '../engines/http1/http1-engine.ts'

const fixture = new URL('./frontend.isolated.ts', import.meta.url)

engineContract(
  frontendSubject(
    'http1',
    () => http1Engine(),
    addresses => isolate(fixture, addresses),
  ),
)
