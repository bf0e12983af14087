// What every test file of this folder starts with: the server that scripts/test_peers.mjs has started, Python's
// client, and the built package.
import { after } from "node:test";
import { PythonPeer } from "./python_peer.mjs";

const named = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by \`npm run test:peers\``);
  return value;
};

export const trackingUri = named("SPANDREL_PEERS_URI");
const python = named("SPANDREL_PEERS_PYTHON");

/** The package as it is built; SPANDREL_PEERS_PACKAGE names another build of it. */
export const spandrel = await import(process.env["SPANDREL_PEERS_PACKAGE"] ?? "../../dist/node/index.mjs");

export const openPeer = () => new PythonPeer({ python, uri: trackingUri });

/** Python's client and ours, for the checks of one file. */
export function openClients() {
  const peer = openPeer();
  const client = new spandrel.TracingClient({ trackingUri });
  after(async () => {
    await spandrel.shutdown();
    client.close();
    await peer.close();
  });
  return { peer, client };
}

let experiments = 0;
/** An experiment of its own for each check, so that searches and counts see nothing else. */
export function newExperiment(peer, name) {
  return peer.ask("create_experiment", { name: `${name} ${process.pid}-${++experiments}` });
}
