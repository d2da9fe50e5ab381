// The server under test: the real binary in dev mode, on a loopback port and data of its own.

import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const readyWithin = 60_000;
const stopWithin = 30_000;
const auditWithin = 60_000;
const keptLog = 64 * 1024;

/** The secret test key that dev mode gives to the demo merchant. */
export const demoKey = "sk_test_demo";

/** Waits in steps until probe returns something true, and returns that. */
export async function eventually(what, probe, within = 30_000) {
  const deadline = Date.now() + within;
  for (;;) {
    const result = await probe();
    if (result) return result;
    if (Date.now() > deadline) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// `make` builds the binary before; without it, it is built into the folder of this run.
async function binary(folder) {
  if (process.env.KASSA_BINARY) return path.resolve(repository, process.env.KASSA_BINARY);
  const file = path.join(folder, "kassa");
  await promisify(execFile)("go", ["build", "-trimpath", "-o", file, "./cmd/kassa"], {
    cwd: repository,
    env: { ...process.env, CGO_ENABLED: "0" },
  });
  return file;
}

// With KASSA_TEST_POSTGRES set, every server gets an empty database of its own there; the name of the
// database is the path in the variable's URL.
async function storage() {
  const server = process.env.KASSA_TEST_POSTGRES;
  if (!server) return [];
  const name = `kassa_e2e_${randomBytes(6).toString("hex")}`;
  await promisify(execFile)("psql", [server, "-qc", `CREATE DATABASE ${name}`]);
  return ["--database", server.replace(/^(postgres:\/\/[^/]*\/)[^?]*/, `$1${name}`)];
}

/** A running server. Make one with Kassa.start, end it with stop. */
export class Kassa {
  #binary;
  #process;
  #folder;
  #stored; // the flags that say where the data is
  #served = false;
  #log = "";

  static async start(...flags) {
    const kassa = new Kassa();
    kassa.#folder = await mkdtemp(path.join(tmpdir(), "kassa-e2e-"));
    const data = path.join(kassa.#folder, "data");
    kassa.#stored = ["--data", data, ...(await storage())];
    kassa.#binary = await binary(kassa.#folder);
    const command = ["serve", "--dev", "--addr", "127.0.0.1:0", ...kassa.#stored, ...flags];
    kassa.#process = spawn(kassa.#binary, command, { stdio: ["ignore", "pipe", "pipe"] });
    const keep = (chunk) => (kassa.#log = (kassa.#log + chunk).slice(-keptLog));
    kassa.#process.stdout.on("data", keep);
    kassa.#process.stderr.on("data", keep);
    try {
      await eventually("the server is ready", () => kassa.#ready(), readyWithin);
    } catch (error) {
      await kassa.stop();
      throw new Error(`${error.message}\n${kassa.#log}`);
    }
    kassa.#served = true;
    return kassa;
  }

  // The system chooses a port that nobody has, and the server says which.
  async #ready() {
    if (this.#process.exitCode !== null) throw new Error("the server ended early");
    this.origin = /^kassa is ready on (http:\S+)$/m.exec(this.#log)?.[1];
    if (!this.origin) return false;
    try {
      return (await fetch(`${this.origin}/readyz`)).ok;
    } catch {
      return false;
    }
  }

  /** What the server has printed, its last part. */
  get log() {
    return this.#log;
  }

  /**
   * Ends the server the way an operator would, has what it leaves audited, and removes its data.
   * Fails when books, payments and events disagree.
   */
  async stop() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const kill = setTimeout(() => this.#process.kill("SIGKILL"), stopWithin);
      this.#process.kill("SIGTERM");
      await once(this.#process, "exit");
      clearTimeout(kill);
    }
    try {
      if (this.#served) await this.#audit();
    } finally {
      this.#served = false;
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  async #audit() {
    try {
      await promisify(execFile)(this.#binary, ["audit", ...this.#stored], { timeout: auditWithin });
    } catch ({ message, stdout, stderr }) {
      throw new Error(`the audit found: ${message}\n${stdout}${stderr}`);
    }
  }

  /** Calls the API. A body is sent as JSON; the answer's JSON, status and headers come back. */
  async request(method, route, { body, key = demoKey, headers = {} } = {}) {
    const response = await fetch(this.origin + route, {
      method,
      redirect: "manual",
      headers: {
        Authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const json = text === "" ? undefined : JSON.parse(text);
    return { status: response.status, headers: response.headers, json };
  }

  /** Calls the API and expects success: the answer's JSON alone. */
  async call(method, route, body, options = {}) {
    const { status, json } = await this.request(method, route, { ...options, body });
    if (status < 200 || status > 299) {
      throw new Error(`${method} ${route}: ${status} ${JSON.stringify(json)}`);
    }
    return json;
  }

  /** Opens a session of GHS 50.00 whose return addresses are those of the shop. */
  openSession(shop, wishes = {}) {
    return this.call("POST", "/v1/checkout/sessions", {
      amount: 5000,
      currency: "GHS",
      success_url: `${shop.origin}/done?session_id={CHECKOUT_SESSION_ID}`,
      cancel_url: `${shop.origin}/basket`,
      metadata: { order_id: "A-77" },
      ...wishes,
    });
  }

  session(id) {
    return this.call("GET", `/v1/checkout/sessions/${id}`);
  }

  /** Moves the test clock, and with it everything that is due. */
  advance(seconds) {
    return this.call("POST", "/v1/test_helpers/clock/advance", { seconds });
  }
}
