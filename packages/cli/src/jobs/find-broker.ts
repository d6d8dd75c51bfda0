import { NotFoundError } from "@espx/proto";
import type { Context } from "../context.ts";
import type { BrokerOptions } from "../ports/mqtt.ts";
import { loadProject, projectSecrets, type Project } from "../project/project.ts";

/**
 * The broker of a device: `--broker`, ESPX_BROKER, espx.yaml, or that of the only running simulator.
 *
 * User and password may stand in the URL of the first two; they are hidden from every output.
 * @throws NotFoundError `cli/broker-unknown`
 * @throws ConfigError `cli/secret-missing`
 */
export async function findBroker(ctx: Context, wish: string | undefined, device: string): Promise<BrokerOptions> {
  const named = wish ?? ctx.env["ESPX_BROKER"];
  if (named !== undefined && named !== "") return fromUrl(ctx, named);
  const project = await loadProject(ctx);
  if (project?.content.broker !== undefined) return fromProject(ctx, project);
  const running = await (await ctx.outside.simControl()).list();
  const own = running.find((board) => board.name === device)?.brokerUrl;
  const urls = new Set(own === undefined ? running.map((board) => board.brokerUrl) : [own]);
  const only = [...urls][0];
  if (only !== undefined && urls.size === 1) return { url: only, signal: ctx.signal };
  throw new NotFoundError("cli/broker-unknown", "no broker is configured", {
    hint: "name it with --broker mqtt://HOST, or write broker: {url: mqtt://HOST} into espx.yaml",
  });
}

function fromUrl(ctx: Context, text: string): BrokerOptions {
  const named = text.includes("://") ? text : `mqtt://${text}`;
  if (!URL.canParse(named))
    throw new NotFoundError("cli/broker-unknown", `"${text}" is not a broker's URL`, {
      hint: "for example --broker mqtt://192.168.1.10:1883",
    });
  const url = new URL(named);
  const [username, password] = [url.username, url.password].map(decodeURIComponent);
  if (password !== undefined) ctx.redactor.hide(password);
  url.username = "";
  url.password = "";
  return {
    url: url.href.replace(/\/$/, ""),
    signal: ctx.signal,
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
  };
}

async function fromProject(ctx: Context, project: Project): Promise<BrokerOptions> {
  const secrets = await projectSecrets(ctx, project);
  const { yaml } = project;
  const { url, username, password } = project.content.broker ?? { url: "" };
  const expand = (text: string, key: string): string =>
    secrets.expand(text, yaml.source, yaml.placeOf(["broker", key]));
  return {
    url,
    signal: ctx.signal,
    ...(username === undefined ? {} : { username: expand(username, "username") }),
    ...(password === undefined ? {} : { password: expand(password, "password") }),
  };
}
