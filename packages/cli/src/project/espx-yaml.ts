import * as z from "zod";
import { emptyAs, yamlText } from "./scalars.ts";

const brokerSchema = z.strictObject({
  url: z
    .string()
    .regex(/^(mqtts?|wss?):\/\/[^\s]+$/, "must be a URL such as mqtt://192.168.1.10")
    .describe("mqtt:// or mqtts://, host and port"),
  username: yamlText.optional(),
  password: yamlText.optional().describe("as ${NAME}, from the environment or espx.secrets.yaml"),
});

/** Text, or a section of text; checked against the profile's schema later. */
const configValues = z.record(z.string(), z.union([yamlText, z.record(z.string(), yamlText)]));

const deviceSchema = z.strictObject({
  id: z
    .string()
    .regex(/^([0-9A-Fa-f]{2}[:-]?){5}[0-9A-Fa-f]{2}$/, "must be a MAC address of 12 hexadecimal digits")
    .transform((mac) => mac.replaceAll(/[:-]/g, "").toLowerCase())
    .optional()
    .describe("MAC address of the chip"),
  port: yamlText.optional().describe("where it was last seen, a hint"),
  profile: yamlText.optional(),
  config: emptyAs(undefined, configValues.optional()),
});

const deviceName = z.string().regex(/^[^/+#\s]{1,64}$/, "cannot name a device: a name has no / + # and no blanks");

/** The file `espx.yaml`: a project with its broker and devices. */
export const projectSchema = z.strictObject({
  broker: brokerSchema.optional(),
  fleet: z
    .string()
    .regex(/^[^/+#\s]{1,64}$/, "must be a name without / + # and blanks")
    .default("default")
    .describe("name of all devices of this project on the broker"),
  devices: emptyAs({}, z.record(deviceName, deviceSchema).default({})),
});

export type ProjectContent = z.output<typeof projectSchema>;
