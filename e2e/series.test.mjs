// What a payer leaves behind: a card for the next visit, the permission for later charges, and the
// page on which it is taken back.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cards, fillCard, pay, payButton } from "./lib/card.mjs";
import { eventually } from "./lib/kassa.mjs";
import { choose, Counter, networks, phones } from "./lib/method.mjs";
import {
  agreement, collected, customer, goTo, mandate, mandateOf, monthly, openCollect, savedBy,
} from "./lib/series.mjs";
import { Stage } from "./lib/stage.mjs";

const widths = [320, 390, 1280];
const h1 = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
const tick = (page) => page.getByRole("checkbox");

let stage;
before(async () => (stage = await Stage.open()));
after(() => stage?.close());

/** Pays a session of the customer's with the box ticked, so that there is something saved. */
async function saveCard(who) {
  await stage.visit(async ({ page }, session) => {
    await fillCard(page, cards.approved);
    await tick(page).check();
    await payButton(page).click();
    await stage.assertPaid(page, session);
  }, { wishes: { customer: who.id, save_payment_method: "prompt" } });
}

/** Shows a payer the page of a collect session. */
async function visitCollect(session, work, options) {
  const payer = await stage.payer(options);
  try {
    await payer.page.goto(session.session_url);
    await work(payer);
  } catch (error) {
    await payer.close();
    throw error;
  }
  await payer.leave();
}

/** Gives a mandate on a card, and returns it with the words that were read. */
async function give(wishes, options) {
  let words;
  const who = await customer(stage.kassa);
  await stage.visit(async ({ page }, session) => {
    words = await agreement(page);
    await fillCard(page, cards.approved);
    await page.getByRole("button", { name: "Pay GHS 50.00 and agree" }).click();
    await stage.assertPaid(page, session);
  }, { wishes: { ...wishes, customer: who.id }, ...options });
  return { ...(await mandateOf(stage.kassa, who.id)), words };
}

const charge = (given, amount = 5000) =>
  stage.kassa.request("POST", "/v1/payments", {
    body: { amount, currency: "GHS", mandate: given.id, off_session: true },
  });

for (const js of [true, false]) {
  describe(js ? "with JavaScript" : "without JavaScript", () => {
    test("a card that was ticked is offered and pays on the second visit", async () => {
      const who = await customer(stage.kassa);
      const wishes = { customer: who.id, save_payment_method: "prompt" };
      await stage.visit(async (payer, session) => {
        assert.equal(await tick(payer.page).isChecked(), false, "nobody ticks it but the payer");
        await payer.inspect("save-card", widths);
        await fillCard(payer.page, cards.approved);
        await tick(payer.page).check();
        await payButton(payer.page).click();
        await stage.assertPaid(payer.page, session);
      }, { js, wishes });
      const [card] = await savedBy(stage.kassa, who);
      await stage.visit(async (payer, session) => {
        await h1(payer.page, "Pay with a saved method");
        assert.equal(await payer.page.getByLabel("Card number").count(), 0);
        assert.ok(await payer.page.getByRole("radio", { name: "Visa •••• 4242" }).isChecked());
        await payer.inspect("saved-card", widths);
        await payButton(payer.page).click();
        const paid = await stage.assertPaid(payer.page, session);
        const payment = await stage.kassa.call("GET", `/v1/payments/${paid.payment}`);
        assert.equal(payment.saved_payment_method, card.id);
      }, { js, wishes: { customer: who.id } });
      assert.equal((await savedBy(stage.kassa, who)).length, 1);
    });

    test("a card that was not ticked is forgotten", async () => {
      const who = await customer(stage.kassa);
      await stage.visit(async ({ page }, session) => {
        await pay(page, cards.approved);
        await stage.assertPaid(page, session);
      }, { js, wishes: { customer: who.id, save_payment_method: "prompt" } });
      assert.deepEqual(await savedBy(stage.kassa, who), []);
    });

    test("whoever has saved a card may pay with another", async () => {
      const who = await customer(stage.kassa);
      await saveCard(who);
      await stage.visit(async ({ page }, session) => {
        await choose(page, "Card");
        await pay(page, cards.declined);
        await page.getByRole("alert").waitFor();
        await choose(page, "Saved");
        await payButton(page).click();
        await stage.assertPaid(page, session);
      }, { js, wishes: { customer: who.id } });
    });

    test("what the payer agrees to is what is kept", async () => {
      const given = await give(monthly, { js });
      assert.ok(given.words.length >= 4, given.words.join("\n"));
      assert.equal(given.consent, given.words.join("\n"));
      assert.equal(given.status, "active");
    });

    test("an agreement stands beside every method, and a wallet can give it", async () => {
      const who = await customer(stage.kassa);
      const wishes = { ...monthly, customer: who.id };
      await stage.visit(async (payer, session) => {
        const { page } = payer;
        const words = await agreement(page);
        await payer.inspect("agree", widths);
        await choose(page, "Mobile money");
        assert.deepEqual(await agreement(page), words);
        await payer.inspect("agree-mobile", widths);
        await page.getByLabel("Mobile money number").fill(phones.mtn);
        await page.getByRole("button", { name: "Pay GHS 50.00 and agree" }).click();
        const counter = await Counter.open(stage, session);
        await counter.answer("Approve");
        await counter.leave();
        await stage.assertPaid(page, session);
        const given = await mandateOf(stage.kassa, who.id);
        assert.equal(given.consent, words.join("\n"));
        await page.goto(given.manage_url);
        await page.getByText(networks.mtn).waitFor();
        await page.getByText("024 ••• ••67").waitFor();
      }, { js, wishes });
    });

    test("a decline gives no mandate, a good card in the same session does", async () => {
      const who = await customer(stage.kassa);
      await stage.visit(async ({ page }, session) => {
        const agree = page.getByRole("button", { name: "and agree" });
        await fillCard(page, cards.declined);
        await agree.click();
        await page.getByRole("alert").waitFor();
        const { data } = await stage.kassa.call("GET", `/v1/mandates?customer=${who.id}`);
        assert.deepEqual(data, []);
        await fillCard(page, cards.approved);
        await agree.click();
        await stage.assertPaid(page, session);
        await mandateOf(stage.kassa, who.id);
      }, { js, wishes: { ...monthly, customer: who.id } });
    });

    test("the payer stops it, and nothing is charged any more", async () => {
      const given = await give(monthly, { js });
      assert.equal((await charge(given)).status, 201);
      const payer = await stage.payer({ js });
      const { page } = payer;
      await page.goto(given.manage_url);
      await h1(page, /^Your agreement with/);
      assert.deepEqual(await agreement(page), given.words);
      await page.getByText("Visa •••• 4242").waitFor();
      await page.getByText("Paid", { exact: true }).waitFor();
      await payer.inspect("mandate", widths);
      await page.getByRole("link", { name: "Stop these charges" }).click();
      await h1(page, "Stop these charges?");
      await payer.inspect("mandate-stop", widths);
      assert.equal((await mandate(stage.kassa, given.id)).status, "active", "asking stops nothing");
      await page.getByRole("button", { name: "Yes, stop them" }).click();
      await page.getByText("You have stopped it").waitFor();
      await payer.inspect("mandate-stopped", widths);
      await payer.leave();
      assert.equal((await mandate(stage.kassa, given.id)).reason, "payer");
      const refused = await charge(given);
      assert.equal(refused.status, 409);
      assert.equal(refused.json.error.code, "mandate_not_active");
    });

    test("a card is verified without money, and saved", async () => {
      const session = await openCollect(stage.kassa, { amount: 0 }, {
        customer: { name: "Ama Mensah", email: "ama@shop.example" },
        checkout_options: { return_url: `${stage.shop.origin}/done` },
      });
      await visitCollect(session, async (payer) => {
        const { page } = payer;
        await page.getByText("Nothing to pay now").waitFor();
        await payer.inspect("verify", widths);
        await fillCard(page, cards.declined);
        await page.getByRole("button", { name: "Save card" }).click();
        await page.getByText("Your card could not be saved").waitFor();
        await fillCard(page, cards.approved);
        await page.getByRole("button", { name: "Save card" }).click();
        await page.waitForURL(`${stage.shop.origin}/done?session_id=${session.id}`);
        await page.goto(session.session_url);
        await h1(page, "Card saved");
        await payer.inspect("verified", widths);
      }, { js });
      const done = await collected(stage.kassa, session);
      assert.equal(done.payment_outcome, "payment_method_verified");
      assert.match(done.payment_method_id, /^pm_/);
    });

    test("a session with one way back is given up, and the shop is shown", async () => {
      const session = await openCollect(stage.kassa, {}, {
        checkout_options: { return_url: `${stage.shop.origin}/done` },
      });
      await visitCollect(session, async ({ page }) => {
        await page.getByRole("button", { name: "Cancel this payment" }).click();
        await page.waitForURL(`${stage.shop.origin}/done?session_id=${session.id}`);
      }, { js });
      assert.equal((await collected(stage.kassa, session)).status, "cancelled");
    });

    test("a session without a way back ends on our page, with a receipt", async () => {
      const session = await openCollect(stage.kassa, {}, undefined);
      await visitCollect(session, async (payer) => {
        const { page } = payer;
        await pay(page, cards.approved);
        await h1(page, "Payment successful");
        await page.getByRole("link", { name: "Receipt" }).click();
        await h1(page, "Receipt");
        await page.getByText("GHS 50.00").waitFor();
        await page.getByText("Visa •••• 4242").waitFor();
        await payer.inspect("receipt", widths);
        assert.equal(await page.getByRole("button", { name: "Print" }).isVisible(), js);
      }, { js });
      assert.equal((await collected(stage.kassa, session)).payment_outcome, "paid");
    });
  });
}

test("a session that was given up says so", async () => {
  const session = await openCollect(stage.kassa, {}, undefined);
  await visitCollect(session, async (payer) => {
    await payer.page.getByRole("button", { name: "Cancel this payment" }).click();
    await h1(payer.page, "This payment was cancelled");
    await payer.inspect("given-up", widths);
  });
});

test("the receipt of a series leads to what was agreed, in print as well", async () => {
  await stage.visit(async (payer, session) => {
    const { page } = payer;
    await fillCard(page, cards.approved);
    await page.getByRole("button", { name: "and agree" }).click();
    await stage.assertPaid(page, session);
    await page.goto(session.url);
    await payer.inspect("paid-series", widths);
    await page.getByRole("link", { name: "Receipt" }).click();
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.getByRole("button", { name: "Print" }).isVisible(), false);
    await page.emulateMedia({ media: "screen" });
    await page.getByRole("link", { name: "See or stop them" }).click();
    await h1(page, /^Your agreement with/);
  }, { wishes: monthly });
});

test("the first sentence a French payer agrees to is kept in French", async () => {
  const who = await customer(stage.kassa);
  await stage.visit(async (payer, session) => {
    const { page } = payer;
    await page.getByRole("heading", { name: "Ce que vous acceptez" }).waitFor();
    const words = await page.locator(".agreement li").allInnerTexts();
    await payer.inspect("agree-french", widths);
    await page.getByLabel("Numéro de carte").fill(cards.approved);
    await page.getByLabel("Date d’expiration").fill("12 / 34");
    await page.getByLabel("Code de sécurité").fill("123");
    await page.getByRole("button", { name: "et accepter" }).click();
    await stage.assertPaid(page, session);
    const given = await mandateOf(stage.kassa, who.id);
    // The narrow spaces of French amounts are spaces to whoever reads the page's text.
    const plain = (text) => text.replaceAll(/\s/g, " ");
    assert.equal(plain(given.consent.replaceAll("\n", " ")), plain(words.join(" ")));
  }, { locale: "fr-FR", wishes: { ...monthly, customer: who.id } });
});

test("what was held is let go, and the page says so", () =>
  stage.visit(async (payer, session) => {
    const { page } = payer;
    await pay(page, cards.approved);
    await page.waitForURL(`${stage.shop.origin}/done?session_id=${session.id}`);
    const { payment } = await stage.kassa.session(session.id);
    const capture = { amount: 2000, final: false };
    await stage.kassa.call("POST", `/v1/payments/${payment}/capture`, capture);
    await page.goto(session.url);
    await page.getByText("Taken so far").waitFor();
    await payer.inspect("taken-in-part", widths);
    const ended = await stage.kassa.call("POST", `/v1/payments/${payment}/cancel`);
    assert.equal(ended.amount_voided, 3000);
    await page.reload();
    await h1(page, "Payment successful");
    await page.getByText("Charged", { exact: true }).waitFor();
    await page.getByText("GHS 20.00").waitFor();
  }, { wishes: { capture_method: "manual" } }));

test("a mandate's page is shown to nobody without its key", async () => {
  const given = await give(monthly);
  const address = new URL(given.manage_url);
  const status = async (change, init) => {
    const url = new URL(address);
    change(url);
    return (await fetch(url, { redirect: "manual", ...init })).status;
  };
  assert.equal(await status(() => {}), 200);
  assert.equal(await status((url) => url.searchParams.delete("key")), 404);
  assert.equal(await status((url) => url.searchParams.set("key", "0".repeat(64))), 404);
  const stop = (url) => (url.pathname += "/stop");
  assert.equal(await status(stop, { method: "POST" }), 403, "another site stops it");
  assert.equal((await mandate(stage.kassa, given.id)).status, "active");
});

test("a scheduled charge that fails is told to the payer", async () => {
  const given = await give(monthly);
  const route = `/v1/test_helpers/payment_methods/${given.payment_method}/next_charge`;
  await stage.kassa.call("POST", route, { outcome: "insufficient_funds" });
  await goTo(stage.kassa, given.schedule.next_charge_at, 60);
  const payer = await stage.payer();
  // What is due when the clock has moved is done a moment later, and this page stands still.
  await eventually("the charge has failed", async () => {
    await payer.page.goto(given.manage_url);
    return payer.page.getByText("Did not go through", { exact: true }).isVisible();
  });
  await payer.page.getByText("Tried again on", { exact: true }).waitFor();
  await payer.inspect("mandate-failing", widths);
  await payer.leave();
});
