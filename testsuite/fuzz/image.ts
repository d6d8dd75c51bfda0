import {
  appDescriptionOf,
  decodeEspImage,
  decodeNvs,
  decodeOtaData,
  decodePartitionTable,
  encodeOtaData,
  encodePartitionTable,
  mergeParts,
  parsePartitionCsv,
  readFlashFile,
  readLittlefs,
} from "@espx/image";
import { readFileSync } from "node:fs";
import { type Row, type Suite, failures, figure } from "../figures/row.ts";
import { hostileBytes, outcomeOf } from "./mutation.ts";
import { type Reseal, resealLittlefs, resealNvs } from "./reseal.ts";
import { SeededRandom } from "./seeded-random.ts";

/** A decoder with samples that it takes, and what it may throw. */
interface FuzzTarget {
  readonly name: string;
  readonly decode: (bytes: Uint8Array) => unknown;
  readonly good: readonly Uint8Array[];
  readonly refusal: "ProtocolError" | "ConfigError";
  /** Applied to what was changed: without it a checksum keeps most of a decoder out of reach. */
  readonly reseal?: Reseal;
}

const TRIES = 1_000_000;
const SAMPLE_TRIES = 20_000;
/** Longer than any of these decodes takes by far: a loop that an input drives. */
const SLOW_MS = 1000;

/** What lies in flash, against hostile bytes: every decoder gives a value or its documented error, in time. */
export const imageFuzz: Suite = ({ sample, seed, note }) => {
  const tries = sample ? SAMPLE_TRIES : TRIES;
  const rows = targets().flatMap((target) => {
    note(`fuzz: ${target.name}, ${tries} inputs, seed ${seed}`);
    return attack(target, tries, seed);
  });
  return Promise.resolve(rows);
};

function attack(
  { name, decode, good, refusal, reseal = (bytes) => bytes }: FuzzTarget,
  tries: number,
  seed: number,
): readonly Row[] {
  const random = new SeededRandom(seed);
  let [wrong, slow, values] = [0, 0, 0];
  for (let index = 0; index < tries; index++) {
    const bytes = reseal(hostileBytes(random, good));
    const began = performance.now();
    const outcome = outcomeOf(decode, bytes);
    if (performance.now() - began > SLOW_MS && isSlowAgain(decode, bytes)) slow++;
    if (outcome === "value") values++;
    else if (outcome !== refusal) wrong++;
  }
  return [
    figure("fuzz", `${name}: tries`, tries, "inputs"),
    figure("fuzz", `${name}: taken as good`, values, "inputs"),
    failures("fuzz", `${name}: other errors`, wrong),
    failures("fuzz", `${name}: slower than ${SLOW_MS} ms`, slow),
  ];
}

/** A busy machine stalls once; what the bytes themselves cost, they cost each time. */
function isSlowAgain(decode: FuzzTarget["decode"], bytes: Uint8Array): boolean {
  const began = performance.now();
  outcomeOf(decode, bytes);
  return performance.now() - began > SLOW_MS;
}

function targets(): readonly FuzzTarget[] {
  const text = new TextEncoder();
  const csv = samples<{ text: string }>("partition-csv").map((each) => text.encode(each.text));
  const decoder = new TextDecoder();
  const app = samples<{ hex: string }>("app-image").map(({ hex }) => new Uint8Array(Buffer.from(hex, "hex")));
  const small = samples<Sparse & { blockSizeBytes: number }>("littlefs").filter((each) => each.blockSizeBytes === 256);
  const littlefs = small.map(unpack);
  const nvs = samples<Sparse>("nvs").map(unpack);
  const readSmall = (bytes: Uint8Array): unknown => readLittlefs(bytes, { blockSizeBytes: 256 });
  const tables = samples<Sparse>("partition-table").map(unpack);
  const ota = encodeOtaData([
    { sequence: 1, state: "valid" },
    { sequence: 2, state: "new" },
  ]);
  const refusal = "ProtocolError" as const;
  return [
    { name: "application image", decode: (bytes) => decodeEspImage(bytes), good: app, refusal },
    { name: "description", decode: (bytes) => appDescriptionOf(decodeEspImage(bytes)), good: app.slice(0, 1), refusal },
    { name: "partition table", decode: (b) => decodePartitionTable(b), good: tables, refusal },
    { name: "flash contents", decode: (b) => readFlashFile(b, unhashed), good: [contents(app), ...tables], refusal },
    { name: "partition CSV", decode: (b) => parsePartitionCsv(decoder.decode(b)), good: csv, refusal: "ConfigError" },
    { name: "OTA data", decode: decodeOtaData, good: [ota], refusal },
    { name: "NVS", decode: decodeNvs, good: nvs, refusal },
    { name: "NVS, resealed", decode: decodeNvs, good: nvs, refusal, reseal: resealNvs },
    { name: "littlefs", decode: readSmall, good: littlefs, refusal },
    { name: "littlefs, resealed", decode: readSmall, good: littlefs, refusal, reseal: resealLittlefs(256) },
  ];
}

/** Hashes are not what is attacked here. */
const unhashed = { sha256: () => new Uint8Array(32), md5: () => new Uint8Array(16) };

/** A small firmware from the ESP32's boot loader on. */
function contents(apps: readonly Uint8Array[]): Uint8Array {
  const [image = new Uint8Array()] = apps;
  const table = encodePartitionTable(parsePartitionCsv("factory,app,factory,0x10000,0x1000"));
  const parts = [
    { name: "boot loader", address: 0x1000, bytes: image },
    { name: "table", address: 0x8000, bytes: table },
    { name: "factory", address: 0x10000, bytes: image },
  ];
  return mergeParts(parts, { offset: 0x1000 });
}

interface Sparse {
  readonly bytes: {
    readonly sizeBytes: number;
    readonly parts: readonly { readonly at: number; readonly hex: string }[];
  };
}

/** The good cases of a vector file. */
function samples<Case>(name: string): readonly Case[] {
  const url = new URL(`../../packages/image/vectors/${name}.json`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(url, "utf8")) as { readonly cases: readonly (Case & { error?: string })[] };
  return cases.filter(({ error }) => error === undefined);
}

function unpack({ bytes: { sizeBytes, parts } }: Sparse): Uint8Array {
  const bytes = new Uint8Array(sizeBytes).fill(0xff);
  for (const { at, hex } of parts) bytes.set(Buffer.from(hex, "hex"), at);
  return bytes;
}
