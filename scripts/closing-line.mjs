// A vitest reporter that names what was skipped and ends with one plain line of totals.
const onlyUsers = ["ESPX_TEST_PORT", "ESPX_CAPTURES", "ESPX_IMAGES", "ESPX_MICROPYTHON"];

export default class ClosingLine {
  onTestRunEnd(modules, errors) {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const skipped = [];
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state in counts) counts[state]++;
        if (state === "skipped") skipped.push(test.fullName);
      }
    }
    counts.failed += errors.length;
    for (const name of skipped) console.log(`skipped: ${name}`);
    const holes = skipped.filter((name) => !onlyUsers.some((variable) => name.includes(variable)));
    if (process.env.CI === "true" && holes.length > 0) {
      console.log(`${holes.length} skipped under CI, where only ${onlyUsers.join(", ")} excuse one`);
      counts.failed += holes.length;
      process.exitCode = 1;
    }
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}
