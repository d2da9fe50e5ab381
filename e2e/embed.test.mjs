// The payment page within a page of the shop, on another site: over it and in it, by keyboard, with
// the bank between, and shown by nobody else.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { press, shut } from "./lib/browser.mjs";
import { cards, fillCard, toTheBank } from "./lib/card.mjs";
import { eventually } from "./lib/kassa.mjs";
import { accounts, BankApp, findHelp, name, send } from "./lib/payto.mjs";
import { collected, goTo, openCollect } from "./lib/series.mjs";
import { Stage } from "./lib/stage.mjs";

const widths = [320, 390, 1280];

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

const modes = { modal: "embedded_modal", inline: "embedded_inline" };

/** Opens a session to be shown within the shop's page. */
const open = (mode, { currency = "GHS", ...presentation } = {}) =>
  openCollect(stage.kassa, { currency }, {
    checkout_options: {
      return_url: `${stage.shop.elsewhere}/done`,
      presentation_mode: { mode: modes[mode], ...presentation },
    },
  });

/** Answers in the bank's app of a session's payer, on a device of its own. */
async function atBank(session, button) {
  const app = await BankApp.open(stage, { url: session.session_url });
  await app.press(button);
  await app.leave();
}

/** The page of the shop that shows it. */
function address(session, mode) {
  const query = new URLSearchParams({ token: session.client_token, mode, kassa: stage.kassa.origin });
  return `${stage.shop.elsewhere}/checkout?${query}`;
}

/** Shows a session within the shop's page to a payer, and lets work happen; prepare before it. */
async function shown(session, mode, work, prepare = () => {}) {
  const origins = [stage.kassa.origin, stage.shop.origin, stage.shop.elsewhere];
  const payer = await stage.payer({ origins });
  try {
    await prepare(payer.page);
    await payer.page.goto(address(session, mode));
    await payer.page.locator("body[data-loaded]").waitFor();
    await payer.page.getByRole("button", { name: "Pay now" }).click();
    await work(payer, payer.page.frameLocator("iframe"));
  } catch (error) {
    await payer.close();
    throw error;
  }
  await payer.leave();
}

/** Waits until the shop's page has heard something, and returns it. */
const heard = (page, name) =>
  eventually(`the shop hears ${name}`, () =>
    page.evaluate((wanted) => globalThis.heard.find((event) => event.name === wanted), name));

const names = (page) => page.evaluate(() => globalThis.heard.map((event) => event.name));

/** Fills the card form within the frame and sends it. */
async function payWithin(frame, number) {
  await fillCard(frame, number);
  await press(frame.getByRole("button", { name: "Pay GHS 50.00" }));
}

for (const mode of Object.keys(modes)) {
  describe(mode, () => {
    test("a card pays and the shop hears of it", async () => {
      const session = await open(mode);
      await shown(session, mode, async (payer, frame) => {
        await heard(payer.page, "ready");
        await payer.inspect(`embed-${mode}`, widths);
        await payWithin(frame, cards.approved);
        const told = await heard(payer.page, "success");
        assert.deepEqual(told, { name: "success", session: session.id, state: "paid" });
        await frame.getByRole("heading", { name: "Payment successful" }).waitFor();
        await payer.inspect(`embed-${mode}-paid`, widths);
        assert.equal(new URL(payer.page.url()).origin, stage.shop.elsewhere, "the shop stays");
      });
      assert.equal((await collected(stage.kassa, session)).payment_outcome, "paid");
    });

    test("a decline is told, and so is the next try", async () => {
      const session = await open(mode);
      await shown(session, mode, async ({ page }, frame) => {
        await payWithin(frame, cards.declined);
        const failure = await heard(page, "failure");
        assert.deepEqual([failure.code, failure.final], ["card_declined", false]);
        await payWithin(frame, cards.approved);
        await heard(page, "success");
        assert.deepEqual(await names(page), ["ready", "failure", "retry", "success"]);
      });
    });

    test("the bank is shown by itself, and the payer comes back to the shop", async () => {
      const session = await open(mode);
      await shown(session, mode, async ({ page }, frame) => {
        await payWithin(frame, cards.challenged);
        await page.waitForURL(/\/sim\//);
        await toTheBank(page);
        await page.getByRole("button", { name: "Approve" }).click();
        await page.waitForURL(`${stage.shop.elsewhere}/done?session_id=${session.id}`);
      });
      assert.equal((await collected(stage.kassa, session)).payment_outcome, "paid");
    });

    test("PayTo switches to the bank's app and back, and the page within knows", async () => {
      const session = await open(mode, { currency: "AUD" });
      await shown(session, mode, async (payer, frame) => {
        await heard(payer.page, "ready");
        await press(frame.getByRole("link", { name: "PayTo", exact: true }));
        await send(frame, { payid: accounts.payid });
        await payer.inspect(`embed-payto-${mode}`, widths);
        await findHelp(frame);
        await frame.getByLabel("Which bank is it with?").selectOption({ label: "ANZ" });
        await press(frame.getByRole("button", { name: "Show steps" }));
        await frame.getByText("Payments › PayTo").waitFor();
        const app = payer.page.waitForEvent("popup");
        await press(frame.getByRole("link", { name: "Test mode: open the test bank" }));
        const bank = await app;
        await bank.getByRole("button", { name: "Decline", exact: true }).click();
        await shut(bank, "the test bank");
        const failure = await heard(payer.page, "failure");
        assert.deepEqual([failure.code, failure.final], ["declined_by_customer", false]);
        await send(frame, { payid: accounts.email });
        await atBank(session, "Approve");
        assert.equal((await heard(payer.page, "success")).state, "paid");
        await frame.getByRole("heading", { name: "Payment successful" }).waitFor();
        assert.equal(new URL(payer.page.url()).origin, stage.shop.elsewhere, "the shop stays");
        assert.deepEqual(await names(payer.page), ["ready", "failure", "retry", "success"]);
      });
      assert.equal((await collected(stage.kassa, session)).payment_outcome, "paid");
    });

    test("an expired session is told", async () => {
      const session = await open(mode);
      await stage.kassa.advance(25 * 60 * 60);
      await shown(session, mode, async ({ page }, frame) => {
        await frame.getByRole("heading", { name: "This payment page has expired" }).waitFor();
        await heard(page, "expired");
      });
    });
  });
}

test("the page expires while its payer looks on", async () => {
  const session = await open("inline");
  await goTo(stage.kassa, session.created_at, 23 * 60 * 60);
  const ahead = 60 * 60 - 5; // seconds that both clocks jump, the page's own and the server's
  await shown(session, "inline", async ({ page }, frame) => {
    await heard(page, "ready");
    await frame.getByLabel("Card number").waitFor();
    await stage.kassa.advance(ahead);
    await page.clock.fastForward(ahead * 1000);
    await heard(page, "expired");
    assert.deepEqual(await names(page), ["ready", "expired"]);
  }, (page) => page.clock.install());
});

test("Escape closes the dialog, from the shop's page and from the frame, and focus returns", () =>
  open("modal").then((session) => shown(session, "modal", async ({ page }, frame) => {
    const opener = page.getByRole("button", { name: "Pay now" });
    await heard(page, "ready");
    await frame.getByLabel("Card number").focus();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.deepEqual((await heard(page, "cancel")).canceled, false);
    assert.ok(await opener.evaluate((button) => button === document.activeElement));
    await opener.click();
    await page.getByRole("button", { name: "Close" }).focus();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await opener.click();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal((await collected(stage.kassa, session)).status, "active", "it can be opened again");
  })));

test("the keyboard stays within the dialog", () =>
  open("modal").then((session) => shown(session, "modal", async ({ page }) => {
    await heard(page, "ready");
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press("Tab");
      const where = await page.evaluate(() => {
        const at = document.activeElement;
        return at === document.body || !!at.closest("dialog");
      });
      assert.ok(where, `after ${i + 1} steps the focus is behind the dialog`);
    }
  })));

test("a shop's own button sends the form", () =>
  open("inline", { display_pay_button: false }).then((session) =>
    shown(session, "inline", async (payer, frame) => {
      await heard(payer.page, "ready");
      await fillCard(frame, cards.approved);
      assert.equal(await frame.getByRole("button", { name: "Pay GHS 50.00" }).count(), 0);
      await payer.inspect("embed-own-button", widths);
      await payer.page.getByRole("button", { name: "Send order" }).click();
      await heard(payer.page, "success");
    })));

test("within the page it is as high as what it shows", () =>
  open("inline").then((session) => shown(session, "inline", async ({ page }, frame) => {
    await heard(page, "ready");
    const inner = () => frame.locator("body").evaluate((body) => body.scrollHeight);
    const outer = () => page.locator("iframe").evaluate((box) => box.clientHeight);
    const fits = () => eventually("the frame fits", async () =>
      Math.abs((await outer()) - (await inner())) <= 1);
    await fits();
    const before = await outer();
    await press(frame.getByRole("link", { name: "Mobile money", exact: true }));
    await frame.getByLabel("Mobile money number").waitFor();
    await fits();
    assert.notEqual(await outer(), before, "another form has another height");
  })));

for (const mode of Object.keys(modes)) {
  test(`what is new is seen from its top, ${mode}`, () =>
    open(mode, { currency: "AUD" }).then((session) => shown(session, mode, async ({ page }, frame) => {
      await heard(page, "ready");
      await page.setViewportSize({ width: 390, height: 420 });
      const top = () => page.locator("iframe").evaluate((box) => box.getBoundingClientRect().top);
      const seen = (what, there) => eventually(what, async () =>
        (await there.isVisible()) && (await top()) > -1 && (await top()) < 100);
      await press(frame.getByRole("link", { name: "PayTo", exact: true }));
      const asked = frame.getByRole("heading", { name: "Pay from your bank account" });
      await seen("the form by its top", asked);
      await name(frame, { payid: accounts.unknown });
      await seen("what is wrong by its top", frame.getByRole("alert"));
      await name(frame, { payid: accounts.payid });
      await seen("the account by its top", frame.getByRole("heading", { name: "Is this your" }));
      await eventually("the account has the focus", () =>
        frame.locator("[data-focus]").evaluate((e) => e === document.activeElement));
    })));
}

test("giving up ends the session where there is no other way back", () =>
  open("modal").then((session) => shown(session, "modal", async ({ page }, frame) => {
    await press(frame.getByRole("button", { name: "Cancel this payment" }));
    assert.equal((await heard(page, "cancel")).canceled, true);
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal((await collected(stage.kassa, session)).status, "cancelled");
  })));

test("a page that is not the merchant's shows nothing and hears nothing", async () => {
  // In test mode every page on the developer's machine may; so the stranger asks with a name that
  // is not its own, as a page on the internet would have to.
  const session = await open("inline");
  const payer = await stage.payer({
    origins: [stage.kassa.origin, stage.shop.origin, stage.shop.elsewhere],
  });
  const { page } = payer;
  await page.goto(`${stage.shop.origin}/basket`);
  const frame = `${stage.kassa.origin}/embed/${session.client_token}?parent=${encodeURIComponent(
    stage.shop.elsewhere)}`;
  const told = await page.evaluate((src) => new Promise((resolve) => {
    const messages = [];
    addEventListener("message", (event) => messages.push(event.data));
    const box = document.createElement("iframe");
    box.onload = () => setTimeout(() => resolve(messages), 500);
    box.src = src;
    document.body.append(box);
  }), frame);
  assert.deepEqual(told, []);
  assert.equal(await page.frameLocator("iframe").getByLabel("Card number").count(), 0);
  await payer.close(); // the browser complains, as it should
});

test("a link that is none is told to the shop, not shown", async () => {
  const session = await open("inline");
  const headers = (token) => fetch(`${stage.kassa.origin}/embed/${token}`).then((r) =>
    [r.status, r.headers.get("x-frame-options")]);
  assert.deepEqual(await headers(session.client_token), [200, null]);
  assert.deepEqual(await headers(`${session.client_token}x`), [404, "DENY"]);
  assert.deepEqual(await headers(session.id), [404, "DENY"]);
});

test("a page that cannot be shown is told", async () => {
  const session = await open("modal");
  const payer = await stage.payer({
    origins: [stage.kassa.origin, stage.shop.origin, stage.shop.elsewhere],
  });
  const { page } = payer;
  await page.clock.install({ time: 0 });
  await page.goto(address({ client_token: `${session.client_token}x` }, "modal"));
  await page.locator("body[data-loaded]").waitFor();
  await page.clock.pauseAt(24 * 60 * 60 * 1000); // it moves by what is said below, and no more
  await page.getByRole("button", { name: "Pay now" }).click();
  await page.clock.fastForward(14_000);
  assert.deepEqual(await names(page), []);
  await page.clock.fastForward(2_000);
  assert.deepEqual(await page.evaluate(() => globalThis.heard), [
    { name: "failure", session: null, code: "page_not_shown", final: true },
  ]);
  await page.getByRole("button", { name: "Close" }).click();
  await payer.close(); // the browser complains, as it should
});

test("the page of its own is still shown within nothing", async () => {
  const session = await open("modal");
  const { headers } = await fetch(session.session_url);
  assert.match(headers.get("content-security-policy"), /frame-ancestors 'none'/);
  assert.equal(headers.get("x-frame-options"), "DENY");
});
