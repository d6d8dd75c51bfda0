// A page that uses boards through Web Serial. The browser here has no ports: `navigator.serial` is a stand-in whose bytes
// go over HTTP to the virtual boards of the test.
import { BootWatch, FlashSession, RawRepl, realClock, WebSerialLink, webFlashTools } from "/browser/browser.js";

class BridgedPort {
  readable = null;
  writable = null;
  #name;
  #stop;

  constructor(name) {
    this.#name = name;
  }

  getInfo() {
    return { usbVendorId: 0x10c4, usbProductId: 0xea60 };
  }

  async open({ baudRate }) {
    if (this.readable !== null) throw new DOMException("The port is already open.", "InvalidStateError");
    this.#stop = new AbortController();
    await this.#send("open", JSON.stringify({ baudRate }));
    const { body } = await fetch(`/port/${this.#name}/bytes`, { signal: this.#stop.signal });
    this.readable = body;
    this.writable = new WritableStream({ write: (chunk) => this.#send("write", chunk) });
  }

  async close() {
    if (this.readable.locked || this.writable.locked) throw new TypeError("Cannot close a port with a locked stream.");
    this.#stop.abort();
    this.readable = null;
    this.writable = null;
    await this.#send("close", "");
  }

  async setSignals({ dataTerminalReady, requestToSend }) {
    await this.#send("signals", JSON.stringify({ dtr: dataTerminalReady, rts: requestToSend }));
  }

  async #send(what, body) {
    const { ok } = await fetch(`/port/${this.#name}/${what}`, { method: "POST", body });
    if (!ok) throw new DOMException("The device has been lost.", "NetworkError");
  }
}

const ports = { flashed: new BridgedPort("flashed"), blank: new BridgedPort("blank") };
Object.defineProperty(navigator, "serial", { value: { getPorts: async () => Object.values(ports) } });

async function askPython() {
  const link = await WebSerialLink.open(ports.flashed, { serial: navigator.serial });
  const repl = new RawRepl(link, realClock);
  await repl.enter();
  const answer = await repl.exec("import sys\nprint(6 * 7, sys.platform)");
  await repl.leave();
  await link.close();
  return answer.trim();
}

async function flash() {
  const link = await WebSerialLink.open(ports.blank, { serial: navigator.serial });
  const session = await FlashSession.connect(link, realClock, { tools: webFlashTools, baudRate: 460800 });
  const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => (at * at) >> 7);
  const regions = [{ address: 0x10000, bytes }];
  const first = await session.write(regions);
  const again = await session.write(regions);
  const read = await session.read(0x10000, bytes.length);
  const { baudRate, isStub } = session;
  const chip = session.chip.target.name;
  const watch = new BootWatch(link, realClock);
  const left = await session.leave();
  const { kind } = await watch.outcome({ timeoutMs: 10_000 });
  session.release();
  await link.close();
  return { chip, baudRate, isStub, first, again, same: read.every((byte, at) => byte === bytes[at]), left, kind };
}

async function result() {
  try {
    return { python: await askPython(), flash: await flash() };
  } catch (error) {
    return { error: `${error.name}: ${error.message}\n${error.stack}`, code: error.code };
  }
}

await fetch("/done", { method: "POST", body: JSON.stringify(await result()) });
