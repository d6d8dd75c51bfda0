/** Applications for slots: one component each, with this body. */
export function app(body: string, health = "True"): string {
  return `
from espx.component import Component
import time, machine

class App(Component):
    name = "app"

    def start(self, ctx):
        self.ctx = ctx
${body
  .split("\n")
  .map((line) => `        ${line}`)
  .join("\n")}

    def health(self):
        return ${health}

components = [App()]
`;
}

/** Says that it runs, and does nothing else. */
export const goodApp = app(`ctx.say("good")`);

/** Config of a device without network, that starts at once. */
export const offlineConfig = "startdelay 0\nssid (none)\n";
