// Profiles of a Databricks configuration file (~/.databrickscfg), which only Node can read.
//
// The format is INI: sections, "key = value" or "key: value", lines of comments. As with Databricks' own tools other
// profiles do not inherit from DEFAULT, and a value that goes on in the next line is not one.

import { isNode, textFile } from "#host";
import { TraceError } from "../trace_error.js";
import { environmentVariable } from "./display_settings.js";

/** Keys in small letters. */
export type Profile = ReadonlyMap<string, string>;

export const DEFAULT_PROFILE = "DEFAULT";
const DEFAULT_PATH = "~/.databrickscfg";
/** A larger file is none of these. */
const MAX_CHARACTERS = 1 << 20;

export function parseProfiles(text: string): Map<string, Profile> {
  const profiles = new Map<string, Map<string, string>>();
  let current: Map<string, string> | null = null;
  for (const line of text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue;
    const section = /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1]?.trim();
    if (section !== undefined) {
      current = profiles.get(section) ?? new Map<string, string>();
      profiles.set(section, current);
      continue;
    }
    const pair = /^([^=:]+)[=:](.*)$/.exec(line);
    if (pair !== null) current?.set((pair[1] as string).trim().toLowerCase(), (pair[2] as string).trim());
  }
  return profiles;
}

/**
 * The profile of that name. Without a name: the one DATABRICKS_CONFIG_PROFILE names, else DEFAULT; null where that is
 * not there. Throws TraceError where a profile that was named is missing.
 */
export function readProfile(name: string | undefined, path: string | undefined): { name: string; profile: Profile } | null {
  const wanted = name ?? set(environmentVariable("DATABRICKS_CONFIG_PROFILE"));
  const where = path ?? set(environmentVariable("DATABRICKS_CONFIG_FILE")) ?? DEFAULT_PATH;
  const text = textFile(where);
  if (text === null || text.length > MAX_CHARACTERS) {
    if (wanted === undefined && path === undefined) return null;
    const what = wanted === undefined ? "the configuration of Databricks" : `the profile '${wanted}'`;
    throw invalid(
      isNode
        ? `${what} is looked for in '${where}', which cannot be read: give databricksConfigPath, or set DATABRICKS_CONFIG_FILE`
        : `${what} would stand in a file, and pages have none: give databricksHost and databricksToken`,
    );
  }
  const profiles = parseProfiles(text);
  const profile = profiles.get(wanted ?? DEFAULT_PROFILE);
  if (profile !== undefined) return { name: wanted ?? DEFAULT_PROFILE, profile };
  if (wanted === undefined) return null;
  const others = [...profiles.keys()].slice(0, 20).join("', '");
  throw invalid(`'${where}' has no profile '${wanted}'${others === "" ? ": it has none at all" : `; it has '${others}'`}`);
}

function set(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text === "" ? undefined : text;
}

function invalid(message: string): TraceError {
  return new TraceError("INVALID_PARAMETER_VALUE", message);
}
