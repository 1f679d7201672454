import { engineContract, frontendSubject } from '../contract/index.ts'
import { http1Engine } from '../engines/http1/http1-engine.ts'

engineContract(frontendSubject('http1', () => http1Engine()))
