export type { ClientCertificateFacts, TlsFacts } from './facts.ts'
