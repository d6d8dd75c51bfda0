import * as z from "zod";

/** An error as events have it. */
export const errorFields = {
  class: z.string(),
  message: z.string(),
  causes: z.array(z.string()),
  hint: z.string().nullable(),
  exit: z.int(),
  details: z.record(z.string(), z.unknown()),
} as const;
