export type { ProxyHeader, ProxyTls, ProxyTlv, ProxyTlvs } from './header.ts'
