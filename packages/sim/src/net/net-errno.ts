/**
 * Error numbers of sockets as MicroPython shows them on an ESP32.
 *
 * @source newlib `sys/errno.h` (lwIP on ESP-IDF uses its numbers), lwIP `netdb.h` for the name look-up
 */
export const netErrno = {
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  EACCES: 13,
  EINVAL: 22,
  ENFILE: 23,
  EPIPE: 32,
  EOPNOTSUPP: 95,
  ECONNRESET: 104,
  ECONNREFUSED: 111,
  EADDRINUSE: 112,
  ECONNABORTED: 113,
  ENETUNREACH: 114,
  ETIMEDOUT: 116,
  EHOSTUNREACH: 118,
  EINPROGRESS: 119,
  EALREADY: 120,
  EADDRNOTAVAIL: 125,
  EISCONN: 127,
  ENOTCONN: 128,
} as const;

/** What `getaddrinfo` raises when a name is not found: it is negative as it stands in the OSError. */
export const nameNotFound = -202;

/** The chip's number for an error code of Node's sockets. */
export function errnoOfHost(code: string | undefined): number {
  return Object.entries(netErrno).find(([name]) => name === code)?.[1] ?? netErrno.EIO;
}
