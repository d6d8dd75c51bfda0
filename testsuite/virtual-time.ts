import type { World } from "@espx/sim";

/** Lets a world's time pass until `work`, which waits on that world's clock, is done. */
export async function inVirtualTime<T>(world: World, work: Promise<T>): Promise<T> {
  const ended = { yet: false };
  const end = work.finally(() => (ended.yet = true));
  end.catch(() => {});
  while (!ended.yet) await world.advance(20);
  return end;
}
