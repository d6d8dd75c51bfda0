import { parseConfigText, type Release } from "@espx/proto";
import type { Context } from "../context.ts";
import type { Setting, Settings } from "../project/config-source.ts";
import { buildConfig } from "../project/device-config.ts";
import type { Profile } from "../project/profile.ts";
import type { Secrets } from "../project/secrets.ts";
import type { Place, Source } from "../project/source.ts";
import type { BenchNetwork, TestBench } from "./bench.ts";
import { boardFiles } from "./board-files.ts";
import type { BoardSetup, Installed } from "./scenario-board.ts";

/** What all boards of a profile have in common. */
export interface Kit {
  readonly profile: Profile;
  readonly release: Release;
  readonly secrets: Secrets;
  readonly bench: TestBench;
  readonly seed: number;
}

/** A config line of a scenario with its place, so that a wrong one is shown there. */
export interface ConfigLine {
  readonly key: string;
  readonly keyPlace: Place;
  readonly valuePlace: Place;
}

/** Who wrote a board's config. */
export interface ConfigOrigin {
  readonly source: Source;
  readonly lines: readonly ConfigLine[];
}

/** What the virtual network has, for keys that neither scenario nor manifest sets. */
const NETWORK = { ssid: "espx-sim", password: "espx-sim", mqttbroker: "broker" } as const;
const MQTT_PORT = 1883;

/**
 * A board with the profile's release in slot a, without power yet. Its network is the one that its config names.
 *
 * @throws ConfigError as `buildConfig` does, at the line of the scenario
 */
export async function installProfile(
  ctx: Context,
  kit: Kit,
  { setup, origin }: { setup: BoardSetup; origin: ConfigOrigin },
): Promise<Installed> {
  const config = scenarioConfig(ctx, kit, { setup, origin });
  const files = {
    ...boardFiles({ release: kit.release, config, state: setup.release }),
    ...Object.fromEntries(setup.files),
  };
  const bench = await kit.bench.open({
    mode: "virtual",
    seed: kit.seed,
    board: { name: "board", files },
    network: networkOf(config),
  });
  for (const { namespace, key, value } of setup.nvs) bench.setNvs(namespace, key, value);
  return { bench, deviceName: readValues(config).get("mqttname") ?? kit.profile.name };
}

/** The config that a scenario's device has: its own values, the manifest's defaults, and the virtual network. */
export function scenarioConfig(
  ctx: Context,
  { profile, secrets }: Pick<Kit, "profile" | "secrets">,
  { setup, origin }: { setup: Pick<BoardSetup, "config">; origin: ConfigOrigin },
): string {
  const settings = [...setup.config].map(([key, text]) => settingOf(profile, { key, text, origin }));
  const given: Settings = { source: origin.source, settings, shared: false };
  const { config } = profile.manifest;
  const free = Object.entries({ ...NETWORK, mqttname: profile.name }).filter(
    ([key]) => config[key]?.default === undefined,
  );
  return buildConfig(ctx, given, { profile, secrets, fallbacks: Object.fromEntries(free) });
}

function settingOf(
  profile: Profile,
  { key, text, origin }: { key: string; text: string; origin: ConfigOrigin },
): Setting {
  const line = origin.lines.find((one) => one.key === key);
  const places = {
    keyPlace: line?.keyPlace ?? { line: 1, column: 1 },
    valuePlace: line?.valuePlace ?? { line: 1, column: 1 },
  };
  const [section = "", ...rest] = key.split(".");
  const inSection = rest.length > 0 && profile.keys.some((known) => known.section === section);
  const value = text === "None" ? null : text;
  return inSection
    ? { section, key: rest.join("."), text: value, ...places }
    : { section: "", key, text: value, ...places };
}

/** The access point and the port of the broker that a device with this config looks for. */
export function networkOf(config: string): BenchNetwork {
  const values = readValues(config);
  const port = /:(\d+)$/.exec(values.get("mqttbroker") ?? "")?.[1];
  return {
    ssid: values.get("ssid") ?? NETWORK.ssid,
    password: values.get("password") ?? "",
    brokerPort: port === undefined ? MQTT_PORT : Number(port),
  };
}

function readValues(config: string): ReadonlyMap<string, string> {
  return new Map(
    parseConfigText(config).flatMap(({ section, key, value }) =>
      section === "" && value !== null ? [[key, value]] : [],
    ),
  );
}
