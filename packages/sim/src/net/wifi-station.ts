import type { WorkerContext } from "../worker/context.ts";
import type { AccessPoint, NetScript } from "./net-script.ts";

/** What `WLAN.status()` answers. @source MicroPython, ports/esp32/modnetwork.h and ESP-IDF's disconnect reasons */
const wifiStatus = {
  idle: 1000,
  connecting: 1001,
  gotIp: 1010,
  beaconTimeout: 200,
  noAccessPoint: 201,
  wrongPassword: 202,
} as const;

/** How long the steps of a connection take; a model, near to what a chip does on a quiet channel. */
const timing = { connectMs: 300, scanMs: 1500, handshakeMs: 1000, addressKeptMs: 120_000 } as const;

/** How long the DHCP client waits for an answer before its next question, s; the last one counts for all that follow. @source lwIP, dhcp.c */
const dhcpWaitsS = [2, 4, 8, 16, 32, 60] as const;

/** Refusals of the Wi-Fi driver, below every errno. */
const wifiRefusal = { notStarted: -1001, busy: -1002, notConnected: -1003 } as const;

/** Who wants to know what happens to the link. */
export interface LinkListener {
  up(): void;
  /** Out of reach; connections may survive. */
  down(): void;
  /** The address is gone, and every connection with it. */
  addressLost(): void;
}

/** The Wi-Fi station of a chip: it keeps trying until it is told not to, as MicroPython's driver does. */
export class WifiStation {
  readonly #context: WorkerContext;
  readonly #listener: LinkListener;
  #script: NetScript;
  #active = false;
  #wanted: { readonly ssid: string; readonly password: string } | undefined;
  #state: "idle" | "connecting" | "connected" = "idle";
  #reason = 0;
  #attempts = 0;
  #attemptsMax = 0;
  #questions = 0;
  #lostUntilMs = 0;
  #cancelAttempt: () => void = () => {};
  #cancelAddressLoss: () => void = () => {};

  constructor(context: WorkerContext, script: NetScript, listener: LinkListener) {
    this.#context = context;
    this.#script = script;
    this.#listener = listener;
  }

  get active(): boolean {
    return this.#active;
  }

  get connected(): boolean {
    return this.#state === "connected";
  }

  /** Most attempts after a failure; 0: without end. */
  set attemptsMax(count: number) {
    this.#attemptsMax = count;
  }

  status(): number {
    if (this.#state === "connected") return wifiStatus.gotIp;
    if (this.#reason === wifiStatus.noAccessPoint || this.#reason === wifiStatus.wrongPassword) return this.#reason;
    if (this.#state === "connecting") return wifiStatus.connecting;
    return this.#reason === 0 ? wifiStatus.idle : this.#reason;
  }

  /** dBm of the access point, or a refusal. */
  rssiDbm(): number {
    return this.#state === "connected" ? (this.#reachable()?.rssiDbm ?? -55) : wifiRefusal.notConnected;
  }

  setActive(active: boolean): void {
    if (active === this.#active) return;
    this.#active = active;
    if (active) return;
    this.#leave();
    this.#loseAddress();
  }

  /** Starts to connect; 0 or a refusal. */
  connect(ssid: string, password: string): number {
    if (!this.#active) return wifiRefusal.notStarted;
    if (this.#state === "connecting") return wifiRefusal.busy;
    if (this.#state === "connected") this.#leave();
    this.#wanted = { ssid, password };
    this.#reason = 0;
    this.#attempts = 0;
    this.#attempt();
    return 0;
  }

  /** Connects to the access point of last time. */
  reconnect(): number {
    return this.connect(this.#wanted?.ssid ?? "", this.#wanted?.password ?? "");
  }

  disconnect(): number {
    if (!this.#active) return wifiRefusal.notStarted;
    this.#leave();
    return 0;
  }

  /** Blocks as long as a scan takes; the access points in reach, or undefined after Ctrl-C. */
  scan(): readonly AccessPoint[] | undefined {
    const result = this.#context.until(() => undefined, timing.scanMs);
    if (result === "interrupted") return undefined;
    return this.#inReach() ? this.#script.accessPoints.filter(({ up }) => up) : [];
  }

  setScript(script: NetScript): void {
    this.#script = script;
    if (this.#state === "connected" && this.#reachable() === undefined) this.#dropOut();
  }

  /** The air fails: at least for a moment, or for `forMs`. */
  loseLink(forMs: number): void {
    this.#lostUntilMs = this.#context.now() + forMs;
    if (this.#state === "connected") this.#dropOut();
  }

  #attempt(): void {
    this.#state = "connecting";
    const target = this.#reachable();
    if (target === undefined) return this.#endAttempt(timing.scanMs, () => this.#failed(wifiStatus.noAccessPoint));
    if (!this.#accepts(target))
      return this.#endAttempt(timing.handshakeMs, () => this.#failed(wifiStatus.wrongPassword));
    this.#questions = 0;
    this.#endAttempt(timing.connectMs, () => this.#arrived());
  }

  #endAttempt(afterMs: number, end: () => void): void {
    this.#cancelAttempt = this.#context.at(this.#context.now() + afterMs, end);
  }

  /** Between the first beacon and the address, the air may have changed. */
  #arrived(): void {
    const target = this.#reachable();
    if (target === undefined || !this.#accepts(target)) return this.#attempt();
    this.#reason = 0;
    if (this.#script.dhcpFails) return this.#askAgain();
    this.#state = "connected";
    this.#attempts = 0;
    this.#cancelAddressLoss();
    this.#listener.up();
  }

  /** On the access point, but without an address: for a program that is still connecting. */
  #askAgain(): void {
    const waitS = dhcpWaitsS[Math.min(this.#questions++, dhcpWaitsS.length - 1)] ?? 0;
    this.#endAttempt(waitS * 1000, () => this.#arrived());
  }

  #failed(reason: number): void {
    this.#reason = reason;
    this.#attempts += 1;
    if (this.#attemptsMax > 0 && this.#attempts >= this.#attemptsMax) this.#state = "idle";
    else this.#attempt();
  }

  #dropOut(): void {
    this.#goDown();
    this.#reason = wifiStatus.beaconTimeout;
    this.#attempt();
  }

  #leave(): void {
    this.#cancelAttempt();
    if (this.#state === "connected") this.#goDown();
    this.#state = "idle";
    this.#reason = 0;
  }

  #goDown(): void {
    this.#listener.down();
    this.#cancelAddressLoss = this.#context.at(this.#context.now() + timing.addressKeptMs, () => this.#loseAddress());
  }

  #loseAddress(): void {
    this.#cancelAddressLoss();
    this.#listener.addressLost();
  }

  #inReach(): boolean {
    return this.#context.now() >= this.#lostUntilMs;
  }

  #reachable(): AccessPoint | undefined {
    if (!this.#inReach()) return undefined;
    return this.#script.accessPoints.find(({ ssid, up }) => up && ssid === this.#wanted?.ssid);
  }

  #accepts(target: AccessPoint): boolean {
    return !this.#script.wrongPassword && (target.password === "" || target.password === this.#wanted?.password);
  }
}
