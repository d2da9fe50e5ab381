// Word that a shop did not take comes again, the same to the byte, and verifies every time.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cards } from "./lib/card.mjs";
import { eventually, Kassa } from "./lib/kassa.mjs";
import { Shop } from "./lib/shop.mjs";
import { verify } from "./lib/webhook.mjs";

let kassa, shop;
before(async () => {
  shop = await Shop.open();
  kassa = await Kassa.start();
});
after(async () => {
  try {
    await kassa?.stop();
  } finally {
    await shop?.close();
  }
});

async function paidSession() {
  const session = await kassa.openSession(shop);
  const payment_method = { type: "card", number: cards.approved.replaceAll(" ", ""),
    exp_month: 12, exp_year: 2034, cvc: "123" };
  await kassa.call("POST", `/v1/test_helpers/sessions/${session.id}/pay`, { payment_method });
  return session;
}

const about = (session) =>
  shop.deliveries.filter(({ body }) => JSON.parse(body).data.object.id === session.id);

test("a delivery that failed comes again, unchanged and freshly signed", async () => {
  const { id, secret } = await shop.subscribe(kassa, ["checkout.session.completed"]);
  shop.answer = 500;
  const session = await paidSession();
  await eventually("a first attempt", () => about(session).length > 0);
  shop.answer = 200;
  const event = verify(about(session)[0], secret);
  // What the shop has taken is written down a moment later.
  const kept = await eventually("an attempt that is taken", async () => {
    await kassa.advance(60);
    const now = await kassa.call("GET", `/v1/events/${event.id}`);
    return now.pending_webhooks === 0 && now;
  });
  assert.deepEqual(kept, { ...event, pending_webhooks: 0 });

  const [first, second] = about(session);
  assert.deepEqual(second.body, first.body);
  assert.equal(verify(second, secret).id, event.id);
  await kassa.call("DELETE", `/v1/webhooks/${id}`);
});

test("while a secret is replaced, both the old and the new one verify", async () => {
  const old = await shop.subscribe(kassa, ["checkout.session.completed"]);
  const fresh = await kassa.call("POST", `/v1/webhooks/${old.id}/rotate_secret`);
  assert.notEqual(fresh.secret, old.secret);
  const session = await paidSession();
  const delivery = await shop.delivery("checkout.session.completed", session.id);
  for (const { secret } of [old, fresh]) verify(delivery, secret);
  assert.throws(() => verify(delivery, `whsec_${Buffer.alloc(32).toString("base64")}`));
  await kassa.call("DELETE", `/v1/webhooks/${old.id}`);
});

test("an endpoint hears what it asked for, and its own test", async () => {
  const endpoint = await shop.subscribe(kassa, ["checkout.session.expired"]);
  assert.equal((await kassa.call("GET", `/v1/webhooks/${endpoint.id}`)).secret, undefined);
  const session = await paidSession();
  await kassa.call("POST", `/v1/webhooks/${endpoint.id}/test`);
  const told = await eventually("the test event", () =>
    shop.deliveries.find(({ body }) => JSON.parse(body).type === "webhook_endpoint.test"));
  verify(told, endpoint.secret);
  assert.deepEqual(about(session), []);
});
