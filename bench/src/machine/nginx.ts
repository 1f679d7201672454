/** What every nginx of the bench begins its configuration with, as a server and as a proxy. */
export function nginxPreamble(directory: string): string {
  return `# One process, in the foreground: its pid is all there is to measure and to end.
daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr crit;
worker_rlimit_nofile 20000;
events { worker_connections 16384; }
http {
  access_log off;
  default_type text/plain;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;`
}
