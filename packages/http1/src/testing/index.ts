export { mutate, requestStream, responseStream } from './generate.ts'
export { type LlhttpOptions, LlhttpReader, llhttpReading } from './llhttp.ts'
export { below, onceIn, oneOf, type Random, seeded } from './random.ts'
export { disagreement, evenerReading, type Reading, type ReadMessage } from './reading.ts'
