/** The rate at which a ROM is talked to first. */
export const romBaudRate = 115_200;
