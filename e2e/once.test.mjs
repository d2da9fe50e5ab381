// However often the payer, the page or the merchant's server tries: one session, one payment.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { cards, fillCard, pay, payButton } from "./lib/card.mjs";
import { eventually } from "./lib/kassa.mjs";
import { Stage } from "./lib/stage.mjs";

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

/** Expects exactly one payment that moved money for a session opened with this order. */
async function assertChargedOnce(order, session) {
  await eventually("the session is paid", async () => {
    return (await stage.kassa.session(session.id)).payment_status === "paid";
  });
  const made = (await stage.payments()).filter(({ metadata }) => metadata.order_id === order);
  const paid = made.filter(({ status }) => status === "succeeded");
  assert.equal(paid.length, 1, JSON.stringify(made));
  return made;
}

const ordered = (order) => ({ metadata: { order_id: order } });

for (const js of [true, false]) {
  test(`a double click pays once, ${js ? "with" : "without"} JavaScript`, () => {
    const order = `double-${js}`;
    return stage.visit(async ({ page }, session) => {
      await fillCard(page, cards.approved);
      await payButton(page).dblclick();
      await stage.assertPaid(page, session);
      assert.equal((await assertChargedOnce(order, session)).length, 1);
    }, { js, wishes: ordered(order) });
  });
}

test("two tabs pay once, and both end at the truth", () =>
  stage.visit(async (payer, session) => {
    const other = await payer.context.newPage();
    await other.goto(session.url);
    const tabs = [payer.page, other];
    for (const tab of tabs) await fillCard(tab, cards.approved);
    await Promise.all(tabs.map((tab) => payButton(tab).click({ noWaitAfter: true })));
    await Promise.all(tabs.map((tab) => stage.assertPaid(tab, session)));
    assert.equal((await assertChargedOnce("tabs", session)).length, 1);
  }, { wishes: ordered("tabs") }));

test("back after success shows that it is paid, not the form", () =>
  stage.visit(async ({ page }, session) => {
    await pay(page, cards.approved);
    await stage.assertPaid(page, session);
    await page.goto(session.url);
    await page.getByRole("link", { name: /return/i }).waitFor();
    assert.equal(await page.getByLabel("Card number").count(), 0);
    await assertChargedOnce("back", session);
  }, { wishes: ordered("back") }));

test("twelve parallel pays make one payment", async () => {
  const session = await stage.kassa.openSession(stage.shop, ordered("twelve"));
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => stage.payByHelper(session, cards.approved)),
  );
  const statuses = answers.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses));
  assert.ok(statuses.every((status) => status === 200 || status === 409), String(statuses));
  assert.equal((await assertChargedOnce("twelve", session)).length, 1);
});

test("twenty parallel creates with one key make one session", async () => {
  const order = randomUUID();
  const body = {
    amount: 5000,
    success_url: `${stage.shop.origin}/done`,
    cancel_url: `${stage.shop.origin}/basket`,
    metadata: { order_id: order },
  };
  const create = () =>
    stage.kassa.request("POST", "/v1/checkout/sessions", {
      body,
      headers: { "Idempotency-Key": order },
    });
  const answers = await Promise.all(Array.from({ length: 20 }, create));
  answers.push(await create());
  const made = answers.filter(({ status }) => status === 201);
  assert.ok(answers.every(({ status }) => status === 201 || status === 409));
  assert.equal(new Set(made.map(({ json }) => json.id)).size, 1);
  const all = await stage.kassa.call("GET", "/v1/checkout/sessions?limit=100");
  assert.equal(all.data.filter(({ metadata }) => metadata.order_id === order).length, 1);
});
