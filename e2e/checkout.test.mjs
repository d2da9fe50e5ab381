// The whole road of a payment: a session is opened, Chromium pays it, the browser ends at the shop,
// and the shop's server gets word that verifies.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { answerChallenge, cards, fillCard, pay } from "./lib/card.mjs";
import { Stage } from "./lib/stage.mjs";

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

for (const js of [true, false]) {
  describe(js ? "with JavaScript" : "without JavaScript", () => {
    test("a card pays", () =>
      stage.visit(async ({ page }, session) => {
        await pay(page, cards.approved);
        const paid = await stage.assertPaid(page, session);
        const event = await stage.assertTold("checkout.session.completed", session);
        assert.deepEqual(event.data.object, paid);
        assert.deepEqual(paid.metadata, { order_id: "A-77" });
      }, { js }));

    test("a challenged card pays once the payer has confirmed", () =>
      stage.visit(async ({ page }, session) => {
        await pay(page, cards.challenged);
        await answerChallenge(page, "Approve");
        await stage.assertPaid(page, session);
        await stage.assertTold("checkout.session.completed", session);
      }, { js }));

    test("a challenge that the payer declines leaves room for another card", () =>
      stage.visit(async ({ page }, session) => {
        await pay(page, cards.challenged);
        await answerChallenge(page, "Decline");
        await page.getByRole("alert").waitFor();
        await pay(page, cards.approved);
        await stage.assertPaid(page, session);
      }, { js }));

    test("a declined card can be followed by a good one", () =>
      stage.visit(async ({ page }, session) => {
        await pay(page, cards.declined);
        await page.getByRole("alert").waitFor();
        assert.equal((await stage.kassa.session(session.id)).status, "open");
        await pay(page, cards.approved);
        await stage.assertPaid(page, session);
      }, { js }));

    test("a wrong field is named, and can be put right", () =>
      stage.visit(async ({ page }, session) => {
        await pay(page, "4242 4242 4242 4241");
        const number = page.getByLabel("Card number");
        await page.getByRole("alert").getByRole("link").first().click();
        assert.equal(await number.getAttribute("aria-invalid"), "true");
        assert.equal(await number.inputValue(), "", "a card number came back from the server");
        await fillCard(page, cards.approved);
        await page.getByLabel("Security code").press("Enter");
        await stage.assertPaid(page, session);
      }, { js }));

    test("a payer can go back to the basket", () =>
      stage.visit(async ({ page }, session) => {
        await page.getByRole("link", { name: /cancel/i }).click();
        await page.waitForURL(`${stage.shop.origin}/basket`);
        assert.equal((await stage.kassa.session(session.id)).status, "open");
      }, { js }));
  });
}

test("an expired session takes no card, and the shop hears of it", async () => {
  const session = await stage.kassa.openSession(stage.shop);
  const payer = await stage.payer();
  await payer.page.goto(session.url);
  await stage.kassa.call("POST", `/v1/checkout/sessions/${session.id}/expire`);
  await payer.page.reload();
  assert.equal(await payer.page.getByLabel("Card number").count(), 0);
  await payer.leave();
  const event = await stage.assertTold("checkout.session.expired", session);
  assert.equal(event.data.object.status, "expired");
});
