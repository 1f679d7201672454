export { engineContract } from './engine-contract.ts'
export { isolate, runIsolated } from './isolated.ts'
export {
  type ContractSubject,
  frontendSubject,
  httpHandlerSubject,
  type Isolated,
  type Memory,
  type Served,
  type SubjectOptions,
} from './subject.ts'
