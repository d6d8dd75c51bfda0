import { projectSchema } from "./espx-yaml.ts";
import { catalogueSchema } from "./firmware-catalogue.ts";
import { manifestSchema } from "./manifest.ts";
import { modulesSchema } from "./modules.ts";
import { editorSchema } from "./scalars.ts";

/** The JSON schemas that editors check YAML files with, by file name below `schemas/`; a test keeps the files fresh. */
export function editorSchemas(): Readonly<Record<string, unknown>> {
  return {
    "espx.schema.json": editorSchema(projectSchema, "espx.yaml: a project with its broker and devices"),
    "manifest.schema.json": editorSchema(manifestSchema, "manifests/<profile>.yaml: what goes on a device"),
    "firmware.schema.json": editorSchema(catalogueSchema, "manifests/firmware.yaml: firmware that can be fetched"),
    "modules.schema.json": editorSchema(modulesSchema, "modules.yaml: the parts of the device framework"),
  };
}
