import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { connect as connectTls } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { outputOf, programText, startBoard } from "../board-fixture.ts";
import { join } from "./programs.ts";

const pem = (name: string): Buffer => readFileSync(new URL(`certificates/${name}`, import.meta.url));
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** An echo behind TLS. */
async function echo(options: { readonly requestCert?: boolean } = {}): Promise<{ port: number; seen: TLSSocket[] }> {
  const seen: TLSSocket[] = [];
  const server = createServer(
    { key: pem("server.key"), cert: pem("server.pem"), ca: pem("ca.pem"), rejectUnauthorized: false, ...options },
    (socket) => {
      seen.push(socket);
      socket.on("error", () => {});
      socket.pipe(socket);
    },
  );
  server.on("tlsClientError", () => {});
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as { port: number }).port, seen };
}

/** A board whose clock is right, with the authority's certificate on its flash. */
const prelude = `${join}
import ssl
from machine import RTC
def connected(port):
    s = socket.socket()
    s.connect(("127.0.0.1", port))
    return s
def secured(port, name="localhost", ca="ca.pem"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca: context.load_verify_locations(cafile=ca)
    return context.wrap_socket(connected(port), server_hostname=name)
def refused(*args):
    try:
        secured(*args)
        print("accepted")
    except Exception as error:
        print(type(error).__name__, error)
`;
const today = "RTC().datetime((2026, 6, 1, 0, 12, 0, 0, 0))\n";

async function printed(main: string): Promise<string> {
  const files = Object.fromEntries(
    ["ca.pem", "server.pem", "server.key", "client.pem", "client.key"].map((name) => [name, pem(name)]),
  );
  await using fixture = await startBoard({ mode: "real", files, main: `${prelude}${main}\nprint("end")\n` });
  await fixture.waitFor("end\r\n");
  return programText(fixture.take())
    .replaceAll("\r", "")
    .replace(/end\n$/, "");
}

describe("ssl", () => {
  it("talks to a server whose certificate holds, and can be polled", async () => {
    const { port } = await echo();
    const text = await printed(`${today}
s = secured(${port})
print(s.write(b"one\\ntwo\\nrest"), s.readline(), s.read(4))
p = select.poll()
p.register(s, select.POLLIN)
print([flags for _, flags in p.poll(1000)], s.read(4), p.poll(0))
print(len(s.getpeercert(True)), s.cipher()[1])
big = bytes(range(256)) * 100
s.setblocking(False)
sent, back = 0, bytearray()
while len(back) < len(big):
    sent += s.write(big[sent:sent + 4000]) or 0 if sent < len(big) else 0
    back.extend(s.read(4000) or b"")
print(bytes(back) == big)
s.close()
`);
    const size = Buffer.from(
      pem("server.pem")
        .toString()
        .replaceAll(/-----.*-----|\n/g, ""),
      "base64",
    ).length;
    expect(text).toBe(`12 b'one\\n' b'two\\n'\n[1] b'rest' []\n${size} TLSv1.3\nTrue\n`);
  });

  it("holds a certificate's dates against the board's clock, which starts in the year 2000", async () => {
    const { port } = await echo();
    const text = await printed(
      `refused(${port})\n${today}refused(${port})\nRTC().datetime((2101, 1, 1, 0, 0, 0, 0, 0))\nrefused(${port})\n`,
    );
    expect(text).toBe(
      "ValueError The certificate validity starts in the future\n\naccepted\nValueError The certificate validity has expired\n\n",
    );
  });

  it("refuses another name and an authority that is not trusted", async () => {
    const { port } = await echo();
    const text = await printed(
      `${today}refused(${port}, "elsewhere.test")\nrefused(${port}, "broker.test")\nrefused(${port}, "localhost", None)\n` +
        `refused(${port}, "localhost", "client.pem")\nrefused(${port}, None)\n`,
    );
    expect(text).toBe(
      "ValueError The certificate Common Name (CN) does not match with the expected CN\n\naccepted\n" +
        "ValueError The certificate is not correctly signed by the trusted CA\n\n".repeat(2) +
        "ValueError CERT_REQUIRED requires server_hostname\n",
    );
  });

  it("looks at nothing when it is told so, and by the old function", async () => {
    const { port } = await echo();
    const text = await printed(`
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_NONE
s = context.wrap_socket(connected(${port}))
s.write(b"a")
print(s.read(1))
s = ssl.wrap_socket(connected(${port}))
s.write(b"b")
print(s.read(1))
`);
    expect(text).toBe("b'a'\nb'b'\n");
  });

  it("shows its own certificate to a server that asks", async () => {
    const { port, seen } = await echo({ requestCert: true });
    const text = await printed(`${today}
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(cadata=open("ca.pem", "rb").read())
context.load_cert_chain("client.pem", "client.key")
s = context.wrap_socket(connected(${port}), server_hostname="localhost")
s.write(b"hi")
print(s.read(2))
`);
    expect(text).toBe("b'hi'\n");
    expect(seen[0]?.authorized).toBe(true);
    expect(seen[0]?.getPeerCertificate().subject.CN).toBe("board");
  });

  it("serves, with what a client had sent before", async () => {
    const main = `${prelude}${today}
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server.key")
server = socket.socket()
server.bind(("0.0.0.0", 0))
server.listen(1)
print("port", server.getsockname()[0], server.getsockname()[1], "!")
client, _ = server.accept()
time.sleep_ms(200)
s = context.wrap_socket(client, server_side=True)
print(s.readline())
s.write(b"served\\n")
s.close()
print("end")
`;
    const files = { "server.pem": pem("server.pem"), "server.key": pem("server.key") };
    await using fixture = await startBoard({ mode: "real", files, main });
    await fixture.waitFor("!");
    const [, host = "", port = ""] = /port (\S+) (\d+)/.exec(fixture.take()) ?? [];
    const client = connectTls({ host, port: Number(port), ca: pem("ca.pem"), servername: "localhost" });
    client.write("hello\n");
    const [answer] = (await once(client, "data")) as [Buffer];
    expect(answer.toString()).toBe("served\n");
    await fixture.waitFor("end\r\n");
    expect(fixture.take()).toContain("b'hello\\n'");
    client.destroy();
  });

  it("says what is wrong with what is no certificate, and with a peer that speaks no TLS", async () => {
    const text = await printed(`
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_NONE
context.load_verify_locations(cadata=b"nonsense")
listener = socket.socket()
listener.bind(("0.0.0.0", 0))
listener.listen(1)
def attempt():
    try:
        s = socket.socket()
        s.connect(listener.getsockname())
        peer, _ = listener.accept()
        peer.write(b"this is not TLS\\r\\n")
        context.wrap_socket(s)
    except Exception as error:
        print(type(error).__name__, error)
attempt()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_NONE
attempt()
`);
    expect(text).toMatch(/^ValueError invalid cert\nOSError \(-30592, /);
  });

  it("is not there in virtual time, and says so", async () => {
    const main = `${join}
import ssl
s = socket.socket()
s.connect(socket.getaddrinfo("broker.test", 1883)[0][-1])
try: ssl.wrap_socket(s)
except OSError as e: print(e.errno)
`;
    expect(await outputOf(main, { ms: 5000 })).toContain("95\r\n");
  });
});
