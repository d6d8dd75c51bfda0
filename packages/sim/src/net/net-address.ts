/** Where a datagram came from, or a connection leads to. */
export interface NetAddress {
  readonly address: string;
  readonly port: number;
}
