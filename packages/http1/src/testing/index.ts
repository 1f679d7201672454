export { mutate, requestStream, responseStream } from './generate.ts'
export { llhttpReading } from './llhttp.ts'
export { below, onceIn, oneOf, type Random, seeded } from './random.ts'
export { disagreement, evenerReading, type Reading, type ReadMessage } from './reading.ts'
