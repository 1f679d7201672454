/**
 * HAProxy's own formats, as templates (manual sections 8.2.2 to 8.2.5). Each may be the beginning of one of your own.
 */

/** `option httplog`. */
export const httplog =
  '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r'

/**
 * `option httpslog`: what TLS settled, behind the same. Its four errors (of the connection, of the handshake, of the client's
 * certificate and of who signed it) are none: a connection that met with one carries no request.
 */
export const httpslog = `${httplog} 0/0000000000000000/0/0/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc`

/** `option httplog clf`: what reads the common log format reads this, with HAProxy's fields behind it. */
export const clf =
  '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl'

/** `option tcplog`. */
export const tcplog = '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq'
