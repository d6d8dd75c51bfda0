import type { FirmwareFacts } from "../chip/chip-messages.ts";

/** The day this interpreter was released; a firmware's banner shows the day of its build. */
const buildDate = "2025-12-09";

/** What the friendly prompt opens with. */
export function bannerOf({ version, machine }: FirmwareFacts): string {
  return `MicroPython v${version} on ${buildDate}; ${machine}\r\nType "help()" for more information.\r\n`;
}

export const softRebootText = "MPY: soft reboot\r\n";

/** The firmware that the support modules are written for; any other one changes what they say at its start. */
const own = { version: "1.27.0", machine: "Generic ESP32 module with ESP32", build: "ESP32_GENERIC" } as const;

/**
 * Python that lets `sys` and `os` tell another firmware and takes modules away that it does not have; undefined when
 * there is nothing to change.
 */
export function adoptSource({ version, machine, build, absentModules }: FirmwareFacts): string | undefined {
  const isOwn = version === own.version && machine === own.machine && build === own.build;
  if (isOwn && absentModules.length === 0) return undefined;
  const numbers = version.split(".").map(Number);
  const text = (value: string): string => JSON.stringify(value);
  const body = [
    "import sys, os",
    "_i = sys.implementation",
    `sys.implementation = type(_i)(_i.name, (${numbers.join(", ")}, ""), ${text(machine)}, _i._mpy, ${text(build)})`,
    `sys.version = ${text(`3.4.0; MicroPython v${version} on ${buildDate}`)}`,
    "_u = os._uname",
    `os._uname = type(_u)(_u[0], _u[1], ${text(version)}, ${text(`v${version} on ${buildDate}`)}, ${text(machine)})`,
    ...(absentModules.length === 0 ? [] : withoutModules(absentModules)),
  ].join("\n");
  return `exec(${text(body)}, {})`;
}

/** Modules that the interpreter has built in come back at the next import, unless that refuses them. */
function withoutModules(names: readonly string[]): readonly string[] {
  return [
    "import builtins",
    ...names.map((name) => `sys.modules.pop(${JSON.stringify(name)}, None)`),
    `def _m(name, *rest, _a=(${names.map((name) => `${JSON.stringify(name)},`).join("")}), _i=builtins.__import__):`,
    ` if name.split(".")[0] in _a: raise ImportError("no module named '" + name + "'")`,
    " return _i(name, *rest)",
    "builtins.__import__ = _m",
  ];
}
