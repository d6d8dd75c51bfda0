import { tempFolder } from "./_run.ts";

/** A small project of a person: one profile with config, one device. */
export const projectFiles = {
  "espx.yaml": `broker: {url: "mqtt://127.0.0.1:1"}
devices:
  kitchen:
    id: 24:0a:c4:00:00:01
    port: sim:kitchen
    profile: lamp
    config:
      ssid: home
      password: \${WIFI_PASSWORD}
`,
  "manifests/lamp.yaml": `profile: lamp
description: A lamp
firmware: {board: ESP32_GENERIC, version: ">=1.24"}
modules: [net]
files: [main.py, helper.py]
config:
  pin: {type: int, default: 2, min: 0, max: 39}
  rate: {type: number, unit: Hz, min: 0.1, max: 20}
  pause: {type: duration, unit: s}
  mode: {type: string, choices: [slow, fast]}
`,
  "profiles/lamp/main.py": "import helper\nhelper.run()\n",
  "profiles/lamp/helper.py": "def run():\n    print('on')\n",
} as const;

type Files = Readonly<Record<string, string>>;

/** A project with some files changed, and more added. */
export function tempProject(changes: Files = {}): ReturnType<typeof tempFolder> {
  return tempFolder({ ...projectFiles, ...changes });
}

/** The manifest with `old` replaced; fails when it is not there. */
export function manifestWith(old: string, replacement: string): Files {
  const manifest = projectFiles["manifests/lamp.yaml"];
  if (!manifest.includes(old)) throw new Error(`the manifest has no "${old}"`);
  return { "manifests/lamp.yaml": manifest.replace(old, replacement) };
}
