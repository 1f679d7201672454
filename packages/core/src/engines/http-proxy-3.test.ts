import { engineContract, httpHandlerSubject, isolate } from '../contract/index.ts'
import { httpProxy3Engine } from './http-proxy-3.ts'

const fixture = new URL('./http-proxy-3.isolated.ts', import.meta.url)

engineContract(
  httpHandlerSubject(
    'http-proxy-3',
    () => httpProxy3Engine(),
    addresses => isolate(fixture, addresses),
  ),
)
