import { RefusedError, UsageError } from "@espx/proto";
import { sectorBytes } from "./flash-pieces.ts";
import type { FlashRegion } from "./flash-plan.ts";

/**
 * Regions in the order of their addresses, each on a sector's boundary, none in another's sectors, all on the flash.
 *
 * @throws UsageError `flash/bad-address`, `flash/overlap`; RefusedError `flash/too-large`
 */
export function checkRegions(regions: readonly FlashRegion[], flashBytes: number | undefined): readonly FlashRegion[] {
  const sorted = regions.filter(({ bytes }) => bytes.length > 0).toSorted((a, b) => a.address - b.address);
  for (const [index, region] of sorted.entries()) {
    if (region.address < 0 || region.address % sectorBytes !== 0) throw badAddress(region);
    const before = sorted[index - 1];
    if (before !== undefined && lastSectorEnd(before) > region.address) throw overlap(before, region);
    if (flashBytes !== undefined && endOf(region) > flashBytes) throw tooLarge(region, flashBytes);
  }
  return sorted;
}

function endOf({ address, bytes }: FlashRegion): number {
  return address + bytes.length;
}

function lastSectorEnd(region: FlashRegion): number {
  return Math.ceil(endOf(region) / sectorBytes) * sectorBytes;
}

function nameOf({ name, address }: FlashRegion): string {
  return name ?? `what goes to 0x${address.toString(16)}`;
}

function badAddress(region: FlashRegion): UsageError {
  return new UsageError("flash/bad-address", `${nameOf(region)} has the address 0x${region.address.toString(16)}`, {
    hint: "flash is erased by sectors: the address is a multiple of 0x1000",
    details: { address: region.address },
  });
}

function overlap(first: FlashRegion, second: FlashRegion): UsageError {
  const message = `${nameOf(first)} reaches to 0x${endOf(first).toString(16)}, into the sectors of ${nameOf(second)} at 0x${second.address.toString(16)}`;
  return new UsageError("flash/overlap", message, {
    hint: "look at the addresses; of two files for one place leave one out",
    details: { addresses: [first.address, second.address] },
  });
}

function tooLarge(region: FlashRegion, flashBytes: number): RefusedError {
  const message = `${nameOf(region)} reaches to 0x${endOf(region).toString(16)}, the flash has ${flashBytes / 1024 / 1024} MiB`;
  return new RefusedError("flash/too-large", message, {
    hint: "take the image that was made for a board with this flash",
    details: { endBytes: endOf(region), flashBytes },
  });
}
