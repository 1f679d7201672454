import { engineContract, httpHandlerSubject } from '../contract/index.ts'
import { httpProxy3Engine } from './http-proxy-3.ts'

engineContract(httpHandlerSubject('http-proxy-3', () => httpProxy3Engine()))
