// What programs of others reach boards and images with, wherever they run.
export {
  type ChipIdentity,
  type ChipTarget,
  type FlashTools,
  BootWatch,
  FlashSession,
  parseCustomReset,
  RawRepl,
  SerialTransport,
} from "@espx/serial";
export { buildRelease, plan } from "@espx/ota";
export { decodeEspImage, decodePartitionTable, parsePartitionCsv } from "@espx/image";
export {
  type Clock,
  type Inventory,
  type LinkListener,
  type LinkTraits,
  type PortInfo,
  type Plan,
  type Release,
  type SerialLink,
  type Signals,
  EspxError,
  isEspxError,
} from "@espx/proto";
export { realClock } from "./clock.ts";
