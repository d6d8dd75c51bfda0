// `espx/browser`: modules for a page, which import nothing but each other.
export * from "./library.ts";
export { type WebSerial, type WebSerialOptions, type WebSerialPort, WebSerialLink } from "./ports/web-serial.ts";
export { webFlashTools } from "./ports/web-flash-tools.ts";
