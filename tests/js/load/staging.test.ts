// The recorder's area when memory ends: records find no room, and room again once there is some.
import { expect, test } from "@jest/globals";
import { Handover } from "../../../js/load/handover.js";
import type { RawModule } from "../../../js/load/raw_module.js";
import { StagingArea } from "../../../js/load/staging.js";

const AREA = 1 << 16;
const ROPE = 1 << 19;

/** A module whose memory is had or not as the test says. */
function moduleWith(memory: { isThere: boolean }): RawModule {
  const bindings = {
    HEAPU8: new Uint8Array(1 << 20),
    stackPointer: () => 0,
    restoreStack: () => undefined,
    stagingAddress: () => (memory.isThere ? AREA : 0),
    ropeAddress: () => ROPE,
    commitStaged: () => (memory.isThere ? AREA + 8 : 0),
  };
  return bindings as unknown as RawModule;
}

function areaWith(memory: { isThere: boolean }): StagingArea {
  return new StagingArea(new Handover(moduleWith(memory), () => undefined));
}

test("a commit may move the words, not the rope", () => {
  const area = areaWith({ isThere: true });
  expect(area.words().byteOffset).toBe(AREA);
  area.commit(0, 0, 0, 1);
  expect(area.words().byteOffset).toBe(AREA + 8);
  expect(area.bytes().byteOffset).toBe(AREA + 8);
  expect(area.rope().byteOffset).toBe(ROPE);
  expect(area.words().length).toBe(area.wordCapacity);
});

test.each(["commit", "grow"] as const)("without memory after %s nothing fits, until there is some", (when) => {
  const memory = { isThere: true };
  const area = areaWith(memory);
  memory.isThere = false;
  if (when === "commit") area.commit(0, 0, 0, 1);
  else expect(area.grow(1 << 18)).toBe(false);
  expect([area.wordCapacity, area.unitCapacity, area.words().length, area.bytes().length]).toEqual([0, 0, 0, 0]);
  expect(area.grow(100)).toBe(false);

  memory.isThere = true;
  expect(area.grow(100)).toBe(true);
  expect(area.wordCapacity).toBeGreaterThan(0);
  expect(area.words().length).toBe(area.wordCapacity);
});

test("without memory there is none to begin with", () => {
  expect(() => areaWith({ isThere: false })).toThrow("no memory");
});
