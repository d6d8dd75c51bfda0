import * as z from "zod";

/*
 * YAML is read as text, so these turn text into what a field means. Each carries the type that an editor's
 * schema shows, since an editor reads plain YAML.
 */

/** A list or map that may also be left empty after its key, which YAML reads as an empty text. */
export const emptyAs = <S extends z.ZodType>(empty: unknown, schema: S): z.ZodPipe<z.ZodTransform, S> =>
  z.preprocess((value) => (value === "" ? empty : value), schema) as never;

/** `true` or `false`. */
export const yamlBool = z
  .string()
  .refine((text) => text === "true" || text === "false", "must be true or false")
  .transform((text) => text === "true")
  .meta({ editorType: "boolean" });

/** A decimal number. */
export const yamlNumber = z
  .string()
  .refine((text) => /^-?\d+(\.\d+)?$/.test(text), "must be a number")
  .transform(Number)
  .meta({ editorType: "number" });

/** A single value of any type, as it was written. */
export const yamlText = z.string().meta({ editorType: ["string", "number", "boolean"] });

/** Turns a schema over text into the JSON schema that an editor checks YAML with. */
export function editorSchema(schema: z.ZodType, title: string): unknown {
  const json = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      if (jsonSchema["editorType"] === undefined) return;
      jsonSchema.type = jsonSchema["editorType"] as never;
      delete jsonSchema["editorType"];
      delete jsonSchema.pattern;
    },
  });
  return { title, ...json };
}
