// A module of its own, so that a start without a serial port does not read it, and a bundler sees its names.
export { SerialPort } from "serialport";
