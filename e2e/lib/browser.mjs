// Debian's Chromium, driven so that it talks to nobody but the pages under test, and looked over
// the shoulder: a foreign request, a console error or a page error fails the test that caused it.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";
import { eventually } from "./kassa.mjs";

const screens = fileURLToPath(new URL("../../docs/screens", import.meta.url));
const usualWidths = [320, 1280];
const height = 800;
const patience = 30_000; // a busy machine has pauses of seconds
const closing = 10_000;
// Below this width all pages have one layout: no style sheet asks for less.
const phone = 448;
// Without JavaScript the server may hold the waiting page for 25 s until there is news.
const longPatience = 60_000;

/** Starts Chromium. The caller closes it. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.KASSA_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-quic",
      "--disable-sync",
    ],
  });
}

/** Closes a page or a context. Chromium now and then never says that it has; nobody waits for that. */
export async function shut(what, name) {
  let timer;
  const enough = new Promise((resolve) => (timer = setTimeout(resolve, closing, "still open")));
  const how = await Promise.race([what.close(), enough]);
  clearTimeout(timer);
  if (how) console.log(`the browser has not closed ${name} within ${closing} ms`);
}

/**
 * Clicks once the pointer gets through. Until a frame has been drawn at its size, Chromium gives
 * what happens over it to the page around.
 */
export async function press(target) {
  await eventually("the pointer is over what is to be pressed", async () => {
    await target.hover();
    return target.evaluate((element) => element.matches(":hover"));
  });
  await target.click();
}

/**
 * Fills a field, again when the page has put the focus elsewhere meanwhile: the driver types into
 * what has it, and a new page leads its reader to what went wrong as soon as its script runs.
 */
export function write(field, text) {
  return eventually(`${text} is in the field`, async () => {
    await field.fill(text);
    return (await field.inputValue()) === text;
  });
}

/** One payer at one screen: a page in a browser context of its own. */
export class Payer {
  #broken = [];
  #allowed;
  #scripts; // the switch of a payer without JavaScript

  /** options: origins that may be asked, js (default on), width, and Playwright's own. */
  static async arrive(browser, { origins, js = true, width = 390, ...context }) {
    const payer = new Payer();
    payer.#allowed = new Set(origins);
    payer.context = await browser.newContext({
      viewport: { width, height },
      locale: "en-GH",
      reducedMotion: "reduce", // what turns for ever is drawn for ever, in software
      ...context,
    });
    payer.context.setDefaultTimeout(js ? patience : longPatience);
    payer.requests = [];
    payer.context.on("request", (request) => payer.#see(request));
    payer.context.on("weberror", (error) => payer.#broken.push(`page error: ${error.error()}`));
    payer.context.on("console", (message) => {
      if (message.type() === "error" && !expected(message)) {
        payer.#broken.push(`console: ${message.text()} at ${message.location().url}`);
      }
    });
    payer.page = await payer.context.newPage();
    if (!js) {
      payer.#scripts = await payer.context.newCDPSession(payer.page);
      await payer.#switch(false);
    }
    return payer;
  }

  #see(request) {
    const url = new URL(request.url());
    if (url.protocol === "data:" || url.protocol === "about:") return;
    this.requests.push(request);
    if (!this.#allowed.has(url.origin)) this.#broken.push(`foreign request: ${request.url()}`);
  }

  /** Closes the page and all it has opened. */
  close() {
    return shut(this.context, this.page.url());
  }

  /** Fails when the page asked a stranger or complained, and waits on an empty one for the next. */
  async rest() {
    // A page that was about to go somewhere by itself may get there first; the next one goes on.
    await this.page.goto("about:blank").catch(() => {});
    const broken = this.#broken;
    this.#broken = [];
    assert.deepEqual(broken, [], "the page misbehaved");
  }

  /** Fails when the page asked a stranger or complained, and leaves. */
  async leave() {
    await this.close();
    assert.deepEqual(this.#broken, [], "the page misbehaved");
  }

  /**
   * Looks at the state the page is in: overflow at every width, axe once for each layout. Pictures
   * are taken when they are wanted, of pages with JavaScript; never at 320 px when there are wider
   * phones.
   */
  async inspect(name, widths = usualWidths) {
    const before = this.page.viewportSize();
    const layouts = new Set();
    for (const width of widths) {
      await this.page.setViewportSize({ width, height });
      const pictured = !this.#scripts && (width > usualWidths[0] || widths === usualWidths);
      if (pictured) await this.#picture(`${name}-${width}`);
      const layout = width < phone ? "phone" : width;
      if (!layouts.has(layout)) await this.#accessible(`${name} at ${width} px`);
      layouts.add(layout);
      const wide = await this.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${name} at ${width} px scrolls sideways: ${wide} px wide`);
    }
    await this.page.setViewportSize(before);
  }

  // Every document is looked at by itself, also one that is shown within another.
  async #accessible(where) {
    const found = await this.#scripting(() => Promise.all(this.page.frames().map(judge)));
    const serious = found.flat().filter(({ impact }) => ["serious", "critical"].includes(impact));
    const told = serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html}`);
    assert.deepEqual(told, [], `axe on ${where}`);
  }

  #switch(on) {
    return this.#scripts.send("Emulation.setScriptExecutionDisabled", { value: !on });
  }

  // axe needs timers. Switched on for its run only, they start nothing of the page's own: its
  // scripts were passed over when the page was read.
  async #scripting(work) {
    if (!this.#scripts) return work();
    await this.#switch(true);
    try {
      return await work();
    } finally {
      await this.#switch(false);
    }
  }

  async #picture(name) {
    if (process.env.KASSA_SCREENS !== "1") return;
    await mkdir(screens, { recursive: true });
    // A page within the page is drawn by itself, a moment later.
    for (const frame of this.page.frames().slice(1)) {
      await frame.evaluate(() => new Promise((done) => {
        requestAnimationFrame(() => setTimeout(done, 200));
      }));
    }
    await this.page.screenshot({ path: path.join(screens, `${name}.png`), fullPage: true });
  }
}

/** What axe finds wrong in one document. It stays in the document for the next look. */
async function judge(frame) {
  if (!(await frame.evaluate(() => "axe" in globalThis))) await frame.evaluate(axe.source);
  return frame.evaluate(async () => {
    const only = { iframes: false, resultTypes: ["violations"] };
    return (await globalThis.axe.run(document, only)).violations;
  });
}

// Chromium reports every answer above 399 as a console error, also the ones that are the page a
// payer is meant to see (a declined card, an unknown session).
const refusal = "Failed to load resource: the server responded with a status of 4";

function expected(message) {
  return message.text().startsWith(refusal);
}
