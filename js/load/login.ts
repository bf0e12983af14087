// What init() was given to log in with, for every client of MLflow that is made without options of its own.

import { LOGIN_KEYS, type InitOptions, type LoginOptions } from "./options.js";

export function loginOf(options: InitOptions): LoginOptions {
  const login: LoginOptions = {};
  for (const key of LOGIN_KEYS) {
    const value = options[key];
    if (value !== undefined) login[key === "host" ? "databricksHost" : key] = value;
  }
  return login;
}
