// The documentation of the API: readable on a phone and on a desk, with nobody but our own server
// to ask, every link alive, and its first example working as it stands.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Stage } from "./lib/stage.mjs";

const maxRequests = 3; // the page, its style and its icon
const widths = [320, 390, 1280];

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

const read = async (look, options) => {
  const payer = await stage.payer(options);
  await payer.page.goto(`${stage.kassa.origin}/docs`);
  await look(payer);
  await payer.leave();
};

test("the page is readable on every screen and asks nobody else", () =>
  read(
    async (payer) => {
      await payer.page.getByRole("heading", { name: "Kassa API", level: 1 }).waitFor();
      assert.ok(payer.requests.length <= maxRequests, `${payer.requests.length} requests`);
      await payer.inspect("docs", widths);
    },
    { js: false }, // it has no script, and is too long for a picture
  ));

test("the contents lead to every operation, also without JavaScript", () =>
  read(
    async ({ page }) => {
      const contents = page.locator("nav.contents");
      assert.ok((await contents.getByRole("link").count()) > 40);
      await contents.getByRole("link", { name: "Settle a transfer" }).click();
      await page.waitForURL(({ hash }) => hash === "#settle_payment");
      assert.ok(await page.locator("#settle_payment").evaluate((e) => e.matches(":target")));
    },
    { width: 1280, js: false },
  ));

test("an example works as it stands", () =>
  read(async ({ page }) => {
    const example = await page.locator("#create_session pre").first().innerText();
    const { stdout } = await promisify(execFile)("sh", ["-c", example.replace("curl", "curl -s")]);
    const session = JSON.parse(stdout);
    assert.equal(session.object, "checkout.session");
    assert.equal(session.status, "open");
  }));
