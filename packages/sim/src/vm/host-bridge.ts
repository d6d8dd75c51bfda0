import { errno } from "./errno.ts";
import type { VmMemory } from "./memory.ts";
import { type HostToken, type HostValue, readValue, valueBytes, writeProxy, writeValue } from "./values.ts";

/** A function that Python may call, with plain data only. */
export type BridgeCall = (...args: readonly HostValue[]) => HostValue | HostToken;

/** Proxy of the table itself; those of its functions follow. 0 and 1 stand for things that are never given out. */
const tableProxy = 2;
const firstCallProxy = 3;

/**
 * The one way from Python to the host: a table of functions.
 *
 * The interpreter asks for attributes, calls and more by number; only the numbers of the table and of its functions
 * mean anything here, an attribute exists only on the table, and nothing but a call does anything. So no Python code
 * reaches a property, a constructor or an object of the host.
 */
export class HostBridge {
  readonly #memory: () => VmMemory;
  readonly #release: (reference: number) => void;
  readonly #calls: readonly BridgeCall[];
  readonly #proxies: ReadonlyMap<string, number>;
  readonly #held = new Set<number>();
  readonly #tokens = new Map<number, HostToken>();
  /** Tokens are numbered behind the functions, and no number comes twice. */
  #nextToken: number;

  constructor(
    calls: Readonly<Record<string, BridgeCall>>,
    vm: { readonly memory: () => VmMemory; readonly release: (reference: number) => void },
  ) {
    this.#memory = vm.memory;
    this.#release = vm.release;
    this.#calls = Object.values(calls);
    this.#proxies = new Map(Object.keys(calls).map((name, index) => [name, firstCallProxy + index]));
    this.#nextToken = firstCallProxy + this.#calls.length;
  }

  /** Numbers of the proxies that Python holds. */
  get held(): readonly number[] {
    return [...this.#held];
  }

  /** Takes over what another bridge of the same table had given out. */
  hold(proxies: readonly number[]): void {
    for (const proxy of proxies) this.#held.add(proxy);
  }

  /** Writes the table's proxy to `address`. */
  writeTable(address: number): void {
    this.#held.add(tableProxy);
    writeProxy(this.#memory(), address, tableProxy, false);
  }

  /** The imports through which the interpreter reaches the host. */
  imports(): Record<string, (...args: number[]) => number | void> {
    const none = (out: number): void => writeValue(this.#memory(), out, undefined);
    return {
      lookup_attr: (proxy = 0, name = 0, out = 0) => this.#lookup(proxy, name, out),
      call0: (proxy = 0, out = 0) => this.#call(proxy, [], out),
      call1: (proxy = 0, _bound = 0, a = 0, out = 0) => this.#call(proxy, [a], out),
      call2: (proxy = 0, _bound = 0, a = 0, b = 0, out = 0) => this.#call(proxy, [a, b], out),
      calln: (proxy = 0, _bound = 0, count = 0, args = 0, out = 0) =>
        this.#call(
          proxy,
          Array.from({ length: count }, (_, index) => args + valueBytes * index),
          out,
        ),
      proxy_js_free_obj: (proxy = 0) => this.#forget(proxy),
      js_check_existing: () => -1,
      has_attr: () => 0,
      store_attr: () => {},
      call0_kwarg: (_proxy, _bound, _count, _keys, _values, out = 0) => none(out),
      calln_kwarg: (_proxy, _bound, _count, _args, _kwCount, _keys, _values, out = 0) => none(out),
      js_subscr_load: (_proxy, _index, out = 0) => none(out),
      js_subscr_store: () => {},
      js_get_iter: (_proxy, out = 0) => none(out),
      js_iter_next: () => 0,
      js_reflect_construct: (_proxy, _count, _args, out = 0) => none(out),
      js_get_error_info: (_proxy, name = 0, message = 0) => (none(name), none(message)),
      js_get_proxy_js_ref_info: (out = 0) => (this.#memory().setU32(out, 0), this.#memory().setU32(out + 4, 0)),
      proxy_convert_mp_to_js_then_js_to_mp_obj_jsside: (out = 0) => none(out),
      proxy_convert_mp_to_js_then_js_to_js_then_js_to_mp_obj_jsside: (out = 0) => none(out),
      create_promise: (_setter, out = 0) => none(out),
      js_then_resolve: () => {},
      js_then_reject: () => {},
      js_then_continue: (_proxy, _resume, _resolve, _reject, out = 0) => none(out),
    };
  }

  #lookup(proxy: number, name: number, out: number): number {
    const found = proxy === tableProxy ? this.#proxies.get(this.#memory().string(name)) : undefined;
    if (found === undefined) return 0;
    writeProxy(this.#memory(), out, found, this.#held.has(found));
    this.#held.add(found);
    return 1;
  }

  #call(proxy: number, args: readonly number[], out: number): number {
    const values = args.map((address) => this.#plain(address));
    const result = this.#result(proxy, values);
    if (typeof result === "object") this.#writeToken(out, result);
    else writeValue(this.#memory(), out, result);
    return 0;
  }

  /** Numbers far off, which only a program that calls the host by itself passes, are its own fault. */
  #result(proxy: number, values: readonly HostValue[]): ReturnType<BridgeCall> {
    try {
      return this.#calls[proxy - firstCallProxy]?.(...values);
    } catch (error) {
      if (error instanceof RangeError) return -errno.EINVAL;
      throw error;
    }
  }

  #writeToken(out: number, token: HostToken): void {
    const number = this.#nextToken++;
    this.#tokens.set(number, token);
    writeProxy(this.#memory(), out, number, false);
  }

  /** Called while garbage is collected: no Python code may run in here. */
  #forget(proxy: number): void {
    this.#held.delete(proxy);
    this.#tokens.get(proxy)?.forgotten();
    this.#tokens.delete(proxy);
  }

  /** An object that is not plain data was registered with the interpreter while it crossed: it is given back. */
  #plain(address: number): HostValue {
    const value = readValue(this.#memory(), address);
    if (typeof value !== "object") return value;
    if ("reference" in value) this.#release(value.reference);
    return undefined;
  }
}
