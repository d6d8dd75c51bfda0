/** Name of the firmware catalogue in a `manifests` folder, where all other files are profiles. */
export const CATALOGUE_NAME = "firmware";
