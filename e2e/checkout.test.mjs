// The whole road of a payment: a session is opened, Chromium pays it, the browser ends at the shop,
// and the shop's server gets word that verifies.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, Payer } from "./lib/browser.mjs";
import { cards, pay } from "./lib/card.mjs";
import { Kassa } from "./lib/kassa.mjs";
import { Shop } from "./lib/shop.mjs";
import { verify } from "./lib/webhook.mjs";

let browser, kassa, shop, endpoint;

before(async () => {
  [browser, kassa, shop] = await Promise.all([launch(), Kassa.start(), Shop.open()]);
  endpoint = await shop.subscribe(kassa);
});

after(async () => {
  await browser?.close();
  await kassa?.stop();
  await shop?.close();
});

/** Opens a session and lets a payer look at its page; leaving checks how the page behaved. */
async function visit(js, work) {
  const session = await kassa.openSession(shop);
  const payer = await Payer.arrive(browser, { origins: [kassa.origin, shop.origin], js });
  await payer.page.goto(session.url);
  await work(payer, session);
  await payer.leave();
}

/** Expects the browser at the shop, the session paid, and a delivery that both verifiers accept. */
async function assertPaid(page, session) {
  await page.waitForURL(`${shop.origin}/done?session_id=${session.id}`);
  const paid = await kassa.session(session.id);
  assert.equal(paid.status, "complete");
  assert.equal(paid.payment_status, "paid");
  assert.match(paid.payment, /^pay_/);

  const delivery = await shop.delivery("checkout.session.completed", session.id);
  const event = verify(delivery, endpoint.secret);
  assert.deepEqual(event.data.object, paid);
  assert.deepEqual(event.data.object.metadata, { order_id: "A-77" });
}

for (const js of [true, false]) {
  describe(js ? "with JavaScript" : "without JavaScript", () => {
    test("a card pays", () =>
      visit(js, async ({ page }, session) => {
        await pay(page, cards.approved);
        await assertPaid(page, session);
      }));

    test("a challenged card pays once the payer has confirmed", () =>
      visit(js, async ({ page }, session) => {
        await pay(page, cards.challenged);
        await page.getByRole("button", { name: "Approve" }).click();
        await assertPaid(page, session);
      }));

    test("a declined card can be followed by a good one", () =>
      visit(js, async ({ page }, session) => {
        await pay(page, cards.declined);
        await page.getByRole("alert").waitFor();
        assert.equal((await kassa.session(session.id)).status, "open");
        await pay(page, cards.approved);
        await assertPaid(page, session);
      }));

    test("a payer can go back to the basket", () =>
      visit(js, async ({ page }, session) => {
        await page.getByRole("link", { name: "Cancel" }).click();
        await page.waitForURL(`${shop.origin}/basket`);
        assert.equal((await kassa.session(session.id)).status, "open");
      }));
  });
}
