/** Connections with clients now, at all doors of this process that accept connections. HAProxy's `%ac`. */
export const processConnections = { now: 0 }
