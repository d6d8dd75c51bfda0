/** The day this interpreter was released; a firmware's banner shows the day of its build. */
const buildDate = "2025-12-09";

/** What the firmware calls the board. */
const machineName = "Generic ESP32 module with ESP32";

/** What the friendly prompt opens with. */
export const banner = `MicroPython v1.27.0 on ${buildDate}; ${machineName}\r\nType "help()" for more information.\r\n`;

export const softRebootText = "MPY: soft reboot\r\n";
