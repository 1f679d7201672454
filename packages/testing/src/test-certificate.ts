/**
 * A key and its self-signed certificate, so that TLS can be tested without making one.
 *
 * For `localhost`, `*.evener.test`, 127.0.0.1 and ::1; valid for a hundred years from 2025; it signs itself, so it
 * is also the `ca` that a client trusts. Not for: anything but tests. The key is public.
 */

/** `key` and `cert` in PEM; give `cert` as `ca` to the client. */
export const testCertificate: { readonly key: string; readonly cert: string } = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3DAotqCNFyWwTZ6s
8nWx+dPdh0fT51QzqIthlK+aMtShRANCAATgPKR6OyRC/F2+vFd9AHjCvruT5W3V
3TkLfJE/E5OlZahA05jsysdoxHs/OWhiqb9U3ZqmrG2VaQ4I2FlAc31c
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBvzCCAWSgAwIBAgIUFXf3NcKjODRzDSraQ/RwKVQXyhYwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE3MzIzNloYDzIxMjYxMDI5
MTczMjM2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATgPKR6OyRC/F2+vFd9AHjCvruT5W3V3TkLfJE/E5OlZahA05jsysdo
xHs/OWhiqb9U3ZqmrG2VaQ4I2FlAc31co4GRMIGOMB0GA1UdDgQWBBQXGQr+M+s0
f/HFLL387J0n/jpkMjAfBgNVHSMEGDAWgBQXGQr+M+s0f/HFLL387J0n/jpkMjA7
BgNVHREENDAygglsb2NhbGhvc3SCDSouZXZlbmVyLnRlc3SHBH8AAAGHEAAAAAAA
AAAAAAAAAAAAAAEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA
ri4Cg/4qxDIsvAp7dFfFLN8R6O2I0NylNSQcvU8EijwCIQCIzCq9c5Ba6NmPjVpg
QxQYOctBvRwg/Hc5oqJ6S+7YXw==
-----END CERTIFICATE-----
`,
}
