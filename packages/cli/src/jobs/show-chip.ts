import { otaAbility } from "@espx/image";
import { isEspxError } from "@espx/proto";
import type { FlashSession } from "@espx/serial";
import type { Context } from "../context.ts";
import type { EventData } from "../events.ts";
import { chipData } from "./chip-session.ts";
import { type FlashContents, readContents } from "./flash-contents.ts";
import { type ChipVisit, onChip } from "./on-chip.ts";
import { refuseUnreadable } from "./read-flash.ts";

/** What the chip at a port is, and what its flash holds. Asking resets it, which is said first. */
export function showChip(ctx: Context, visit: ChipVisit): Promise<EventData<"details">> {
  return onChip(ctx, visit, async (session) => {
    const { security } = session.chip;
    const contents = security.secureDownload ? null : await contentsOrNull(session);
    const { port, description, features, crystalMhz, mac, flashId, flashBytes } = chipData(visit.url, session);
    const data: EventData<"details"> = {
      port,
      description,
      features,
      crystalMhz,
      mac,
      flashId,
      flashBytes,
      locks: Object.entries(security).flatMap(([name, isOn]) => (isOn ? [name] : [])),
      applications: [...(contents?.applications ?? [])].map(([partition, { projectName, version }]) => ({
        partition,
        name: projectName,
        version,
      })),
      ota: contents === null ? null : abilityOf(contents),
    };
    ctx.out.emit({ kind: "details", data });
    return data;
  });
}

/** The flash chip's JEDEC id, as esptool's flash-id. */
export function showFlashId(ctx: Context, visit: ChipVisit): Promise<EventData<"flash">> {
  return onChip(ctx, visit, (session) => {
    refuseUnreadable(session);
    const { chip } = session;
    const { id, sizeBytes } = chip.flash;
    const device = ((id >>> 8) & 0xff) * 256 + ((id >>> 16) & 0xff);
    const data = { port: visit.url, manufacturer: id & 0xff, device, sizeBytes: sizeBytes ?? null };
    ctx.out.emit({ kind: "flash", data });
    return Promise.resolve(data);
  });
}

/** The chip's address, as esptool's read-mac. */
export function showMac(ctx: Context, visit: ChipVisit): Promise<EventData<"mac">> {
  return onChip(ctx, visit, (session) => {
    refuseUnreadable(session);
    const data = { port: visit.url, mac: chipData(visit.url, session).mac ?? "unknown" };
    ctx.out.emit({ kind: "mac", data });
    return Promise.resolve(data);
  });
}

async function contentsOrNull(session: FlashSession): Promise<FlashContents | null> {
  try {
    return await readContents(session);
  } catch (error) {
    if (isEspxError(error, "cli/no-partition")) return null;
    throw error;
  }
}

function abilityOf({ partitions }: FlashContents): EventData<"details">["ota"] {
  const { able, reason } = otaAbility(partitions);
  return { able, reason };
}
