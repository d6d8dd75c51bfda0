// `espx/browser`: one file without imports, for a page.
export * from "./library.ts";
export { type WebSerial, type WebSerialOptions, type WebSerialPort, WebSerialLink } from "./ports/web-serial.ts";
export { webFlashTools } from "./ports/web-flash-tools.ts";
