// `node --import spandrel/register app.js`: tracing starts from environment variables, no code changes.

import { init } from "./index.js";

void init();
